"""A server for lesson 14, in Python, as a student writes it from the page:

    PORT=8080 python limits.py 14

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail.
"""

import asyncio
import json
import os
import time

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

WRONG = os.environ.get("WRONG", "")
RATE = int(os.environ.get("WS_RATE", 5))
MOST = int(os.environ.get("WS_MAX_QUEUE_BYTES", 1 << 20))
BURST = 4 * RATE
clients = {}
closing = set()


def wrong(mistake):
    return WRONG == mistake


class Bucket:
    def __init__(self):
        self.left = BURST
        self.at = time.monotonic()

    def take(self):
        now = time.monotonic()
        if wrong("14.3 gives nothing back"):
            now = self.at
        self.left += (now - self.at) * RATE
        self.at = now
        self.left = min(self.left, BURST)
        if self.left >= 1:
            self.left -= 1
            return 0
        if wrong("14.3 makes the refused pay, too"):
            self.left -= 1
        return (1 - self.left) / RATE



def error(wait):
    if wrong("14.1,14.2,14.3 says it in words only"):
        return {"type": "error", "message": "too fast"}
    if wrong("14.1 leaves the wait out"):
        return {"type": "error", "code": "rate_limited"}
    if wrong("14.1 says the wait as a text"):
        return {"type": "error", "code": "rate_limited", "retry_after_ms": str(int(wait * 1000) + 1)}
    if wrong("14.1 says the wait in seconds"):
        return {"type": "error", "code": "rate_limited", "retry_after_ms": wait}
    if wrong("14.1 says the wait in microseconds"):
        return {"type": "error", "code": "rate_limited", "retry_after_ms": int(wait * 1_000_000)}
    return {"type": "error", "code": "rate_limited", "retry_after_ms": int(wait * 1000) + 1}


def close(ws, code):
    clients.pop(ws, None)
    task = asyncio.create_task(ws.close(code))
    closing.add(task)
    task.add_done_callback(closing.discard)


def send_to_all(frame):
    text = json.dumps(frame)
    for ws in list(clients):
        waiting = ws.transport.get_write_buffer_size()
        if wrong("14.6 lets the queue grow"):
            waiting = 0
        if waiting > MOST:
            if wrong("14.6 drops what is too much"):
                continue
            close(ws, 1008 if wrong("14.6 closes with another code") else 1013)
        else:
            broadcast([ws], text)


async def one_by_one(frame):
    for ws in list(clients):
        await ws.send(json.dumps(frame))


async def refuse(ws, wait):
    text = json.dumps(error(wait))
    if wrong("14.2 tells everyone of the error"):
        broadcast(clients, text)
    elif wrong("14.1,14.2,14.3 refuses in silence"):
        pass
    else:
        await ws.send(text)


async def heard(ws, message):
    bucket = clients[ws]
    # Long messages take so long that their time decides: on a slow machine fewer of them are too many.
    if wrong("14.1,14.2,14.3 lets one second's worth of lines in at once") and len(message) < 1000:
        bucket.left = min(bucket.left, RATE)
    wait = bucket.take()
    if wrong("14.1,14.2,14.3,14.4 has no limit"):
        wait = 0
    if wait and wrong("14.1,14.2,14.3,14.4 lets them wait"):
        await asyncio.sleep(wait)
        wait = 0
    if wait:
        ws.refused += 1
        if wrong("14.1,14.2,14.3 closes at once"):
            ws.refused = 21
        if ws.refused > 20 and not wrong("14.4 never closes"):
            close(ws, 1011 if wrong("14.4 closes with another code") else 1008)
            return
        await refuse(ws, wait)
        if not wrong("14.1,14.2,14.3 sends what it refused"):
            return
    else:
        ws.refused = 0
    said = json.loads(message)
    frame = {"type": "user", "content": said["content"]}
    if wrong("14.5,14.6 waits for each"):
        await one_by_one(frame)
    else:
        send_to_all(frame)


async def talk(ws):
    clients[ws] = Bucket()
    ws.refused = 0
    try:
        await ws.send(json.dumps({"type": "system", "content": "Добро пожаловать в чат!"}))
        async for message in ws:
            if ws in clients:
                await heard(ws, message)
    except ConnectionClosed:
        pass
    finally:
        clients.pop(ws, None)


def route(connection, request):
    return None if request.path == "/ws" else connection.respond(404, "nothing here\n")


async def main():
    port = int(os.environ["PORT"])
    async with serve(talk, "127.0.0.1", port, process_request=route, close_timeout=3):
        await asyncio.Future()


asyncio.run(main())
