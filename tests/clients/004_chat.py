"""The chat page of 004_python_chat.md without the page.

    python 004_chat.py ws://127.0.0.1:8765/

The first line typed is the name, each later one a message; a line begun is typing.
The source names the types and no field, so any usual field is read.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State


def show(line):
    print(line, flush=True)


def first(fields, *names):
    return next((fields[name] for name in names if fields.get(name)), None)


class Chat:
    def __init__(self, url):
        self.url = url
        self.name = None
        self.websocket = None

    async def listen(self):
        """Stays in the chat; `connect` in a loop comes back by itself."""
        async for self.websocket in connect(self.url):
            show("open")
            try:
                if self.name:
                    await self.send("join", username=self.name)
                async for frame in self.websocket:
                    fields = json.loads(frame)
                    who = first(fields, "username", "user", "name")
                    text = first(fields, "message", "content", "text")
                    show(": ".join(filter(None, (fields["type"], who, text))))
            except ConnectionClosed:
                pass
            finally:
                close = f"close {self.websocket.close_code} {self.websocket.close_reason}"
                show(close.rstrip())

    async def type(self, keys):
        """What the user does, until the keyboard is gone."""
        begun = b""
        while pressed := await keys.read(4096):
            *lines, begun = (begun + pressed).split(b"\n")
            for line in lines:
                await self.enter(line.decode())
            if begun and self.name:
                await self.send("typing")

    async def enter(self, line):
        if self.name:
            await self.send("message", message=line)
        else:
            self.name = line
            await self.send("join", username=line)

    async def send(self, type, **fields):
        if self.websocket and self.websocket.state is State.OPEN:
            await self.websocket.send(json.dumps({"type": type, **fields}))
        elif type == "message":
            show(f"not sent: {fields['message']}")

    async def leave(self):
        if self.websocket:
            await self.websocket.close(1000)


async def keyboard():
    keys = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(keys), sys.stdin)
    return keys


async def main(url):
    chat = Chat(url)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(chat.listen())
        await chat.type(await keyboard())
        await chat.leave()
        listening.cancel()


asyncio.run(main(sys.argv[1]))
