"""Runs the built `reprise` binary and reads what its responses say about the cache."""

import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 60


def binary() -> Path:
    """The binary under test: REPRISE_BINARY, or the debug build."""
    path = Path(os.environ.get("REPRISE_BINARY") or REPOSITORY / ".build/debug/reprise")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; build it with `swift build --product reprise` "
            "or name another with REPRISE_BINARY"
        )
    return path


def environment() -> dict[str, str]:
    """The environment without settings of the proxy."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}


class Server:
    """A running `reprise` command that listens, with its URL in `url`."""

    def __init__(self, arguments: list[str], log: Path):
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [str(binary()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(),
            )
        try:
            self.announcement = self._first_line()
            found = re.search(r"listens on (http://\S+?)(?:,|\s|$)", self.announcement)
            if not found:
                raise RuntimeError(f"no address in the first line: {self.announcement!r}")
        except BaseException:
            self.kill()
            raise
        self.url = found.group(1)

    def _first_line(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in text:
                if not selector.select(deadline - time.monotonic()):
                    raise TimeoutError(f"nothing printed in {START_SECONDS} s; log: {self.log}")
                piece = os.read(self.process.stdout.fileno(), 4096)
                if not piece:
                    raise RuntimeError(
                        f"ended with {self.process.wait()} before it listened: "
                        + self.log.read_text(errors="replace")[-2000:]
                    )
                text += piece
        return text.split(b"\n")[0].decode()

    def terminate(self):
        """Sends SIGTERM and returns at once."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Waits for the end and returns the exit code."""
        return self.process.wait(timeout=STOP_SECONDS)

    def stop(self) -> int:
        """Ends the server with SIGTERM and returns its exit code."""
        self.terminate()
        return self.wait()

    def kill(self):
        """Ends the server at once, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Simulator(Server):
    """`reprise simulate`: an upstream whose every answer has an id of its own."""

    def __init__(self, log: Path, *arguments: str):
        super().__init__(["simulate", "--listen", "127.0.0.1:0", *arguments], log)
        self._client = httpx2.Client(timeout=30, trust_env=False)

    @property
    def calls(self) -> int:
        """How many calls it has answered."""
        return self._client.get(f"{self.url}/simulator/calls").raise_for_status().json()["total"]

    @contextmanager
    def expecting(self, calls: int):
        """Wants exactly so many upstream calls to be made inside the `with` block."""
        before = self.calls
        yield
        assert self.calls - before == calls, "upstream calls"


class CacheStatus:
    """The last member of a `Cache-Status` field (RFC 9211), which must be Reprise's own."""

    def __init__(self, headers):
        self.text = headers["cache-status"].split(",")[-1].strip()
        name, *parameters = [part.strip() for part in self.text.split(";")]
        assert name == "reprise", self.text
        pairs = [parameter.partition("=") for parameter in parameters]
        self.parameters = {key: value if equals else True for key, equals, value in pairs}

    @property
    def hit(self) -> bool:
        return "hit" in self.parameters

    @property
    def stored(self) -> bool:
        return "stored" in self.parameters

    @property
    def forwarded(self) -> str | None:
        """Why the request went upstream: `uri-miss`, `bypass`, ...; None for a hit."""
        return self.parameters.get("fwd")

    @property
    def detail(self) -> str | None:
        return self.parameters.get("detail")

    def __repr__(self) -> str:
        return self.text


def assert_stored_miss(response):
    """Wants a response that came from upstream and is stored."""
    status = CacheStatus(response.headers)
    assert status.forwarded == "uri-miss" and status.stored, status
    assert "age" not in response.headers


def assert_hit(response):
    """Wants a response from the cache, with its age and without a cookie."""
    status = CacheStatus(response.headers)
    assert status.hit and status.forwarded is None, status
    assert int(response.headers["age"]) >= 0
    assert "set-cookie" not in response.headers


def assert_bypass(response, detail: str | None = None):
    """Wants a response that the cache had no part in; `detail` when the reason matters."""
    status = CacheStatus(response.headers)
    assert status.forwarded in ("bypass", "method"), status
    assert not status.stored, status
    if detail:
        assert status.detail == detail, status
