"""A client that comes back, for lesson 10, in Python with `websockets`, as a student writes it from the page:

    WS_URL=ws://localhost:8080/ws python client.py

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail, or the
exercises, with commas.
"""

import asyncio
import json
import os
import random
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

WRONG = os.environ.get("WRONG", "")
URL = os.environ["WS_URL"]
RETRY = int(os.environ.get("WS_RETRY_MS", 500)) / 1000
CAP = int(os.environ.get("WS_RETRY_CAP_MS", 20000)) / 1000


def wrong(mistake):
    return WRONG == mistake


if wrong("10.3 seeds its dice with the second"):
    random.seed(int(time.time()) // 10)


def is_final(code):
    if wrong("10.5 takes 1000 for a reason to come back") and code == 1000:
        return False
    if wrong("10.5 knows no codes of its own") and code >= 4000:
        return False
    if wrong("10.1 takes every close for final"):
        return True
    return code in (1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003) or 4000 <= code < 4100


async def main():
    epoch, seq, failures, was_in = "", 0, 0, False
    while True:
        began = None
        try:
            async with connect(f"{URL}?epoch={epoch}&since={seq}") as socket:
                began, was_in = time.monotonic(), True
                async for text in socket:
                    said = json.loads(text)
                    if said["type"] == "connection_established":
                        if wrong("10.7 starts at zero in each connection"):
                            seq = 0
                        epoch = said["epoch"]
                        if not said["recovered"] and not wrong("10.7 keeps its number in another epoch"):
                            seq = said["seq"]
                    elif said["type"] == "message" and said["seq"] > seq:
                        if not wrong("10.7 does not move on"):
                            seq = said["seq"]
                # The loop ends by itself after 1000 and 1001.
                if is_final(socket.close_code):
                    return
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            if is_final(code) and code != 1006:
                return
            if wrong("10.1,10.2,10.3,10.4,10.7 dies of a lost connection") and code == 1006:
                raise
        except (OSError, EOFError, InvalidHandshake) as error:
            if wrong("10.2,10.3,10.4 dies of a refusal"):
                raise
            if not was_in and failures > 8 and not wrong("10.6 does not count"):
                sys.exit(f"gave up: {error}")
        if began and time.monotonic() - began > 5:
            failures = 0
        bound = min(CAP, RETRY * 2 ** min(failures, 30))
        if wrong("10.1,10.2,10.3,10.4,10.7 takes milliseconds for seconds"):
            bound *= 1000
        if wrong("10.2,10.3 takes seconds for milliseconds"):
            bound /= 1000
        if wrong("10.4 is above the cap at the cap"):
            bound = bound if bound < CAP else 3 * CAP
        failures += 1
        await asyncio.sleep(random.uniform(0, bound))


asyncio.run(main())
