"""Lesson 7: finds clients that are gone although their connections are open.

    python3 server.py
"""

import asyncio
import json
import os
import secrets

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
HEARTBEAT = int(os.environ.get("WS_HEARTBEAT_MS", 25000)) / 1000
PONG_TIMEOUT = int(os.environ.get("WS_PONG_TIMEOUT_MS", 10000)) / 1000

# How long a close waits for the client's close frame, in seconds. A client that is gone sends none.
CLOSE_TIMEOUT = 0.5

# The id of each connected client.
clients = {}


def parse(text):
    """Returns the JSON value of a text, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def send(receivers, frame):
    """Sends one message to many. A receiver that is gone is left out."""
    broadcast(receivers, json.dumps(frame))


def others(ws):
    return [other for other in clients if other is not ws]


def heard(ws, message):
    # There is no `await` between these two, so no other task comes in between.
    data = parse(message)
    send([ws], {"type": "echo", "data": data})
    send(others(ws), {"type": "broadcast", "data": data, "from": clients[ws]})


async def talk(ws):
    """Serves one client, until its connection ends."""
    id = clients[ws] = secrets.token_hex(16)
    send([ws], {"type": "welcome", "clientId": id})
    send(others(ws), {"type": "client_connected", "clientId": id})
    try:
        async for message in ws:
            if isinstance(message, str):
                heard(ws, message)
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        # Every connection ends here, so its end is announced here and nowhere else.
        del clients[ws]
        send(clients, {"type": "client_disconnected", "clientId": id})


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
