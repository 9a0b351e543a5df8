"""The servers and clients that the tests share."""

import uuid

import anthropic
import httpx2
import openai
import pytest

from reprise import Server, Simulator
from scripted_upstream import ScriptedUpstream


def pytest_terminal_summary(terminalreporter):
    """Prints what test_traffic.py counted."""
    import test_traffic

    if test_traffic.SUMMARY:
        terminalreporter.section("recorded traffic")
        for line in test_traffic.SUMMARY:
            terminalreporter.write_line(line)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    """The folder that holds what the servers wrote to standard error."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def simulator(logs):
    """The simulated upstream, shared by all tests."""
    server = Simulator(logs / "simulator.txt")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def proxy(simulator, logs):
    """A proxy with a memory store in front of the simulator, shared by all tests."""
    server = Server(
        [
            *("serve", "--listen", "127.0.0.1:0", "--store", "memory:"),
            *("--default-upstream", f"{simulator.url}/v1"),
            *("--upstream", f"anthropic={simulator.url}"),
        ],
        logs / "proxy.txt",
    )
    yield server
    server.kill()


@pytest.fixture
def upstream():
    """An upstream whose answers the test prepares."""
    server = ScriptedUpstream()
    yield server
    server.close()


@pytest.fixture
def scripted_proxy(upstream, tmp_path):
    """A proxy of the test's own, in front of `upstream`."""
    server = Server(
        [
            *("serve", "--listen", "127.0.0.1:0", "--store", "memory:"),
            *("--default-upstream", f"{upstream.url}/v1"),
        ],
        tmp_path / "proxy.txt",
    )
    yield server
    server.kill()


@pytest.fixture
def api_key():
    """A credential of the test's own, so that no test sees what another one stored."""
    return f"sk-test-{uuid.uuid4().hex}"


@pytest.fixture(params=["/proxy", "/v1"])
def base_path(request):
    """The two ways to reach the default upstream."""
    return request.param


@pytest.fixture
def client(proxy, api_key):
    """The OpenAI SDK in front of the simulator, without retries, so that calls can be counted."""
    with openai.OpenAI(
        api_key=api_key, base_url=f"{proxy.url}/v1", max_retries=0, timeout=60
    ) as client:
        yield client


@pytest.fixture
def scripted_client(scripted_proxy, api_key):
    """The OpenAI SDK in front of the scripted upstream, without retries."""
    with openai.OpenAI(
        api_key=api_key, base_url=f"{scripted_proxy.url}/v1", max_retries=0, timeout=60
    ) as client:
        yield client


@pytest.fixture
def claude(proxy, api_key):
    """The Anthropic SDK, through the named upstream."""
    with anthropic.Anthropic(
        api_key=api_key, base_url=f"{proxy.url}/anthropic", max_retries=0, timeout=60
    ) as client:
        yield client


@pytest.fixture
def raw(proxy, api_key):
    """A plain HTTP client for requests that no SDK writes."""
    with httpx2.Client(
        base_url=f"{proxy.url}/v1/",
        headers={"authorization": f"Bearer {api_key}"},
        timeout=60,
        trust_env=False,
    ) as client:
        yield client
