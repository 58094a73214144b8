"""A counter that everybody sees and anybody turns: after the second of the "Quick examples" in the
documentation of websockets, https://websockets.readthedocs.io (BSD-3-Clause), whose server this is.

    PORT=8765 python counter.py
"""

import asyncio
import json
import os

from websockets.asyncio.server import broadcast, serve

users = set()
value = 0


def users_event():
    return json.dumps({"type": "users", "count": len(users)})


def value_event():
    return json.dumps({"type": "value", "value": value})


async def counter(websocket):
    global value
    users.add(websocket)
    try:
        broadcast(users, users_event())
        await websocket.send(value_event())
        async for message in websocket:
            match json.loads(message):
                case {"action": "plus"}:
                    value += 1
                case {"action": "minus"}:
                    value -= 1
                case _:
                    continue
            broadcast(users, value_event())
    finally:
        users.remove(websocket)
        broadcast(users, users_event())


async def main():
    async with serve(counter, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
