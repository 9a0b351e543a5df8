"""The official Anthropic SDK through a named upstream."""

import pytest

from reprise import assert_bypass, assert_hit, assert_stored_miss

QUESTION = {
    "model": "claude-simulated",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Say hello"}],
}


def test_messages_are_cached(claude, simulator):
    with simulator.expecting(calls=1):
        first = claude.messages.with_raw_response.create(**QUESTION)
        second = claude.messages.with_raw_response.create(**QUESTION)
    assert_stored_miss(first.http_response)
    assert_hit(second.http_response)
    assert second.http_response.content == first.http_response.content
    assert first.parse().content[0].text
    assert second.parse() == first.parse()


def test_a_replayed_stream_has_the_same_bytes(claude, simulator):
    def ask():
        return claude.messages.with_streaming_response.create(**QUESTION, stream=True)

    with simulator.expecting(calls=1):
        with ask() as first:
            live = first.http_response.read()
        with ask() as second:
            replayed = second.http_response.read()
    assert_stored_miss(first)
    assert_hit(second)
    assert b"message_stop" in live
    assert replayed == live


def test_the_stream_helper_reads_a_replay(claude, simulator):
    def ask():
        with claude.messages.stream(**QUESTION) as stream:
            return stream.get_final_message()

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert first.stop_reason == "end_turn"
    assert second == first


def test_token_counts_are_cached(claude, simulator):
    def ask():
        return claude.messages.with_raw_response.count_tokens(
            model=QUESTION["model"], messages=QUESTION["messages"]
        )

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert first.parse().input_tokens > 0
    assert_hit(second.http_response)


@pytest.mark.parametrize("header", ["anthropic-version", "anthropic-beta", "x-api-key"])
def test_another_version_beta_or_key_misses(claude, simulator, header):
    with simulator.expecting(calls=2):
        for value in ("2023-06-01", "2023-01-01"):
            answer = claude.messages.with_raw_response.create(
                **QUESTION, extra_headers={header: value}
            )
    assert_stored_miss(answer.http_response)


def test_server_tools_are_not_cached(claude, simulator):
    with simulator.expecting(calls=2):
        for _ in range(2):
            answer = claude.messages.with_raw_response.create(
                **QUESTION, tools=[{"type": "web_search_20250305", "name": "web_search"}]
            )
    assert_bypass(answer.http_response, "hosted-tool")
