"""A server for lessons 4 to 12, in Python with `websockets`, as a student writes it from the pages:

    PORT=8080 python talk.py 5

The environment variable WRONG makes one mistake. Its first word is the exercise that must fail, or the
exercises, with commas.
"""

import asyncio
import json
import os
import resource
import secrets
import signal
import sys
import time
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

LESSON = int(sys.argv[1])
WRONG = os.environ.get("WRONG", "")
HEARTBEAT = int(os.environ.get("WS_HEARTBEAT_MS", 25000)) / 1000
PONG_TIMEOUT = int(os.environ.get("WS_PONG_TIMEOUT_MS", 10000)) / 1000
STATS = int(os.environ.get("WS_STATS_MS", 30000)) / 1000
DRAIN = int(os.environ.get("WS_DRAIN_MS", 5000)) / 1000
STARTED = time.monotonic()

clients = {}
tasks = set()
counters = {}


def wrong(mistake):
    return WRONG == mistake


def times(what):
    """How often it has happened in this server's life."""
    counters[what] = counters.get(what, 0) + 1
    return counters[what]


def now():
    return datetime.now(timezone.utc).isoformat()


def later(work):
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def send(ws, frame):
    try:
        await ws.send(json.dumps(frame, ensure_ascii=False))
    except ConnectionClosed:
        pass


async def send_all(frame, but=None):
    for ws in list(clients):
        if ws is not but:
            await send(ws, frame)


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def field(said, name):
    return said.get(name) if isinstance(said, dict) else None


# ---- Lesson 4 ----


class Connections:
    async def joined(self, ws):
        me = clients[ws]
        if wrong("4.2 takes the address for an id"):
            me["id"] = ws.remote_address[0]
        if wrong("4.2 takes the second for an id"):
            me["id"] = str(int(time.time()))
        if wrong("4.2 takes the number of clients for an id"):
            me["id"] = str(len(clients))
        frame = {"type": "connection_established", "connectionId": me["id"]}
        if wrong("4.1 misspells the type"):
            frame["type"] = "connected"
        if wrong("4.1,4.2,4.5 calls the field id"):
            frame["id"] = frame.pop("connectionId")
        if wrong("4.1,4.2,4.3,4.5 says it when asked") or wrong("4.1,4.2,4.5 says it to the first only") and times("joined") > 1:
            return
        if wrong("4.1,4.2,4.5 says it to everyone"):
            return await send_all(frame)
        if wrong("4.1,4.2,4.5 sends it as bytes"):
            return await ws.send(json.dumps(frame).encode())
        if wrong("4.1,4.2,4.5 says it twice"):
            await send(ws, frame)
        await send(ws, frame)

    async def heard(self, ws, text):
        said = parse(text)
        if wrong("4.1,4.2,4.3,4.5 says it when asked") and times("asked") == 1:
            await send(ws, {"type": "connection_established", "connectionId": clients[ws]["id"]})
        is_ping = field(said, "type") == "ping"
        if wrong("4.3 answers whatever comes"):
            is_ping = True
        if not is_ping or wrong("4.3 answers once") and times("pong") > 1:
            return
        if wrong("4.3 answers with a ping of the protocol"):
            return await ws.pong()
        if wrong("4.3 answers everyone"):
            return await send_all({"type": "pong"})
        if wrong("4.3 sends the ping back"):
            return await send(ws, said)
        if wrong("4.3 writes plain pong"):
            return await ws.send("pong")
        if wrong("4.3 hangs up after it"):
            await send(ws, {"type": "pong"})
            return await ws.close()
        await send(ws, {"type": "pong"})

    def list(self):
        rows = []
        for me in clients.values():
            row = {"connectionId": me["id"], "clientIP": me["ip"], "userAgent": me["agent"], "since": me["since"]}
            if wrong("4.5 leaves out the user agent"):
                del row["userAgent"]
            if wrong("4.5 leaves out the time"):
                del row["since"]
            if wrong("4.5 lists other ids than it told"):
                row["connectionId"] = secrets.token_hex(16)
            if wrong("4.5 names its own agent"):
                row["userAgent"] = "python"
            if wrong("4.5 says null for the address"):
                row["clientIP"] = None
            rows.append(row)
        if wrong("4.5 lists the ids only"):
            return [row["connectionId"] for row in rows]
        if wrong("4.5 answers with an object"):
            return {"connections": rows}
        if wrong("4.5 lists all twice"):
            return rows + rows
        return rows

    async def left(self, ws):
        pass


