"""A server for lesson 15, in Python, as a student writes it from the page:

    PORT=8080 python guess.py 15

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail.
"""

import asyncio
import json
import os
import random
import signal

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

WRONG = os.environ.get("WRONG", "")
NUMBER = int(os.environ.get("WS_NUMBER", 0))
LIMIT = int(os.environ.get("WS_GAME_MS", 60000)) / 1000


def wrong(mistake):
    return WRONG == mistake


def choose():
    if wrong("15.2,15.5 leaves the number to chance"):
        # Never 42, so that chance does not save it.
        return random.choice([3, 99])
    if wrong("15.2,15.5 chooses the number of the day"):
        return 17
    return NUMBER or random.randint(1, 100)


class Game:
    def __init__(self):
        self.number = choose()
        self.tries = 0
        self.score = 0


together = Game()


def is_guess(said):
    if not isinstance(said, dict):
        return False
    if said.get("type") != "guess" and not wrong("15.4 looks at n alone"):
        return False
    n = said.get("n")
    if wrong("15.4 takes True for a number"):
        return isinstance(n, int) and 1 <= n <= 100
    if wrong("15.4 takes a text for a number") and isinstance(n, str):
        n = said["n"] = int(n)
    if wrong("15.4 rounds") and isinstance(n, float):
        n = said["n"] = int(n)
    if wrong("15.4 takes any whole number"):
        return type(n) is int
    if wrong("15.4 counts from 0"):
        return type(n) is int and 0 <= n <= 100
    if wrong("15.2 stops before 100"):
        return type(n) is int and 1 <= n < 100
    return type(n) is int and 1 <= n <= 100


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        if wrong("15.4 dies of what is no JSON"):
            raise
        return None


def answer(game, text):
    said = parse(text)
    if wrong("15.4 counts first"):
        game.tries += 1
    if not is_guess(said):
        return {"type": "error", "message": "no guess"}
    if not wrong("15.4 counts first"):
        game.tries += 1
    n, tries = said["n"], game.tries
    if wrong("15.2,15.3,15.4,15.5 counts tries from 0"):
        tries -= 1
    if n == game.number:
        if not wrong("15.2 counts on after it was right"):
            game.tries = 0
        game.number = choose()
        if wrong("15.2 chooses another number after it was right"):
            game.number = 43
        game.score += 1
        return {"type": "right", "tries": tries}
    higher = n < game.number
    if wrong("15.2 says of the guess what it should say of the number"):
        higher = not higher
    if wrong("15.2,15.3,15.4,15.5 says the tries as a text"):
        tries = str(tries)
    return {"type": "higher" if higher else "lower", "tries": tries}


async def send(ws, frame):
    await ws.send(json.dumps(frame))


async def over(ws, game):
    frame = {"type": "over", "score": game.score}
    if wrong("15.5 leaves the score out"):
        del frame["score"]
    if wrong("15.5 sends the tries for the score"):
        frame["score"] = game.tries
    if not wrong("15.5 closes without a word"):
        await send(ws, frame)
    if wrong("15.5 tells the end and goes on"):
        await asyncio.Future()
    await ws.close(1001 if wrong("15.5 closes with another code") else 1000)


async def talk(ws):
    loop = asyncio.get_running_loop()
    game = together if wrong("15.3,15.5 has one game for all") else Game()
    limit = LIMIT
    if wrong("15.5 takes milliseconds for seconds"):
        limit *= 1000
    if wrong("15.5 ends sooner"):
        limit /= 2
    end = loop.time() + limit
    try:
        frame = {"type": "new", "from": 1, "to": 100}
        if wrong("15.1 leaves the numbers out"):
            frame = {"type": "new"}
        if wrong("15.1 counts from 0"):
            frame["from"] = 0
        if wrong("15.1,15.2,15.3,15.4,15.5 calls it welcome"):
            frame["type"] = "welcome"
        if not wrong("15.1 says nothing at first"):
            await send(ws, frame)
        if wrong("15.1 says it twice"):
            await send(ws, frame)
        while True:
            try:
                text = await asyncio.wait_for(ws.recv(), end - loop.time())
            except asyncio.TimeoutError:
                return await over(ws, game)
            await send(ws, answer(game, text))
            if wrong("15.5 gives a guess more time"):
                end = loop.time() + limit
            if wrong("15.2,15.5 hangs up when it is right") and game.score > 0:
                return await ws.close()
    except ConnectionClosed:
        pass


def route(connection, request):
    return None if request.path == "/ws" else connection.respond(404, "nothing here\n")


async def main():
    stop = asyncio.Event()
    if not wrong("15.6 leaves the signal to the system"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(talk, "127.0.0.1", int(os.environ["PORT"]), process_request=route) as server:
        await stop.wait()
        if wrong("15.6 closes with 1000"):
            server.close(code=1000)
        if wrong("15.6 cuts the connections"):
            os._exit(0)
    if wrong("15.6 exits with 1"):
        raise SystemExit(1)


asyncio.run(main())
