"""Lesson 10, the server: numbers its messages, and sends a client what it missed.

    python3 server.py
"""

import asyncio
import json
import os
import secrets
from collections import OrderedDict
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
HEARTBEAT = int(os.environ.get("WS_HEARTBEAT_MS", 25000)) / 1000
PONG_TIMEOUT = int(os.environ.get("WS_PONG_TIMEOUT_MS", 10000)) / 1000

# How long a close waits for the client's close frame, in seconds. A client that is gone sends none.
CLOSE_TIMEOUT = 0.5

# How many messages are kept for clients that come back.
HISTORY = 1000

# The identifier of this run of the server.
EPOCH = secrets.token_hex(8)

clients = set()
# The newest messages, by `seq`, and the same ones by the session and the id of their sender.
history = OrderedDict()
by_id = OrderedDict()
newest = 0


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


def send(receivers, frame):
    """Sends one message to many. A receiver that is gone is left out."""
    broadcast(receivers, json.dumps(frame))


def missed(query):
    """Returns the messages that a client missed, or None if that is not known."""
    since = query.get("since", "")
    if query.get("epoch") != EPOCH or not (since.isascii() and since.isdigit() and len(since) < 16):
        return None
    # Everything after `since` must still be there.
    oldest = newest - len(history)
    if not oldest <= int(since) <= newest:
        return None
    return [line for seq, line in history.items() if seq > int(since)]


def remember(key, line):
    history[line["seq"]] = line
    by_id[key] = line
    for memory in (history, by_id):
        if len(memory) > HISTORY:
            memory.popitem(last=False)


def heard(ws, session, message):
    global newest
    said = parse(message)
    id, content = field(said, "id"), field(said, "content")
    if field(said, "type") != "message" or not isinstance(content, str):
        return
    # Without an id of its own, no message is a copy of another.
    key = (session, id if isinstance(id, str) else secrets.token_hex(8))
    if key in by_id:
        # It has been sent to everyone already: only its sender gets it again, with its old number.
        send([ws], by_id[key])
        return
    newest += 1
    line = {"type": "message", "seq": newest, "id": id, "content": content}
    remember(key, line)
    send(clients, line)


async def talk(ws):
    """Serves one client, until its connection ends."""
    query = dict(parse_qsl(urlsplit(ws.request.path).query))
    session = query.get("session", secrets.token_hex(16))
    # There is no `await` in these lines, so no message can fall between them.
    lines = missed(query)
    clients.add(ws)
    hello = {"type": "connection_established", "epoch": EPOCH, "seq": newest}
    send([ws], {**hello, "recovered": lines is not None})
    for line in lines or []:
        send([ws], line)
    try:
        async for message in ws:
            heard(ws, session, message)
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        clients.remove(ws)


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    if request.path.split("?")[0] != "/ws":
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def main():
    heartbeat = {
        "ping_interval": HEARTBEAT,
        "ping_timeout": PONG_TIMEOUT,
        "close_timeout": CLOSE_TIMEOUT,
    }
    async with serve(talk, "127.0.0.1", PORT, process_request=route, **heartbeat):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