# ---- Lesson 5 ----


class Broadcast:
    async def joined(self, ws):
        frame = {"type": "system", "content": "Добро пожаловать!"}
        if wrong("5.1,5.5 calls the type welcome"):
            frame["type"] = "welcome"
        if wrong("5.1 calls the content message"):
            frame["message"] = frame.pop("content")
        if wrong("5.1 sends a number"):
            frame["content"] = 1
        if wrong("5.1 says nothing") or wrong("5.1 welcomes the first only") and times("joined") > 1:
            return
        if wrong("5.1 tells the others"):
            return await send_all(frame, but=ws)
        await send(ws, frame)

    async def heard(self, ws, text):
        said = parse(text)
        kind, content = field(said, "type"), field(said, "content")
        if wrong("5.3 dies of what is no JSON"):
            try:
                json.loads(text)
            except ValueError:
                os._exit(1)
        if wrong("5.3 hangs up on what is no object") and not isinstance(said, dict):
            return await ws.close(1003)
        if wrong("5.3 passes numbers on") and isinstance(content, int):
            content = str(content)
        if wrong("5.3 passes on what is no JSON") and said is None:
            kind, content = "user", text
        if wrong("5.3 passes on a message without content") and kind == "user" and "content" not in said:
            content = "undefined"
        if wrong("5.3 tells everyone of the error") and not isinstance(content, str):
            return await send_all({"type": "system", "content": "bad message"})
        if wrong("5.3 hangs up at the third error") and not isinstance(content, str) and times("errors") > 2:
            return await ws.close(1008)
        if wrong("5.4 passes system on") and kind == "system":
            return await send_all({"type": "system", "content": content})
        if wrong("5.4 passes system on as user") and kind == "system":
            kind = "user"
        if wrong("5.4 knows the word system only") and kind not in ("system", "user") and isinstance(content, str):
            return await send_all({"type": kind, "content": content})
        if wrong("5.4 tells the others only") and kind == "system":
            return await send_all(said, but=ws)
        if wrong("5.4 dies of it") and kind == "system":
            os._exit(1)
        if kind != "user" or not isinstance(content, str):
            return
        if wrong("5.2,5.3,5.4,5.5 says the first message only") and times("said") > 1:
            return
        frame = {"type": "user", "content": content}
        if wrong("5.2,5.3,5.4,5.5 calls the type message"):
            frame["type"] = "message"
        if wrong("5.2,5.3,5.4,5.5 writes in small letters"):
            frame["content"] = content.lower() + "."
        if wrong("5.2 leaves the sender out"):
            return await send_all(frame, but=ws)
        if wrong("5.2,5.3,5.4,5.5 answers the sender only"):
            return await send(ws, frame)
        if wrong("5.2,5.5 tells two and no more"):
            for other in list(clients)[:2]:
                await send(other, frame)
            return
        if wrong("5.2,5.3,5.4,5.5 says it twice"):
            await send_all(frame)
        if wrong("5.2,5.3,5.4,5.5 sends bytes"):
            for other in clients:
                await other.send(json.dumps(frame).encode())
            return
        if wrong("5.5 stops at the first who has left"):
            for other in list(ever):
                await other.send(json.dumps(frame))
            return
        if wrong("5.5 stops for good at who has left"):
            try:
                for other in list(ever):
                    await other.send(json.dumps(frame))
            except ConnectionClosed:
                os._exit(1)
            return
        await send_all(frame)

    async def left(self, ws):
        if wrong("5.5 throws everyone out when one leaves"):
            clients.clear()
        if wrong("5.5 crosses out the last who came"):
            if clients:
                clients.popitem()
        if wrong("5.5 ends when somebody is cut off") and ws.close_code == 1006:
            os._exit(0)


ever = []


# ---- Lessons 6 to 9 ----


