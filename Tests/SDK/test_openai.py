"""The official OpenAI SDK in front of the simulator: what is asked again comes from the cache."""

import json

import openai
import pytest

from reprise import assert_bypass, assert_hit, assert_stored_miss

MESSAGES = [{"role": "user", "content": "Say hello"}]

CALLS = {
    "chat": lambda c: c.chat.completions.with_raw_response.create(
        model="gpt-5-mini", messages=MESSAGES
    ),
    "completions": lambda c: c.completions.with_raw_response.create(
        model="gpt-3.5-turbo-instruct", prompt="Say hello"
    ),
    "responses": lambda c: c.responses.with_raw_response.create(
        model="gpt-5-mini", input="Say hello"
    ),
    "embeddings": lambda c: c.embeddings.with_raw_response.create(
        model="text-embedding-3-small", input="hello"
    ),
    "moderations": lambda c: c.moderations.with_raw_response.create(
        model="omni-moderation-latest", input="hello"
    ),
    "images": lambda c: c.images.with_raw_response.generate(
        model="gpt-image-1", prompt="A kettle", size="1024x1024"
    ),
    "speech": lambda c: c.audio.speech.with_raw_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="Hello"
    ),
}

STREAMS = {
    "chat": lambda c: c.chat.completions.with_streaming_response.create(
        model="gpt-5-mini",
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
    ),
    "completions": lambda c: c.completions.with_streaming_response.create(
        model="gpt-3.5-turbo-instruct", prompt="Say hello", stream=True
    ),
    "responses": lambda c: c.responses.with_streaming_response.create(
        model="gpt-5-mini", input="Say hello", stream=True
    ),
}

TERMINAL_MARKERS = {
    "chat": b"data: [DONE]",
    "completions": b"data: [DONE]",
    "responses": b"response.completed",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_second_identical_request_is_a_hit_with_the_same_bytes(
    call, proxy, client, simulator, base_path
):
    client = client.with_options(base_url=proxy.url + base_path)
    with simulator.expecting(calls=1):
        first = call(client).http_response
        second = call(client).http_response
    assert_stored_miss(first)
    assert_hit(second)
    assert second.status_code == first.status_code == 200
    assert second.content == first.content and first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers.get("x-request-id") == first.headers.get("x-request-id")


@pytest.mark.parametrize("name", STREAMS)
def test_a_replayed_stream_has_the_same_bytes(name, client, simulator):
    with simulator.expecting(calls=1):
        with STREAMS[name](client) as first:
            live = first.http_response.read()
        with STREAMS[name](client) as second:
            replayed = second.http_response.read()
    assert_stored_miss(first)
    assert_hit(second)
    assert first.headers["content-type"].startswith("text/event-stream")
    assert second.headers["content-type"] == first.headers["content-type"]
    assert TERMINAL_MARKERS[name] in live
    assert replayed == live


def test_the_parsed_objects_of_a_replay_are_equal(client, simulator):
    def ask():
        return client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES)

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert first.id and first.choices[0].message.content
    assert second == first


def test_the_parsed_events_of_a_replayed_chat_stream_are_equal(client, simulator):
    def ask():
        with client.chat.completions.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as stream:
            return list(stream)

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert len(first) > 1
    assert second == first


def test_the_parsed_events_of_a_replayed_responses_stream_are_equal(client, simulator):
    def ask():
        with client.responses.stream(model="gpt-5-mini", input="Say hello") as stream:
            events = list(stream)
            return events, stream.get_final_response()

    with simulator.expecting(calls=1):
        (first_events, first), (second_events, second) = ask(), ask()
    assert first.status == "completed" and first.output_text
    assert second == first
    assert second_events == first_events


def test_embeddings_come_as_numbers(client, simulator):
    def ask():
        return client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert all(isinstance(number, float) for number in first.data[0].embedding)
    assert second == first


def test_input_token_counts_are_cached(client, simulator):
    def ask():
        return client.responses.input_tokens.with_raw_response.count(
            model="gpt-5-mini", input="Say hello"
        ).http_response

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert_stored_miss(first)
    assert_hit(second)
    assert second.content == first.content


def test_both_routes_of_the_default_upstream_share_entries(proxy, client, simulator):
    with simulator.expecting(calls=1):
        for base_path in ("/proxy", "/v1"):
            answer = CALLS["chat"](client.with_options(base_url=proxy.url + base_path))
    assert_hit(answer.http_response)


def test_the_model_list_passes_through(client, simulator):
    with simulator.expecting(calls=2):
        first = client.models.with_raw_response.list()
        second = client.models.with_raw_response.list()
    assert first.parse().data
    assert_bypass(first.http_response)
    assert_bypass(second.http_response)


def test_an_upload_passes_through(client, simulator):
    def upload():
        return client.files.with_raw_response.create(
            file=("requests.jsonl", b'{"a":1}\n' * 20_000), purpose="batch"
        )

    with simulator.expecting(calls=2):
        first, second = upload(), upload()
    assert first.parse().id != second.parse().id
    assert_bypass(second.http_response)


