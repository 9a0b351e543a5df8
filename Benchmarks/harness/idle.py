"""What an open connection costs that nothing happens on: event streams, and connections between
requests."""

import os
import subprocess
import time

from .content import Request
from .loads import load
from .processes import BenchmarkError, LOAD_CPU, Process

WANTED = 10_000
# Sockets and files that are no held connection's.
SPARE = 400
# By itself Reprise keeps half of its open files for upstream calls.
CONNECTIONS = ("--max-connections", WANTED + SPARE)


class Held:
    """Connections that load.c holds open, each with one request whose response has begun."""

    def __init__(self, bench, peer, request, count, *options):
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


def _grown(bench, peer, request, count, *options):
    """Opens connections; returns them and what each has cost."""
    before = peer.process.resident_bytes()
    begun = time.monotonic()
    held = Held(bench, peer, request, count, *options)
    opened = time.monotonic() - begun
    time.sleep(0.5)
    after = peer.process.resident_bytes()
    if held.count < count:
        raise BenchmarkError(f"{peer.name} held {held.count} connections of {count}")
    return held, {
        "held": held.count, "wanted": count, "seconds to open": opened,
        "bytes each": (after - before) / held.count,
    }


def streams(bench):
    """Event streams that have had one event and stay silent: memory each, and hits meanwhile."""
    # A proxy needs two sockets for a stream with an upstream call of its own.
    own = min(WANTED, (bench.file_limit - SPARE) // 2)
    shared = min(WANTED, bench.file_limit - SPARE)
    hit = Request(bench.folder, "json-1k")
    idle = Request(bench.folder, "idle", stream=True)

    def reprise():
        return bench.peers.reprise(*CONNECTIONS)

    results = {}
    rows = [
        ("Reprise, a call each", reprise, own, ("--unique", 1)),
        ("Reprise, one call for all", reprise, shared, ()),
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
        before = measure() if is_cache else None
        held, cost = _grown(bench, peer, idle, count, *options)
        during = measure() if is_cache else None
        lost = held.release()
        bench.peers.stop(peer)
        results[name] = {**cost, "lost": lost, "hits before": before, "hits meanwhile": during}
    return results


def connections(bench):
    """Connections that have had one answer and stay open for the next: memory each."""
    count = min(WANTED, bench.file_limit - SPARE)
    hit = Request(bench.folder, "json-1k")
    # Not stored, so that what grows is the connections' and not the cache's.
    miss = Request(bench.folder, "json-1k", headers={"X-Proxy-TTL": "0"})
    rows = [
        ("Reprise, after a hit", lambda: bench.peers.reprise(*CONNECTIONS), hit, True),
        ("Reprise, after a miss", lambda: bench.peers.reprise(*CONNECTIONS), miss, False),
        ("nginx, after a hit", lambda: bench.peers.nginx("nginx-cache.conf"), hit, True),
        ("nginx proxy_pass, after a miss", lambda: bench.peers.nginx("nginx-pass.conf"), hit,
         False),
    ]
    results = {}
    for name, start, request, is_hit in rows:
        peer = start()
        if is_hit:
            peer.warm(request)
        # What so many requests at once need, as many as load.c has on their way while it opens
        # connections, is there already, and is not counted.
        load(bench.tools, peer, request, "--connections", 256, "--count", 2560)
        held, cost = _grown(bench, peer, request, count)
        lost = held.release()
        bench.peers.stop(peer)
        if lost:
            raise BenchmarkError(f"{name}: {lost} of {count} connections were closed")
        results[name] = {**cost, "lost": lost}
    return results
