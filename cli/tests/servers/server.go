// A server for each of lessons 1 to 15, in Go with gorilla/websocket:
//
//	PORT=8080 go run server.go --lesson 5
//
// A room says what a lesson is about; below the rooms stands what all of them share.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// The last lesson that has a room here.
const last = 15

var (
	lesson  = flag.Int("lesson", last, "the lesson whose room to open")
	lessons = flag.Bool("lessons", false, "print the last lesson")
)

var (
	heartbeat     = milliseconds("WS_HEARTBEAT_MS", 25_000)
	pongTimeout   = milliseconds("WS_PONG_TIMEOUT_MS", 10_000)
	statsInterval = milliseconds("WS_STATS_MS", 30_000)
	drain         = milliseconds("WS_DRAIN_MS", 5_000)
	maxQueue      = setting("WS_MAX_QUEUE_BYTES", 1<<20)
)

// linger is how long whoever no longer answers may take to read why it is closed.
const linger = 500 * time.Millisecond

var started = time.Now()

func setting(name string, otherwise int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return value
	}
	return otherwise
}

func milliseconds(name string, otherwise int) time.Duration {
	return time.Duration(setting(name, otherwise)) * time.Millisecond
}

func maxMessage() int {
	if *lesson <= 3 {
		return setting("WS_MAX_MESSAGE_BYTES", 1<<20)
	}
	return setting("WS_MAX_MESSAGE_BYTES", 64<<10)
}

func now() string {
	return time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
}

func randomBytes(count int) []byte {
	bytes := make([]byte, count)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return bytes
}

func newID() string {
	return hex.EncodeToString(randomBytes(16))
}

func firstRunes(text string, count int) string {
	runes := []rune(text)
	if len(runes) > count {
		runes = runes[:count]
	}
	return string(runes)
}

// memory is how much of it the system says that this process holds.
func memory() int {
	var all, resident int
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(statm), &all, &resident)
	}
	return resident * os.Getpagesize()
}

// A reply is a JSON object to send.
type reply map[string]any

// A frame is a JSON object that came; its fields are kept as they were sent.
type frame map[string]json.RawMessage

// first is the first of these fields that is there.
func (f frame) first(names ...string) json.RawMessage {
	for _, name := range names {
		if value := f[name]; value != nil && string(value) != "null" {
			return value
		}
	}
	return nil
}

// text is the first of these fields that is there, if it is a string.
func (f frame) text(names ...string) (text string, ok bool) {
	value := f.first(names...)
	return text, value != nil && json.Unmarshal(value, &text) == nil
}

// kind is what the frame says of itself in its field `type`.
func (f frame) kind() (kind string, ok bool) {
	return f.text("type")
}

func (f frame) content() (content string, ok bool) {
	return f.text("content", "message", "text")
}

// username is a name as others will read it; not ok if nobody may be called that.
func (f frame) username() (name string, ok bool) {
	name, _ = f.text("username", "name", "user", "nickname")
	name = strings.TrimSpace(name)
	return name, name != "" && utf8.RuneCountInString(name) <= 32
}

func (f frame) isTyping() bool {
	is := true
	json.Unmarshal(f.first("active", "is_typing", "isTyping", "typing"), &is)
	return is
}

// add copies fields that the frame has.
func (r reply) add(f frame, names ...string) reply {
	for _, name := range names {
		if value, ok := f[name]; ok {
			r[name] = value
		}
	}
	return r
}

// with adds the fields of others to a copy.
func (r reply) with(others ...reply) reply {
	whole := reply{}
	for _, part := range append([]reply{r}, others...) {
		for name, value := range part {
			whole[name] = value
		}
	}
	return whole
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err) // All that is ever said was made here, or was read as JSON before.
	}
	return text
}

// parse reads a JSON object; nil if it is none.
func parse(data []byte) (f frame) {
	json.Unmarshal(data, &f)
	return f
}

// ---- The rooms ----

// A room says what a lesson is about. Its methods are called under one lock: one order for all.
type room interface {
	joined(*client)
	heard(c *client, kind int, data []byte)
	left(*client)
	stats()
	closing()
}

// crowd is what is said where nothing else is; its members are those who hear the others.
type crowd struct {
	members []*client
}

func (r *crowd) joined(c *client) {
	r.members = append(r.members, c)
}

func (r *crowd) heard(*client, int, []byte) {}

