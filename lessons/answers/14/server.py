"""Lesson 14: limits clients that send too fast, and closes those that read too slowly.

    python3 server.py
"""

import asyncio
import json
import math
import os
import time

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
RATE = int(os.environ.get("WS_RATE", 5))
MOST_WAITING = int(os.environ.get("WS_MAX_QUEUE_BYTES", 1 << 20))

# How many messages may come at once, and how many in a row are refused.
BURST = 4 * RATE
REFUSALS = 20

# How long a close waits for the client's close frame, in seconds. A slow client must read all before it.
CLOSE_TIMEOUT = 3

# The limit of each connected client.
clients = {}

# Closings under way. asyncio itself does not keep them.
closings = set()


class Bucket:
    """What a client may still send. It refills by RATE a second, up to BURST."""

    def __init__(self):
        self.tokens = BURST
        self.at = time.monotonic()
        self.refused = 0

    def take(self):
        """Takes one token. Returns 0, or the seconds until there is one."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.at) * RATE)
        self.at = now
        if self.tokens < 1:
            self.refused += 1
            return (1 - self.tokens) / RATE
        self.tokens -= 1
        self.refused = 0
        return 0


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


def close(ws, code, reason):
    """Closes a connection in a task of its own, so nobody waits for it. Nothing more is sent to it."""
    clients.pop(ws, None)
    closing = asyncio.create_task(ws.close(code, reason))
    closings.add(closing)
    closing.add_done_callback(closings.discard)


def send(receivers, frame):
    """Sends one message to many. A client for which too much waits is let go."""
    text = json.dumps(frame)
    for ws in list(receivers):
        if ws.transport.get_write_buffer_size() > MOST_WAITING:
            close(ws, 1013, "too slow")
        else:
            broadcast([ws], text)


def heard(ws, message):
    bucket = clients[ws]
    wait = bucket.take()
    if bucket.refused > REFUSALS:
        close(ws, 1008, "too fast")
        return
    if wait:
        wait_ms = math.ceil(wait * 1000)
        send([ws], {"type": "error", "code": "rate_limited", "retry_after_ms": wait_ms})
        return
    said = parse(message)
    content = field(said, "content")
    if field(said, "type") == "user" and isinstance(content, str):
        # A new object: the client may have written more into its own.
        send(clients, {"type": "user", "content": content})


async def talk(ws):
    """Serves one client, until its connection ends."""
    clients[ws] = Bucket()
    send([ws], {"type": "system", "content": "Добро пожаловать в чат!"})
    try:
        async for message in ws:
            # Behind a close, what still comes is only read.
            if ws in clients:
                heard(ws, message)
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        clients.pop(ws, None)


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    if request.path.split("?")[0] != "/ws":
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def main():
    options = {"process_request": route, "close_timeout": CLOSE_TIMEOUT}
    async with serve(talk, "127.0.0.1", PORT, **options):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
