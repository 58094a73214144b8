"""Lesson 13: which pages may connect, and as whom: Origin, a cookie, and tickets.

    python3 server.py
"""

import asyncio
import json
import os
import secrets
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PORT = int(os.environ.get("PORT", 8080))
LONGEST_NAME = 32

# How many sessions and tickets are kept, at most. The oldest are forgotten.
MOST = 1000

# The name of each session, which is None before a login; and the owner of each ticket.
sessions = {}
tickets = {}


def issue(table, owner):
    """Makes a secret that nobody can guess, and notes its owner."""
    if len(table) == MOST:
        del table[next(iter(table))]
    secret = secrets.token_hex(16)
    table[secret] = owner
    return secret


def parse(text):
    """Returns the JSON value of a text, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


def is_ours(headers):
    """Whether the page is one of this server. A program that is no browser sends no Origin."""
    origins = headers.get_all("Origin")
    own = [f"{scheme}://{headers['Host']}" for scheme in ("http", "https")]
    return not origins or len(origins) == 1 and origins[0] in own


def known_session(headers):
    """Returns the session that the request's cookie names, or None if there is no such session."""
    for line in headers.get_all("Cookie"):
        for cookie in line.split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == "session" and value in sessions:
                return value
    return None


def answer(ws, said):
    kind = field(said, "type")
    if kind == "login":
        name = field(said, "username")
        name = name.strip() if isinstance(name, str) else ""
        if not 1 <= len(name) <= LONGEST_NAME:
            return {"type": "error", "message": f"a name has 1 to {LONGEST_NAME} letters"}
        ws.username = name
        if ws.session in sessions:
            sessions[ws.session] = name
        return {"type": "welcome", "username": name}
    if kind == "ticket":
        if ws.username is None:
            return {"type": "error", "message": "log in first"}
        return {"type": "ticket", "ticket": issue(tickets, ws.username)}
    if kind == "message":
        # The name is the session's, whatever the message says.
        return {"type": "message", "username": ws.username, "content": field(said, "content")}
    return {"type": "error", "message": f"unknown type: {kind}"}


async def talk(ws):
    """Serves one client, until its connection ends."""
    try:
        await ws.send(json.dumps({"type": "welcome", "username": ws.username}))
        async for message in ws:
            await ws.send(json.dumps(answer(ws, parse(message))))
    except ConnectionClosed:
        pass  # It ended without a close frame.


def route(ws, request):
    """Answers a request, or returns None for the one that opens a WebSocket."""
    target = urlsplit(request.path)
    if not is_ours(request.headers):
        return ws.respond(403, "open the page from this server\n")
    if target.path != "/ws":
        return ws.respond(404, "the WebSocket is at /ws\n")
    known = known_session(request.headers)
    ws.session = known or issue(sessions, None)
    ws.is_new = known is None
    ticket = parse_qs(target.query).get("ticket", [""])[0]
    # A ticket is used up by the request that brings it.
    ws.username = tickets.pop(ticket, None) or sessions[ws.session]
    return None


def set_cookie(ws, request, response):
    """Adds the cookie of a new session to the 101."""
    if response.status_code == 101 and ws.is_new:
        cookie = f"session={ws.session}; HttpOnly; SameSite=Strict; Path=/"
        response.headers["Set-Cookie"] = cookie


async def main():
    async with serve(
        talk, "127.0.0.1", PORT, process_request=route, process_response=set_cookie
    ):
        print(f"http://127.0.0.1:{PORT}", flush=True)
        await asyncio.Future()


asyncio.run(main())
