"""An echo behind TLS under uvicorn: python asgi.py CERTIFICATE KEY"""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def echo(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text(message)


app = Starlette(routes=[WebSocketRoute("/ws", echo)])
config = uvicorn.Config(app, ssl_certfile=sys.argv[1], ssl_keyfile=sys.argv[2], log_level="critical")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(config).run(sockets=[listener])