class Others:
    async def joined(self, ws):
        me = clients[ws]
        if wrong("6.1 takes the address for an id"):
            me["id"] = ws.remote_address[0]
        if wrong("6.1 takes the number of clients for an id"):
            me["id"] = len(clients)
        frame = {"type": "welcome", "clientId": me["id"]}
        if wrong("6.1,6.4,6.5 forgets the id"):
            del frame["clientId"]
        if wrong("6.1,6.4,6.5 calls the field id"):
            frame["id"] = frame.pop("clientId")
        await send(ws, frame)
        if wrong("6.1,6.4,6.5 welcomes twice"):
            await send(ws, frame)
        frame = {"type": "client_connected", "clientId": me["id"]}
        if wrong("6.4 tells the newcomer"):
            return await send_all(frame)
        if wrong("6.4 tells nobody"):
            return
        if wrong("6.4 tells the first only"):
            return await send(next(iter(clients)), frame) if len(clients) > 1 else None
        if wrong("6.4 forgets the id"):
            del frame["clientId"]
        for other in list(clients):
            if wrong("6.4 names who is told"):
                frame["clientId"] = clients[other]["id"]
            if other is not ws:
                await send(other, frame)
                if wrong("6.4 says it twice"):
                    await send(other, frame)

    async def heard(self, ws, text):
        data = parse(text)
        if data is None:
            data = text
        if wrong("6.2,6.3 sends JSON as a text"):
            data = text
        echo = {"type": "echo", "data": data}
        if wrong("6.2 calls the field message"):
            echo["message"] = echo.pop("data")
        if wrong("6.2,6.3 ignores what is no JSON") and data == text:
            return
        if wrong("6.2 tells everyone"):
            await send_all(echo)
        elif wrong("6.2 tells the first who came"):
            await send(next(iter(clients)), echo)
        elif not (wrong("6.2 says it once") and times("echo") > 1):
            await send(ws, echo)
        frame = {"type": "broadcast", "data": data, "from": clients[ws]["id"]}
        if wrong("6.3 tells the author"):
            return await send_all(frame)
        if wrong("6.3 tells nobody") or wrong("6.3 says it once") and times("broadcast") > 1:
            return
        if wrong("6.3 tells one of the others"):
            return await send(next(other for other in clients if other is not ws), frame) if len(clients) > 1 else None
        if wrong("6.3 sends JSON as a text"):
            frame["data"] = text
        if wrong("6.3 says what was said before"):
            frame["data"], counters["before"] = counters.get("before", ""), data
        if wrong("6.3 says it twice"):
            await send_all(frame, but=ws)
        await send_all(frame, but=ws)

    async def left(self, ws):
        frame = {"type": "client_disconnected", "clientId": self.id_of(ws)}
        is_goodbye = ws.protocol.close_rcvd is not None
        if wrong("6.5 tells nobody"):
            return
        if wrong("6.5 says it for a goodbye only") and not is_goodbye:
            return
        if wrong("6.5 says it for a cut only") and is_goodbye:
            return
        if wrong("6.5 says it twice for a goodbye") and is_goodbye:
            await send_all(frame)
        if wrong("7.4 says it twice for who is silent") and not is_goodbye:
            await send_all(frame)
        if wrong("7.4 names another id") and not is_goodbye:
            frame["clientId"] = "somebody"
        if wrong("6.5 forgets the id"):
            del frame["clientId"]
        await send_all(frame)

    def id_of(self, ws):
        return ids[ws]


ids = {}


