"""Lesson 4: gives each client an id, and lists the connected clients at /connections.

    python3 server.py
"""

import asyncio
import json
import os
import secrets
from datetime import datetime, timezone

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))

# A row for each open connection.
clients = {}


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


async def send(ws, frame):
    await ws.send(json.dumps(frame))


def describe(ws):
    """Keeps what the handshake says: later there are no headers."""
    return {
        "connectionId": secrets.token_hex(16),
        "clientIP": ws.remote_address[0],
        "userAgent": ws.request.headers.get("User-Agent", ""),
        "since": datetime.now(timezone.utc).isoformat(),
    }


async def talk(ws):
    """Serves one client, until its connection ends."""
    row = clients[ws] = describe(ws)
    try:
        await send(ws, {"type": "connection_established", "connectionId": row["connectionId"]})
        async for message in ws:
            if field(parse(message), "type") == "ping":
                await send(ws, {"type": "pong"})
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        del clients[ws]


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    path = request.path.split("?")[0]
    if path == "/connections":
        return connection.respond(200, json.dumps(list(clients.values())))
    if path != "/ws":
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def main():
    async with serve(talk, "127.0.0.1", PORT, process_request=route):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
