"""A Starlette application under uvicorn, with a WebSocket at /ws and mistakes beside: python asgi.py MODE PORT"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute


async def echo(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text(message)


async def closes(ws):
    await ws.close()


async def refuses(ws):
    await ws.send_denial_response(PlainTextResponse("the room is full", 503))


async def fails(ws):
    raise RuntimeError("no database")


async def fails_later(ws):
    await ws.accept()
    raise RuntimeError("no database")


async def returns(ws):
    await ws.accept()


async def soup(ws):
    await ws.accept(subprotocol="soup")


async def page(request):
    return PlainTextResponse("page")


handlers = [closes, refuses, fails, fails_later, returns, soup]
routes = [WebSocketRoute(f"/{handler.__name__}", handler) for handler in handlers]
if sys.argv[1] != "alone":
    routes.append(WebSocketRoute("/ws", echo))
app = Starlette(routes=[*routes, Route("/page", page)])
library = "none" if sys.argv[1] == "bare" else "auto"
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="critical", ws=library)
