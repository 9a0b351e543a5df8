"""The official clients of Upstash and Cloudflare against the stand-ins that the stores are tested with."""

import shutil
import socket
import subprocess
import time

import cloudflare
import httpx
import pytest
import upstash_redis
from reprise import REPOSITORY
from upstash_redis.errors import UpstashError

STAND_INS = REPOSITORY / "Tests" / "StandIns"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
NAMESPACE = "0f2ac74b498b48028cb68387c421e279"
TOKEN = "stand-in-token"
TEXT = '{"v":1}\n"\\ é 😀 \u2028 \ufeff \uffff \r\n</script>'


def needed(command):
    path = shutil.which(command)
    assert path, f"{command} is not on the PATH; install Debian's package {PACKAGES[command]}"
    return path


PACKAGES = {"node": "nodejs", "redis-server": "redis-server"}


class StandIn:
    """A running stand-in; its URL is in `url`."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [needed("node"), str(STAND_INS / arguments[0]), *arguments[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), "the stand-in did not start"

    def control(self, method, what, value=None):
        httpx.request(method, f"{self.url}/stand-in/{what}", json=value).raise_for_status()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [needed("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert any("Ready to accept connections" in line for line in server.stdout), "redis-server ended"
    yield f"redis://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def upstash(redis_url):
    stand_in = StandIn("upstash.mjs", redis_url, TOKEN)
    yield stand_in
    stand_in.close()


@pytest.fixture(params=["base64", None])
def redis(upstash, request):
    client = upstash_redis.Redis(
        url=upstash.url, token=TOKEN, rest_encoding=request.param, rest_retries=0, allow_telemetry=False
    )
    client.flushdb()
    yield client
    client.close()


def test_upstash_strings(redis):
    assert redis.ping() == "PONG"
    assert redis.set("a", TEXT, px=60_000)
    assert redis.get("a") == TEXT
    assert 0 < redis.pttl("a") <= 60_000
    assert redis.get("missing") is None
    assert not redis.set("a", "other", nx=True)
    assert redis.exists("a", "missing") == 1
    assert redis.delete("a", "missing") == 1


def test_upstash_sorted_sets_and_scripts(redis):
    assert redis.zadd("index", {"x": 1, "y": 2.5}) == 2
    assert redis.zrange("index", 0, -1, withscores=True) == [("x", 1.0), ("y", 2.5)]
    assert redis.eval("return {KEYS[1], ARGV[1], 7}", keys=["k"], args=["é"]) == ["k", "é", 7]
    assert redis.zremrangebyscore("index", "-inf", "(2") == 1


def test_upstash_pipeline_keeps_the_order_and_is_not_a_transaction(redis):
    pipeline = redis.pipeline()
    pipeline.set("a", "1").incr("a").get("a")
    assert pipeline.exec() == [True, 2, "2"]
    with httpx.Client(headers={"authorization": f"Bearer {TOKEN}"}) as raw:
        answer = raw.post(f"{redis._url}/pipeline", json=[["SET", "b", "x"], ["INCR", "b"], ["GET", "b"]])
    assert answer.status_code == 200
    first, second, third = answer.json()
    assert (first, third) == ({"result": "OK"}, {"result": "x"})
    assert second["error"].startswith("ERR value is not an integer")


def test_upstash_transaction(redis):
    transaction = redis.multi()
    transaction.set("a", "1").incr("a").get("a")
    assert transaction.exec() == [True, 2, "2"]
    with httpx.Client(headers={"authorization": f"Bearer {TOKEN}"}) as raw:
        answer = raw.post(f"{redis._url}/multi-exec", json=[["SET", "a", "x"], ["NOSUCH"]])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("EXECABORT")


def test_upstash_errors(upstash, redis):
    redis.set("a", "text")
    with pytest.raises(UpstashError, match="WRONGTYPE"):
        redis.hget("a", "field")
    with upstash_redis.Redis(url=upstash.url, token="wrong", rest_retries=0) as stranger:
        with pytest.raises(UpstashError, match="WRONGPASS"):
            stranger.get("a")


def test_upstash_plain_requests(upstash, redis):
    with httpx.Client(base_url=upstash.url, headers={"authorization": f"Bearer {TOKEN}"}) as raw:
        assert raw.get("/set/foo/bar/EX/100").json() == {"result": "OK"}
        assert raw.post("/set/foo?EX=100", content="b/ö").json() == {"result": "OK"}
        assert raw.get("/get/foo").json() == {"result": "b/ö"}
        assert raw.get("/ttl/foo").json()["result"] in range(1, 101)
        assert raw.post("/", content="rubbish").status_code == 400
        assert raw.get("/nosuch/foo").status_code == 400
        assert raw.delete("/get/foo").status_code == 405
        assert raw.post("/set/foo", content="x" * 10_000_001).status_code == 400
    assert httpx.get(f"{upstash.url}/get/foo").status_code == 401
    assert httpx.get(f"{upstash.url}/get/foo?_token={TOKEN}").json() == {"result": "b/ö"}


@pytest.fixture
def kv():
    stand_in = StandIn("workers-kv.mjs", ACCOUNT, NAMESPACE, TOKEN)
    yield stand_in
    stand_in.close()


@pytest.fixture
def namespace(kv):
    with cloudflare.Cloudflare(api_token=TOKEN, base_url=f"{kv.url}/client/v4", max_retries=0) as client:
        yield client.kv.namespaces


PLACE = {"account_id": ACCOUNT, "namespace_id": NAMESPACE}


def test_kv_values_and_metadata(namespace):
    namespace.values.update("reprise:a/é", value=TEXT.encode(), metadata={"labels": ["x"]}, expiration_ttl=60, **PLACE)
    answer = namespace.values.with_raw_response.get("reprise:a/é", **PLACE)
    assert answer.read().decode() == TEXT
    assert abs(int(answer.headers["expiration"]) - time.time() - 60) < 60
    assert namespace.metadata.get("reprise:a/é", **PLACE) == {"labels": ["x"]}
    namespace.values.delete("reprise:a/é", **PLACE)
    with pytest.raises(cloudflare.NotFoundError) as missing:
        namespace.values.get("reprise:a/é", **PLACE)
    assert missing.value.errors[0].code == 10009


def test_kv_bulk(namespace):
    body = [
        {"key": f"reprise:{number}", "value": TEXT, "metadata": {"n": number}, "expiration_ttl": 60}
        for number in range(3)
    ]
    body.append({"key": "binary", "value": "AP8=", "base64": True})
    written = namespace.bulk_update(body=body, **PLACE)
    assert (written.successful_key_count, written.unsuccessful_keys) == (4, [])
    assert namespace.values.get("binary", **PLACE).read() == b"\x00\xff"
    found = namespace.bulk_get(keys=["reprise:1", "none"], with_metadata=True, **PLACE)
    assert found.values["reprise:1"].value == TEXT
    assert found.values["none"] is None
    deleted = namespace.bulk_delete(body=["reprise:0", "none"], **PLACE)
    assert deleted.successful_key_count == 2
    assert [key.name for key in namespace.keys.list(prefix="reprise:", **PLACE)] == ["reprise:1", "reprise:2"]


def test_kv_lists_in_pages(namespace):
    names = [f"k{number:03}" for number in range(25)]
    namespace.bulk_update(
        body=[{"key": name, "value": "x", "metadata": {"of": name}} for name in names], **PLACE
    )
    page = namespace.keys.list(limit=10, prefix="k", **PLACE)
    assert len(page.result) == 10
    keys = list(page)
    assert [key.name for key in keys] == names
    assert [key.metadata for key in keys] == [{"of": name} for name in names]


def test_kv_expires(kv, namespace):
    kv.control("PUT", "time", {"now": 1_700_000_000_000})
    namespace.values.update("a", value=b"x", expiration_ttl=60, **PLACE)
    assert [key.expiration for key in namespace.keys.list(**PLACE)] == [1_700_000_060]
    kv.control("PUT", "time", {"now": 1_700_000_060_000})
    with pytest.raises(cloudflare.NotFoundError):
        namespace.values.get("a", **PLACE)
    assert list(namespace.keys.list(**PLACE)) == []


def test_kv_limits(namespace):
    with pytest.raises(cloudflare.BadRequestError):
        namespace.values.update("a", value=b"x", expiration_ttl=59, **PLACE)
    with pytest.raises(cloudflare.APIStatusError):
        namespace.values.update("a", value=b"x", metadata={"m": "x" * 1024}, **PLACE)
    with pytest.raises(cloudflare.APIStatusError):
        namespace.values.update("a" * 513, value=b"x", **PLACE)
    with pytest.raises(cloudflare.APIStatusError):
        namespace.values.update("a", value=b"x" * (25 * 1024 * 1024 + 1), **PLACE)
    with pytest.raises(cloudflare.BadRequestError):
        namespace.bulk_delete(body=["a"] * 10_001, **PLACE)


def test_kv_errors(kv, namespace):
    with cloudflare.Cloudflare(api_token="wrong", base_url=f"{kv.url}/client/v4", max_retries=0) as stranger:
        with pytest.raises(cloudflare.AuthenticationError):
            stranger.kv.namespaces.values.get("a", **PLACE)
    with pytest.raises(cloudflare.NotFoundError) as missing:
        namespace.values.get("a", account_id=ACCOUNT, namespace_id="f" * 32)
    assert missing.value.errors[0].code == 10013
    kv.control("PUT", "fault", {"status": 429, "headers": {"retry-after": "7"}, "body": "{}"})
    with pytest.raises(cloudflare.RateLimitError) as limited:
        namespace.values.get("a", **PLACE)
    assert limited.value.response.headers["retry-after"] == "7"


def test_kv_client_retries_as_it_is_told(kv):
    kv.control("PUT", "fault", {"status": 429, "headers": {"retry-after": "1"}, "body": "{}", "times": 1})
    with cloudflare.Cloudflare(api_token=TOKEN, base_url=f"{kv.url}/client/v4", max_retries=1) as client:
        client.kv.namespaces.values.update("a", value=b"x", **PLACE)
        assert client.kv.namespaces.values.get("a", **PLACE).read() == b"x"
