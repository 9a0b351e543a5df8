"""Hits: requests that are answered from the cache."""

from .content import Request
from .loads import h2load, load, wrk
from .processes import LOAD_CPU, SERVER_CPU
from .rounds import interleaved

REPRISE, LOGGING = "Reprise", "Reprise, logs on"


def _response(peer, request):
    """The bytes that Reprise sends for a hit, for the bare loop to send."""
    headers, body = peer.ask(request)
    # It was the last answer on its connection; the loop's are not.
    headers.pop("connection", None)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


def _measured(bench, peers, request, measure, rounds=None):
    for peer in peers:
        if peer.name != "bare loop":
            peer.warm(request)
        measure(peer, 1)
    results = interleaved(
        bench.quiet, peers, lambda peer: measure(peer, bench.options.seconds),
        rounds or bench.options.rounds)
    bench.peers.stop(*peers)
    return results


def plain(bench):
    """HTTP/1.1, 32 connections, 1 KB each way."""
    request = Request(bench.folder, "json-1k")
    reprise = bench.peers.reprise()
    reprise.warm(request)
    peers = [
        reprise, bench.peers.reprise(name=LOGGING, log_level="info"),
        bench.peers.nginx("nginx-cache.conf"),
        bench.peers.nginx("nginx-cache.conf", name="nginx, logs on", logs=True),
        bench.peers.epoll(_response(reprise, request)),
    ]
    return _measured(bench, peers, request, lambda peer, seconds: wrk(peer, request, seconds))


def at_a_rate(bench):
    """The same at a fixed rate, latencies counted from when a request was due."""
    request = Request(bench.folder, "json-1k")
    reprise = bench.peers.reprise()
    reprise.warm(request)
    peers = [
        reprise, bench.peers.nginx("nginx-cache.conf"),
        bench.peers.epoll(_response(reprise, request)),
    ]

    def measure(peer, seconds):
        result = load(
            bench.tools, peer, request, "--connections", 32, "--rate", bench.options.rate,
            "--seconds", seconds)
        return {"rate": result["rate"], **result["whole"]}

    return _measured(bench, peers, request, measure, bench.few_rounds)


def over_tls(bench):
    """HTTP/1.1 over TLS 1.3."""
    request = Request(bench.folder, "json-1k")
    peers = [bench.peers.reprise(tls=True), bench.peers.nginx("nginx-cache.conf", tls=True)]
    return _measured(bench, peers, request, lambda peer, seconds: wrk(peer, request, seconds))


def over_http2(bench):
    """HTTP/2 over TLS 1.3, 32 connections with one stream at a time."""
    return _http2(bench, 32, 1)


def over_http2_streams(bench):
    """HTTP/2 over TLS 1.3, 4 connections with 8 streams at a time."""
    return _http2(bench, 4, 8)


def _http2(bench, connections, streams):
    request = Request(bench.folder, "json-1k")
    peers = [bench.peers.reprise(tls=True), bench.peers.nginx("nginx-cache.conf", tls=True)]
    return _measured(
        bench, peers, request,
        lambda peer, seconds: h2load(
            peer, request, seconds, bench.folder, connections, streams),
        bench.few_rounds)


def of_100_kb(bench):
    """A response of 100 KB."""
    return _large(bench, "json-100k")


def of_1_mb(bench):
    """A response of 1 MB."""
    return _large(bench, "json-1m")


def _large(bench, model):
    request = Request(bench.folder, model)
    reprise = bench.peers.reprise()
    reprise.warm(request)
    peers = [
        reprise, bench.peers.nginx("nginx-cache.conf"),
        bench.peers.epoll(_response(reprise, request)),
    ]
    return _measured(
        bench, peers, request, lambda peer, seconds: wrk(peer, request, seconds), bench.few_rounds)


def on_two_threads(bench):
    """Two threads or workers, nothing pinned: the load shares the CPUs with them."""
    request = Request(bench.folder, "json-1k")
    peers = [
        bench.peers.reprise(threads=2, cpu=None),
        bench.peers.nginx("nginx-cache.conf", workers=2, cpu=None),
    ]
    return _measured(
        bench, peers, request,
        lambda peer, seconds: wrk(peer, request, seconds, threads=2, cpu=None), bench.few_rounds)


def of_one_and_two_loops(bench):
    """One and two loops, pinned and not, with the load on the same two CPUs.

    Returns the hits a second and their latencies at full load, and those at a fixed rate.
    """
    request = Request(bench.folder, "json-1k")
    both = {SERVER_CPU, LOAD_CPU}

    def reprise(threads, pinned):
        name = f"Reprise, {threads} {'loop' if threads == 1 else 'loops'}"
        peer = bench.peers.reprise(
            name=name + (", pinned" if pinned else ""), threads=threads, cpu=both)
        if pinned:
            peer.process.pin_loops([SERVER_CPU, LOAD_CPU][:threads])
        return peer

    peers = [
        *(reprise(threads, pinned) for threads in (1, 2) for pinned in (False, True)),
        *(bench.peers.nginx(
            "nginx-cache.conf", name=f"nginx, {workers} worker{'s' * (workers > 1)}",
            workers=workers, cpu=both) for workers in (1, 2)),
    ]

    def at_full_load(peer, seconds):
        return wrk(peer, request, seconds, threads=2, cpu=both)

    def at_the_rate(peer):
        # Half of that of the row "at a fixed rate": the load takes its CPU time from the servers.
        result = load(
            bench.tools, peer, request, "--connections", 32, "--rate", bench.options.rate / 2,
            "--seconds", bench.options.seconds, cpu=both)
        return {"rate": result["rate"], **result["whole"]}

    for peer in peers:
        peer.warm(request)
        at_full_load(peer, 1)
    results = {
        "full": interleaved(
            bench.quiet, peers, lambda peer: at_full_load(peer, bench.options.seconds),
            bench.options.rounds),
        "rate": interleaved(bench.quiet, peers, at_the_rate, bench.few_rounds),
    }
    bench.peers.stop(*peers)
    return results


def from_litellm(bench):
    """LiteLLM's proxy with its local cache beside Reprise; only with --with-litellm."""
    request = Request(bench.folder, "json-1k")
    peers = [bench.peers.reprise(), bench.peers.litellm(bench.litellm)]
    reprise, litellm = peers
    reprise.warm(request)
    for _ in range(3):
        litellm.ask(request)
    # It takes a while to answer 32 connections at all.
    wrk(litellm, request, 10)
    results = interleaved(
        bench.quiet, peers, lambda peer: wrk(peer, request, 3 * bench.options.seconds), 2)
    bench.peers.stop(*peers)
    return results