func (r *crowd) left(c *client) {
	for i, member := range r.members {
		if member == c {
			r.members = append(r.members[:i], r.members[i+1:]...)
			return
		}
	}
}

func (r *crowd) has(c *client) bool {
	for _, member := range r.members {
		if member == c {
			return true
		}
	}
	return false
}

// names are those of all members, in the order they came.
func (r *crowd) names() []string {
	names := []string{}
	for _, member := range r.members {
		names = append(names, member.username)
	}
	return names
}

// isTaken says whether somebody other than c has this name.
func (r *crowd) isTaken(name string, c *client) bool {
	for _, member := range r.members {
		if member != c && strings.EqualFold(member.username, name) {
			return true
		}
	}
	return false
}

func (r *crowd) toAll(what reply) {
	r.toOthers(nil, what)
}

func (r *crowd) toOthers(c *client, what reply) {
	text := encode(what)
	for _, member := range r.members {
		if member != c {
			member.say(websocket.TextMessage, text)
		}
	}
}

func (r *crowd) stats() {
	stats := reply{
		"activeConnections": len(clients),
		"memory":            reply{"rssBytes": memory()},
		"uptime":            time.Since(started).Seconds(),
	}
	r.toAll(reply{"type": "system", "event": "heartbeat", "message": "heartbeat", "stats": stats, "timestamp": now()})
}

func (r *crowd) closing() {
	r.toAll(reply{"type": "system", "event": "shutdown", "message": "Сервер завершает работу", "timestamp": now()})
}

// echo, 1-3: a text comes back with a word before it, bytes as they were.
type echo struct{ crowd }

func (r *echo) heard(c *client, kind int, data []byte) {
	if kind == websocket.TextMessage {
		data = append([]byte("Принято: "), data...)
	}
	c.say(kind, data)
}

// connections, 4: who is here.
type connections struct{ crowd }

func (r *connections) joined(c *client) {
	r.crowd.joined(c)
	c.send(reply{
		"type":         "connection_established",
		"connectionId": c.id,
		"message":      "WebSocket connection established",
		"timestamp":    now(),
	})
}

func (r *connections) heard(c *client, _ int, data []byte) {
	f := parse(data)
	if kind, _ := f.kind(); kind == "ping" {
		c.send(reply{"type": "pong", "serverTime": now()}.add(f, "timestamp"))
	}
}

func (r *connections) list() []reply {
	list := []reply{}
	for _, member := range r.members {
		list = append(list, reply{
			"connectionId": member.id,
			"clientIP":     member.ip,
			"userAgent":    member.userAgent,
			"since":        member.since,
		})
	}
	return list
}

// broadcast, 5: everyone hears, whoever spoke too; of what a client sends only the known fields pass.
type broadcast struct{ crowd }

func (r *broadcast) joined(c *client) {
	r.crowd.joined(c)
	c.send(reply{"type": "system", "content": "Добро пожаловать в чат!"})
}

func (r *broadcast) heard(_ *client, _ int, data []byte) {
	f := parse(data)
	kind, _ := f.kind()
	if content, ok := f.text("content"); ok && kind == "user" {
		r.toAll(reply{"type": kind, "content": content}.add(f, "username", "timestamp"))
	}
}

// echoBroadcast, 6-9: an echo for one, a broadcast for the others.
type echoBroadcast struct{ crowd }

func (r *echoBroadcast) joined(c *client) {
	r.crowd.joined(c)
	who := reply{"clientId": c.id, "clientsCount": len(r.members), "timestamp": now()}
	c.send(who.with(reply{"type": "welcome", "message": "Добро пожаловать!"}))
	r.toOthers(c, who.with(reply{"type": "client_connected"}))
}

func (r *echoBroadcast) heard(c *client, _ int, data []byte) {
	said := reply{"data": string(data), "message": string(data), "timestamp": now()}
	if json.Valid(data) {
		said["data"] = json.RawMessage(data)
	}
	if f := parse(data); f != nil {
		delete(said, "message")
		if content, ok := f.content(); ok {
			said["message"] = content
		}
	}
	c.send(said.with(reply{"type": "echo", "clientId": c.id}))
	r.toOthers(c, said.with(reply{"type": "broadcast", "from": c.id}))
}

func (r *echoBroadcast) left(c *client) {
	r.crowd.left(c)
	r.toAll(reply{
		"type":         "client_disconnected",
		"clientId":     c.id,
		"clientsCount": len(r.members),
		"timestamp":    now(),
	})
}

