"""An upstream in this process: it gives out prepared answers and remembers what it was asked."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GATE_SECONDS = 60


@dataclass
class Answer:
    """A response: its pieces are sent in order, and an Event among them is waited for."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes | threading.Event] = field(default_factory=list)
    chunked: bool = False
    cut: bool = False
    """End the connection instead of the body."""

    @staticmethod
    def json(value, status: int = 200, headers: dict[str, str] | None = None) -> "Answer":
        body = json.dumps(value).encode()
        return Answer(status, {"content-type": "application/json", **(headers or {})}, [body])

    @staticmethod
    def stream(*pieces: bytes | threading.Event, cut: bool = False) -> "Answer":
        headers = {"content-type": "text/event-stream"}
        return Answer(200, headers, list(pieces), chunked=True, cut=cut)


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def chat_completion(identifier: str, finish_reason: str = "stop") -> dict:
    """A chat completion that can be stored."""
    message = {"role": "assistant", "content": f"I am {identifier}."}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return {
        "id": identifier,
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5-mini",
        "choices": [choice],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }


def chat_chunk(text: str, finish_reason: str | None = None) -> bytes:
    """One event of a chat stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    chunk = {
        "id": "chatcmpl-stream",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-5-mini",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


class ScriptedUpstream:
    """Listens on a free port until `close`; answers each request with the next prepared answer."""

    def __init__(self):
        self.asked: list[Asked] = []
        self._answers: deque[Answer] = deque()
        self._lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                upstream._answer(self)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            request_queue_size = 128

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._listener.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    def prepare(self, *answers: Answer):
        """Puts answers at the end of the queue."""
        with self._lock:
            self._answers.extend(answers)

    def close(self):
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler):
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        if handler.headers.get("transfer-encoding") == "chunked":
            body = self._read_chunks(handler.rfile)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.asked.append(Asked(handler.command, handler.path, headers, body))
            answer = self._answers.popleft() if self._answers else None
        if answer is None:
            answer = Answer.json({"error": {"message": "no answer is prepared"}}, status=500)
        self._send(handler, answer)

    @staticmethod
    def _read_chunks(source) -> bytes:
        body = b""
        while size := int(source.readline().split(b";")[0], 16):
            body += source.read(size)
            source.readline()
        source.readline()
        return body

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, answer: Answer):
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.chunked:
            handler.send_header("transfer-encoding", "chunked")
        else:
            length = sum(len(piece) for piece in answer.pieces if isinstance(piece, bytes))
            handler.send_header("content-length", str(length))
        handler.end_headers()
        for piece in answer.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(GATE_SECONDS)
                continue
            if answer.chunked:
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            handler.wfile.write(piece)
            handler.wfile.flush()
        if answer.cut:
            handler.close_connection = True
        elif answer.chunked:
            handler.wfile.write(b"0\r\n\r\n")
