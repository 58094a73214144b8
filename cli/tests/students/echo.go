// A server for lessons 1 to 3, in Go with its own packages only: PORT=8080 go run echo.go 2
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// How much a message may hold.
const limit = 1 << 20

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
}

func serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	version := r.Header.Get("Sec-WebSocket-Version")
	asks := strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade")
	if !asks || key == "" || version == "" {
		refuse(w, http.StatusBadRequest)
		return
	}
	if version != "13" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		refuse(w, http.StatusUpgradeRequired)
		return
	}
	if r.URL.Path != "/ws" {
		refuse(w, http.StatusNotFound)
		return
	}
	conn, stream, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(key + guid))
	accept := base64.StdEncoding.EncodeToString(sum[:])
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+accept+"\r\n\r\n")
	if os.Args[1] == "1" {
		io.Copy(io.Discard, stream)
	} else {
		talk(conn, stream.Reader)
	}
	// What the client has sent is read, so that closing does not reset what it was sent.
	conn.(*net.TCPConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, stream)
	conn.Close()
}

func write(conn net.Conn, opcode byte, payload []byte) error {
	frame := []byte{0x80 | opcode}
	switch size := len(payload); {
	case size < 126:
		frame = append(frame, byte(size))
	case size < 65536:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(size))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(size))
	}
	_, err := conn.Write(append(frame, payload...))
	return err
}

func talk(conn net.Conn, from *bufio.Reader) {
	var kind byte
	var message []byte
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		size := uint64(head[1] & 127)
		if more := map[uint64]int{126: 2, 127: 8}[size]; more > 0 {
			length := make([]byte, 8)
			if _, err := io.ReadFull(from, length[8-more:]); err != nil {
				return
			}
			size = binary.BigEndian.Uint64(length)
		}
		if size > limit {
			write(conn, 8, []byte{0x03, 0xf1})
			return
		}
		if head[1]&128 == 0 {
			io.CopyN(io.Discard, from, int64(size))
			write(conn, 8, []byte{0x03, 0xea})
			return
		}
		mask, payload := make([]byte, 4), make([]byte, size)
		if _, err := io.ReadFull(from, mask); err != nil {
			return
		}
		if _, err := io.ReadFull(from, payload); err != nil {
			return
		}
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
		switch opcode := head[0] & 15; opcode {
		case 8:
			write(conn, 8, payload)
			return
		case 9:
			write(conn, 10, payload)
			continue
		case 10:
			continue
		case 0:
		default:
			kind, message = opcode, nil
		}
		message = append(message, payload...)
		if head[0]&128 == 0 {
			continue
		}
		if kind == 1 {
			message = append([]byte("Принято: "), message...)
		}
		if write(conn, kind, message) != nil {
			return
		}
	}
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(serve))
}