// reconnect, 10: messages are numbered, and whoever comes back hears what was missed.
type reconnect struct {
	crowd
	epoch string
	seq   int
	kept  []reply
}

const maxKept = 500

func (r *reconnect) joined(c *client) {
	since, err := strconv.Atoi(c.query.Get("since"))
	oldest := r.seq - len(r.kept)
	recovered := err == nil && c.query.Get("epoch") == r.epoch && oldest <= since && since <= r.seq
	c.send(reply{
		"type":         "connection_established",
		"connectionId": c.id,
		"epoch":        r.epoch,
		"seq":          r.seq,
		"recovered":    recovered,
		"timestamp":    now(),
	})
	if recovered {
		for _, message := range r.kept[since-oldest:] {
			c.send(message)
		}
	}
	r.crowd.joined(c)
}

func (r *reconnect) heard(c *client, _ int, data []byte) {
	f := parse(data)
	content, isText := f.content()
	switch kind, _ := f.kind(); {
	case kind == "ping":
		c.send(reply{"type": "pong", "serverTime": now()}.add(f, "timestamp"))
	case kind == "message" && isText:
		for _, message := range r.kept {
			if id, ok := message["id"].(json.RawMessage); ok && string(id) == string(f["id"]) {
				// Who was not sure that it came needs to hear it; the others have.
				c.send(message)
				return
			}
		}
		r.seq++
		message := reply{"type": "message", "seq": r.seq, "content": content, "timestamp": now()}.add(f, "id")
		r.kept = append(r.kept, message)
		if len(r.kept) > maxKept {
			r.kept = r.kept[1:]
		}
		r.toAll(message)
	}
}

// namesAndTyping, 11: a visitor becomes a member by a name.
type namesAndTyping struct{ crowd }

func (r *namesAndTyping) joined(*client) {}

func (r *namesAndTyping) heard(c *client, _ int, data []byte) {
	f := parse(data)
	kind, ok := f.kind()
	content, isText := f.content()
	switch {
	case !ok:
		c.refuse("bad_message", "Это не объект с type")
	case kind == "join":
		r.join(c, f)
	case kind != "message" && kind != "typing":
		c.refuse("unknown_type", "Неизвестный тип: "+firstRunes(kind, 64))
	case !r.has(c):
		c.refuse("not_joined", "Сначала отправьте join с именем")
	case kind == "typing":
		r.toOthers(c, reply{"type": "typing", "username": c.username, "is_typing": f.isTyping()})
	case !isText:
		c.refuse("bad_message", "В сообщении нет текста")
	default:
		said := reply{"username": c.username, "message": content, "content": content, "timestamp": now()}
		r.toAll(said.with(reply{"type": "message"}))
	}
}

func (r *namesAndTyping) join(c *client, f frame) {
	name, ok := f.username()
	switch {
	case r.has(c):
		c.refuse("bad_message", "Вы уже вошли")
	case !ok:
		c.refuse("name_invalid", "Имя: от 1 до 32 знаков")
	case r.isTaken(name, c):
		c.refuse("name_taken", "Имя уже занято")
	default:
		c.username = name
		r.crowd.joined(c)
		who := reply{"username": name, "users": r.names(), "timestamp": now()}
		c.send(who.with(reply{"type": "welcome", "message": "Добро пожаловать в чат, " + name + "!"}))
		r.toOthers(c, who.with(reply{"type": "user_joined", "message": name + " присоединяется к чату"}))
	}
}

func (r *namesAndTyping) left(c *client) {
	if r.has(c) {
		r.crowd.left(c)
		what := reply{"username": c.username, "message": c.username + " покидает чат", "timestamp": now()}
		r.toAll(what.with(reply{"type": "user_left", "users": r.names()}))
	}
}

// fullChat, 12: the canonical protocol, ws101.chat.v1.
type fullChat struct {
	crowd
	epoch  string
	seq    int
	guests int
}

const (
	subprotocol   = "ws101.chat.v1"
	general       = "general"
	helloTimeout  = 10 * time.Second
	maxContent    = 4000
	errorsAllowed = 10
	errorsWithin  = time.Minute
)

var isID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString

func (r *fullChat) joined(c *client) {
	c.patience = time.AfterFunc(helloTimeout, func() { c.close(4107, "hello_timeout", linger) })
}

