"""Hits from the persistent stores: SQLite and Redis.

What is read was written by Reprise itself, so it always has the format of today.
"""

import contextlib
import os
import re
import sqlite3
import time

from .content import Request
from .loads import load, redis_benchmark, wrk
from .processes import BenchmarkError
from .rounds import interleaved, medians, percentile

THROUGH, BEHIND = "Reprise, from Redis", "Reprise, Redis behind"


def cold_sqlite(bench):
    """Hits from a SQLite store that this process has not read before."""
    return _from_sqlite(bench, 5000, 5000, 1, ("--connections", 4))


def million_in_sqlite(bench):
    """The same with 1,000,000 entries; only with --with-million."""
    return _from_sqlite(
        bench, 1_000_000, 20_000, 47, ("--connections", 32, "--rate", 4000))


def _from_sqlite(bench, entries, asked, stride, filling):
    file = os.path.join(bench.folder, f"store-{entries}.db")
    flags = ("--max-store", "16GB")
    results = _cold(
        bench, f"sqlite:{file}", entries, asked, stride, filling, flags, lambda: _stored(file))
    return {"file": os.path.getsize(file), **results}


def redis(bench):
    """Hits through Redis: of one entry, beside the peers, and of entries never asked for before."""
    results = _one_entry_of_redis(bench)
    server = bench.peers.redis()
    results["cold"] = _cold(bench, server.url, 20_000, 20_000, 1, ("--connections", 4))
    bench.peers.stop(server)
    return results


def _one_entry_of_redis(bench):
    """Hits that ask Redis, hits from memory with it behind and without, and Redis by itself."""
    request = Request(bench.folder, "json-1k")
    server = bench.peers.redis()
    proxies = [
        bench.peers.reprise(), bench.peers.reprise(name=BEHIND, store=server.url),
        bench.peers.reprise("--memory", "0", name=THROUGH, store=server.url),
        bench.peers.nginx("nginx-cache.conf"),
    ]
    for peer in proxies:
        peer.warm(request)
    names = server.command("KEYS", "reprise:*").split()
    entries = [name for name in names if re.fullmatch("reprise:[0-9a-f]{64}", name)]
    if len(entries) != 1:
        raise BenchmarkError(f"one entry should be in Redis, and there are {len(entries)}")

    def measure(peer, seconds):
        if peer is server:
            return redis_benchmark(server, entries[0], seconds)
        calls, reads = bench.peers.upstream_calls(), server.reads()
        result = wrk(peer, request, seconds)
        return {
            **result, "calls": bench.peers.upstream_calls() - calls,
            "reads a hit": (server.reads() - reads) / result["requests"],
        }

    peers = [*proxies, server]
    for peer in peers:
        measure(peer, 1)
    results = interleaved(
        bench.quiet, peers, lambda peer: measure(peer, bench.options.seconds),
        bench.options.rounds)
    length = int(server.command("STRLEN", entries[0]))
    bench.peers.stop(*peers)
    if results[THROUGH]["reads a hit"] < 0.99:
        raise BenchmarkError("hits were answered that Redis was not asked for")
    return {"entry": length, "servers": results}


def _in_the_server(log, hits):
    """The durations that a log has of its hits, in microseconds: from the request to the response.

    They stand in the lines of the level `info`, in thousandths of a millisecond.
    """
    with open(log) as file:
        durations = sorted(
            float(part) * 1000
            for part in re.findall(r" info request cache=hit .*\bms=([0-9.]+)", file.read()))
    if len(durations) < 0.99 * hits:
        raise BenchmarkError(f"the log has {len(durations)} lines of {hits} hits")
    return {"p50": percentile(durations, 0.5), "p99": percentile(durations, 0.99)}


def _stored(file):
    """How many entries a SQLite store has that nobody has open."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM entry").fetchone()[0]


def _cold(bench, store, entries, asked, stride, filling, flags=(), stored=None):
    """Hits on entries that another process has stored, each asked for once.

    `stored` counts them.
    """
    request = Request(bench.folder, "json-1k")
    filler = bench.peers.reprise(*flags, store=store)
    load(bench.tools, filler, request, "--count", entries, "--unique", 1, *filling,
         seconds=entries / 1000 + 120)
    filler.process.stop(120)
    bench.peers.stop(filler)
    results = {"entries": stored() if stored else entries}
    if results["entries"] < 0.99 * entries:
        raise BenchmarkError(f"{results['entries']:,} entries of {entries:,} were stored")

    def measure(connections):
        # Only the first time are they not in memory: each measurement has a process of its own.
        begun = time.monotonic()
        peer = bench.peers.reprise(*flags, store=store, log_level="info")
        ready = (time.monotonic() - begun) * 1000
        measured = load(
            bench.tools, peer, request, "--connections", connections, "--count", asked,
            "--unique", 1, "--stride", stride)
        resident = peer.process.resident_bytes()
        bench.peers.stop(peer)
        return {
            "get": _in_the_server(peer.process.log, measured["hits"]), "ready": ready,
            "resident": resident, "rate": measured["rate"],
            "share of hits": measured["hits"] / measured["requests"], **measured["whole"],
        }

    for connections in (1, 8):
        results[f"{connections} connections"] = medians([
            bench.quiet.measure(lambda: measure(connections)) for _ in range(bench.few_rounds)])
    return results
