"""What is asked and answered: the same bytes for every peer."""

import json
import os

TARGET = "/v1/chat/completions"

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Authorization": "Bearer sk-proj-Zm9yLWJlbmNobWFya3Mtb25seS1ub3QtYS1yZWFsLWtleQ",
    "Connection": "keep-alive",
    "Content-Type": "application/json",
    "User-Agent": "OpenAI/Python 2.8.1",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Async": "false",
    "X-Stainless-Lang": "python",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Package-Version": "2.8.1",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.13.0",
}

WORDS = (
    "A cache keeps what it has been told, and tells it again to whoever asks in the same words; "
    "what it cannot be certain of it passes on, and it never makes anything up. ")


def _text(length):
    return (WORDS * (length // len(WORDS) + 1))[:length]


def request_body(model, length=1024, stream=False):
    """A chat request of `length` bytes; its last 20 zeros are what makes a request unique."""
    request = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You are a terse assistant."},
            {"role": "user", "content": ""},
        ],
        "temperature": 0,
        "max_tokens": 512,
    }
    if stream:
        request["stream"] = True
    request["user"] = "0" * 20
    empty = len(json.dumps(request, separators=(",", ":")))
    request["messages"][1]["content"] = _text(length - empty)
    return json.dumps(request, separators=(",", ":")).encode()


def answer(length):
    """A chat completion of `length` bytes."""
    completion = {
        "id": "chatcmpl-CqBenchmark0000000000000000",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-5.1-2025-11-13",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant", "content": "", "refusal": None, "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            },
        ],
        "usage": {
            "prompt_tokens": 180,
            "completion_tokens": 160,
            "total_tokens": 340,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_benchmark",
    }
    empty = len(json.dumps(completion))
    completion["choices"][0]["message"]["content"] = _text(length - empty)
    return json.dumps(completion).encode()


def event_stream(events=20):
    """A streamed chat completion."""
    def event(delta, reason=None):
        chunk = {
            "id": "chatcmpl-CqBenchmark0000000000000000",
            "object": "chat.completion.chunk",
            "created": 1767225600,
            "model": "gpt-5.1-2025-11-13",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        return f"data: {json.dumps(chunk)}\n\n"

    words = _text(events * 24)
    parts = [event({"role": "assistant", "content": ""})]
    parts += [event({"content": words[at * 24:(at + 1) * 24]}) for at in range(events)]
    parts += [event({}, "stop"), "data: [DONE]\n\n"]
    return "".join(parts).encode()


def write_answers(folder):
    """Writes the files that peers/upstream.c answers with."""
    sizes = {"json-1k": 1200, "json-100k": 100 << 10, "json-1m": 1 << 20}
    for name, size in sizes.items():
        _write(folder, name, answer(size))
    _write(folder, "sse", event_stream())


class Request:
    """One request, as text for clients that want it so, and as files for those that read files."""

    def __init__(self, folder, model, length=1024, stream=False, headers=None):
        self.body = request_body(model, length, stream)
        self.headers = {**HEADERS, **(headers or {})}
        name = "-".join([model, str(length), *(headers or {})])
        self.body_file = _write(folder, f"{name}.body", self.body)
        lines = "".join(f"{key}: {value}\n" for key, value in self.headers.items())
        self.headers_file = _write(folder, f"{name}.headers", lines.encode())
        head = f"POST {TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += "".join(f"{key}: {value}\r\n" for key, value in self.headers.items())
        head += f"Content-Length: {len(self.body)}\r\n\r\n"
        self.request_file = _write(folder, f"{name}.request", head.encode() + self.body)


def _write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(text)
    return path