func (r *fullChat) heard(c *client, _ int, data []byte) {
	f := parse(data)
	kind, ok := f.kind()
	id, hasID := f.text("id")
	switch {
	case !json.Valid(data):
		r.refuse(c, nil, "bad_json", "not JSON")
		return
	case !ok:
		r.refuse(c, nil, "bad_message", "not an object with a type")
		return
	case f["id"] != nil && !(hasID && isID(id)):
		r.refuse(c, nil, "bad_message", "an id is 1 to 64 of A-Z a-z 0-9 _ -")
		return
	}
	switch isMember := r.has(c); kind {
	case "hello":
		r.hello(c, f)
	case "ping":
		c.send(reply{"type": "pong", "server_time": now()}.add(f, "timestamp"))
	case "bye":
		c.close(1000, "bye", linger)
	case "message", "user", "typing", "rename":
		switch {
		case !isMember:
			r.refuse(c, f, "hello_required", "say hello first")
		case kind == "typing":
			what := reply{"active": f.isTyping(), "room": general, "expires_ms": 6000}
			r.toOthers(c, what.with(reply{"type": "typing"}, c.about()))
		case kind == "rename":
			r.rename(c, f)
		default:
			r.message(c, f)
		}
	default:
		r.refuse(c, f, "unknown_type", "unknown type "+firstRunes(kind, 64))
	}
}

func (r *fullChat) hello(c *client, f frame) {
	if r.has(c) {
		r.refuse(c, f, "bad_message", "hello was said")
		return
	}
	if string(f["v"]) != "1" {
		r.refuse(c, f, "version", "this server speaks version 1")
		c.close(4002, "version", linger)
		return
	}
	name, ok := f.username()
	if f.first("username", "name", "user", "nickname") == nil {
		r.guests++
		name, ok = fmt.Sprint("Гость ", r.guests), true
	}
	if !r.mayBeCalled(c, f, name, ok) {
		return
	}
	c.patience.Stop()
	c.username, c.color = name, r.seq%8
	r.crowd.joined(c)
	joined := r.durable(c.about(), reply{"type": "user_joined", "count": len(r.members)})
	members := []reply{}
	for _, member := range r.members {
		members = append(members, member.user())
	}
	c.send(reply{
		"type":    "welcome",
		"v":       1,
		"server":  reply{"name": "server.go", "version": "1", "node": "1"},
		"session": reply{"id": c.id, "token": base64.RawURLEncoding.EncodeToString(randomBytes(32))},
		"user":    c.user(),
		"rooms": []reply{{
			"room":      general,
			"epoch":     r.epoch,
			"seq":       r.seq,
			"topic":     "",
			"members":   members,
			"recovered": false,
			"replayed":  0,
		}},
		"limits":        reply{"message_bytes": maxMessage(), "content": maxContent, "username": 32},
		"ping_interval": heartbeat.Milliseconds(),
		"time":          now(),
	})
	r.toOthers(c, joined)
}

func (r *fullChat) message(c *client, f frame) {
	content, ok := f.content()
	switch {
	case !ok:
		r.refuse(c, f, "bad_message", "no content")
	case utf8.RuneCountInString(content) > maxContent:
		r.refuse(c, f, "too_long", "at most 4000 characters")
	default:
		message := r.durable(c.about(), reply{"type": "message", "id": newID(), "content": content}.add(f, "id"))
		r.toAll(message)
		r.acknowledge(c, f, message)
	}
}

func (r *fullChat) rename(c *client, f frame) {
	name, ok := f.username()
	if !r.mayBeCalled(c, f, name, ok) {
		return
	}
	params := reply{"from": c.username, "to": name}
	content := c.username + " теперь " + name
	c.username = name
	renamed := r.durable(reply{
		"type":    "system",
		"event":   "renamed",
		"content": content,
		"params":  params,
		"user":    c.user(),
	})
	r.acknowledge(c, f, renamed)
	r.toAll(renamed)
}

func (r *fullChat) left(c *client) {
	c.patience.Stop()
	if r.has(c) {
		r.crowd.left(c)
		what := reply{"type": "user_left", "count": len(r.members), "reason": "closed"}
		r.toAll(r.durable(c.about(), what))
	}
}

func (r *fullChat) closing() {
	what := reply{"type": "system", "event": "shutdown", "timestamp": now()}
	r.toAll(what.with(reply{"content": "Сервер завершает работу", "params": reply{}}))
}

// durable makes an event that has its place in the order of the room.
func (r *fullChat) durable(parts ...reply) reply {
	r.seq++
	return reply{"room": general, "seq": r.seq, "timestamp": now()}.with(parts...)
}