async def stats():
    count = 0
    while True:
        await asyncio.sleep(STATS / 1000 if wrong("8.1 takes microseconds") else 30 if wrong("8.1,8.2,8.3,8.4 sends every half minute") else STATS)
        with open("/proc/self/statm") as pages:
            rss = int(pages.read().split()[1]) * resource.getpagesize()
        count += 1
        uptime = int(time.monotonic() - STARTED)
        if wrong("8.3 counts milliseconds"):
            uptime = int((time.monotonic() - STARTED) * 1000)
        if wrong("8.3 says the time of day"):
            uptime = int(time.time())
        if wrong("8.3 counts reports"):
            uptime = count
        if wrong("8.3 never moves"):
            uptime = 1
        if wrong("8.3 counts down"):
            uptime = 100000 - uptime
        if wrong("8.3 sends a text"):
            uptime = f"{uptime} s"
        if wrong("8.3 counts minutes"):
            uptime /= 60
        if wrong("8.4 counts kilobytes"):
            rss //= 1024
        if wrong("8.4 counts megabytes"):
            rss //= 1 << 20
        if wrong("8.4 sends a text"):
            rss = str(rss)
        if wrong("8.4 says zero"):
            rss = 0
        active = len(clients)
        if wrong("8.2 never counts down"):
            active = len(ids)
        if wrong("8.2 counts goodbyes only"):
            active += counters.get("cut", 0)
        if wrong("8.2 counts crashes only"):
            active += counters.get("bye", 0)
        if wrong("8.2 counts a goodbye twice"):
            active -= counters.get("bye", 0)
        if wrong("8.2 counts down only"):
            counters["least"] = active = min(active, counters.get("least", 99)) if len(ids) > 9 else active
        if wrong("8.2 sends a text"):
            active = str(active)
        frame = {"type": "system", "event": "heartbeat", "stats": {"activeConnections": active, "memory": {"rssBytes": rss}, "uptime": uptime}}
        if wrong("8.1,8.2,8.3,8.4 calls the event stats"):
            frame["event"] = "stats"
        if wrong("8.1,8.3 leaves out the uptime"):
            del frame["stats"]["uptime"]
        if wrong("8.1,8.4 leaves out the memory"):
            del frame["stats"]["memory"]
        if wrong("8.4 calls the field rss"):
            frame["stats"]["memory"] = {"rss": rss}
        if wrong("8.1,8.2,8.3,8.4 puts the numbers beside the event"):
            frame.update(frame.pop("stats"))
        if wrong("8.2,8.3 stops after four reports") and count > 4:
            return
        if wrong("8.1 tells the first who came"):
            for ws in list(clients)[:1]:
                await send(ws, frame)
            continue
        await send_all(frame)


# ---- Lesson 10 ----


class Resume:
    def __init__(self):
        self.epoch, self.lines, self.ids = secrets.token_hex(8), [], {}

    async def joined(self, ws):
        query = {name: values[0] for name, values in parse_qs(urlsplit(ws.request.path).query).items()}
        since = query.get("since", "")
        recovered = query.get("epoch") == self.epoch and since.isdigit() and int(since) <= len(self.lines)
        if wrong("10.10 forgets to look at the epoch"):
            recovered = since.isdigit()
        if wrong("10.8,10.9,10.10 calls itself recovered always"):
            recovered = True
        if wrong("10.9 never recovers"):
            recovered = False
        hello = {"type": "connection_established", "epoch": self.epoch, "seq": len(self.lines), "recovered": recovered}
        if wrong("10.9 has an epoch for each connection"):
            hello["epoch"] = secrets.token_hex(8)
        if wrong("10.8,10.9 says the seq as a text"):
            hello["seq"] = str(len(self.lines))
        if wrong("10.8,10.9 leaves the seq out"):
            del hello["seq"]
        if wrong("10.8,10.9,10.10 leaves recovered out"):
            del hello["recovered"]
        if wrong("10.8,10.9,10.11 leaves the epoch out"):
            del hello["epoch"]
        if wrong("10.9 says where the client was"):
            hello["seq"] = int(since or 0)
        missed = self.lines[int(since) :] if recovered and since.isdigit() else []
        if wrong("10.9 tells the last one it has seen again"):
            missed = self.lines[max(0, int(since) - 1) :] if recovered else []
        if wrong("10.9 tells the newest only"):
            missed = missed[-1:]
        if wrong("10.9 tells them backwards"):
            missed = missed[::-1]
        if wrong("10.9,10.10 tells everyone the whole history"):
            missed = self.lines if not recovered else missed
        if wrong("10.10 tells the history of another epoch") and not recovered and "epoch" in query:
            missed = self.lines
        if wrong("10.9 tells what was missed before it says hello"):
            for line in missed:
                await send(ws, line)
            missed = []
        if wrong("10.8,10.9,10.10,10.11 says hello after the first message"):
            return
        await send(ws, hello)
        for line in missed:
            await send(ws, line)
            if wrong("10.9 tells each twice"):
                await send(ws, line)

    async def heard(self, ws, text):
        said = parse(text)
        if field(said, "type") != "message" or not isinstance(said.get("content"), str):
            return
        if wrong("10.8,10.9,10.10,10.11 says hello after the first message"):
            await send(ws, {"type": "connection_established", "epoch": self.epoch, "seq": len(self.lines), "recovered": False})
        id = said.get("id")
        known = self.ids.get(id)
        if wrong("10.11 forgets ids"):
            known = None
        if wrong("10.11 forgets the ids of a connection that ends"):
            known = known if clients[ws].get("said", set()) & {id} else None
            clients[ws].setdefault("said", set()).add(id)
        if known:
            if wrong("10.11 tells everyone again"):
                return await send_all(known)
            if wrong("10.11 answers with a new number"):
                return await send(ws, {**known, "seq": known["seq"] + 1})
            return await send(ws, known)
        line = {"type": "message", "seq": len(self.lines) + 1, "content": said["content"], "id": id}
        if wrong("10.9,10.11 forgets the number"):
            del line["seq"]
        if wrong("10.9 numbers all the same"):
            line["seq"] = 1
        self.ids[id] = line
        self.lines.append(line)
        if wrong("10.9,10.10,10.11 tells the others only"):
            return await send_all(line, but=ws)
        await send_all(line)

    async def left(self, ws):
        if wrong("10.9 forgets the history when somebody leaves"):
            self.lines = []


