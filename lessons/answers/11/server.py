"""Lesson 11: visitors and members, names that the server knows, and errors.

    python3 server.py
"""

import asyncio
import json
import os

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8765))
LONGEST_NAME = 32

# The name of each member. A client that is not here is a visitor.
names = {}


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


def send(receivers, frame):
    """Sends one message to many. A receiver that is gone is left out."""
    broadcast(receivers, json.dumps(frame))


def others(ws):
    return [member for member in names if member is not ws]


def refuse(ws, code, words):
    send([ws], {"type": "error", "code": code, "message": words})


def join(ws, name):
    name = name.strip() if isinstance(name, str) else ""
    if ws in names:
        refuse(ws, "bad_message", "you are a member already")
    elif not 1 <= len(name) <= LONGEST_NAME:
        refuse(ws, "bad_name", f"a name has 1 to {LONGEST_NAME} letters")
    elif name.casefold() in (taken.casefold() for taken in names.values()):
        refuse(ws, "name_taken", "somebody here already has this name")
    else:
        names[ws] = name
        send([ws], {"type": "welcome", "username": name, "users": list(names.values())})
        send(others(ws), {"type": "user_joined", "username": name})


def heard(ws, message):
    said = parse(message)
    kind, name = field(said, "type"), names.get(ws)
    if kind == "join":
        join(ws, field(said, "username"))
    elif kind in ("message", "typing") and name is None:
        refuse(ws, "not_joined", "send join with a name first")
    elif kind == "message":
        content = field(said, "content")
        if isinstance(content, str) and content.strip():
            send(names, {"type": "message", "username": name, "content": content})
        else:
            refuse(ws, "bad_message", "there is no text in content")
    elif kind == "typing":
        is_typing = field(said, "is_typing") is not False
        send(others(ws), {"type": "typing", "username": name, "is_typing": is_typing})
    else:
        refuse(ws, "unknown_type", f"unknown type: {kind}")


async def talk(ws):
    """Serves one client, until its connection ends."""
    try:
        async for message in ws:
            heard(ws, message)
    except ConnectionClosed:
        pass  # It ended without a close frame.
    finally:
        # Every connection ends here, so its end is announced here and nowhere else.
        name = names.pop(ws, None)
        if name is not None:
            send(names, {"type": "user_left", "username": name})


def route(connection, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    if request.path.split("?")[0] not in ("/", "/ws"):
        return connection.respond(404, "the WebSocket is at /ws\n")
    return None


async def main():
    async with serve(talk, "127.0.0.1", PORT, process_request=route):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