func (r *fullChat) acknowledge(c *client, f frame, event reply) {
	if id := f["id"]; id != nil {
		place := reply{"room": event["room"], "seq": event["seq"], "timestamp": event["timestamp"]}
		c.send(place.with(reply{"type": "ack", "id": id, "duplicate": false}))
	}
}

func (r *fullChat) mayBeCalled(c *client, f frame, name string, isName bool) bool {
	switch {
	case !isName:
		r.refuse(c, f, "name_invalid", "a name has 1 to 32 characters")
	case r.isTaken(name, c):
		r.refuse(c, f, "name_taken", "somebody has that name")
	default:
		return true
	}
	return false
}

func (r *fullChat) refuse(c *client, f frame, code, message string) {
	what := reply{"type": "error", "code": code, "message": message, "retryable": false}
	if id := f["id"]; id != nil {
		what["ref"] = id
	}
	c.send(what)
	c.errors = append(c.errors, time.Now())
	if len(c.errors) >= errorsAllowed {
		if time.Since(c.errors[0]) < errorsWithin {
			c.close(1008, "too many errors", linger)
		}
		c.errors = c.errors[1:]
	}
}

// sessions, 13: a cookie says whose browser it is, a ticket stands for the cookie once.
type sessions struct {
	crowd
	names   store
	tickets store
}

// maxSecrets is how many sessions and tickets are kept, each; the oldest are forgotten.
const maxSecrets = 1000

// A store knows the owner of each secret; nobody is "".
type store struct {
	owners map[string]string
	order  []string
}

func (s *store) issue(owner string) string {
	if len(s.order) == maxSecrets {
		delete(s.owners, s.order[0])
		s.order = s.order[1:]
	}
	secret := newID()
	s.owners[secret] = owner
	s.order = append(s.order, secret)
	return secret
}

// begin gives the session that the cookie names, or a new one and the header of its cookie.
func (r *sessions) begin(request *http.Request) (session string, header http.Header) {
	for _, cookie := range request.Cookies() {
		if _, ok := r.names.owners[cookie.Value]; ok && cookie.Name == "session" {
			return cookie.Value, nil
		}
	}
	session = r.names.issue("")
	cookie := "session=" + session + "; HttpOnly; SameSite=Strict; Path=/"
	return session, http.Header{"Set-Cookie": {cookie}}
}

func (r *sessions) joined(c *client) {
	r.crowd.joined(c)
	ticket := c.query.Get("ticket")
	c.username = r.tickets.owners[ticket]
	delete(r.tickets.owners, ticket)
	if c.username == "" {
		c.username = r.names.owners[c.session]
	}
	c.send(reply{"type": "welcome", "username": c.called()})
}

func (r *sessions) heard(c *client, _ int, data []byte) {
	f := parse(data)
	kind, _ := f.kind()
	name, isName := f.username()
	switch {
	case kind == "login" && isName:
		c.username = name
		if _, ok := r.names.owners[c.session]; ok {
			r.names.owners[c.session] = name
		}
		c.send(reply{"type": "welcome", "username": name})
	case kind == "login":
		c.refuse("name_invalid", "a name has 1 to 32 characters")
	case kind == "ticket" && c.username == "":
		c.refuse("hello_required", "log in first")
	case kind == "ticket":
		c.send(reply{"type": "ticket", "ticket": r.tickets.issue(c.username)})
	case kind == "message":
		c.send(reply{"type": "message", "username": c.called()}.add(f, "content"))
	default:
		c.refuse("unknown_type", "unknown type")
	}
}

// called is the client's name as JSON has it: null is nobody.
func (c *client) called() any {
	if c.username == "" {
		return nil
	}
	return c.username
}

// limits, 14: whoever sends too fast is refused, and closed if that does not help.
type limits struct{ broadcast }

var rate = float64(setting("WS_RATE", 5))

const (
	burst       = 4
	maxRefusals = 20
)

func (r *limits) joined(c *client) {
	c.allowed, c.counted = burst*rate, time.Now()
	r.broadcast.joined(c)
}