# ---- Lesson 11 ----


class Names:
    async def joined(self, ws):
        pass

    def members(self):
        return {ws: me["name"] for ws, me in clients.items() if me.get("name")}

    async def tell(self, frame, but=None):
        for ws in self.members():
            if ws is not but:
                await send(ws, frame)

    async def no(self, ws, words):
        await send(ws, {"type": "error", "message": words})

    async def heard(self, ws, text):
        said = parse(text)
        me = clients[ws]
        name, kind = me.get("name"), field(said, "type")
        if wrong("11.7 dies of what is no JSON") and said is None:
            os._exit(1)
        if wrong("11.7 hangs up on what is no JSON") and said is None:
            return await ws.close(1003)
        if kind == "join":
            return await self.join(ws, said.get("username"))
        if kind == "message":
            if not name:
                if wrong("11.4 hangs up"):
                    return await ws.close(1008)
                if wrong("11.4 says nothing"):
                    return
                if wrong("11.4 tells everyone of the error"):
                    return await self.tell({"type": "error", "message": "no name"})
                if wrong("11.4 lets visitors speak"):
                    name = "anonymous"
                else:
                    return await self.no(ws, "say join first")
            if wrong("11.2 believes the name in the message"):
                name = said.get("username", name)
            if wrong("11.2 names who joined last"):
                name = list(self.members().values())[-1]
            frame = {"type": "message", "username": name, "content": said.get("content")}
            if wrong("11.2 leaves the name out"):
                del frame["username"]
            if wrong("11.2,11.7 tells the others only"):
                return await self.tell(frame, but=ws)
            return await self.tell(frame)
        if kind == "typing":
            if not name:
                if wrong("11.4 lets visitors type"):
                    return
                return await self.no(ws, "say join first")
            frame = {"type": "typing", "username": name}
            if wrong("11.3 believes the name in it"):
                frame["username"] = said.get("username", name)
            if wrong("11.3 leaves the name out"):
                del frame["username"]
            if wrong("11.3 tells nobody"):
                return
            if wrong("11.3 stores it"):
                counters.setdefault("typing", []).append(frame)
            return await self.tell(frame, None if wrong("11.3 tells the author") else ws)
        if wrong("11.7 says nothing") or wrong("11.7 is silent after the first") and times("unknown") > 1:
            return
        if wrong("11.7 hangs up"):
            return await ws.close(1003)
        if wrong("11.7 does not name it"):
            return await self.no(ws, "unknown type")
        if wrong("11.7 passes it on"):
            return await self.tell(said)
        if wrong("11.7 names it in another field"):
            return await send(ws, {"type": "error", "message": "unknown type", "got": str(kind)})
        await self.no(ws, f"unknown type {kind}")

    async def join(self, ws, name):
        if clients[ws].get("name") and not wrong("11.5 lets a member join again"):
            return await self.no(ws, "you have a name")
        if wrong("11.5 dies of a name that is no text") and not isinstance(name, str) and name is not None:
            os._exit(1)
        if not isinstance(name, str):
            if wrong("11.5 welcomes without a name"):
                name = "anonymous"
            else:
                return await self.no(ws, "a name is a text")
        raw = name
        if not wrong("11.5 does not trim"):
            name = name.strip()
        if not name and not wrong("11.5 takes an empty name") or len(name) > 32 and not wrong("11.5 takes a name of any length"):
            return await self.no(ws, "1 to 32 letters")
        if wrong("11.5 counts bytes") and len(name.encode()) > 32:
            return await self.no(ws, "1 to 32 bytes")
        taken = [other.lower() for other in self.members().values()]
        if wrong("11.5 tells A from a"):
            is_taken = name in self.members().values()
        elif wrong("11.6 never gives a name back"):
            is_taken = name.lower() in counters.setdefault("names", set())
            counters["names"].add(name.lower())
        else:
            is_taken = name.lower() in taken
        if is_taken and not wrong("11.5 takes a name twice"):
            if wrong("11.5 hangs up"):
                return await ws.close(1008)
            return await self.no(ws, "taken")
        if wrong("11.5 trims for the comparison only"):
            name = raw
        clients[ws]["name"] = name or "?"
        if wrong("11.1,11.2,11.3,11.4,11.5,11.6,11.7 says nothing to who joins"):
            pass
        elif wrong("11.1,11.2,11.3,11.4,11.5,11.6,11.7 welcomes everyone"):
            await self.tell({"type": "welcome"})
        else:
            await send(ws, {"type": "welcome", "users": list(self.members().values())})
        for frame in counters.get("typing", []):
            await send(ws, frame)
        frame = {"type": "user_joined", "username": name}
        if wrong("11.1 leaves the name out"):
            del frame["username"]
        if wrong("11.1 tells nobody"):
            return
        if wrong("11.1 names who is told"):
            for other, theirs in self.members().items():
                if other is not ws:
                    await send(other, {**frame, "username": theirs})
            return
        if wrong("11.1 tells the first only"):
            return await send(next(iter(self.members())), frame) if len(self.members()) > 1 else None
        await self.tell(frame, None if wrong("11.1 tells the newcomer") else ws)

    async def left(self, ws):
        name = names.get(ws)
        is_goodbye = ws.protocol.close_rcvd is not None
        if wrong("11.6 tells of visitors") and not name:
            return await self.tell({"type": "user_left", "username": None})
        if not name or wrong("11.6 tells nobody"):
            return
        if wrong("11.6 says it for a goodbye only") and not is_goodbye:
            return
        if wrong("11.6 says it for a crash only") and is_goodbye:
            return
        frame = {"type": "user_left", "username": name}
        if wrong("11.6 says it twice for a crash") and not is_goodbye:
            await self.tell(frame)
        if wrong("11.6 leaves the name out"):
            del frame["username"]
        await self.tell(frame)