def test_stored_chat_completions_are_not_cached(client, simulator):
    with simulator.expecting(calls=2):
        for _ in range(2):
            answer = client.chat.completions.with_raw_response.create(
                model="gpt-5-mini", messages=MESSAGES, store=True
            )
    assert_bypass(answer.http_response, "stored")


def test_hosted_tools_are_cached_only_when_a_ttl_opts_in(client, simulator):
    def ask(headers):
        return client.responses.with_raw_response.create(
            model="gpt-5-mini",
            input="What is new?",
            tools=[{"type": "web_search"}],
            extra_headers=headers,
        ).http_response

    with simulator.expecting(calls=2):
        assert_bypass(ask({}), "hosted-tool")
        assert_bypass(ask({}), "hosted-tool")
    with simulator.expecting(calls=1):
        assert_stored_miss(ask({"X-Proxy-TTL": "60"}))
        assert_hit(ask({"X-Proxy-TTL": "60"}))


def test_another_credential_misses(proxy, client, simulator, api_key):
    with simulator.expecting(calls=2):
        own = CALLS["chat"](client).http_response
        other = CALLS["chat"](client.with_options(api_key=api_key + "-other")).http_response
    assert_stored_miss(other)
    assert other.content != own.content


@pytest.mark.parametrize("scope", ["organization", "project"])
def test_another_organization_or_project_misses(client, simulator, scope):
    with simulator.expecting(calls=2):
        CALLS["chat"](client.with_options(**{scope: "one"}))
        other = CALLS["chat"](client.with_options(**{scope: "two"}))
    assert_stored_miss(other.http_response)


SAME_VALUE = [
    '{"model":"m","messages":[{"role":"user","content":"Hé/"}],"temperature":0.5,"n":1}',
    '{"n":1,"temperature":0.5,"messages":[{"content":"Hé/","role":"user"}],"model":"m"}',
    ' { "model" : "m",\n\t"messages":[ {"role":"user","content":"Hé/"} ],'
    ' "temperature":0.5, "n":1 }\n',
    r'{"model":"m","messages":[{"role":"user","content":"\u0048\u00e9\/"}],'
    r'"temperature":5e-1,"n":1.0}',
]


def test_order_white_space_and_escapes_make_no_difference(raw, simulator):
    with simulator.expecting(calls=1):
        answers = [
            raw.post(
                "chat/completions",
                content=body.encode(),
                headers={"content-type": "application/json; charset=utf-8"},
            )
            for body in SAME_VALUE
        ]
    assert_stored_miss(answers[0])
    for answer in answers[1:]:
        assert_hit(answer)
        assert answer.content == answers[0].content


OTHER_VALUES = [
    {"model": "m", "messages": MESSAGES},
    {"model": "m", "messages": MESSAGES, "user": None},
    {"model": "m", "messages": MESSAGES, "user": ""},
    {"model": "m", "messages": MESSAGES, "seed": 9007199254740992},
    {"model": "m", "messages": MESSAGES, "seed": 9007199254740993},
    {"model": "m", "messages": MESSAGES, "stop": ["a", "b"]},
    {"model": "m", "messages": MESSAGES, "stop": ["b", "a"]},
    {"model": "m", "messages": [{"role": "user", "content": "caf\u00e9"}]},
    {"model": "m", "messages": [{"role": "user", "content": "cafe\u0301"}]},
]


def test_another_value_is_another_answer(raw, simulator):
    with simulator.expecting(calls=len(OTHER_VALUES)):
        answers = [raw.post("chat/completions", json=body) for body in OTHER_VALUES]
    for answer in answers:
        assert_stored_miss(answer)
    assert len({answer.content for answer in answers}) == len(OTHER_VALUES)


def test_a_duplicate_name_is_forwarded_and_not_cached(raw, simulator):
    body = b'{"model":"a","model":"b","messages":[{"role":"user","content":"hi"}]}'
    with simulator.expecting(calls=2):
        for _ in range(2):
            answer = raw.post(
                "chat/completions", content=body, headers={"content-type": "application/json"}
            )
    assert_bypass(answer, "duplicate-name")


def test_requests_of_the_old_node_sdk_are_cached(proxy, raw, simulator):
    """openai-node 3 with `new Configuration({ basePath })`: axios' headers, no `/v1`."""

    def ask():
        return raw.post(
            f"{proxy.url}/proxy/chat/completions",
            content=json.dumps({"model": "gpt-3.5-turbo", "messages": MESSAGES}).encode(),
            headers={
                "accept": "application/json, text/plain, */*",
                "content-type": "application/json",
                "user-agent": "OpenAI/NodeJS/3.3.0",
                "accept-encoding": "gzip, compress, deflate, br",
            },
        )

    with simulator.expecting(calls=1):
        first, second = ask(), ask()
    assert_stored_miss(first)
    assert_hit(second)
    assert second.content == first.content


def test_an_unknown_route_names_those_that_exist(proxy, client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.with_options(base_url=f"{proxy.url}/elsewhere").models.list()
    assert caught.value.body["type"] == "reprise_error"
    assert "/v1" in caught.value.body["message"]
