"""Replays recorded traffic of the real APIs: each request twice, and equal and changed ones.

Runs when REPRISE_TRAFFIC names a folder with openai.jsonl, anthropic.jsonl or compatible.jsonl. The
upstream is `reprise simulate --recordings`; what is to be cached is decided by rules.py.
"""

import base64
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import httpx2
import openai
import pytest

from reprise import CacheStatus, Server, Simulator
from rules import Recording, identity, why_not_cached, why_not_stored

FOLDER = os.environ.get("REPRISE_TRAFFIC")
UPSTREAMS = {
    "api.anthropic.com": "anthropic",
    "api.groq.com": "groq",
    "openrouter.ai": "openrouter",
    "api.deepseek.com": "deepseek",
}
OF_THE_CONNECTION = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding"}
CHANGES_A_REQUEST = 12
SUMMARY: list[str] = []

pytestmark = pytest.mark.skipif(not FOLDER, reason="REPRISE_TRAFFIC names no folder")

# Those whose APIs the proxy knows; others may lie beside them.
NAMES = ("anthropic.jsonl", "compatible.jsonl", "openai.jsonl")
FILES = [path for path in sorted(Path(FOLDER).glob("*.jsonl")) if path.name in NAMES] if FOLDER else []


def test_the_folder_holds_recordings():
    assert FILES, f"no *.jsonl in {FOLDER}"


def body_of(record: dict, text: str, encoded: str) -> bytes:
    if record.get(text) is not None:
        return record[text].encode()
    return base64.b64decode(record.get(encoded) or "")


def load(path: Path) -> list[Recording]:
    recordings = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        recordings.append(
            Recording(
                name=record["id"],
                method=record["method"],
                url=record["url"],
                request_headers={k.lower(): v for k, v in record["request_headers"].items()},
                request_body=body_of(record, "request_body", "request_body_b64"),
                status=record["status"],
                response_headers={k.lower(): v for k, v in record["response_headers"].items()},
                response_body=body_of(record, "response_body", "body_b64"),
            )
        )
    return recordings


@pytest.fixture(scope="module")
def recorded(logs):
    """An upstream that answers with the recordings."""
    server = Simulator(
        logs / "recorded.txt", *[part for path in FILES for part in ("--recordings", str(path))]
    )
    yield server
    server.kill()


@pytest.fixture
def serve(recorded, tmp_path):
    """Starts a proxy in front of the recordings; each one continues the same cache on disk."""
    servers = []

    def start() -> Server:
        server = Server(
            [
                *("serve", "--listen", "127.0.0.1:0", "--log-level", "warning"),
                *("--store", f"sqlite:{tmp_path}/cache.sqlite"),
                *("--default-upstream", f"{recorded.url}/v1"),
                *(part for name in UPSTREAMS.values()
                  for part in ("--upstream", f"{name}={recorded.url}")),
            ],
            tmp_path / "proxy.txt",
        )
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


def proxied(recording: Recording) -> str:
    """The target by which the recorded request reaches its upstream through the proxy."""
    if recording.host == "api.openai.com":
        return recording.target
    return f"/{UPSTREAMS[recording.host]}{recording.target}"


class PlainSender:
    """Sends a recording with its recorded headers and bytes."""

    label = "plain HTTP"

    def __init__(self, proxy: Server):
        self.client = httpx2.Client(base_url=proxy.url, timeout=60, trust_env=False)
        self.client.headers.clear()

    def takes(self, recording: Recording) -> bool:
        return True

    def send(self, recording: Recording, body: bytes | None = None, **headers: str):
        kept = {
            name: value
            for name, value in recording.request_headers.items()
            if name not in OF_THE_CONNECTION
        }
        return self.client.request(
            recording.method,
            proxied(recording),
            content=recording.request_body if body is None else body,
            headers=kept | headers,
        )


class OpenAISender:
    """Sends a recording by the official SDK, which writes the headers and the JSON itself."""

    label = "official SDK"

    def __init__(self, proxy: Server):
        self.client = openai.OpenAI(
            api_key="sk-recorded", base_url=f"{proxy.url}/proxy", max_retries=0, timeout=60
        )

    def takes(self, recording: Recording) -> bool:
        return recording.method == "POST" and recording.header("content-type").startswith(
            "application/json"
        )

    def send(self, recording: Recording):
        betas = recording.request_headers.get("openai-beta")
        try:
            return self.client.post(
                recording.target.removeprefix("/v1"),
                body=json.loads(recording.request_body),
                cast_to=httpx2.Response,
                options={"headers": {"OpenAI-Beta": betas}} if betas else {},
            )
        except openai.APIStatusError as error:
            return error.response


