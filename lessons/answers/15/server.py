"""Lesson 15: a game that a test can repeat: chance and the clock come from outside.

    python3 server.py
"""

import asyncio
import json
import os
import random
import signal
import time

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))

# What a test chooses: every number, and how long a game takes, in seconds.
NUMBER = int(os.environ.get("WS_NUMBER", 0))
LIMIT = int(os.environ.get("WS_GAME_MS", 60_000)) / 1000

LOWEST, HIGHEST = 1, 100

# How long a close waits for the client's close frame, in seconds.
CLOSE_TIMEOUT = 1


def choose():
    """Returns the next number to guess."""
    return NUMBER or random.randint(LOWEST, HIGHEST)


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def guessed(message):
    """Returns the number of a guess, or None if the message is no guess."""
    said = parse(message)
    if not isinstance(said, dict) or said.get("type") != "guess":
        return None
    n = said.get("n")
    # `True` is an `int`, too, so its type is compared.
    return n if type(n) is int and LOWEST <= n <= HIGHEST else None


class Game:
    """The game of one client. Nothing in it is shared."""

    def __init__(self):
        self.number = choose()
        self.tries = 0
        self.score = 0

    def answer(self, message):
        n = guessed(message)
        if n is None:
            return {"type": "error", "message": "send a guess with n, a whole number from 1 to 100"}
        self.tries += 1
        tries = self.tries
        if n == self.number:
            self.number, self.tries = choose(), 0
            self.score += 1
            return {"type": "right", "tries": tries}
        return {"type": "higher" if n < self.number else "lower", "tries": tries}


async def play(ws):
    """Plays until the time is over."""
    over = time.monotonic() + LIMIT
    game = Game()
    await ws.send(json.dumps({"type": "new", "from": LOWEST, "to": HIGHEST}))
    while True:
        try:
            message = await asyncio.wait_for(ws.recv(), over - time.monotonic())
        except asyncio.TimeoutError:
            await ws.send(json.dumps({"type": "over", "score": game.score}))
            return await ws.close(1000, "the time is over")
        await ws.send(json.dumps(game.answer(message)))


async def talk(ws):
    try:
        await play(ws)
    except ConnectionClosed:
        pass  # The client left, or the server ends.


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    if request.path.split("?")[0] != "/ws":
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def main():
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    options = {"process_request": route, "close_timeout": CLOSE_TIMEOUT}
    # At its end, `serve` accepts nobody, closes each connection with 1001, and waits for all.
    async with serve(talk, "127.0.0.1", PORT, **options):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asked.wait()


asyncio.run(main())
