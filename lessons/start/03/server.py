"""Lesson 3: start here. The server opens WebSockets, reads messages, and answers none.

    python3 server.py
"""

import asyncio
import os

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))


async def talk(ws):
    """Serves one client, until its connection ends."""
    try:
        async for message in ws:
            pass  # Answer here: `await ws.send(…)`.
    except ConnectionClosed:
        pass  # It ended without a close frame.


async def main():
    async with serve(talk, "127.0.0.1", PORT):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
