"""Python's websockets, set up wrong in one way each: python library.py MODE PORT"""

import asyncio
import http
import logging
import sys

from websockets.asyncio.server import basic_auth, serve


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def fails(ws):
    raise RuntimeError("no database")


async def policy(ws):
    await ws.close(1008, "banned")


def maintenance(connection, request):
    return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "down for an hour\n")


MODES = {
    "right": (echo, {}),
    "fails": (fails, {}),
    "policy": (policy, {}),
    "origins": (echo, {"origins": ["https://chat.test"]}),
    "maintenance": (echo, {"process_request": maintenance}),
    "login": (echo, {"process_request": basic_auth(credentials=("ann", "secret"))}),
    "protocols": (echo, {"subprotocols": ["soup"]}),
}


async def main():
    handler, options = MODES[sys.argv[1]]
    async with serve(handler, "127.0.0.1", int(sys.argv[2]), **options) as server:
        await server.serve_forever()


logging.disable()
asyncio.run(main())
