"""A proxy's own life: health, restarts with a SQLite store, and draining."""

import subprocess
import threading

import httpx2
import openai
import pytest

from reprise import Server, assert_hit, assert_stored_miss, binary, environment
from scripted_upstream import DONE, Answer, chat_chunk

MESSAGES = [{"role": "user", "content": "Say hello"}]


def test_health_and_readiness(proxy):
    with httpx2.Client(base_url=proxy.url, trust_env=False) as http:
        assert http.get("/").json() == {"ok": True}
        assert http.get("/health").json() == {"ok": True}
        assert http.get("/ready").status_code == 200


def test_the_first_line_names_address_upstream_and_store(proxy, simulator):
    assert proxy.announcement == (
        f"Reprise listens on {proxy.url}, upstream {simulator.url}/v1, store memory:"
    )


def test_entries_survive_a_restart(simulator, tmp_path, api_key):
    def serve():
        return Server(
            [
                *("serve", "--listen", "127.0.0.1:0"),
                *("--default-upstream", f"{simulator.url}/v1"),
                *("--store", f"sqlite:{tmp_path}/cache.sqlite"),
            ],
            tmp_path / "proxy.txt",
        )

    def ask(server):
        with openai.OpenAI(
            api_key=api_key, base_url=f"{server.url}/v1", max_retries=0
        ) as client:
            chat = client.chat.completions.with_raw_response
            json = chat.create(model="gpt-5-mini", messages=MESSAGES)
            stream = chat.create(model="gpt-5-mini", messages=MESSAGES, stream=True)
            return json.http_response, stream.http_response, stream.http_response.read()

    with simulator.expecting(calls=2):
        server = serve()
        try:
            json, stream, events = ask(server)
            assert server.stop() == 0
        finally:
            server.kill()
        assert_stored_miss(json)
        assert_stored_miss(stream)

        server = serve()
        try:
            json_again, stream_again, events_again = ask(server)
        finally:
            server.kill()
    assert_hit(json_again)
    assert_hit(stream_again)
    assert json_again.content == json.content
    assert events_again == events
    assert (tmp_path / "cache.sqlite").stat().st_mode & 0o077 == 0


def test_a_stream_in_flight_is_finished_on_sigterm(upstream, scripted_proxy, scripted_client):
    gate = threading.Event()
    upstream.prepare(Answer.stream(chat_chunk("Hello"), gate, chat_chunk("!", "stop"), DONE))
    try:
        with scripted_client.chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as stream:
            assert next(stream).choices[0].delta.content == "Hello"
            scripted_proxy.terminate()
            gate.set()
            assert [chunk.choices[0].delta.content for chunk in stream] == ["!"]
    finally:
        gate.set()
    assert scripted_proxy.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--memory", "12 elephants"], "12 elephants"),
        (["--listen", "nowhere"], "nowhere"),
        (["--upstream", "anthropic"], "anthropic"),
        (["--upstream", "v1=https://example.com"], "v1"),
        (["--store", "floppy:a"], "floppy"),
        (["--ttl=-1"], "--ttl"),
    ],
)
def test_a_bad_value_is_one_line_and_exit_64(arguments, named):
    ended = subprocess.run(
        [str(binary()), "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert ended.returncode == 64
    assert named in ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1


def test_logs_hold_no_credential_and_no_body(simulator, tmp_path):
    secret, question = "sk-do-not-log-this", "a question not to be logged"
    log = tmp_path / "proxy.txt"
    server = Server(
        [
            *("serve", "--listen", "127.0.0.1:0", "--store", "memory:", "--log-level", "trace"),
            *("--default-upstream", f"{simulator.url}/v1"),
        ],
        log,
    )
    try:
        with openai.OpenAI(api_key=secret, base_url=f"{server.url}/v1") as client:
            client.chat.completions.create(
                model="gpt-5-mini", messages=[{"role": "user", "content": question}]
            )
        assert server.stop() == 0
    finally:
        server.kill()
    text = log.read_text()
    assert "chat/completions" in text
    assert secret not in text
    assert question not in text
