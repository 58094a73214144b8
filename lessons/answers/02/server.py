"""Lesson 2: an echo that reads and writes frames byte by byte. It uses no library.

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
LONGEST_PAYLOAD = 1 << 20
REASONS = {400: "Bad Request", 404: "Not Found", 426: "Upgrade Required"}
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


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


class Refused(Exception):
    """The client broke a rule: the connection is closed with this code."""

    def __init__(self, code):
        self.code = code


class Frames:
    """Reads and writes the frames of one connection."""

    def __init__(self, connection, rest):
        self.connection = connection
        self.data = bytearray(rest)

    def take(self, size):
        """Returns the next `size` bytes, and keeps the rest for the next frame."""
        while len(self.data) < size:
            piece = self.connection.recv(65536)
            if not piece:
                raise EOFError
            self.data += piece
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    def read(self):
        """Returns the opcode and the payload of the next frame."""
        first, second = self.take(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self.take(2), "big")
        elif length == 127:
            length = int.from_bytes(self.take(8), "big")
        if not second & 0x80:
            raise Refused(1002)
        if length > LONGEST_PAYLOAD:
            raise Refused(1009)
        key = self.take(4)
        masked = self.take(length)
        return first & 0x0F, bytes(byte ^ key[i % 4] for i, byte in enumerate(masked))

    def write(self, opcode, payload):
        size = len(payload)
        if size < 126:
            length = bytes([size])
        elif size < 65536:
            length = bytes([126]) + size.to_bytes(2, "big")
        else:
            length = bytes([127]) + size.to_bytes(8, "big")
        self.connection.sendall(bytes([0x80 | opcode]) + length + payload)


def talk(frames):
    """Answers frames until the connection ends."""
    while True:
        opcode, payload = frames.read()
        if opcode == TEXT:
            frames.write(TEXT, "Принято: ".encode() + payload)
        elif opcode == PING:
            frames.write(PONG, payload)
        elif opcode == CLOSE:
            frames.write(CLOSE, payload)
            return


def serve(connection):
    """Serves one client, in a thread of its own."""
    with connection:
        request = read_head(connection)
        if request is None:
            return
        head, rest = request
        reply, is_open = answer(head)
        connection.sendall(reply)
        if not is_open:
            return
        frames = Frames(connection, rest)
        try:
            talk(frames)
        except Refused as refused:
            frames.write(CLOSE, refused.code.to_bytes(2, "big"))


def run(connection):
    try:
        serve(connection)
    except (OSError, EOFError):
        pass  # The client is gone.


def main():
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        print(f"http://127.0.0.1:{PORT}", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=run, args=(connection,), daemon=True).start()


main()