names = {}


# ---- Lesson 12 ----


class Full:
    def __init__(self):
        self.seq = 0

    def members(self):
        return [ws for ws, me in clients.items() if me.get("user")]

    async def tell(self, frame, but=None):
        for ws in self.members():
            if ws is not but:
                await send(ws, frame)

    async def joined(self, ws):
        if wrong("12.1,12.2,12.3,12.4,12.5,12.6,12.7,12.8 speaks before hello"):
            await send(ws, {"type": "system", "event": "hi"})

    async def heard(self, ws, text):
        said = parse(text)
        me = clients[ws]
        kind, user = field(said, "type"), me.get("user")
        if kind == "hello" and not user:
            return await self.hello(ws, said)
        if not user:
            if wrong("12.7 lets anyone speak") and kind == "message":
                user = {"username": "nobody"}
            elif wrong("12.7 says nothing"):
                return
            elif wrong("12.7 hangs up"):
                return await ws.close(1008)
            elif wrong("12.7 has a code of its own"):
                return await send(ws, {"type": "error", "code": "not_joined", "message": "hello first"})
            elif wrong("12.7 tells everyone"):
                await self.tell({"type": "error", "code": "hello_required"}, but=ws)
                return await send(ws, {"type": "error", "code": "hello_required"})
            else:
                return await send(ws, {"type": "error", "code": "hello_required", "message": "hello first"})
        if kind == "message":
            self.seq += 1
            frame = {"type": "message", "id": said.get("id"), "content": said["content"], "seq": self.seq, "username": user["username"]}
            if wrong("12.2 believes the name in the message"):
                frame["username"] = said.get("username", user["username"])
            if wrong("12.2 numbers all the same"):
                frame["seq"] = 1
            if wrong("12.2 leaves the id out"):
                del frame["id"]
            if wrong("12.2 leaves the seq out"):
                del frame["seq"]
            await self.tell(frame, ws if wrong("12.2 tells the others only") else None)
            ack = {"type": "ack", "id": said.get("id"), "seq": self.seq}
            if wrong("12.2 acknowledges another number"):
                ack["seq"] += 1
            if wrong("12.2 sends every receipt to everyone"):
                return await self.tell(ack)
            if wrong("12.2 acknowledges the first only") and times("ack") > 1 or wrong("12.2 never acknowledges"):
                return
            if "id" in said or wrong("12.2 acknowledges what has no id"):
                await send(ws, ack)
            return
        if kind == "typing":
            frame = {"type": "typing", "username": user["username"], "active": said.get("active", True)}
            if wrong("12.4 says active always"):
                frame["active"] = True
            if wrong("12.4 leaves active out"):
                del frame["active"]
            return await self.tell(frame, None if wrong("12.4 tells the author") else ws)
        if kind == "ping":
            frame = {"type": "pong", "timestamp": said.get("timestamp")}
            if wrong("12.6 says its own time"):
                frame["timestamp"] = int(time.time() * 1000)
            if wrong("12.6 leaves the time out"):
                del frame["timestamp"]
            if wrong("12.6 makes a text of it"):
                frame["timestamp"] = str(frame["timestamp"])
            if wrong("12.6 tells everyone"):
                return await self.tell(frame)
            return await send(ws, frame)
        if wrong("12.5 passes it on"):
            return await self.tell(said)
        if wrong("12.5 says nothing"):
            return
        if wrong("12.5 hangs up"):
            return await ws.close(1008)
        code = "forbidden" if wrong("12.5 has a code of its own") else "unknown_type"
        if wrong("12.5 tells everyone of the error"):
            return await self.tell({"type": "error", "code": code})
        await send(ws, {"type": "error", "code": code, "message": "what is that?"})

    async def hello(self, ws, said):
        user = {"id": clients[ws]["id"], "username": said.get("username") or f"Guest {times('guest')}"}
        if wrong("12.1 gives one id to all"):
            user["id"] = "u1"
        if wrong("12.1 leaves the id out"):
            del user["id"]
        clients[ws]["user"] = names[ws] = user
        members = [clients[other]["user"] for other in self.members()]
        if wrong("12.1 does not say who is here"):
            members = []
        frame = {"type": "welcome", "v": 1, "user": user, "rooms": [{"room": "general", "members": members}]}
        if wrong("12.1 leaves the version out"):
            del frame["v"]
        if wrong("12.1 leaves the rooms out"):
            frame["members"] = frame.pop("rooms")[0]["members"]
        await send(ws, frame)
        joined = {"type": "user_joined", "username": user["username"]}
        if wrong("12.3 tells nobody who comes"):
            return
        if wrong("12.3 says twice who comes"):
            await self.tell(joined, but=ws)
        await self.tell(joined, None if wrong("12.3 tells the newcomer") else ws)

    async def left(self, ws):
        user = names.get(ws)
        is_goodbye = ws.protocol.close_rcvd is not None
        if wrong("12.3 tells of visitors who leave") and not user:
            return await self.tell({"type": "user_left", "username": "visitor"})
        if not user or wrong("12.3 tells nobody who leaves"):
            return
        if wrong("12.3 tells of goodbyes only") and not is_goodbye:
            return
        if wrong("12.3 tells of crashes only") and is_goodbye:
            return
        frame = {"type": "user_left", "username": user["username"]}
        if wrong("12.3 says twice who leaves"):
            await self.tell(frame)
        await self.tell(frame)


