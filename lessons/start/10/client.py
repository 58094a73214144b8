"""Lesson 10, the client: start here. It prints messages, and ends with its connection.

    WS_URL=ws://127.0.0.1:8080/ws python3 client.py
"""

import asyncio
import json
import os

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

URL = os.environ.get("WS_URL", "ws://127.0.0.1:8080/ws")


async def main():
    async with connect(URL) as ws:
        try:
            async for text in ws:
                print(json.loads(text), flush=True)
        except ConnectionClosed:
            pass
        # Come back here, unless this code is final.
        print(f"closed: {ws.close_code}", flush=True)


asyncio.run(main())
