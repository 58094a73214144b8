"""Lesson 5: sends each client's message to all clients, and drops forged ones.

    python3 server.py
"""

import asyncio
import json
import os

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))

clients = set()


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


def heard(message):
    said = parse(message)
    content = field(said, "content")
    if field(said, "type") == "user" and isinstance(content, str):
        # A new object: the client may have written more into its own.
        send(clients, {"type": "user", "content": content})


async def talk(ws):
    """Serves one client, until its connection ends."""
    clients.add(ws)
    try:
        send([ws], {"type": "system", "content": "Добро пожаловать в чат!"})
        async for message in ws:
            heard(message)
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
    async with serve(talk, "127.0.0.1", PORT, process_request=route):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
