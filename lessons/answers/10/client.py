"""Lesson 10, the client: comes back after a random wait, and gets what it missed.

    WS_URL=ws://127.0.0.1:8080/ws python3 client.py
"""

import asyncio
import json
import os
import random
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

URL = os.environ.get("WS_URL", "ws://127.0.0.1:8080/ws")
RETRY = int(os.environ.get("WS_RETRY_MS", 500)) / 1000
CAP = int(os.environ.get("WS_RETRY_CAP_MS", 20000)) / 1000

# A connection that lasted this long, in seconds, ends a row of failures.
LASTED = 10

# How many attempts in a row may fail.
TRIES = 20

FINAL = {1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003, *range(4000, 4100)}


class Place:
    """The newest message that the client has, and the run of the server that numbered it."""

    epoch, seq = "", 0

    def heard(self, said):
        if said["type"] == "connection_established":
            self.epoch = said["epoch"]
            if not said["recovered"]:
                self.seq = said["seq"]
        # A message that is not above `seq` is a copy.
        elif said["type"] == "message" and said["seq"] > self.seq:
            self.seq = said["seq"]
            print(said["content"], flush=True)


async def attempt(place):
    """Talks until the connection ends. Returns its close code: 1006 if there was none."""
    async with connect(f"{URL}?epoch={place.epoch}&since={place.seq}") as ws:
        try:
            async for text in ws:
                place.heard(json.loads(text))
        except ConnectionClosed:
            pass
        return ws.close_code


async def main():
    place, failures = Place(), 0
    while failures <= TRIES:
        began = time.monotonic()
        try:
            if await attempt(place) in FINAL:
                return
        except (OSError, EOFError, InvalidHandshake) as error:
            print(f"no connection: {error}", file=sys.stderr)
        if time.monotonic() - began > LASTED:
            failures = 0
        wait = random.uniform(0, min(CAP, RETRY * 2**failures))
        failures += 1
        await asyncio.sleep(wait)
    sys.exit("no connection: gave up")


asyncio.run(main())
