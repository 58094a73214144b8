"""A server for lesson 13, in Python, as a student writes it from the page:

    PORT=8080 python sessions.py 13

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail.
"""

import asyncio
import json
import os
import secrets
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

WRONG = os.environ.get("WRONG", "")
sessions = {}
tickets = {}


def wrong(mistake):
    return WRONG == mistake


def is_ours(origin, host):
    if wrong("13.1 knows one name for itself only"):
        return origin in (None, "http://chat.test")
    if wrong("13.1,13.3,13.4,13.5 wants an Origin from everybody"):
        return origin == f"http://{host}"
    if origin is None or wrong("13.2,13.6 looks at no Origin"):
        return True
    if wrong("13.2 looks at the beginning"):
        return origin.startswith(f"http://{host}")
    if wrong("13.2 looks at the end"):
        return origin.endswith(host)
    if wrong("13.2 forgets the port"):
        return urlsplit(origin).hostname == host.split(":")[0]
    if wrong("13.2 takes null for its own"):
        return origin in ("null", f"http://{host}")
    return origin == f"http://{host}"


def session_of(request):
    line = request.headers.get("Cookie", "")
    if wrong("13.4 knows the cookie by its place"):
        value = line.partition("=")[2].partition(";")[0]
        return value if value in sessions else None
    if wrong("13.4 takes any name that ends so"):
        value = line.partition("session=")[2].partition(";")[0]
        return value if value in sessions else None
    if wrong("13.4 takes the session from the address, too"):
        line += "; session=" + parse_qs(urlsplit(request.path).query).get("session", [""])[0]
    for cookie in line.split(";"):
        name, _, value = cookie.strip().partition("=")
        if wrong("13.3 believes an unknown cookie") and name == "session":
            sessions.setdefault(value, None)
        if name == "session" and value in sessions:
            return value
    return None


def route(ws, request):
    is_known = session_of(request) is not None
    if wrong("13.6 lets in who has a cookie"):
        is_let_in = is_known or is_ours(request.headers.get("Origin"), request.headers["Host"])
    else:
        is_let_in = is_ours(request.headers.get("Origin"), request.headers["Host"])
    if not is_let_in:
        return ws.respond(401 if wrong("13.2,13.6 answers 401") else 403, "not from here\n")
    if urlsplit(request.path).path != "/ws":
        return ws.respond(404, "nothing here\n")
    ws.session = session_of(request)
    ws.is_new = ws.session is None
    if ws.is_new:
        ws.session = "1" if wrong("13.3 counts one") else secrets.token_hex(16)
        sessions[ws.session] = None
    ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
    if wrong("13.5 takes a ticket again and again"):
        owner = tickets.get(ticket)
    else:
        owner = tickets.pop(ticket, None)
    if wrong("13.5 forgets all tickets with the first"):
        tickets.clear()
    ws.username = owner or sessions[ws.session]
    return None


def set_cookie(ws, request, response):
    if response.status_code != 101 or not ws.is_new:
        return
    hidden = "" if wrong("13.3 lets scripts read it") else "HttpOnly; "
    site = "Path=/" if wrong("13.3 leaves SameSite out") else "SameSite=Strict; Path=/"
    response.headers["Set-Cookie"] = f"session={ws.session}; {hidden}{site}"


def answer(ws, said):
    kind = said.get("type")
    if kind == "login":
        ws.username = said["username"]
        if not wrong("13.4,13.6 forgets the name with the connection"):
            sessions[ws.session] = ws.username
        return {"type": "welcome", "username": ws.username}
    if kind == "ticket":
        if ws.username is None and not wrong("13.5 gives a ticket to nobody"):
            return {"type": "error", "message": "log in"}
        if wrong("13.5 has one ticket for all"):
            tickets["abc"] = ws.username
            return {"type": "ticket", "ticket": "abc"}
        ticket = secrets.token_hex(16)
        tickets[ticket] = ws.username
        return {"type": "ticket", "ticket": ticket}
    name = said.get("username", ws.username) if wrong("13.4 believes the name in a message") else ws.username
    return {"type": "message", "username": name, "content": said.get("content")}


async def talk(ws):
    try:
        name = "guest" if wrong("13.1,13.4,13.5,13.6 calls strangers guest") else None
        await ws.send(json.dumps({"type": "welcome", "username": ws.username or name}))
        async for message in ws:
            await ws.send(json.dumps(answer(ws, json.loads(message))))
    except ConnectionClosed:
        pass


async def main():
    port = int(os.environ["PORT"])
    async with serve(talk, "127.0.0.1", port, process_request=route, process_response=set_cookie):
        await asyncio.Future()


asyncio.run(main())
