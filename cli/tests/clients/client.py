"""A client that comes back, in Python with `websockets`: the other half of lesson 10.

WS_URL=ws://localhost:8080/ws python client.py
"""

import asyncio
import json
import os
import random
import sys
import time
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

URL = os.environ["WS_URL"]
RETRY = int(os.environ.get("WS_RETRY_MS", 500)) / 1000
CAP = int(os.environ.get("WS_RETRY_CAP_MS", 20_000)) / 1000


def backoff(failures):
    return random.uniform(0, min(CAP, RETRY * 2 ** min(failures, 64)))


def is_final(code):
    """Whether to come back would only be told the same."""
    return code in (1000, 1002, 1003, 1007, 1008) or 4000 <= code < 4100


class Talk:
    """What was heard last, in which life of the server."""

    epoch = None
    seq = 0

    def url(self):
        if self.epoch is None:
            return URL
        return f"{URL}?{urlencode({'epoch': self.epoch, 'since': self.seq})}"

    def heard(self, frame):
        match frame:
            # What was missed comes now: its numbers are above ours, and no higher than this `seq`.
            case {"type": "connection_established", "recovered": True}:
                pass
            case {"type": "connection_established", "epoch": epoch, "seq": seq}:
                self.epoch, self.seq = epoch, seq
            case {"type": "message", "seq": seq, "content": content} if seq > self.seq:
                self.seq = seq
                print(content, flush=True)


async def main():
    talk = Talk()
    failures = 0
    while True:
        opened = float("inf")
        try:
            async with connect(talk.url()) as socket:
                opened = time.monotonic()
                while True:
                    talk.heard(json.loads(await socket.recv()))
        except ConnectionClosed as closed:
            if is_final(closed.rcvd.code if closed.rcvd else 1006):
                return
        except InvalidStatus as refused:
            if refused.response.status_code < 500:
                sys.exit(f"no WebSocket here: {refused.response.status_code}")
        except (OSError, EOFError, InvalidHandshake):
            pass  # Nobody listens, or not yet.
        # One that is closed as soon as it opens is one more failure.
        if time.monotonic() - opened >= CAP:
            failures = 0
        delay = backoff(failures)
        failures += 1
        print(f"no connection, retrying in {delay * 1000:.0f} ms", flush=True)
        await asyncio.sleep(delay)


asyncio.run(main())