def room_of():
    if LESSON in (4, 5):
        return Connections() if LESSON == 4 else Broadcast()
    return {10: Resume, 11: Names, 12: Full}.get(LESSON, Others)()


room = room_of()


def request(connection, request):
    path = urlsplit(request.path).path
    if LESSON == 4 and path == "/connections":
        return connection.respond(200, json.dumps(room.list()))
    if path != "/ws" and not wrong("4.4 lets everyone in"):
        if wrong("4.4 knows / only") and path != "/":
            return None
        if wrong("4.4 says 400"):
            return connection.respond(400, "no")
        if wrong("4.4 says 403"):
            return connection.respond(403, "no")
        return connection.respond(404, "there is nothing here\n")
    if wrong("9.3 says 503 and lets in the second") and stopping.is_set() and times("late") == 1:
        return connection.respond(503, "closing")
    return None


async def serve_one(ws):
    me = {"id": secrets.token_hex(16), "ip": ws.remote_address[0], "agent": ws.request.headers.get("User-Agent", ""), "since": now()}
    clients[ws] = me
    ever.append(ws)
    await room.joined(ws)
    ids[ws] = me["id"]
    try:
        async for text in ws:
            if isinstance(text, str):
                await room.heard(ws, text)
    except ConnectionClosed:
        pass
    finally:
        times("bye" if ws.protocol.close_rcvd is not None else "cut")
        if wrong("4.5 crosses out who said goodbye only") and ws.protocol.close_rcvd is None:
            return
        if wrong("4.5 never crosses out") or wrong("4.5 crosses out the first who left only") and times("left") > 1:
            return
        if wrong("4.5 crosses out everyone"):
            clients.clear()
        if LESSON in (11, 12):
            names.setdefault(ws, me.get("name"))
        clients.pop(ws, None)
        await room.left(ws)


