"""Misses, collapsed requests, and idle streams."""

import os
import statistics
import subprocess
import time

from .content import Request
from .loads import load
from .processes import BenchmarkError, LOAD_CPU, Process
from .rounds import interleaved

DIRECT, PASS = "direct", "nginx proxy_pass"


def added_latency(bench, stream, connections):
    """Time to the first byte of the body and to its end, of requests never asked before."""
    request = Request(bench.folder, "sse" if stream else "json-1k", stream=stream)
    count = 250 * connections if stream else 1000 * connections
    direct = bench.peers.upstream
    reprise = bench.peers.reprise()
    nginx = bench.peers.nginx("nginx-pass.conf", name=PASS)
    start = [0]

    def measure(peer):
        start[0] += count
        return load(
            bench.tools, peer, request, "--connections", connections, "--count", count,
            "--unique", start[0])

    name, direct.name = direct.name, DIRECT
    peers = [direct, nginx, reprise]
    for peer in peers:
        measure(peer)
    results = interleaved(bench.quiet, peers, measure, bench.options.rounds)
    direct.name = name
    bench.peers.stop(reprise, nginx)
    if results[reprise.name]["hits"]:
        raise BenchmarkError("a request that was never asked before was answered from the cache")
    results["added"] = {
        f"{name} {point}": statistics.median(
            own[point]["p50"] - base[point]["p50"]
            for own, base in zip(results[name]["rounds"], results[DIRECT]["rounds"]))
        for name in (PASS, reprise.name) for point in ("first", "whole")
    }
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


class HeldStreams:
    """Streams that are held open by load.c."""

    def __init__(self, bench, peer, count, *options):
        request = Request(bench.folder, "idle", stream=True)
        self.process = Process(
            [bench.tools["load"], "--port", peer.port, "--request", request.request_file,
             "--hold", "--connections", count, *options],
            LOAD_CPU, os.path.join(bench.folder, "held.log"), standard_input=subprocess.PIPE,
            speaks=True)
        bench.peers.running.append(self.process)
        self.bench = bench
        self.count = int(self.process.wait_for_line(r"held (\d+)\n", 90).group(1))

    def release(self):
        """Ends them; returns how many were lost meanwhile."""
        self.process.process.stdin.close()
        lost = int(self.process.wait_for_line(r'"lost":(\d+)', 30).group(1))
        self.bench.peers.running.remove(self.process)
        self.process.stop()
        return lost


def idle_streams(bench):
    """Event streams that have had one event and stay silent: memory each, and hits meanwhile."""
    # A proxy needs two sockets for a stream with an upstream call of its own.
    own = min(10_000, (bench.file_limit - 400) // 2)
    shared = min(10_000, bench.file_limit - 400)
    hit = Request(bench.folder, "json-1k")
    results = {}
    rows = [
        ("Reprise, a call each", lambda: bench.peers.reprise(), own, ("--unique", 1)),
        ("Reprise, one call for all", lambda: bench.peers.reprise(), shared, ()),
        ("nginx proxy_pass, a call each", lambda: bench.peers.nginx("nginx-pass.conf"), own,
         ("--unique", 1)),
    ]
    for name, start, count, options in rows:
        peer = start()
        is_cache = name.startswith("Reprise")

        def measure():
            return bench.quiet.measure(lambda: load(
                bench.tools, peer, hit, "--connections", 8, "--rate", 2000, "--seconds",
                bench.options.seconds))["whole"]

        if is_cache:
            peer.warm(hit)
        before_latency = measure() if is_cache else None
        before = peer.process.resident_bytes()
        begun = time.monotonic()
        streams = HeldStreams(bench, peer, count, *options)
        opened = time.monotonic() - begun
        time.sleep(0.5)
        after = peer.process.resident_bytes()
        during = measure() if is_cache else None
        lost = streams.release()
        bench.peers.stop(peer)
        results[name] = {
            "streams": streams.count, "wanted": count, "lost": lost,
            "bytes per stream": (after - before) / max(streams.count, 1),
            "seconds to open": opened, "hits before": before_latency, "hits meanwhile": during,
        }
    return results
