"""Lesson 1: opens a WebSocket, or refuses to. It uses no library.

    python3 server.py
"""

import base64
import hashlib
import os
import socket
import threading

PORT = int(os.environ.get("PORT", 8080))
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LONGEST_HEAD = 16384
REASONS = {400: "Bad Request", 404: "Not Found", 426: "Upgrade Required"}


def read_head(connection):
    """Reads up to the empty line. Returns the request and the bytes behind it, or None."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece or len(data) > LONGEST_HEAD:
            return None
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


def parse(head):
    """Returns the path and the headers, whose names are in lower case."""
    request, *lines = head.split("\r\n")
    words = request.split(" ")
    path = words[1].split("?")[0] if len(words) == 3 else ""
    pairs = (line.partition(":") for line in lines)
    return path, {name.lower(): value.strip() for name, _, value in pairs}


def response(first_line, *headers):
    return ("\r\n".join([f"HTTP/1.1 {first_line}", *headers]) + "\r\n\r\n").encode()


def refuse(status, *headers):
    return response(f"{status} {REASONS[status]}", "Content-Length: 0", "Connection: close", *headers)


def accept_value(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def answer(head):
    """Returns the answer to a request, and whether it opens a WebSocket."""
    path, headers = parse(head)
    upgrade = headers.get("upgrade", "").lower()
    connection = [word.strip() for word in headers.get("connection", "").lower().split(",")]
    key, version = headers.get("sec-websocket-key"), headers.get("sec-websocket-version")
    if upgrade != "websocket" or "upgrade" not in connection or not version or not key:
        return refuse(400), False
    if version != "13":
        return refuse(426, "Sec-WebSocket-Version: 13"), False
    if path != "/ws":
        return refuse(404), False
    headers = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept_value(key)}"]
    return response("101 Switching Protocols", *headers), True


def serve(connection):
    """Serves one client, in a thread of its own."""
    with connection:
        request = read_head(connection)
        if request is None:
            return
        head, _ = request
        reply, is_open = answer(head)
        connection.sendall(reply)
        # The connection stays open until the client ends it. Lesson 2 reads what comes.
        while is_open and connection.recv(4096):
            pass


def run(connection):
    try:
        serve(connection)
    except OSError:
        pass  # The client is gone.


def main():
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        print(f"http://127.0.0.1:{PORT}", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=run, args=(connection,), daemon=True).start()


main()