func (r *limits) heard(c *client, kind int, data []byte) {
	at := time.Now()
	c.allowed = math.Min(burst*rate, c.allowed+at.Sub(c.counted).Seconds()*rate)
	c.counted = at
	if c.allowed >= 1 {
		c.allowed--
		c.refused = 0
		r.broadcast.heard(c, kind, data)
		return
	}
	c.refused++
	switch {
	case c.refused <= maxRefusals:
		wait := int((1-c.allowed)/rate*1000) + 1
		c.send(reply{"type": "error", "code": "rate_limited", "retry_after_ms": wait})
	case c.refused == maxRefusals+1:
		c.close(1008, "too fast", linger)
	}
}

// games, 15: a game for each client; a test chooses the number and the time.
type games struct{ crowd }

var (
	number    = setting("WS_NUMBER", 0)
	gameLimit = milliseconds("WS_GAME_MS", 60_000)
)

const highest = 100

func (r *games) joined(c *client) {
	r.crowd.joined(c)
	c.think()
	c.send(reply{"type": "new", "from": 1, "to": highest})
	c.patience = time.AfterFunc(gameLimit, func() {
		mutex.Lock()
		defer mutex.Unlock()
		c.send(reply{"type": "over", "score": c.score})
		c.close(1000, "the time is over", linger)
	})
}

// think chooses the next number.
func (c *client) think() {
	c.number, c.tries = number, 0
	if number == 0 {
		random, err := rand.Int(rand.Reader, big.NewInt(highest))
		if err != nil {
			log.Fatal(err)
		}
		c.number = 1 + int(random.Int64())
	}
}

func (r *games) heard(c *client, _ int, data []byte) {
	f := parse(data)
	kind, _ := f.kind()
	var n int
	if err := json.Unmarshal(f["n"], &n); err != nil || kind != "guess" || n < 1 || n > highest {
		c.refuse("bad_message", "that is no guess")
		return
	}
	c.tries++
	answer := reply{"type": "right", "tries": c.tries}
	switch {
	case n < c.number:
		answer["type"] = "higher"
	case n > c.number:
		answer["type"] = "lower"
	default:
		c.score++
		c.think()
	}
	c.send(answer)
}

func (r *games) left(c *client) {
	c.patience.Stop()
	r.crowd.left(c)
}

// isOurs says whether the page that asks came from here. Who is no browser sends no Origin.
func isOurs(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	isOwn := len(origins) == 1 && (origins[0] == "http://"+r.Host || origins[0] == "https://"+r.Host)
	return len(origins) == 0 || isOwn
}

func roomOf(lesson int) room {
	switch {
	case lesson <= 3:
		return &echo{}
	case lesson == 4:
		return &connections{}
	case lesson == 5:
		return &broadcast{}
	case lesson <= 9:
		return &echoBroadcast{}
	case lesson == 10:
		return &reconnect{epoch: newID()}
	case lesson == 11:
		return &namesAndTyping{}
	case lesson == 12:
		return &fullChat{epoch: newID()}
	case lesson == 13:
		return &sessions{names: store{owners: map[string]string{}}, tickets: store{owners: map[string]string{}}}
	case lesson == 14:
		return &limits{}
	default:
		return &games{}
	}
}

// ---- What all rooms share ----

// mutex guards the room and who is here.
var mutex sync.Mutex

var (
	theRoom room
	clients = map[*client]bool{}
	served  sync.WaitGroup
)

// A client is one connection: one goroutine reads it, another writes what is in the queue.
type client struct {
	conn      *websocket.Conn
	id        string
	ip        string
	userAgent string
	since     string
	query     url.Values
	session   string

	queue    queue
	gone     chan struct{}
	written  chan struct{}
	lastPing atomic.Int64
	answered chan struct{}

	username string
	color    int
	errors   []time.Time
	patience *time.Timer

	// Of lesson 14: what it may still send, when that was counted, and how often in a row it was refused.
	allowed float64
	counted time.Time
	refused int

	// Of lesson 15.
	number, tries, score int
}

func (c *client) user() reply {
	return reply{"id": "u_" + c.id, "username": c.username, "color": c.color, "role": "student"}
}

func (c *client) about() reply {
	return reply{"user": c.user(), "username": c.username}
}

func (c *client) send(what reply) {
	c.say(websocket.TextMessage, encode(what))
}

func (c *client) refuse(code, message string) {
	c.send(reply{"type": "error", "message": message, "code": code})
}

// say sends without waiting, or closes with 1013 whoever reads too slowly to get it.
func (c *client) say(kind int, data []byte) {
	if !c.queue.push(kind, data) {
		c.close(1013, "too slow", linger)
	}
}

