"""A server for lessons 1 to 3, in Python with plain sockets, as a student writes it from the pages:

    PORT=8080 python sockets.py 2

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail.
"""

import base64
import hashlib
import os
import signal
import socket
import sys
import threading
import time

LESSON = int(sys.argv[1])
WRONG = os.environ.get("WRONG", "")
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
seen = {"handshakes": 0, "texts": 0, "pings": 0, "closes": 0}


def wrong(mistake):
    return WRONG == mistake


def first(what):
    """Whether it is the first of its kind in this server's life."""
    seen[what] += 1
    return seen[what] == 1


# ---- The handshake ----


def accept_of(key):
    if wrong("1.1 decodes the key"):
        joined = base64.b64decode(key) + GUID.encode()
    elif wrong("1.1 forgets the fixed text"):
        joined = key.encode()
    elif wrong("1.1 writes the fixed text in small letters"):
        joined = (key + GUID.lower()).encode()
    else:
        joined = (key + GUID).encode()
    digest = hashlib.sha1(joined)
    if wrong("1.1 hashes to hex"):
        return base64.b64encode(digest.hexdigest().encode()).decode()
    if wrong("1.1 sends hex"):
        return digest.hexdigest()
    if wrong("1.1 sends the same accept to everyone"):
        return "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    if wrong("1.1 sends the key back"):
        return key
    return base64.b64encode(digest.digest()).decode()


