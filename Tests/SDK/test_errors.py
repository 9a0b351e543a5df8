"""What goes wrong upstream reaches the SDK as it came, and is never stored."""

import threading

import httpx2
import openai
import pytest

from reprise import CacheStatus, assert_hit, assert_stored_miss
from scripted_upstream import DONE, Answer, chat_chunk, chat_completion

MESSAGES = [{"role": "user", "content": "Say hello"}]


def ask(client, **more):
    return client.chat.completions.with_raw_response.create(
        model="gpt-5-mini", messages=MESSAGES, **more
    ).http_response


def failure(status, **headers):
    error = {"message": "Made by the test.", "type": "test_error", "param": None, "code": "made"}
    return Answer.json({"error": error}, status=status, headers=headers)


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_an_error_comes_through_and_is_not_stored(upstream, scripted_client, status, exception):
    upstream.prepare(failure(status), failure(status), Answer.json(chat_completion("fine")))
    for _ in range(2):
        with pytest.raises(exception) as caught:
            ask(scripted_client)
        assert caught.value.status_code == status
        assert caught.value.code == "made"
        assert caught.value.body["message"] == "Made by the test."
        cache_status = CacheStatus(caught.value.response.headers)
        assert cache_status.forwarded == "uri-miss" and not cache_status.stored
    assert_stored_miss(ask(scripted_client))
    assert_hit(ask(scripted_client))
    assert len(upstream.asked) == 3


def test_retry_headers_reach_the_sdk_which_retries(upstream, scripted_client):
    rate_limited = failure(429, **{"retry-after-ms": "1", "retry-after": "60"})
    upstream.prepare(rate_limited, Answer.json(chat_completion("fine")))
    client = scripted_client.with_options(max_retries=2)
    assert_stored_miss(ask(client))
    assert_hit(ask(client))
    assert len(upstream.asked) == 2


def test_an_upstream_that_forbids_retries_is_heeded(upstream, scripted_client):
    upstream.prepare(failure(429, **{"x-should-retry": "false"}))
    with pytest.raises(openai.RateLimitError):
        ask(scripted_client.with_options(max_retries=2))
    assert len(upstream.asked) == 1


def test_a_200_that_carries_an_error_is_not_stored(upstream, scripted_client):
    error = Answer.json({"error": {"message": "no provider"}, "choices": []})
    upstream.prepare(error, Answer.json(chat_completion("fine")))
    status = CacheStatus(ask(scripted_client).headers)
    assert status.forwarded == "uri-miss" and not status.stored
    assert status.detail == "error-body"
    assert_stored_miss(ask(scripted_client))


def test_a_length_stop_is_stored_only_when_the_client_set_the_limit(upstream, scripted_client):
    upstream.prepare(*[Answer.json(chat_completion(str(n), "length")) for n in range(3)])
    assert CacheStatus(ask(scripted_client).headers).detail == "finish-reason"
    assert CacheStatus(ask(scripted_client).headers).detail == "finish-reason"
    assert_stored_miss(ask(scripted_client, max_completion_tokens=3))
    assert_hit(ask(scripted_client, max_completion_tokens=3))


def test_a_failed_refresh_leaves_the_old_entry(upstream, scripted_client):
    upstream.prepare(Answer.json(chat_completion("old")), failure(500))
    old = ask(scripted_client)
    with pytest.raises(openai.InternalServerError):
        ask(scripted_client, extra_headers={"X-Proxy-Refresh": "true"})
    hit = ask(scripted_client)
    assert_hit(hit)
    assert hit.content == old.content


@pytest.mark.parametrize("pieces", [[], [chat_chunk("Hel")], [chat_chunk("Hi", "stop")]])
def test_a_cut_stream_is_an_error_and_is_not_stored(upstream, scripted_client, pieces):
    whole = Answer.stream(chat_chunk("Hello", "stop"), DONE)
    upstream.prepare(Answer.stream(*pieces, cut=True), whole)
    with pytest.raises((openai.APIError, httpx2.TransportError)):
        with scripted_client.chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as stream:
            list(stream)
    again = ask(scripted_client, stream=True)
    assert CacheStatus(again.headers).forwarded == "uri-miss"
    assert len(upstream.asked) == 2


