"""A server for each of lessons 1 to 15, in Python with `websockets`:

    PORT=8080 python server.py --lesson 5

A room says what a lesson is about; below the rooms stands what all of them share.
"""

import argparse
import asyncio
import base64
import binascii
import json
import math
import os
import re
import resource
import secrets
import signal
import sys
import time
import uuid
from datetime import datetime, timezone
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

LAST = 15
"""The last lesson that has a room here."""

flags = argparse.ArgumentParser()
flags.add_argument("--lesson", type=int, default=LAST)
flags.add_argument("--lessons", action="store_true", help="print the last lesson")
flags = flags.parse_args()
LESSON = flags.lesson
if flags.lessons:
    print(LAST)
    sys.exit()


def setting(name, otherwise):
    return int(os.environ.get(name, otherwise))


HEARTBEAT_MS = setting("WS_HEARTBEAT_MS", 25_000)
PONG_TIMEOUT_MS = setting("WS_PONG_TIMEOUT_MS", 10_000)
STATS_MS = setting("WS_STATS_MS", 30_000)
DRAIN_MS = setting("WS_DRAIN_MS", 5_000)
MAX_QUEUE_BYTES = setting("WS_MAX_QUEUE_BYTES", 1 << 20)
MAX_MESSAGE_BYTES = setting("WS_MAX_MESSAGE_BYTES", 1 << 20 if LESSON <= 3 else 64 << 10)
LINGER_MS = 500
"""How long whoever no longer answers may take to read why it is closed."""

STARTED = time.monotonic()


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


NOT_JSON = object()