def refusal(status, *headers):
    reason = {400: "Bad Request", 404: "Not Found", 426: "Upgrade Required", 500: "Error", 200: "OK", 403: "Forbidden"}
    lines = [f"HTTP/1.1 {status} {reason[status]}", "Content-Length: 0", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(head):
    """The answer to a request, and whether it is a 101."""
    request, *lines = head.split("\r\n")
    path = request.split(" ")[1].split("?")[0]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if not wrong("1.1 takes header names as written"):
            name = name.lower()
        headers[name] = value.strip()
    if wrong("1.1 takes header names as written"):
        headers = {name.lower(): value for name, value in headers.items() if name.istitle() or name.startswith("Sec-WebSocket")}
    if wrong("1.2,1.4 looks at the path first, for a 403") and path != "/ws":
        return refusal(403), False
    upgrade = headers.get("upgrade", "")
    if not wrong("1.1 compares websocket in small letters only"):
        upgrade = upgrade.lower()
    connection = headers.get("connection", "").lower()
    if wrong("1.1 takes Connection for one word"):
        is_upgrade = connection == "upgrade"
    else:
        is_upgrade = "upgrade" in [word.strip() for word in connection.split(",")]
    if upgrade != "websocket" or not is_upgrade:
        return refusal(400), False
    key = headers.get("sec-websocket-key")
    version = headers.get("sec-websocket-version")
    if wrong("1.2 looks at the path first") and path != "/ws":
        return refusal(404), False
    if version is None:
        if wrong("1.2 says 426 without a version"):
            return refusal(426, "Sec-WebSocket-Version: 13"), False
        if not wrong("1.2 forgives a version that is missing"):
            return refusal(400), False
        version = "13"
    if wrong("1.2 asks for a key in the end") and key is None:
        return refusal(426, "Sec-WebSocket-Version: 13"), False
    if version != "13":
        if wrong("1.3 says 400"):
            return refusal(400), False
        if wrong("1.3 names no version"):
            return refusal(426), False
        if wrong("1.3 names the client's version"):
            return refusal(426, f"Sec-WebSocket-Version: {version}"), False
        if wrong("1.3 knows version 8 only") and version != "8":
            return refusal(400), False
        if wrong("1.3 lets every version in"):
            pass
        elif wrong("1.3 names 13 in the body only"):
            return b"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 2\r\n\r\n13", False
        else:
            return refusal(426, "Sec-WebSocket-Version: 13"), False
    if key is None:
        if wrong("1.2 hangs up without a word"):
            return b"", False
        if wrong("1.2 says 200"):
            return refusal(200), False
        if wrong("1.2 says 500"):
            return refusal(500), False
        if wrong("1.2 forgives a key that is missing"):
            key = ""
        else:
            return refusal(400), False
    if path != "/ws":
        if wrong("1.4 says 400"):
            return refusal(400), False
        if wrong("1.4 hangs up"):
            return b"", False
        if wrong("1.4 says 200"):
            return refusal(200), False
        if wrong("1.4 takes whatever begins with /ws") and path.startswith("/ws"):
            pass
        elif wrong("1.4 knows /other only") and path != "/other":
            pass
        elif not wrong("1.4 lets everyone in"):
            return refusal(404), False
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    if wrong("1.1 forgets Upgrade"):
        del lines[1]
    if wrong("1.1 forgets Connection"):
        del lines[2]
    if wrong("1.1 says 200"):
        lines[0] = "HTTP/1.1 200 OK"
    if not wrong("1.1 forgets the accept"):
        lines.append(f"Sec-WebSocket-Accept: {accept_of(key)}")
    if wrong("1.1 chooses a subprotocol nobody offered"):
        lines.append("Sec-WebSocket-Protocol: chat")
    if wrong("1.1 chooses an extension nobody offered"):
        lines.append("Sec-WebSocket-Extensions: permessage-deflate")
    end = "\r\n" if wrong("1.1 forgets the blank line") else "\r\n\r\n"
    return ("\r\n".join(lines) + end).encode(), True


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            return None, b""
        head += piece
        if wrong("1.1 reads once"):
            break
    head, _, rest = head.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


# ---- Frames ----


class Peer:
    def __init__(self, connection, rest):
        self.connection, self.bytes = connection, rest

    def take(self, size):
        while len(self.bytes) < size:
            piece = self.connection.recv(1024 if wrong("2.1,2.2 reads 1024 bytes and no more") else 65536)
            if not piece:
                raise EOFError
            self.bytes += piece
            if wrong("2.1 takes one read for one frame") or wrong("2.1,2.2 reads 1024 bytes and no more"):
                break
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def frame(self):
        if wrong("2.1 forgets what else is in the packet"):
            self.bytes = b""
        head, second = self.take(2)
        length = second & 127
        if length == 126 and not wrong("2.2 knows seven bits only"):
            order = "little" if wrong("2.2 reads the length backwards") else "big"
            length = int.from_bytes(self.take(2), order)
        elif length == 127 and not wrong("2.2 knows sixteen bits only"):
            length = int.from_bytes(self.take(8), "big")
        if not second & 128:
            payload = self.take(length)
            is_ping = head & 15 == 9
            if wrong("2.4 takes it all the same"):
                return head, payload
            if wrong("2.4 refuses texts only") and is_ping:
                return head, payload
            if wrong("2.4 ignores it"):
                return self.frame()
            code = 1002
            if wrong("2.4 hangs up without a close"):
                raise EOFError
            if wrong("2.4 closes with 1003"):
                code = 1003
            if wrong("2.4 closes with 1000"):
                code = 1000
            if wrong("2.4 closes without a code"):
                self.send(8, b"")
            elif wrong("2.4 writes the code backwards"):
                self.send(8, code.to_bytes(2, "little"))
            else:
                self.send(8, code.to_bytes(2, "big"))
            if wrong("2.4 does not hang up"):
                while self.connection.recv(4096):
                    pass
            if wrong("2.4 dies of it"):
                os._exit(1)
            raise EOFError
        key = self.take(4)
        data = self.take(length)
        if wrong("2.1,2.2,2.3,2.4 unmasks with the first byte only"):
            key = key[:1] * 4
        if wrong("2.1,2.2,2.3,2.4 forgets to unmask"):
            key = bytes(4)
        return head, bytes(byte ^ key[at % 4] for at, byte in enumerate(data))

    def send(self, opcode, payload):
        first_byte = 0x80 | opcode
        if opcode == 1 and wrong("2.1,2.2,2.3,2.4 forgets FIN"):
            first_byte = opcode
        size = len(payload)
        if opcode == 1 and wrong("2.1,2.2,2.3,2.4 counts letters"):
            size = len(payload.decode())
        if size < 126 or size == 126 and wrong("2.2 writes 126 as a length of seven bits"):
            head = bytes([first_byte, size])
        elif wrong("2.2 writes seven bits only"):
            head = bytes([first_byte, size & 127])
        elif size < 65536 and wrong("2.2 writes eight bytes always"):
            head = bytes([first_byte, 127]) + size.to_bytes(8, "big")
        elif size < 65536 and wrong("2.2 writes the length backwards"):
            head = bytes([first_byte, 126]) + size.to_bytes(2, "little")
        elif size < 65536 or size == 65536 and wrong("2.2 writes 65536 in sixteen bits"):
            head = bytes([first_byte, 126]) + (size & 65535).to_bytes(2, "big")
        elif wrong("2.2 writes sixteen bits only"):
            head = bytes([first_byte, 126]) + (size & 65535).to_bytes(2, "big")
        else:
            head = bytes([first_byte, 127]) + size.to_bytes(8, "big")
        if opcode == 1 and wrong("2.1,2.2,2.3,2.4 masks its answers"):
            head = bytes([head[0], head[1] | 128]) + head[2:] + bytes(4)
        self.connection.sendall(head + payload)

    def text(self, payload):
        if not first("texts") and wrong("2.1,2.2 answers the first text only"):
            return
        if wrong("2.1 ignores an empty text") and not payload:
            return
        text = payload.decode("utf-8", "replace")
        if wrong("2.1 takes bytes for Latin-1"):
            text = payload.decode("latin-1")
        if wrong("2.1 drops what is not in Unicode's first plane"):
            text = "".join(letter for letter in text if ord(letter) < 65536)
        if wrong("2.1 trims"):
            text = text.strip()
        if wrong("2.1 writes in small letters"):
            text = text.lower()
        if wrong("2.2 cuts at 1000 bytes"):
            text = text[:1000]
        if wrong("2.2 cannot hold more than 65535"):
            if len(payload) > 65535:
                raise EOFError
        prefix = "" if wrong("2.1,2.2,2.3,2.4 forgets the word before it") else "Принято: "
        if wrong("2.1,2.2,2.3,2.4 forgets the blank after the word"):
            prefix = prefix.strip()
        if wrong("2.1,2.2,2.3,2.4 is late"):
            time.sleep(4)
        opcode = 2 if wrong("2.1,2.2,2.3,2.4 answers in binary") else 1
        self.send(opcode, (prefix + text).encode())
        if wrong("2.1,2.2,2.3,2.4 answers twice"):
            self.send(opcode, (prefix + text).encode())

    def ping(self, payload):
        is_first = first("pings")
        if wrong("2.3 ignores pings") or wrong("2.3 answers the first ping only") and not is_first:
            return
        if wrong("2.3 sends an empty pong"):
            payload = b""
        if wrong("2.3 sends a word in the pong"):
            payload = b"pong"
        if wrong("2.3 takes the payload for text"):
            payload = payload.decode("utf-8").encode()
        if wrong("2.3 takes every ping for a text"):
            return self.text(payload)
        if wrong("2.3 closes"):
            raise EOFError
        self.send(9 if wrong("2.3 answers with a ping") else 10, payload)
        if wrong("2.3 answers twice"):
            self.send(10, payload)
        if wrong("2.3 does not answer an empty ping") and not payload:
            raise EOFError

    def talk(self):
        kind, message = 1, b""
        while True:
            head, payload = self.frame()
            opcode, is_last = head & 15, head & 128
            if opcode == 8:
                is_first = first("closes")
                if wrong("3.4 hangs up without a word"):
                    return
                if wrong("3.4 always says 1000"):
                    payload = (1000).to_bytes(2, "big")
                if wrong("3.4 says no code"):
                    payload = b""
                if wrong("3.4 knows the codes below 4000 only") and payload[:2] >= b"\x0f\xa0":
                    payload = (1002).to_bytes(2, "big")
                self.send(8, payload)
                if wrong("3.4 says goodbye twice"):
                    self.send(8, payload)
                if wrong("3.1,3.2,3.3,3.4 dies of a close") and is_first:
                    os._exit(0)
                while wrong("3.4 keeps the connection") and self.connection.recv(4096):
                    pass
                return
            if opcode == 9:
                if wrong("3.3 answers a ping after the message") and message:
                    self.late = payload
                    continue
                self.ping(payload)
                if wrong("3.3 takes a ping for the end of the text") and message:
                    self.text(message)
                    message = b""
                if wrong("3.3 forgets the beginning when a ping comes"):
                    message = b""
                continue
            if opcode == 10:
                continue
            if opcode:
                kind, message = opcode, b""
            message += payload
            if wrong("3.3 answers each part") and (opcode == 0 or not is_last):
                self.text(payload)
                message = b""
                continue
            if wrong("3.3 knows two parts only") and opcode == 0:
                is_last = True
            if wrong("3.3 ignores parts") and (opcode == 0 or not is_last):
                continue
            if not is_last:
                continue
            if kind == 1:
                self.text(message)
                if hasattr(self, "late"):
                    self.ping(self.late)
                    del self.late
            elif wrong("3.2 sends bytes as text"):
                self.send(1, message)
            elif wrong("3.2 puts the word before bytes"):
                self.send(2, "Принято: ".encode() + message)
            elif wrong("3.2 takes bytes for text"):
                self.send(2, message.decode("utf-8", "ignore").encode())
            elif wrong("3.2 sends hex"):
                self.send(2, message.hex().encode())
            elif wrong("3.2 ignores bytes"):
                pass
            elif wrong("3.2 ignores an empty message") and not message:
                pass
            elif wrong("3.2 sends what reads as text as text"):
                try:
                    message.decode()
                    self.send(1, message)
                except UnicodeDecodeError:
                    self.send(2, message)
            elif wrong("3.2 closes with 1003"):
                self.send(8, (1003).to_bytes(2, "big"))
                return
            elif wrong("3.2 knows short ones only"):
                self.send(2, message[:100])
            else:
                self.send(2, message)
            message = b""


def serve(connection):
    try:
        head, rest = read_head(connection)
        if head is None:
            return
        response, is_open = answer(head)
        if wrong("1.4 dies of it") and response.startswith(b"HTTP/1.1 404"):
            os._exit(1)
        connection.sendall(response)
        if not is_open:
            return
        if wrong("1.1 hangs up after the 101"):
            return
        if wrong("1.1 hangs up half a second later"):
            time.sleep(0.5)
            return
        if wrong("1.1 says something after the 101"):
            connection.sendall(b"<h1>Welcome</h1>")
        if wrong("1.1 serves one and ends"):
            os._exit(0)
        if LESSON == 1:
            while connection.recv(4096):
                pass
            return
        Peer(connection, rest).talk()
    except (EOFError, OSError, ValueError, IndexError):
        pass
    finally:
        try:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)
            while connection.recv(4096):
                pass
        except OSError:
            pass
        connection.close()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(os.environ.get("PORT", 8080))))
    listener.listen(64)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
