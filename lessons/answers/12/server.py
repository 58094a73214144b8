"""Lesson 12: the whole chat. The room has the rules, and talks to no socket itself.

    python3 server.py
"""

import asyncio
import json
import os
import secrets
import signal

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
HEARTBEAT = int(os.environ.get("WS_HEARTBEAT_MS", 25000)) / 1000
PONG_TIMEOUT = int(os.environ.get("WS_PONG_TIMEOUT_MS", 10000)) / 1000
DRAIN = int(os.environ.get("WS_DRAIN_MS", 5000)) / 1000
SUBPROTOCOL = "ws101.chat.v1"
ROOM = "general"
LONGEST_NAME = 32


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class Room:
    """The rules: what each message does, and who gets what.

    `send(receivers, frame)` is given from outside, so the room can be tested without sockets.
    """

    def __init__(self, send):
        self.send = send
        # The user of each member. A client that is not here is a visitor.
        self.users = {}
        self.seq = 0
        self.guests = 0

    def others(self, client):
        return [member for member in self.users if member is not client]

    def refuse(self, client, code, words):
        self.send([client], {"type": "error", "code": code, "message": words})

    def numbered(self, kind, user, **fields):
        """A message with the next number, for everyone in the room."""
        self.seq += 1
        return {"type": kind, "room": ROOM, "seq": self.seq, "user": user, "username": user["username"], **fields}

    def heard(self, client, message):
        said = parse(message)
        said = said if isinstance(said, dict) else {}
        kind, user = said.get("type"), self.users.get(client)
        if kind == "hello":
            self.hello(client, said)
        elif user is None:
            self.refuse(client, "hello_required", "send hello first")
        elif kind == "message":
            self.message(client, user, said)
        elif kind == "typing":
            active = said.get("active") is not False
            frame = {"type": "typing", "room": ROOM, "user": user, "username": user["username"], "active": active}
            self.send(self.others(client), frame)
        elif kind == "ping":
            self.send([client], {"type": "pong", "timestamp": said.get("timestamp")})
        else:
            self.refuse(client, "unknown_type", f"unknown type: {kind}")

    def hello(self, client, said):
        if client in self.users:
            self.refuse(client, "bad_message", "you are a member already")
            return
        name = said.get("username")
        name = name.strip()[:LONGEST_NAME] if isinstance(name, str) else ""
        if not name:
            self.guests += 1
            name = f"Guest {self.guests}"
        user = self.users[client] = {"id": secrets.token_hex(16), "username": name}
        joined = self.numbered("user_joined", user, count=len(self.users))
        room = {"room": ROOM, "seq": self.seq, "members": list(self.users.values())}
        self.send([client], {"type": "welcome", "v": 1, "user": user, "rooms": [room]})
        self.send(self.others(client), joined)

    def message(self, client, user, said):
        id, content = said.get("id"), said.get("content")
        if not isinstance(content, str) or not content.strip():
            self.refuse(client, "bad_message", "there is no text in content")
            return
        # Number it, send it, acknowledge it: nothing comes between these steps.
        line = self.numbered("message", user, id=id, content=content)
        self.send(self.users, line)
        if id is not None:
            self.send([client], {"type": "ack", "room": ROOM, "id": id, "seq": line["seq"]})

    def left(self, client):
        user = self.users.pop(client, None)
        if user is not None:
            self.send(self.users, self.numbered("user_left", user, count=len(self.users)))


def send(receivers, frame):
    """Sends one message to many. A receiver that is gone is left out."""
    broadcast(receivers, json.dumps(frame))


room = Room(send)
clients = set()


async def session(ws):
    """Serves one client, until its connection ends. It knows nothing of the rules."""
    clients.add(ws)
    try:
        async for message in ws:
            room.heard(ws, message)
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        # Every connection ends here, so its end is announced here and nowhere else.
        clients.remove(ws)
        room.left(ws)


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    if request.path.split("?")[0] != "/ws":
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def stop(server):
    server.close(close_connections=False)
    send(clients, {"type": "system", "event": "shutdown"})
    # All wait at the same time, so DRAIN is the limit for all of them together.
    await asyncio.gather(*(ws.close(1001, "server shutting down") for ws in list(clients)))


async def main():
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    options = {
        "process_request": route,
        "subprotocols": [SUBPROTOCOL],
        "ping_interval": HEARTBEAT,
        "ping_timeout": PONG_TIMEOUT,
        # How long a close waits for the client's close frame.
        "close_timeout": DRAIN,
    }
    async with serve(session, "127.0.0.1", PORT, **options) as server:
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asked.wait()
        await stop(server)


asyncio.run(main())
