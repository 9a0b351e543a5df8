"""Misses, their CPU time, and collapsed requests."""

import os
import statistics

from .content import Request
from .loads import load
from .processes import BenchmarkError
from .rounds import interleaved

DIRECT, PASS = "direct", "nginx proxy_pass"
MEMORY, SQLITE = "Reprise", "Reprise, SQLite"


def _proxies(bench, name):
    """nginx without a cache, and Reprise with memory and with a new SQLite store."""
    file = os.path.join(bench.folder, f"{name}-{bench.peers.next()}.db")
    return [
        bench.peers.nginx("nginx-pass.conf", name=PASS), bench.peers.reprise(name=MEMORY),
        bench.peers.reprise("--max-store", "16GB", name=SQLITE, store=f"sqlite:{file}"),
    ]


def _refuse_hits(results, peers):
    if any(results[peer.name]["hits"] for peer in peers):
        raise BenchmarkError("a request that was never asked before was answered from the cache")


def added_latency(bench, stream, connections):
    """Time to the first byte of the body and to its end, of requests never asked before."""
    request = Request(bench.folder, "sse" if stream else "json-1k", stream=stream)
    count = 250 * connections if stream else 1000 * connections
    proxies = _proxies(bench, "misses")
    direct = bench.peers.upstream_named(DIRECT)
    start = [0]

    def measure(peer):
        start[0] += count
        result = load(
            bench.tools, peer, request, "--connections", connections, "--count", count,
            "--unique", start[0])
        # What is written behind the responses must not fall into the next one's time.
        peer.process.settle()
        return result

    peers = [direct, *proxies]
    for peer in peers:
        measure(peer)
    results = interleaved(bench.quiet, peers, measure, bench.options.rounds)
    bench.peers.stop(*proxies)
    _refuse_hits(results, proxies)
    results["added"] = {
        f"{peer.name} {point}": statistics.median(
            own[point]["p50"] - base[point]["p50"]
            for own, base in zip(results[peer.name]["rounds"], results[DIRECT]["rounds"]))
        for peer in proxies for point in ("first", "whole")
    }
    return results


def cpu_time(bench):
    """CPU time of the process for each miss: distinct requests, one after another.

    What is done behind the response, such as writing to SQLite, counts.
    """
    request = Request(bench.folder, "json-1k")
    count = 3000 * bench.options.seconds
    proxies = _proxies(bench, "cpu")
    start = [0]

    def measure(peer):
        start[0] += count
        before = peer.process.cpu_seconds()
        result = load(bench.tools, peer, request, "--count", count, "--unique", start[0])
        peer.process.settle()
        used = peer.process.cpu_seconds() - before
        return {**result, "cpu": used / result["requests"] * 1e6}

    for peer in proxies:
        measure(peer)
    results = interleaved(bench.quiet, proxies, measure, bench.options.rounds)
    bench.peers.stop(*proxies)
    _refuse_hits(results, proxies)
    return results


def identical_at_once(bench):
    """1,000 identical requests at once: how many of them reach the upstream."""
    request = Request(bench.folder, "slow-1k")
    peers = [bench.peers.reprise(), bench.peers.nginx("nginx-cache.conf")]
    start = [0]

    def measure(peer):
        start[0] += 1
        before = bench.peers.upstream_calls()
        result = load(
            bench.tools, peer, request, "--connections", 1000, "--burst", "--unique", start[0],
            "--stride", 0)
        return {
            "calls": bench.peers.upstream_calls() - before, "answers": result["requests"],
            "whole": result["whole"],
        }

    results = interleaved(bench.quiet, peers, measure, bench.few_rounds)
    bench.peers.stop(*peers)
    return results
