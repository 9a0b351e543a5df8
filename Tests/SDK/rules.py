"""What a cache may do with recorded traffic, written from what the APIs say about themselves.

It is independent of the proxy's own code, so that the replay of recorded traffic shows a proxy that
caches too little or too much.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

ENDPOINTS = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/embeddings": "embeddings",
    "/moderations": "moderations",
    "/responses": "responses",
    "/responses/input_tokens": "input tokens",
    "/audio/speech": "speech",
    "/images/generations": "images",
    "/messages": "messages",
    "/messages/count_tokens": "count tokens",
}
VERSION_PREFIX = re.compile(r"^(/openai/deployments/[^/]+|/openai/v1|/api/v1|/v1beta/openai|/v1)(?=/)")
TOOLS_WITHOUT_THE_WORLD = re.compile(
    r"^(function|custom|computer|bash|text_editor|memory|apply_patch|local_shell|tool_search"
    r"|image_generation|namespace|advisor)"
)
FIELDS_WITH_THE_WORLD = (
    "web_search_options", "mcp_servers", "container", "search_settings", "plugins",
    "data_sources", "search_parameters", "enable_search",
)
MODELS_WITH_THE_WORLD = re.compile(r":online$|-search-preview|-search-api|(^|/)(compound|sonar)")
KEYED_HEADERS = (
    "authorization", "api-key", "x-api-key", "x-goog-api-key", "openai-organization",
    "openai-project", "openai-beta", "anthropic-version", "anthropic-beta",
)
WHOLE_ANSWERS = {"stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence"}
LIMITED_ANSWERS = {"length", "max_tokens"}
LIMITS = {
    "chat": ("max_tokens", "max_completion_tokens"),
    "completions": ("max_tokens",),
    "messages": ("max_tokens",),
}


class DuplicateName(ValueError):
    """An object has two members of one name."""


@dataclass
class Recording:
    """One recorded request with its response."""

    name: str
    method: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    response_headers: dict[str, str]
    response_body: bytes

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def target(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def endpoint(self) -> str | None:
        """What the path asks for, when the answers to that may be cached."""
        return ENDPOINTS.get(VERSION_PREFIX.sub("", urlsplit(self.url).path))

    def header(self, name: str) -> str:
        return self.request_headers.get(name, "")


def _object(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateName
    return members


def exact(text: bytes):
    """The JSON value with its numbers as exact decimals."""
    return json.loads(text, object_pairs_hook=_object, parse_float=Decimal, parse_int=Decimal)


def canonical(value):
    """A hashable form: equal for equal JSON values, and for no others."""
    if isinstance(value, dict):
        return ("object", frozenset((name, canonical(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(canonical(element) for element in value))
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        text = "".join(map(str, digits)).lstrip("0")
        kept = text.rstrip("0")
        return ("number", sign, kept, exponent + len(text) - len(kept) if kept else 0)
    return (type(value).__name__, value)


def identity(recording: Recording, body: bytes | None = None):
    """What two requests must have in common to share an answer."""
    body = recording.request_body if body is None else body
    try:
        document = canonical(exact(body))
    except ValueError:
        document = body
    return (
        recording.host,
        recording.method,
        recording.target,
        recording.header("content-type").partition(";")[0].strip().lower(),
        "text/event-stream" in recording.header("accept"),
        tuple((name, recording.request_headers.get(name)) for name in KEYED_HEADERS),
        document,
    )


def why_not_cached(recording: Recording) -> str | None:
    """Why the request must go upstream and its answer must not be stored; None when it may be."""
    if recording.method != "POST":
        return "method"
    if recording.endpoint is None:
        return "endpoint"
    if recording.header("content-type").partition(";")[0].strip().lower() != "application/json":
        return "media type"
    try:
        body = exact(recording.request_body)
    except ValueError:
        return "no canonical JSON"
    if not isinstance(body, dict):
        return "no object"
    if body.get("background") is True:
        return "background"
    if body.get("conversation") is not None:
        return "conversation"
    if _refers_to_stored_items(body.get("input")):
        return "item reference"
    prompt = body.get("prompt")
    if isinstance(prompt, dict) and prompt.get("id") and not prompt.get("version"):
        return "prompt without version"
    if recording.endpoint == "chat" and body.get("store") is True:
        return "stored upstream"
    if any(body.get(field) not in (None, False, []) for field in FIELDS_WITH_THE_WORLD):
        return "field of a hosted tool"
    if any(MODELS_WITH_THE_WORLD.search(model) for model in _models(body)):
        return "model that searches"
    for tool in body.get("tools") or []:
        kind = tool.get("type")
        if kind is not None and not TOOLS_WITHOUT_THE_WORLD.match(kind.rpartition(":")[2]):
            return "hosted tool"
    return None


def _models(body) -> list[str]:
    models = [body.get("model"), *(body.get("models") or [])]
    return [model for model in models if isinstance(model, str)]


def _refers_to_stored_items(items) -> bool:
    if not isinstance(items, list):
        return False
    for item in items:
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind == "item_reference" or (kind is None and "id" in item and "role" not in item):
            return True
    return False


def why_not_stored(recording: Recording) -> str | None:
    """Why the answer to a cacheable request must not be stored; None when it may be."""
    if recording.status != 200:
        return "status"
    request = exact(recording.request_body)
    finished = set(WHOLE_ANSWERS)
    if any(request.get(limit) is not None for limit in LIMITS.get(recording.endpoint, ())):
        finished |= LIMITED_ANSWERS
    kind = recording.response_headers.get("content-type", "").partition(";")[0].strip()
    if kind == "text/event-stream":
        return _why_stream_not_stored(recording, finished)
    if kind == "application/json":
        return _why_document_not_stored(recording, finished)
    return None if recording.endpoint == "speech" and recording.response_body else "media type"


def _why_document_not_stored(recording: Recording, finished: set[str]) -> str | None:
    try:
        answer = json.loads(recording.response_body)
    except ValueError:
        return "no JSON"
    if not isinstance(answer, dict) or answer.get("error") is not None:
        return "error"
    match recording.endpoint:
        case "chat" | "completions":
            reasons = [choice.get("finish_reason") for choice in answer.get("choices") or []]
            return None if reasons and set(reasons) <= finished else "finish reason"
        case "messages":
            return None if answer.get("stop_reason") in finished else "finish reason"
        case "responses":
            return None if answer.get("status") == "completed" else "not completed"
        case "images":
            images = answer.get("data") or []
            return None if images and all("b64_json" in image for image in images) else "image URL"
        case "speech":
            return "media type"
    return None


def _events(body: bytes):
    for block in re.split(r"(?:\r\n|\r|\n){2}", body.decode().removeprefix("\ufeff")):
        name, data = "", []
        for line in re.split(r"\r\n|\r|\n", block):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
        if data:
            yield name, "\n".join(data)


def _is_failure(name: str) -> bool:
    return name == "error" or name.endswith((".failed", ".incomplete"))


def _why_stream_not_stored(recording: Recording, finished: set[str]) -> str | None:
    reasons, last = {}, None
    for name, data in _events(recording.response_body):
        if data == "[DONE]":
            if recording.endpoint in ("chat", "completions"):
                last = data
            continue
        event = json.loads(data)
        kind = event.get("type", "")
        if _is_failure(name) or _is_failure(kind) or event.get("error") is not None:
            return "error event"
        if kind == "ping":
            continue
        last = kind
        for choice in event.get("choices") or []:
            reasons[choice["index"]] = choice.get("finish_reason") or reasons.get(choice["index"])
        if kind == "message_delta":
            reasons["message"] = event["delta"].get("stop_reason")
    marker = {
        "chat": "[DONE]", "completions": "[DONE]", "responses": "response.completed",
        "messages": "message_stop", "images": "image_generation.completed",
        "speech": "speech.audio.done",
    }.get(recording.endpoint)
    if marker is None or last != marker:
        return "no terminal marker"
    if recording.endpoint in ("chat", "completions", "messages"):
        return None if reasons and set(reasons.values()) <= finished else "finish reason"
    return None
