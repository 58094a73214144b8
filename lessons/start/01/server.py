"""Lesson 1: start here. The server reads requests, and refuses them all.

    python3 server.py
"""

import os
import socket
import threading

PORT = int(os.environ.get("PORT", 8080))
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


def response(first_line, *headers):
    return ("\r\n".join([f"HTTP/1.1 {first_line}", *headers]) + "\r\n\r\n").encode()


def refuse(status, *headers):
    return response(f"{status} {REASONS[status]}", "Content-Length: 0", "Connection: close", *headers)


def answer(head):
    """Returns the answer to a request, and whether it opens a WebSocket."""
    print(head, flush=True)
    # Decide here. A sound request gets `response("101 Switching Protocols", …), True`.
    return refuse(400), False


def serve(connection):
    """Serves one client, in a thread of its own."""
    with connection:
        request = read_head(connection)
        if request is None:
            return
        head, _ = request
        reply, is_open = answer(head)
        connection.sendall(reply)
        # The connection stays open until the client ends it.
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
