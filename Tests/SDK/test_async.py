"""The asynchronous OpenAI SDK: many at once are one upstream call."""

import asyncio
import threading

import httpx2
import openai
import pytest

from reprise import CacheStatus
from scripted_upstream import DONE, Answer, chat_chunk, chat_completion

pytestmark = pytest.mark.anyio

MESSAGES = [{"role": "user", "content": "Say hello"}]
TOGETHER = 50


@pytest.fixture
async def client(proxy, api_key):
    async with openai.AsyncOpenAI(
        api_key=api_key, base_url=f"{proxy.url}/v1", max_retries=0, timeout=60
    ) as client:
        yield client


@pytest.fixture
async def scripted_client(scripted_proxy, api_key):
    async with openai.AsyncOpenAI(
        api_key=api_key, base_url=f"{scripted_proxy.url}/v1", max_retries=0, timeout=60
    ) as client:
        yield client


def chat(client, **more):
    return client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES, **more)


async def test_many_at_once_are_one_upstream_call(client, simulator):
    with simulator.expecting(calls=1):
        answers = await asyncio.gather(*(chat(client) for _ in range(TOGETHER)))
    assert answers[0].id
    assert all(answer == answers[0] for answer in answers)


async def test_many_streams_at_once_are_one_upstream_call(client, simulator):
    async def read():
        async with client.chat.completions.with_streaming_response.create(
            model="gpt-5-mini", messages=MESSAGES, stream=True
        ) as response:
            return await response.http_response.aread()

    with simulator.expecting(calls=1):
        bodies = await asyncio.gather(*(read() for _ in range(TOGETHER)))
    assert DONE in bodies[0]
    assert set(bodies) == {bodies[0]}


async def test_all_see_a_live_stream_from_its_start_before_it_ends(upstream, scripted_client):
    gate = threading.Event()
    upstream.prepare(Answer.stream(chat_chunk("Hello"), gate, chat_chunk("!", "stop"), DONE))

    async def open_and_read_one():
        stream = await chat(scripted_client, stream=True)
        return stream, await anext(stream)

    try:
        opened = await asyncio.gather(*(open_and_read_one() for _ in range(TOGETHER)))
        assert {first.choices[0].delta.content for _, first in opened} == {"Hello"}
    finally:
        gate.set()
    for stream, _ in opened:
        assert [chunk.choices[0].delta.content async for chunk in stream] == ["!"]
    assert len(upstream.asked) == 1


async def test_the_first_client_leaving_hurts_nobody(upstream, scripted_client):
    gate = threading.Event()
    upstream.prepare(Answer.stream(chat_chunk("Hello"), gate, chat_chunk("!", "stop"), DONE))
    try:
        first = await chat(scripted_client, stream=True)
        await anext(first)
        second = await chat(scripted_client, stream=True)
        await anext(second)
        await first.close()
    finally:
        gate.set()
    assert [chunk.choices[0].delta.content async for chunk in second] == ["!"]
    await (await chat(scripted_client, stream=True)).close()
    assert len(upstream.asked) == 1


async def test_a_stream_that_everyone_left_is_finished_and_stored(upstream, scripted_client):
    gate = threading.Event()
    upstream.prepare(Answer.stream(chat_chunk("Hello"), gate, chat_chunk("!", "stop"), DONE))
    try:
        stream = await chat(scripted_client, stream=True)
        await anext(stream)
        await stream.close()
    finally:
        gate.set()
    again = await chat(scripted_client, stream=True)
    assert [chunk.choices[0].delta.content async for chunk in again] == ["Hello", "!"]
    assert len(upstream.asked) == 1


async def test_a_cut_is_seen_by_all_and_stored_for_none(upstream, scripted_client):
    gate = threading.Event()
    upstream.prepare(
        Answer.stream(chat_chunk("Hello"), gate, cut=True), Answer.json(chat_completion("later"))
    )
    try:
        streams = await asyncio.gather(
            *(chat(scripted_client, stream=True) for _ in range(TOGETHER))
        )
        for stream in streams:
            await anext(stream)
    finally:
        gate.set()
    for stream in streams:
        with pytest.raises((openai.APIError, httpx2.TransportError)):
            await anext(stream)
    assert len(upstream.asked) == 1
    again = await scripted_client.chat.completions.with_raw_response.create(
        model="gpt-5-mini", messages=MESSAGES, stream=True
    )
    assert CacheStatus(again.headers).forwarded == "uri-miss"
    assert len(upstream.asked) == 2