def parse(text):
    """The value of a JSON text; `NOT_JSON` if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOT_JSON


def is_frame(value):
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def first(frame, *aliases, otherwise=None):
    """The first field of `frame` that is there."""
    return next((frame[name] for name in aliases if frame.get(name) is not None), otherwise)


def name_in(frame):
    """A name as others will read it; `None` if nobody may be called that."""
    name = first(frame, "username", "name", "user", "nickname")
    name = name.strip() if isinstance(name, str) else ""
    return name if 1 <= len(name) <= 32 else None


def text_in(frame):
    return first(frame, "content", "message", "text")


def is_typing(frame):
    return bool(first(frame, "active", "is_typing", "isTyping", "typing", otherwise=True))


def known(frame, *fields):
    return {field: frame[field] for field in fields if field in frame}


# ---- The rooms ----


class Room:
    """What is said where nothing else is; `members` are those who hear the others."""

    takes_bytes = False

    def __init__(self):
        self.members = []

    def joined(self, client):
        self.members.append(client)

    def heard(self, client, text):
        pass

    def left(self, client):
        self.members.remove(client)

    def to_all(self, frame):
        say(self.members, json.dumps(frame))

    def to_others(self, client, frame):
        say([member for member in self.members if member is not client], json.dumps(frame))

    def stats(self):
        with open("/proc/self/statm") as pages:
            rss = int(pages.read().split()[1]) * resource.getpagesize()
        stats = {
            "activeConnections": len(clients),
            "memory": {"rssBytes": rss},
            "uptime": time.monotonic() - STARTED,
        }
        told = {"message": "heartbeat", "stats": stats, "timestamp": now()}
        self.to_all({"type": "system", "event": "heartbeat", **told})

    def closing(self):
        told = {"message": "Сервер завершает работу", "timestamp": now()}
        self.to_all({"type": "system", "event": "shutdown", **told})


class Echo(Room):
    """1-3: a text comes back with a word before it, bytes as they were."""

    takes_bytes = True

    def heard(self, client, data):
        say([client], data if isinstance(data, bytes) else f"Принято: {data}")


class Connections(Room):
    """4: who is here."""

    def joined(self, client):
        super().joined(client)
        who = {"connectionId": client.id, "timestamp": now()}
        message = "WebSocket connection established"
        client.send({"type": "connection_established", **who, "message": message})

    def heard(self, client, text):
        frame = parse(text)
        if is_frame(frame) and frame["type"] == "ping":
            client.send({"type": "pong", **known(frame, "timestamp"), "serverTime": now()})

    def list(self):
        return [
            {
                "connectionId": member.id,
                "clientIP": member.ip,
                "userAgent": member.user_agent,
                "since": member.since,
            }
            for member in self.members
        ]


class Broadcast(Room):
    """5: everyone hears, whoever spoke too; of what a client sends only the known fields pass."""

    def joined(self, client):
        super().joined(client)
        client.send({"type": "system", "content": "Добро пожаловать в чат!"})

    def heard(self, client, text):
        frame = parse(text)
        if is_frame(frame) and frame["type"] == "user" and isinstance(frame.get("content"), str):
            self.to_all(known(frame, "type", "content", "username", "timestamp"))


class EchoBroadcast(Room):
    """6-9: an echo for one, a broadcast for the others."""

    def joined(self, client):
        super().joined(client)
        who = {"clientId": client.id, "clientsCount": len(self.members), "timestamp": now()}
        client.send({"type": "welcome", "message": "Добро пожаловать!", **who})
        self.to_others(client, {"type": "client_connected", **who})

    def heard(self, client, text):
        value = parse(text)
        data = text if value is NOT_JSON else value
        message = text_in(data) if isinstance(data, dict) else text
        said = {"data": data, "message": message, "timestamp": now()}
        client.send({"type": "echo", **said, "clientId": client.id})
        self.to_others(client, {"type": "broadcast", **said, "from": client.id})

    def left(self, client):
        super().left(client)
        who = {"clientId": client.id, "clientsCount": len(self.members), "timestamp": now()}
        self.to_all({"type": "client_disconnected", **who})


class Reconnect(Room):
    """10: messages are numbered, and whoever comes back hears what was missed."""

    KEPT = 500

    def __init__(self):
        super().__init__()
        self.epoch = str(uuid.uuid4())
        self.seq = 0
        self.kept = []

    def joined(self, client):
        since = client.query.get("since", "")
        since = int(since) if re.fullmatch("[0-9]{1,16}", since) else -1
        oldest = self.seq - len(self.kept)
        recovered = client.query.get("epoch") == self.epoch and oldest <= since <= self.seq
        history = {"epoch": self.epoch, "seq": self.seq, "recovered": recovered}
        who = {"connectionId": client.id, "timestamp": now()}
        client.send({"type": "connection_established", **who, **history})
        if recovered:
            for message in self.kept[since - oldest :]:
                client.send(message)
        super().joined(client)

    def heard(self, client, text):
        frame = parse(text)
        if not is_frame(frame):
            return
        if frame["type"] == "ping":
            client.send({"type": "pong", **known(frame, "timestamp"), "serverTime": now()})
        if frame["type"] == "message" and isinstance(text_in(frame), str):
            for message in self.kept:
                if "id" in frame and message.get("id") == frame["id"]:
                    # Who was not sure that it came needs to hear it; the others have.
                    return client.send(message)
            self.seq += 1
            said = {"content": text_in(frame), "timestamp": now()}
            message = {"type": "message", "seq": self.seq, **known(frame, "id"), **said}
            self.kept = [*self.kept, message][-self.KEPT :]
            self.to_all(message)


class NamesAndTyping(Room):
    """11: a visitor becomes a member by a name."""

    def joined(self, client):
        pass

    def heard(self, client, text):
        frame = parse(text)
        if not is_frame(frame):
            return self.refuse(client, "bad_message", "Это не объект с type")
        match frame["type"]:
            case "join":
                self.join(client, name_in(frame))
            case "message" | "typing" if client not in self.members:
                self.refuse(client, "not_joined", "Сначала отправьте join с именем")
            case "message":
                self.message(client, text_in(frame))
            case "typing":
                who = {"username": client.username, "is_typing": is_typing(frame)}
                self.to_others(client, {"type": "typing", **who})
            case unknown:
                self.refuse(client, "unknown_type", f"Неизвестный тип: {unknown[:64]}")

    def join(self, client, username):
        if client in self.members:
            return self.refuse(client, "bad_message", "Вы уже вошли")
        if username is None:
            return self.refuse(client, "name_invalid", "Имя: от 1 до 32 знаков")
        if username.lower() in [name.lower() for name in self.names()]:
            return self.refuse(client, "name_taken", "Имя уже занято")
        client.username = username
        self.members.append(client)
        who = {"username": username, "users": self.names(), "timestamp": now()}
        client.send({"type": "welcome", "message": f"Добро пожаловать в чат, {username}!", **who})
        message = f"{username} присоединяется к чату"
        self.to_others(client, {"type": "user_joined", "message": message, **who})

    def message(self, client, content):
        if not isinstance(content, str):
            return self.refuse(client, "bad_message", "В сообщении нет текста")
        said = {"message": content, "content": content, "timestamp": now()}
        self.to_all({"type": "message", "username": client.username, **said})

    def left(self, client):
        if client not in self.members:
            return
        super().left(client)
        who = {"username": client.username, "users": self.names(), "timestamp": now()}
        self.to_all({"type": "user_left", "message": f"{client.username} покидает чат", **who})

    def names(self):
        return [member.username for member in self.members]

    def refuse(self, client, code, message):
        client.send({"type": "error", "message": message, "code": code})


class FullChat(Room):
    """12: the canonical protocol, `ws101.chat.v1`."""

    HELLO_SECONDS = 10
    ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
    ERRORS_ALLOWED, ERRORS_WITHIN_SECONDS = 10, 60

    def __init__(self):
        super().__init__()
        self.room = "general"
        self.epoch = str(uuid.uuid4())
        self.seq = 0
        self.guests = 0
        self.types = {
            "hello": self.hello,
            "message": self.message,
            "user": self.message,
            "typing": self.typing,
            "rename": self.rename,
            "ping": self.ping,
            "bye": self.bye,
        }

    def joined(self, client):
        client.errors = []
        loop = asyncio.get_running_loop()
        too_long = loop.call_later(self.HELLO_SECONDS, client.close, 4107, "hello_timeout")
        client.patience = too_long

    def heard(self, client, text):
        frame = parse(text)
        if frame is NOT_JSON:
            return self.refuse(client, "bad_json", "not JSON")
        if not is_frame(frame):
            return self.refuse(client, "bad_message", "not an object with a type")
        id = frame.get("id")
        if id is not None and not (isinstance(id, str) and self.ID.fullmatch(id)):
            return self.refuse(client, "bad_message", "an id is 1 to 64 of A-Z a-z 0-9 _ -")
        answer = self.types.get(frame["type"])
        if answer is None:
            return self.refuse(client, "unknown_type", f"unknown type {frame['type'][:64]}", id)
        if client not in self.members and answer not in (self.hello, self.ping, self.bye):
            return self.refuse(client, "hello_required", "say hello first", id)
        answer(client, frame, id)

    def hello(self, client, frame, id):
        if client in self.members:
            return self.refuse(client, "bad_message", "hello was said", id)
        if frame.get("v") != 1:
            self.refuse(client, "version", "this server speaks version 1", id)
            return client.close(4002, "version")
        if "username" in frame:
            username = name_in(frame)
        else:
            self.guests += 1
            username = f"Гость {self.guests}"
        if not self.may_be_called(client, username, id):
            return
        client.patience.cancel()
        color = self.seq % 8
        client.user = {"id": f"u_{client.id}", "username": username, "color": color, "role": "student"}
        self.members.append(client)
        count = {"count": len(self.members)}
        joined = self.durable({"type": "user_joined", **self.about(client), **count})
        room = {"room": self.room, "epoch": self.epoch, "seq": self.seq, "topic": ""}
        room |= {"members": [member.user for member in self.members]}
        room |= {"recovered": False, "replayed": 0}
        client.send(
            {
                "type": "welcome",
                "v": 1,
                "server": {"name": "server.py", "version": "1", "node": "1"},
                "session": {"id": client.id, "token": secrets.token_urlsafe(32)},
                "user": client.user,
                "rooms": [room],
                "limits": {"message_bytes": MAX_MESSAGE_BYTES, "content": 4000, "username": 32},
                "ping_interval": HEARTBEAT_MS,
                "time": now(),
            }
        )
        self.to_others(client, joined)

    def message(self, client, frame, id):
        content = text_in(frame)
        if not isinstance(content, str):
            return self.refuse(client, "bad_message", "no content", id)
        if len(content) > 4000:
            return self.refuse(client, "too_long", "at most 4000 characters", id)
        said = {"id": id or str(uuid.uuid4()), **self.about(client), "content": content}
        message = self.durable({"type": "message", **said})
        self.to_all(message)
        self.acknowledge(client, message, id)

    def typing(self, client, frame, id):
        what = {"active": is_typing(frame), "expires_ms": 6000}
        self.to_others(client, {"type": "typing", "room": self.room, **self.about(client), **what})

    def rename(self, client, frame, id):
        username = name_in(frame)
        if not self.may_be_called(client, username, id):
            return
        params = {"from": client.user["username"], "to": username}
        client.user = {**client.user, "username": username}
        what = {"content": "{from} теперь {to}".format(**params), "params": params, "user": client.user}
        renamed = self.durable({"type": "system", "event": "renamed", **what})
        self.acknowledge(client, renamed, id)
        self.to_all(renamed)

    def ping(self, client, frame, id):
        client.send({"type": "pong", **known(frame, "timestamp"), "server_time": now()})

    def bye(self, client, frame, id):
        client.close(1000, "bye")

    def left(self, client):
        client.patience.cancel()
        if client not in self.members:
            return
        super().left(client)
        what = {"count": len(self.members), "reason": "closed"}
        self.to_all(self.durable({"type": "user_left", **self.about(client), **what}))

    def durable(self, event):
        """An event that has its place in the order of the room."""
        self.seq += 1
        return {**event, "room": self.room, "seq": self.seq, "timestamp": now()}

    def about(self, client):
        return {"user": client.user, "username": client.user["username"]}

    def acknowledge(self, client, event, id):
        if id is not None:
            place = known(event, "room", "seq", "timestamp")
            client.send({"type": "ack", "id": id, **place, "duplicate": False})

    def may_be_called(self, client, username, id):
        others = [member.user["username"] for member in self.members if member is not client]
        if username is None:
            self.refuse(client, "name_invalid", "a name has 1 to 32 characters", id)
        elif username in others:
            self.refuse(client, "name_taken", "somebody has that name", id)
        else:
            return True
        return False

    def refuse(self, client, code, message, id=None):
        what = {"code": code, "message": message, "retryable": False}
        client.send({"type": "error", **what, **({} if id is None else {"ref": id})})
        at = time.monotonic()
        recent = [then for then in client.errors if then > at - self.ERRORS_WITHIN_SECONDS]
        client.errors = [*recent, at]
        if len(client.errors) >= self.ERRORS_ALLOWED:
            client.close(1008, "too many errors")

    def closing(self):
        told = {"content": "Сервер завершает работу", "params": {}, "timestamp": now()}
        self.to_all({"type": "system", "event": "shutdown", **told})


class Sessions(Room):
    """13: a cookie says whose browser it is, a ticket stands for the cookie once."""

    SECRETS = 1000
    """How many sessions and tickets are kept, each; the oldest are forgotten."""

    def __init__(self):
        super().__init__()
        self.names = {}
        self.tickets = {}

    def issue(self, secrets_of, owner):
        if len(secrets_of) == self.SECRETS:
            del secrets_of[next(iter(secrets_of))]
        secret = secrets.token_hex(16)
        secrets_of[secret] = owner
        return secret

    def session_in(self, request):
        """The session that the cookie of a request names; `None` if there is no such session."""
        for line in request.headers.get_all("Cookie"):
            for cookie in line.split(";"):
                name, _, value = cookie.strip().partition("=")
                if name == "session" and value in self.names:
                    return value
        return None

    def begin(self, connection, request, response):
        """Gives a client without a session a new one: called for each answer to a request."""
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        connection.session = self.session_in(request)
        if connection.session is None:
            connection.session = self.issue(self.names, None)
            cookie = f"session={connection.session}; HttpOnly; SameSite=Strict; Path=/"
            response.headers["Set-Cookie"] = cookie

    def joined(self, client):
        super().joined(client)
        client.session = client.connection.session
        owner = self.tickets.pop(client.query.get("ticket"), None)
        client.username = owner or self.names.get(client.session)
        client.send({"type": "welcome", "username": client.username})

    def heard(self, client, text):
        frame = parse(text)
        match frame["type"] if is_frame(frame) else None:
            case "login":
                self.login(client, name_in(frame))
            case "ticket" if client.username is None:
                client.send({"type": "error", "message": "log in first"})
            case "ticket":
                client.send({"type": "ticket", "ticket": self.issue(self.tickets, client.username)})
            case "message":
                said = {"username": client.username, "content": frame.get("content")}
                client.send({"type": "message", **said})
            case _:
                client.send({"type": "error", "message": "unknown type"})

    def login(self, client, username):
        if username is None:
            client.send({"type": "error", "message": "a name has 1 to 32 characters"})
            return
        client.username = username
        if client.session in self.names:
            self.names[client.session] = username
        client.send({"type": "welcome", "username": username})


class Limits(Broadcast):
    """14: whoever sends too fast is refused, and closed if that does not help."""

    RATE = setting("WS_RATE", 5)
    BURST = 4 * RATE
    REFUSALS = 20

    def joined(self, client):
        client.allowed, client.counted, client.refused = self.BURST, time.monotonic(), 0
        super().joined(client)

    def heard(self, client, text):
        at = time.monotonic()
        refilled = client.allowed + (at - client.counted) * self.RATE
        client.allowed, client.counted = min(self.BURST, refilled), at
        if client.allowed >= 1:
            client.allowed -= 1
            client.refused = 0
            return super().heard(client, text)
        client.refused += 1
        if client.refused <= self.REFUSALS:
            wait = math.ceil((1 - client.allowed) / self.RATE * 1000)
            client.send({"type": "error", "code": "rate_limited", "retry_after_ms": wait})
        elif client.refused == self.REFUSALS + 1:
            client.close(1008, "too fast")


class Games(Room):
    """15: a game for each client; a test chooses the number and the time."""

    NUMBER = setting("WS_NUMBER", 0)
    GAME_SECONDS = setting("WS_GAME_MS", 60_000) / 1000
    HIGHEST = 100

    def joined(self, client):
        super().joined(client)
        client.score = 0
        self.think(client)
        client.send({"type": "new", "from": 1, "to": self.HIGHEST})
        loop = asyncio.get_running_loop()
        client.patience = loop.call_later(self.GAME_SECONDS, self.over, client)

    def think(self, client):
        client.number = self.NUMBER or 1 + secrets.randbelow(self.HIGHEST)
        client.tries = 0

    def heard(self, client, text):
        frame = parse(text)
        n = frame.get("n") if is_frame(frame) and frame["type"] == "guess" else None
        # `True` is an `int`, too.
        if type(n) is not int or not 1 <= n <= self.HIGHEST:
            return client.send({"type": "error", "message": "that is no guess"})
        client.tries += 1
        tries = {"tries": client.tries}
        if n == client.number:
            client.score += 1
            self.think(client)
            return client.send({"type": "right", **tries})
        client.send({"type": "higher" if n < client.number else "lower", **tries})

    def over(self, client):
        client.send({"type": "over", "score": client.score})
        client.close(1000, "the time is over")

    def left(self, client):
        client.patience.cancel()
        super().left(client)


def is_ours(headers):
    """Whether the page that asks came from here. Who is no browser sends no Origin."""
    origins, host = headers.get_all("Origin"), headers.get("Host", "")
    return not origins or origins in ([f"http://{host}"], [f"https://{host}"])


def room_of(lesson):
    if lesson <= 3:
        return Echo()
    if lesson <= 5:
        return Connections() if lesson == 4 else Broadcast()
    if lesson <= 9:
        return EchoBroadcast()
    rooms = [Reconnect, NamesAndTyping, FullChat, Sessions, Limits, Games]
    return rooms[lesson - 10]()


# ---- What all rooms share ----

room = room_of(LESSON)
clients = set()
closings = set()
SUBPROTOCOL = "ws101.chat.v1" if LESSON == 12 else None


class Client:
    def __init__(self, connection):
        self.connection = connection
        self.id = str(uuid.uuid4())
        self.ip = connection.remote_address[0]
        self.user_agent = connection.request.headers.get("User-Agent", "")
        self.since = now()
        query = parse_qs(urlsplit(connection.request.path).query)
        self.query = {name: values[0] for name, values in query.items()}

    def send(self, frame):
        say([self], json.dumps(frame))

    def close(self, code, reason):
        # A task that nobody holds may vanish before it is done.
        closing = asyncio.create_task(self.connection.close(code, reason))
        closings.add(closing)
        closing.add_done_callback(closings.discard)


def say(to, data):
    """Sends to each without waiting; closes with 1013 whoever reads too slowly to get it."""
    for client in to:
        if client.connection.transport.get_write_buffer_size() > MAX_QUEUE_BYTES:
            client.close(1013, "too slow")
        else:
            broadcast([client.connection], data)


def refuse(connection, request):
    """Why there is no 101 for this request; `None` if there is one (RFC 6455 §4.2)."""
    headers = request.headers
    path = urlsplit(request.path).path

    def tokens(name):
        values = ",".join(headers.get_all(name)).split(",")
        return [token.strip() for token in values if token.strip()]

    def lists(name, token):
        return token in map(str.lower, tokens(name))

    def answer(status, sentence, **more):
        response = connection.respond(status, f"{sentence}\n")
        response.headers.update({name.replace("_", "-"): value for name, value in more.items()})
        return response

    if LESSON == 13 and not is_ours(headers):
        return answer(HTTPStatus.FORBIDDEN, "The page is not from here")
    nothing_here = (HTTPStatus.NOT_FOUND, "There is nothing here; the WebSocket is at /ws")
    if path == "/connections" and LESSON == 4 and ip_address(connection.remote_address[0]).is_loopback:
        response = connection.respond(HTTPStatus.OK, json.dumps(room.list()))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response
    if not tokens("Upgrade") and path != "/ws":
        return answer(*nothing_here)
    if not lists("Upgrade", "websocket"):
        return answer(HTTPStatus.BAD_REQUEST, "Upgrade: websocket is missing")
    if not lists("Connection", "upgrade"):
        return answer(HTTPStatus.BAD_REQUEST, "Connection: Upgrade is missing")
    if not is_key("".join(tokens("Sec-WebSocket-Key"))):
        return answer(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in Base64")
    if not tokens("Sec-WebSocket-Version"):
        return answer(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Version is missing")
    if tokens("Sec-WebSocket-Version") != ["13"]:
        sentence = "The version is 13"
        return answer(HTTPStatus.UPGRADE_REQUIRED, sentence, Sec_WebSocket_Version="13")
    if path != "/ws":
        return answer(*nothing_here)
    offered = tokens("Sec-WebSocket-Protocol")
    if SUBPROTOCOL and offered and SUBPROTOCOL not in offered:
        return answer(HTTPStatus.BAD_REQUEST, f"Supported subprotocols: {SUBPROTOCOL}")
    return None


def is_key(text):
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except binascii.Error:
        return False


async def welcome(connection):
    client = Client(connection)
    clients.add(client)
    room.joined(client)
    try:
        async for data in connection:
            if isinstance(data, bytes) and not room.takes_bytes:
                await connection.close(1003, "text only")
            else:
                room.heard(client, data)
    except ConnectionClosed:
        pass  # What was broken, the library has told the peer; that it has left is all a room needs.
    finally:
        clients.discard(client)
        room.left(client)


async def tell_stats():
    while True:
        await asyncio.sleep(STATS_MS / 1000)
        room.stats()


async def main():
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with serve(
        welcome,
        os.environ.get("HOST", "127.0.0.1"),
        setting("PORT", 8080),
        process_request=refuse,
        process_response=getattr(room, "begin", None),
        select_subprotocol=lambda _, offered: SUBPROTOCOL if SUBPROTOCOL in offered else None,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        ping_interval=HEARTBEAT_MS / 1000 if LESSON >= 7 and HEARTBEAT_MS > 0 else None,
        ping_timeout=PONG_TIMEOUT_MS / 1000,
        close_timeout=LINGER_MS / 1000,
    ) as server:
        stats = asyncio.create_task(tell_stats()) if LESSON >= 8 else None
        await stopped.wait()
        if stats:
            stats.cancel()
        for client in clients:
            client.connection.close_timeout = DRAIN_MS / 1000
        room.closing()
        server.close(code=1001, reason="shutdown")


asyncio.run(main())
