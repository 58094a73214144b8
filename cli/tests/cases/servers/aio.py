"""aiohttp with a WebSocket at /ws, and mistakes beside: python aio.py PORT"""

import logging
import sys

from aiohttp import web


async def ws(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


async def page(request):
    return web.Response(text="page")


async def members(request):
    raise web.HTTPForbidden(text="members only")


async def login(request):
    raise web.HTTPFound("/login?next=/ws")


async def fails(request):
    raise RuntimeError("no database")


async def fails_later(request):
    await web.WebSocketResponse().prepare(request)
    raise RuntimeError("no database")


async def returns(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close(code=1001, message=b"going home")
    return socket


async def deaf(request):
    """Reads without answering pings, as an application does that forgets them."""
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


logging.disable()
app = web.Application()
for handler in [ws, page, members, login, fails, fails_later, returns, deaf]:
    app.router.add_get(f"/{handler.__name__}", handler)
app.router.add_post("/post", page)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