stopping = asyncio.Event()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    if wrong("9.1,9.2,9.5 dies of the signal"):
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    interval = HEARTBEAT if LESSON in (7, 8, 9) else None
    if wrong("7.1,7.3,7.4 takes seconds for the heartbeat"):
        interval *= 1000
    async with serve(
        serve_one,
        "127.0.0.1",
        int(os.environ.get("PORT", 8080)),
        process_request=request,
        subprotocols=["ws101.chat.v1"] if LESSON == 12 and not wrong("12.1,12.2,12.3,12.4,12.5,12.6,12.7,12.8 chooses no subprotocol") else None,
        ping_interval=interval,
        ping_timeout=None if wrong("7.3,7.4 never gives up") else 100 if wrong("7.3,7.4 has a timeout of its own") else PONG_TIMEOUT,
        close_timeout=10 if wrong("7.4 waits for an answer to its close") else 0.3 if LESSON < 9 else DRAIN,
        reuse_address=not wrong("9.5 cannot be started again at once"),
    ) as server:
        if LESSON in (8, 9):
            later(stats())
        await stopping.wait()
        await stop(server)
    if wrong("9.5 leaves with a failure"):
        sys.exit(1)
    if wrong("9.4,9.5 never ends"):
        await asyncio.sleep(600)


async def stop(server):
    told = list(clients)
    frame = {"type": "system", "event": "shutdown"}
    if wrong("9.1 calls the event closing") or wrong("12.8 calls the event closing"):
        frame["event"] = "closing"
    if wrong("9.1 calls the type shutdown"):
        frame = {"type": "shutdown"}
    if not (wrong("9.3 goes on listening") or wrong("9.3 says 503 and lets in the second")):
        server.close(close_connections=False)
        await asyncio.sleep(0)
    if wrong("9.1 tells the first only"):
        await send(told[0], frame)
    elif not (wrong("9.1 tells nobody") or wrong("12.8 tells nobody") or wrong("9.1 tells after the close")):
        await send_all(frame)
    code = 1001
    if wrong("9.2 closes with 1000") or wrong("12.8 closes with 1000"):
        code = 1000
    if wrong("9.2 closes with 1011"):
        code = 1011
    if wrong("9.2 hangs up without a close"):
        for ws in told:
            ws.transport.close()
        return
    if wrong("9.2 closes the first only"):
        await told[0].close(1001)
        for ws in told[1:]:
            ws.transport.close()
        return
    if wrong("9.4 waits for one after the other"):
        for ws in told:
            await ws.close(code)
        return
    if wrong("9.4 takes seconds for milliseconds"):
        for ws in told:
            ws.close_timeout = DRAIN * 1000
    closing = asyncio.gather(*(ws.close(code, "bye") for ws in told))
    if wrong("9.1 tells after the close"):
        await asyncio.sleep(0.1)
        for ws in told:
            try:
                ws.transport.write(b"\x81\x27" + json.dumps(frame).encode())
            except RuntimeError:
                pass  # This client has answered, and its connection is closed.
    await closing


asyncio.run(main())
