"""Lesson 9: stops in four steps: refuse, tell, close with 1001, wait up to a limit.

    python3 server.py
"""

import asyncio
import json
import os
import secrets
import signal
import time

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
HEARTBEAT = int(os.environ.get("WS_HEARTBEAT_MS", 25000)) / 1000
PONG_TIMEOUT = int(os.environ.get("WS_PONG_TIMEOUT_MS", 10000)) / 1000
STATS = int(os.environ.get("WS_STATS_MS", 30000)) / 1000
DRAIN = int(os.environ.get("WS_DRAIN_MS", 5000)) / 1000

# On the monotonic clock, which nobody sets back.
STARTED = time.monotonic()

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


def rss_bytes():
    """Returns how much memory the process holds, in bytes."""
    try:
        with open("/proc/self/statm") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        # macOS has no /proc, and tells the largest size so far.
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def report():
    """Sends the statistics to everyone, again and again."""
    while True:
        await asyncio.sleep(STATS)
        stats = {
            "activeConnections": len(clients),
            "memory": {"rssBytes": rss_bytes()},
            "uptime": int(time.monotonic() - STARTED),
        }
        send(clients, {"type": "system", "event": "heartbeat", "stats": stats})


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
    heartbeat = {
        "ping_interval": HEARTBEAT,
        "ping_timeout": PONG_TIMEOUT,
        # How long a close waits for the client's close frame.
        "close_timeout": DRAIN,
    }
    async with serve(talk, "127.0.0.1", PORT, process_request=route, **heartbeat) as server:
        print(f"http://127.0.0.1:{PORT}", flush=True)
        reporting = asyncio.create_task(report())
        await asked.wait()
        reporting.cancel()
        await stop(server)


asyncio.run(main())