def test_a_stream_without_its_marker_passes_through_and_is_not_stored(upstream, scripted_client):
    upstream.prepare(Answer.stream(chat_chunk("Hello")), Answer.stream(chat_chunk("Hello")))
    for _ in range(2):
        with scripted_client.chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as stream:
            assert len(list(stream)) == 1
    assert len(upstream.asked) == 2


def test_a_cut_json_answer_is_an_error_and_is_not_stored(upstream, scripted_client):
    cut = Answer.json(chat_completion("one"))
    cut.pieces = [cut.pieces[0][:40]]
    cut.chunked = cut.cut = True
    upstream.prepare(cut, Answer.json(chat_completion("two")))
    with pytest.raises(openai.APIError):
        ask(scripted_client)
    assert_stored_miss(ask(scripted_client))


def test_a_chunk_is_passed_on_before_the_next_one_exists(upstream, scripted_client):
    gate = threading.Event()
    upstream.prepare(Answer.stream(chat_chunk("Hello"), gate, chat_chunk("!", "stop"), DONE))
    try:
        with scripted_client.chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as stream:
            assert next(stream).choices[0].delta.content == "Hello"
            gate.set()
            assert [chunk.choices[0].delta.content for chunk in stream] == ["!"]
    finally:
        gate.set()


def test_an_unreachable_upstream_is_a_502_in_the_openai_shape(upstream, scripted_client):
    upstream.close()
    with pytest.raises(openai.InternalServerError) as caught:
        ask(scripted_client)
    assert caught.value.status_code == 502
    assert caught.value.body["type"] == "reprise_error"
    assert caught.value.code == "upstream_unreachable"


def test_a_cookie_sent_back_does_not_end_caching(upstream, scripted_client):
    cookie = "__cf_bm=abc; path=/; HttpOnly"
    models = {"object": "list", "data": []}
    upstream.prepare(
        Answer.json(models, headers={"set-cookie": cookie}),
        Answer.json(chat_completion("one"), headers={"set-cookie": cookie}),
    )
    scripted_client.models.list()
    first = ask(scripted_client)
    second = ask(scripted_client)
    assert "__cf_bm=abc" in first.request.headers["cookie"]
    assert "__cf_bm=abc" in second.request.headers["cookie"]
    assert_stored_miss(first)
    assert "set-cookie" not in first.headers
    assert_hit(second)
    assert "cookie" not in upstream.asked[1].headers


def test_an_upload_arrives_byte_for_byte(upstream, scripted_client):
    content = bytes(range(256)) * 4_000
    answer = {"id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "a",
              "purpose": "batch", "status": "processed"}
    upstream.prepare(Answer.json(answer, headers={"set-cookie": "a=b"}))
    response = scripted_client.files.with_raw_response.create(
        file=("a.bin", content), purpose="batch"
    )
    (asked,) = upstream.asked
    assert asked.target == "/v1/files"
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert content in asked.body
    assert response.headers["set-cookie"] == "a=b"


def test_a_hit_replays_only_the_headers_that_are_still_true(upstream, scripted_client):
    passing = {
        "x-ratelimit-remaining-requests": "99",
        "openai-processing-ms": "12",
        "cf-ray": "1-ABC",
        "strict-transport-security": "max-age=1",
        "alt-svc": "h3",
    }
    kept = {"x-request-id": "req_1", "openai-version": "2020-10-01", "openai-organization": "o"}
    upstream.prepare(Answer.json(chat_completion("one"), headers=passing | kept))
    first, hit = ask(scripted_client), ask(scripted_client)
    for name, value in (passing | kept).items():
        assert first.headers[name] == value
    for name, value in kept.items():
        assert hit.headers[name] == value
    assert not set(passing) & set(hit.headers.keys())
