"""What clients ask of the cache, by `extra_headers` of the official SDK."""

import openai
import pytest

from reprise import CacheStatus, assert_bypass, assert_hit, assert_stored_miss

MESSAGES = [{"role": "user", "content": "Say hello"}]


def ask(client, **headers):
    """Asks the same question; `X_Proxy_TTL="60"` becomes the header `X-Proxy-TTL: 60`."""
    return client.chat.completions.with_raw_response.create(
        model="gpt-5-mini",
        messages=MESSAGES,
        extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
    ).http_response


def test_ttl_bounds_the_freshness(client, simulator):
    with simulator.expecting(calls=1):
        assert_stored_miss(ask(client, X_Proxy_TTL="3600"))
        hit = ask(client)
    assert_hit(hit)
    assert 3590 <= int(CacheStatus(hit.headers).parameters["ttl"]) <= 3600


def test_ttl_zero_neither_looks_up_nor_stores(client, simulator):
    with simulator.expecting(calls=3):
        ask(client)
        assert_bypass(ask(client, X_Proxy_TTL="0"), "ttl-zero")
        ask(client, X_Proxy_TTL="0")
        assert_hit(ask(client))


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", ""])
def test_a_ttl_that_is_no_number_is_a_400(client, simulator, value):
    with simulator.expecting(calls=0), pytest.raises(openai.BadRequestError) as caught:
        ask(client, X_Proxy_TTL=value)
    assert caught.value.body["type"] == "reprise_error"
    assert caught.value.body["message"].startswith("X-Proxy-TTL")
    assert caught.value.code == "invalid_ttl"


def test_refresh_replaces_the_entry(client, simulator):
    with simulator.expecting(calls=2):
        old = ask(client)
        new = ask(client, X_Proxy_Refresh="true")
        hit = ask(client)
    assert CacheStatus(new.headers).text == "reprise; fwd=request; stored; detail=refresh"
    assert new.content != old.content
    assert_hit(hit)
    assert hit.content == new.content


def test_namespaces_are_apart(client, simulator):
    with simulator.expecting(calls=3):
        answers = {
            name: ask(client, **({"X_Proxy_Namespace": name} if name else {}))
            for name in (None, "one", "two")
        }
        again = ask(client, X_Proxy_Namespace="one")
    assert_hit(again)
    assert again.content == answers["one"].content
    assert len({answer.content for answer in answers.values()}) == 3


def test_tags_are_not_in_the_key(client, simulator):
    with simulator.expecting(calls=1):
        assert_stored_miss(ask(client, X_Proxy_Tags="blue, green"))
        assert_hit(ask(client))


def test_no_store_does_not_store(client, simulator):
    with simulator.expecting(calls=2):
        status = CacheStatus(ask(client, Cache_Control="no-store").headers)
        assert status.forwarded == "uri-miss" and not status.stored
        assert_stored_miss(ask(client))


def test_no_cache_asks_again(client, simulator):
    with simulator.expecting(calls=2):
        old = ask(client)
        new = ask(client, Cache_Control="no-cache")
        hit = ask(client)
    assert CacheStatus(new.headers).forwarded == "request"
    assert hit.content == new.content != old.content


def test_max_age_zero_asks_again(client, simulator):
    with simulator.expecting(calls=2):
        ask(client)
        assert CacheStatus(ask(client, Cache_Control="max-age=0").headers).forwarded == "request"


def test_max_age_accepts_what_is_young_enough(client, simulator):
    with simulator.expecting(calls=1):
        ask(client)
        assert_hit(ask(client, Cache_Control="max-age=3600"))


def test_min_fresh_refuses_what_expires_too_soon(client, simulator):
    with simulator.expecting(calls=2):
        ask(client, X_Proxy_TTL="60")
        status = CacheStatus(ask(client, Cache_Control="min-fresh=120").headers)
    assert status.forwarded == "request" and status.stored


def test_only_if_cached_is_a_504_that_the_sdk_does_not_retry(proxy, simulator, api_key):
    attempts = []
    http_client = openai.DefaultHttpxClient(event_hooks={"request": [attempts.append]})
    with openai.OpenAI(
        api_key=api_key, base_url=f"{proxy.url}/v1", max_retries=2, http_client=http_client
    ) as client:
        with simulator.expecting(calls=0), pytest.raises(openai.APIStatusError) as caught:
            ask(client, Cache_Control="only-if-cached")
        assert caught.value.status_code == 504
        assert caught.value.response.headers["x-should-retry"] == "false"
        assert caught.value.body["type"] == "reprise_error"
        assert len(attempts) == 1

        with simulator.expecting(calls=1):
            ask(client)
            assert_hit(ask(client, Cache_Control="only-if-cached"))


def test_directives_are_not_forwarded(upstream, scripted_client):
    from scripted_upstream import Answer, chat_completion

    upstream.prepare(Answer.json(chat_completion("one")))
    ask(
        scripted_client,
        X_Proxy_TTL="60",
        X_Proxy_Namespace="n",
        X_Proxy_Tags="t",
        Cache_Control="max-age=5",
    )
    (asked,) = upstream.asked
    assert not [name for name in asked.headers if name.startswith("x-proxy-")]
    assert "cache-control" not in asked.headers
    assert asked.headers["authorization"].startswith("Bearer sk-test-")
    assert asked.headers["accept-encoding"] == "identity"