// close says goodbye after all that was said before, and waits at most so long for the answer.
func (c *client) close(code int, reason string, wait time.Duration) {
	c.queue.end(websocket.FormatCloseMessage(code, reason))
	c.conn.SetReadDeadline(time.Now().Add(wait))
}

// A queue holds what is still to be written to one client.
type queue struct {
	mutex  sync.Mutex
	frames []outgoing
	bytes  int
	ended  bool
	ring   chan struct{} // There is something, or the end.
}

type outgoing struct {
	kind int
	data []byte
}

// push says whether there was room. What comes after the end is forgotten.
func (q *queue) push(kind int, data []byte) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.ended {
		return true
	}
	if q.bytes > maxQueue {
		return false
	}
	q.add(kind, data)
	return true
}

// end adds a close frame, after which nothing comes.
func (q *queue) end(goodbye []byte) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if !q.ended {
		q.ended = true
		q.add(websocket.CloseMessage, goodbye)
	}
}

func (q *queue) add(kind int, data []byte) {
	q.frames = append(q.frames, outgoing{kind, data})
	q.bytes += len(data)
	select {
	case q.ring <- struct{}{}:
	default: // It has rung already.
	}
}

func (q *queue) takeAll() []outgoing {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	frames := q.frames
	q.frames, q.bytes = nil, 0
	return frames
}

// read hears the client out, and says what was broken; gorilla does so itself, but for the text.
func (c *client) read() {
	for {
		kind, data, err := c.conn.ReadMessage()
		switch {
		case err != nil:
			return
		case kind == websocket.TextMessage && !utf8.Valid(data):
			c.close(1007, "not UTF-8", linger)
		case kind == websocket.BinaryMessage && *lesson > 3:
			c.close(1003, "text only", linger)
		default:
			mutex.Lock()
			theRoom.heard(c, kind, data)
			mutex.Unlock()
		}
	}
}

// write sends what is in the queue, and what is left of it when the client has gone.
func (c *client) write() {
	defer close(c.written)
	for isHere := true; isHere; {
		select {
		case <-c.queue.ring:
		case <-c.gone:
			isHere = false
		}
		for _, out := range c.queue.takeAll() {
			if c.conn.WriteMessage(out.kind, out.data) != nil {
				return
			}
		}
	}
}

// keepAlive pings; whoever does not answer in time has gone (RFC 6455 §5.5.2).
func (c *client) keepAlive() {
	for ping := int64(1); ; ping++ {
		select {
		case <-time.After(heartbeat):
		case <-c.gone:
			return
		}
		c.lastPing.Store(ping)
		payload := strconv.FormatInt(ping, 10)
		c.conn.WriteControl(websocket.PingMessage, []byte(payload), time.Now().Add(pongTimeout))
		select {
		case <-c.answered:
		case <-c.gone:
			return
		case <-time.After(pongTimeout):
			c.close(1011, "no pong", linger)
			return
		}
	}
}

// heardPong lets only the answer to our last ping count, and only once.
func (c *client) heardPong(payload string) error {
	ping, err := strconv.ParseInt(payload, 10, 64)
	if err == nil && ping > 0 && c.lastPing.CompareAndSwap(ping, 0) {
		c.answered <- struct{}{}
	}
	return nil
}

// heardClose answers with the same code, after all that was said before.
func (c *client) heardClose(code int, _ string) error {
	c.queue.end(websocket.FormatCloseMessage(code, ""))
	return nil
}

func newClient(conn *websocket.Conn, r *http.Request) *client {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	c := &client{
		conn:      conn,
		id:        newID(),
		ip:        ip,
		userAgent: r.UserAgent(),
		since:     now(),
		query:     r.URL.Query(),
		queue:     queue{ring: make(chan struct{}, 1)},
		gone:      make(chan struct{}),
		written:   make(chan struct{}),
		answered:  make(chan struct{}, 1),
	}
	conn.SetReadLimit(int64(maxMessage()))
	conn.SetPongHandler(c.heardPong)
	conn.SetCloseHandler(c.heardClose)
	return c
}