class Replay:
    """Sends recordings and checks each response against the rules and the recorded bytes."""

    def __init__(self, sender, upstream: Simulator, recordings: list[Recording]):
        self.sender = sender
        self.upstream = upstream
        self.answers = defaultdict(set)
        for recording in recordings:
            self.answers[self.request(recording)].add(
                (recording.status, recording.response_body)
            )
        self.recordings = [recording for recording in recordings if sender.takes(recording)]
        self.stored = {}

    @staticmethod
    def request(recording: Recording):
        """What the recorded upstream tells requests apart by."""
        return recording.method, recording.host, recording.target, recording.request_body

    def run(self) -> Counter:
        """Sends all recordings once; returns how many had each outcome."""
        outcomes = Counter()
        for recording in self.recordings:
            outcomes[self.check(recording)] += 1
        return outcomes

    def check(self, recording: Recording) -> tuple[str, str]:
        refusal = why_not_cached(recording)
        key = None if refusal else identity(recording)
        expected = self.stored.get(key)
        before = self.upstream.calls
        response = self.sender.send(recording)
        calls = self.upstream.calls - before
        status = CacheStatus(response.headers)
        answer = response.status_code, response.content
        context = f"{recording.name}: {status}"

        if expected:
            assert status.hit and calls == 0, context
            assert answer == expected, context
            return "hit", ""
        assert not status.hit and calls == 1, context
        assert answer in self.answers[self.request(recording)], context
        if refusal:
            assert status.forwarded in ("bypass", "method") and not status.stored, context
            return "bypassed", status.detail or status.forwarded
        assert status.forwarded == "uri-miss", context
        rejection = why_not_stored(self.answered(recording, *answer))
        if rejection:
            return "not stored", status.detail or rejection
        assert status.stored, context
        self.stored[key] = answer
        return "stored", ""

    @staticmethod
    def answered(recording: Recording, status: int, body: bytes) -> Recording:
        """The recording with the answer it got, which of several recorded ones that was."""
        return Recording(
            **vars(recording) | {"status": status, "response_body": body}
        )


def outcomes(counter: Counter) -> str:
    """The outcomes of one pass, with the reasons for what was not cached."""
    parts = []
    for outcome in ("stored", "hit", "not stored", "bypassed"):
        reasons = {why: n for (kind, why), n in counter.items() if kind == outcome}
        if total := sum(reasons.values()):
            named = ", ".join(f"{why} {n}" for why, n in sorted(reasons.items()) if why)
            parts.append(f"{total} {outcome}" + (f" ({named})" if named else ""))
    return "; ".join(parts)


CASES = [(path, PlainSender) for path in FILES] + [
    (path, OpenAISender) for path in FILES if path.name == "openai.jsonl"
]


@pytest.mark.parametrize(
    ("path", "sender"), CASES, ids=[f"{path.stem}, {sender.label}" for path, sender in CASES]
)
def test_each_request_twice_and_after_a_restart(path, sender, recorded, serve):
    proxy = serve()
    replay = Replay(sender(proxy), recorded, load(path))
    before = recorded.calls
    passes = [replay.run(), replay.run()]
    calls = recorded.calls - before
    assert proxy.stop() == 0
    replay.sender = sender(serve())
    passes.append(replay.run())
    first, *later = passes
    for counter in later:
        assert counter[("hit", "")] >= first[("hit", "")] + first[("stored", "")] > 0
    bodies = sum(counter.total() for counter in passes)
    SUMMARY.extend(
        [
            f"{path.name}, {sender.label}: {first.total()} requests",
            f"  sent once:       {outcomes(first)}",
            f"  sent again:      {outcomes(passes[1])}",
            f"  after a restart: {outcomes(passes[2])}",
            f"  {calls} upstream calls for both of the first; "
            f"{bodies} bodies, all equal byte for byte",
        ]
    )


def rewritten(value) -> bytes:
    """The same value in other words: names reversed, white space, every character escaped."""

    def reverse(value):
        if isinstance(value, dict):
            return {name: reverse(member) for name, member in reversed(value.items())}
        return [reverse(element) for element in value] if isinstance(value, list) else value

    return json.dumps(reverse(value), indent=1).replace("/", "\\/").encode()


def changed(value):
    """Values that differ from `value` in one place: a leaf, a missing or an added member."""
    if isinstance(value, dict):
        yield value | {"reprise-probe": None}
        for name, member in value.items():
            yield {other: kept for other, kept in value.items() if other != name}
            for change in changed(member):
                yield value | {name: change}
    elif isinstance(value, list):
        yield [*value, None]
        if len(value) > 1 and value[0] != value[-1]:
            yield list(reversed(value))
        for index, element in enumerate(value):
            for change in changed(element):
                yield [*value[:index], change, *value[index + 1 :]]
    elif isinstance(value, bool):
        yield not value
        yield None
    elif isinstance(value, str):
        yield value + " "
        yield None
    elif value is None:
        yield ""
        yield False
    else:
        yield value + 1
        yield str(value)


def spread(values: list, count: int) -> list:
    """At most `count` of the values, evenly spread."""
    step = max(1, len(values) // count)
    return values[::step][:count]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_equal_requests_hit_and_changed_ones_never(path, recorded, serve):
    replay = Replay(PlainSender(serve()), recorded, load(path))
    replay.run()
    equal = different = 0
    before = recorded.calls
    seen = set()
    for recording in replay.recordings:
        key = None if why_not_cached(recording) else identity(recording)
        if key not in replay.stored or key in seen:
            continue
        seen.add(key)
        value = json.loads(recording.request_body)

        def ask(body: bytes):
            return replay.sender.send(recording, body, **{"cache-control": "only-if-cached"})

        body = rewritten(value)
        if identity(recording, body) == key:
            response = ask(body)
            assert CacheStatus(response.headers).hit, recording.name
            assert (response.status_code, response.content) == replay.stored[key], recording.name
            equal += 1
        for change in spread(list(changed(value)), CHANGES_A_REQUEST):
            body = json.dumps(change).encode()
            if identity(recording, body) in replay.stored:
                continue
            assert ask(body).status_code == 504, f"{recording.name}: {body[:500]!r}"
            different += 1
    assert recorded.calls == before
    assert equal and different
    SUMMARY.append(
        f"{path.name}: all of {equal} requests in other words were hits, "
        f"none of {different} requests changed in one place was"
    )
