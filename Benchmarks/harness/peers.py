"""Reprise and what it is measured against, each started with its configuration in peers/."""

import os
import re
import ssl
import time

from . import content
from .processes import BenchmarkError, Process, fetch, free_port, run, SERVER_CPU, LOAD_CPU

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Peer:
    """A running server that requests are sent to."""

    def __init__(self, name, process, port, scheme="http"):
        self.name = name
        self.process = process
        self.port = port
        self.scheme = scheme

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}{content.TARGET}"

    def ask(self, request):
        """Sends one request; returns the headers and the body of its response."""
        context = ssl._create_unverified_context() if self.scheme == "https" else None
        return fetch(self.url, request.body, request.headers, context)

    def warm(self, request):
        """Asks until the answer comes from the cache, and checks that it is the same."""
        _, first = self.ask(request)
        for _ in range(50):
            headers, again = self.ask(request)
            if again != first:
                raise BenchmarkError(f"{self.name} answers with other bytes the second time")
            status = headers.get("cache-status", "") + headers.get("x-cache", "")
            if "hit" in status.lower():
                return
            time.sleep(0.05)
        raise BenchmarkError(f"{self.name} does not answer from its cache")

    def stop(self):
        self.process.stop()


class RedisServer(Peer):
    """A running redis-server."""

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def command(self, *words):
        """Runs one command by redis-cli; returns what it says."""
        return run(["redis-cli", "-p", self.port, *words])

    def reads(self):
        """How many reads have found their value so far."""
        return int(re.search(r"keyspace_hits:(\d+)", self.command("INFO", "stats")).group(1))


class Peers:
    """Starts peers, and ends all that it started."""

    def __init__(self, folder, memory_folder, reprise, tools, file_limit):
        """Files go to `folder`, cached responses of nginx to `memory_folder`."""
        self.folder = folder
        self.memory_folder = memory_folder
        self.reprise_binary = reprise
        self.tools = tools
        self.file_limit = file_limit
        self.running = []
        self._number = 0
        content.write_answers(folder)
        self.certificate = os.path.join(folder, "certificate.pem")
        self.key = os.path.join(folder, "key.pem")
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", self.key,
             "-out", self.certificate])
        self.upstream = self.start_upstream()

    def start_upstream(self):
        port = free_port()
        process = Process(
            [self.tools["upstream"], port, self.folder], LOAD_CPU, self._log("upstream"))
        return self._running("upstream", process, port)

    def upstream_named(self, name):
        """The upstream as a peer of the proxies in front of it."""
        return Peer(name, self.upstream.process, self.upstream.port)

    def upstream_calls(self):
        """How many requests have reached the upstream so far."""
        return int(fetch(f"http://127.0.0.1:{self.upstream.port}/calls")[1])

    def reprise(self, *flags, name="Reprise", cpu=SERVER_CPU, threads=1, log_level="warning",
                store="memory:", tls=False, prefix=(), environment=None, patience=30,
                binary=None):
        """Starts Reprise; `prefix` is a command that it is run by."""
        arguments = [
            *prefix, binary or self.reprise_binary, "serve", "--listen", "127.0.0.1:0",
            "--default-upstream", f"http://127.0.0.1:{self.upstream.port}/v1", "--store", store,
            "--threads", threads, "--log-level", log_level, *flags,
        ]
        if tls:
            arguments += ["--tls-cert", self.certificate, "--tls-key", self.key]
        process = Process(arguments, cpu, self._log("reprise"), environment, speaks=True)
        self.running.append(process)
        match = process.wait_for_line(r"listens on \w+://127\.0\.0\.1:(\d+)", patience)
        self.running.remove(process)
        return self._running(name, process, int(match.group(1)), "https" if tls else "http")

    def nginx(self, configuration, name="nginx", cpu=SERVER_CPU, workers=1, tls=False, logs=False):
        """Starts nginx with a file of peers/."""
        port = free_port()
        folder = os.path.join(self.folder, f"nginx-{self.next()}")
        cache = os.path.join(self.memory_folder, f"cache-{self.next()}")
        os.makedirs(folder)
        os.makedirs(cache)
        # As root its workers become another user, who must be able to write there.
        os.chmod(cache, 0o777)
        words = {
            "port": port, "upstream": self.upstream.port, "workers": workers, "folder": folder,
            "cache": cache, "files": self.file_limit,
            # nginx closes idle connections when fewer than a sixteenth of these are free.
            "connections": self.file_limit * 2,
            "tls": "ssl http2" if tls else "",
            "access_log": f"{folder}/access.log combined buffer=32k flush=1s" if logs else "off",
        }
        for file in (self.certificate, self.key):
            os.symlink(file, os.path.join(folder, os.path.basename(file)))
        with open(os.path.join(HERE, "peers", configuration)) as file:
            text = file.read()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(text)
        process = Process(
            ["nginx", "-c", path, "-p", folder, "-e", f"{folder}/error.log"], cpu,
            self._log("nginx"))
        return self._running(name, process, port, "https" if tls else "http")

    def epoll(self, response, cpu=SERVER_CPU):
        """Starts the bare loop, which answers with these bytes."""
        path = os.path.join(self.folder, f"epoll-{self.next()}.response")
        with open(path, "wb") as file:
            file.write(response)
        port = free_port()
        process = Process([self.tools["epoll"], port, path], cpu, self._log("epoll"))
        return self._running("bare loop", process, port)

    def redis(self, cpu=LOAD_CPU):
        """Starts an empty redis-server that writes nothing to disk."""
        port = free_port()
        process = Process(
            ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly",
             "no", "--dir", self.folder, "--loglevel", "warning"], cpu, self._log("redis"))
        return self._running("redis-benchmark GET", process, port, kind=RedisServer)

    def litellm(self, command):
        """Starts LiteLLM's proxy with its local cache."""
        port = free_port()
        with open(os.path.join(HERE, "peers", "litellm.yaml")) as file:
            text = file.read().replace("@upstream@", str(self.upstream.port))
        path = os.path.join(self.folder, "litellm.yaml")
        with open(path, "w") as file:
            file.write(text)
        process = Process(
            [command, "--config", path, "--host", "127.0.0.1", "--port", port], SERVER_CPU,
            self._log("litellm"),
            # It does not start without a key of its own: the one that the requests have.
            {"LITELLM_TELEMETRY": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
             "LITELLM_MASTER_KEY": content.HEADERS["Authorization"].removeprefix("Bearer ")})
        self.running.append(process)
        process.wait_for_port(port, 120)
        self.running.remove(process)
        return self._running("LiteLLM", process, port)

    def stop(self, *peers):
        """Ends some peers."""
        for peer in peers:
            peer.stop()
            if peer.process in self.running:
                self.running.remove(peer.process)

    def stop_all_but_upstream(self):
        """Ends what a workload that failed has left."""
        for process in [*self.running]:
            if process is not self.upstream.process:
                self.running.remove(process)
                process.stop(3)

    def stop_all(self):
        """Ends every process that was started here."""
        while self.running:
            self.running.pop().stop(3)

    def _running(self, name, process, port, scheme="http", kind=Peer):
        self.running.append(process)
        process.wait_for_port(port)
        return kind(name, process, port, scheme)

    def _log(self, name):
        return os.path.join(self.folder, f"{name}-{self.next()}.log")

    def next(self):
        """A number that names files apart."""
        self._number += 1
        return self._number