// serve is the life of a client, from the 101 to the end of TCP.
func (c *client) serve() {
	served.Add(1)
	defer served.Done()
	go c.write()
	if *lesson >= 7 && heartbeat > 0 {
		go c.keepAlive()
	}
	mutex.Lock()
	clients[c] = true
	theRoom.joined(c)
	mutex.Unlock()

	c.read()

	mutex.Lock()
	delete(clients, c)
	theRoom.left(c)
	mutex.Unlock()
	close(c.gone)
	defer c.conn.Close()
	defer time.AfterFunc(linger, func() { c.conn.Close() }).Stop()
	<-c.written
	// What is not read at the end makes a reset of it, and a reset destroys our close frame.
	if tcp, ok := c.conn.UnderlyingConn().(*net.TCPConn); ok {
		tcp.CloseWrite()
		io.Copy(io.Discard, tcp)
	}
}

var upgrader = websocket.Upgrader{
	// The lessons' pages come from other ports and from disk.
	CheckOrigin: func(*http.Request) bool { return true },
}

// tokens are the items of a header that is a list.
func tokens(header http.Header, name string) []string {
	return strings.FieldsFunc(strings.Join(header.Values(name), ","), func(r rune) bool {
		return r == ',' || r == ' ' || r == '\t'
	})
}

func lists(header http.Header, name, token string) bool {
	for _, item := range tokens(header, name) {
		if strings.EqualFold(item, token) {
			return true
		}
	}
	return false
}

// refusal says why there is no 101 for this request; the status is 0 if there is one (RFC 6455 §4.2).
func refusal(r *http.Request) (status int, sentence string) {
	key, _ := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	version := r.Header.Get("Sec-WebSocket-Version")
	isElsewhere := r.URL.Path != "/ws"
	const nothingHere = "There is nothing here; the WebSocket is at /ws"
	switch offered := r.Header.Get("Sec-WebSocket-Protocol"); {
	case *lesson == 13 && !isOurs(r):
		return http.StatusForbidden, "The page is not from here"
	case isElsewhere && r.Header.Get("Upgrade") == "":
		return http.StatusNotFound, nothingHere
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, "A handshake is a GET"
	case !lists(r.Header, "Upgrade", "websocket"):
		return http.StatusBadRequest, "Upgrade: websocket is missing"
	case !lists(r.Header, "Connection", "upgrade"):
		return http.StatusBadRequest, "Connection: Upgrade is missing"
	case len(key) != 16:
		return http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in Base64"
	case version == "":
		return http.StatusBadRequest, "Sec-WebSocket-Version is missing"
	case version != "13":
		return http.StatusUpgradeRequired, "The version is 13"
	case isElsewhere:
		return http.StatusNotFound, nothingHere
	case *lesson == 12 && offered != "" && !lists(r.Header, "Sec-WebSocket-Protocol", subprotocol):
		return http.StatusBadRequest, "Supported subprotocols: " + subprotocol
	}
	return 0, ""
}

func answer(w http.ResponseWriter, r *http.Request) {
	if room, ok := theRoom.(*connections); ok && r.URL.Path == "/connections" && isLoopback(r) {
		mutex.Lock()
		list := room.list()
		mutex.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.Write(encode(list))
		return
	}
	if status, sentence := refusal(r); status != 0 {
		w.Header().Set("Connection", "close")
		switch status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", http.MethodGet)
		case http.StatusUpgradeRequired:
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		http.Error(w, sentence, status)
		return
	}
	var session string
	var header http.Header
	if room, ok := theRoom.(*sessions); ok {
		mutex.Lock()
		session, header = room.begin(r)
		mutex.Unlock()
	}
	if conn, err := upgrader.Upgrade(w, r, header); err == nil {
		c := newClient(conn, r)
		c.session = session
		c.serve()
	}
}

func isLoopback(r *http.Request) bool {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return net.ParseIP(host).IsLoopback()
}

func main() {
	flag.Parse()
	if *lessons {
		fmt.Println(last)
		return
	}
	theRoom = roomOf(*lesson)
	if *lesson == 12 {
		upgrader.Subprotocols = []string{subprotocol}
	}
	host := os.Getenv("HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(setting("PORT", 8080))))
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	stats := time.NewTicker(statsInterval)
	for isOpen := true; isOpen; {
		select {
		case <-stats.C:
			if *lesson >= 8 {
				mutex.Lock()
				theRoom.stats()
				mutex.Unlock()
			}
		case <-stop:
			isOpen = false
		}
	}

	listener.Close()
	mutex.Lock()
	theRoom.closing()
	for c := range clients {
		c.close(1001, "shutdown", drain)
	}
	mutex.Unlock()
	everyone := make(chan struct{})
	go func() {
		served.Wait()
		close(everyone)
	}()
	select {
	case <-everyone:
	case <-time.After(drain):
	}
}
