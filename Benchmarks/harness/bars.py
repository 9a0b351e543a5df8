"""What is judged: the bars, and what the old ground reached where there is no bar."""

from .hits import LOGGING
from .misses import MEMORY, PASS, SQLITE
from .rounds import ratio
from .stores import BEHIND, THROUGH

BARE, NGINX, REPRISE = "bare loop", "nginx", "Reprise"
NGINX_LOGGING = "nginx, logs on"


class Bar:
    """One thing that is measured, and what it is held against."""

    def __init__(self, what, limit, value, is_least=False, unit="", places=2):
        """`is_least`: `limit` is the least that is good, and not the most."""
        self.what = what
        self.limit = limit
        self.value = value
        self.is_least = is_least
        self._unit = unit
        self._places = places

    @property
    def is_met(self):
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    @property
    def wanted(self):
        return f"{'≥' if self.is_least else '≤'} {self.text(self.limit)}"

    @property
    def measured(self):
        return self.text(self.value)

    def text(self, number):
        return f"{number:,.{self._places}f}{self._unit}"


def bars(results):
    """The bars that can be judged from what was measured."""
    yield from _bars_of_hits(results)
    yield from _bars_of_misses(results)
    for name, numbers in results.get("idle", {}).items():
        if name.startswith(REPRISE):
            yield Bar(f"idle event streams, {name.split(', ')[1]}", 8,
                      numbers["bytes each"] / 1024, unit=" KB", places=1)
    for name, numbers in results.get("connections", {}).items():
        if name.startswith(REPRISE):
            yield Bar(f"idle connections, {name.split(', ')[1]}", 2,
                      numbers["bytes each"] / 1024, unit=" KB", places=1)
    if "million" in results:
        numbers = results["million"]["1 connections"]
        yield Bar("1,000,000 in SQLite: get p99", 300, numbers["get"]["p99"], unit=" µs", places=0)
        yield Bar("1,000,000 in SQLite: ready", 300, numbers["ready"], unit=" ms", places=0)
    limits = {"100 KB chat": 2, "100 KB of tools": 3}
    for row in results.get("micro", {}).get("keys", []):
        if row["body"] in limits:
            yield Bar(f"key ÷ SHA-256, {row['body']}", limits[row["body"]], row["ratio"])


def _bars_of_hits(results):
    if "plain" in results:
        plain = results["plain"]
        yield Bar("hits ÷ nginx", 2, ratio(plain, REPRISE, NGINX), is_least=True)
        yield Bar("hits ÷ bare loop", 0.95, ratio(plain, REPRISE, BARE), is_least=True)
        yield Bar("p99 of hits ÷ nginx's", 1, ratio(plain, REPRISE, NGINX, "p99"))
    for name, what, limit in (
        ("http2", "hits ÷ nginx, HTTP/2, 32 × 1 stream", 1.8),
        ("http2-streams", "hits ÷ nginx, HTTP/2, 4 × 8 streams", 4),
        ("tls", "hits ÷ nginx, HTTP/1.1, TLS", 1.6),
    ):
        if name in results:
            yield Bar(what, limit, ratio(results[name], REPRISE, NGINX), is_least=True)


def _bars_of_misses(results):
    for title, result in results.get("misses", {}).items():
        # With more at once a latency is the time in the queue for one core.
        if not title.endswith(", 1 at once"):
            continue
        for point in ("first", "whole"):
            for name, store, limit in ((MEMORY, "memory", 20), (SQLITE, "SQLite", 40)):
                value = result["added"][f"{name} {point}"] - result["added"][f"{PASS} {point}"]
                yield Bar(f"miss, {title}, {point}, {store}: beyond nginx", limit, value,
                          unit=" µs", places=0)
    if "cpu" in results:
        for name, store, limit in ((MEMORY, "memory", 1.2), (SQLITE, "SQLite", 1.8)):
            yield Bar(f"CPU of a miss ÷ nginx proxy_pass, {store}", limit,
                      ratio(results["cpu"], name, PASS, "cpu"))
    if "identical" in results:
        yield Bar("upstream calls of 1,000 identical requests", 1,
                  results["identical"][REPRISE]["calls"], places=0)


def beside_the_old_ground(results):
    """Ratios that have no bar, held against those of the run of 28 November 2026.

    Its figures stand in docs/benchmarks.md.
    """
    for name, what, beside_nginx, beside_bare in (
        ("100kb", "hits of 100 KB", 1.05, 0.97), ("1mb", "hits of 1 MB", 2.28, 1.01),
        ("threads", "hits, 2 threads, not pinned", 2.16, None),
    ):
        if name in results:
            yield Bar(f"{what} ÷ nginx", beside_nginx, ratio(results[name], REPRISE, NGINX),
                      is_least=True)
            if beside_bare:
                yield Bar(f"{what} ÷ bare loop", beside_bare,
                          ratio(results[name], REPRISE, BARE), is_least=True)
    if "plain" in results:
        plain = results["plain"]
        yield Bar("hits, logs on ÷ nginx with its log on", 2.76,
                  ratio(plain, LOGGING, NGINX_LOGGING), is_least=True)
        yield Bar("hits, logs on ÷ bare loop", 0.93, ratio(plain, LOGGING, BARE), is_least=True)
    if "rate" in results:
        for point, limit in (("p50", 0.79), ("p99", 0.34)):
            yield Bar(f"{point} of hits at a fixed rate ÷ nginx's", limit,
                      ratio(results["rate"], REPRISE, NGINX, point))
    yield from _old_misses(results)
    if "redis" in results:
        servers = results["redis"]["servers"]
        yield Bar("hits through Redis ÷ nginx from memory", 0.84,
                  ratio(servers, THROUGH, NGINX), is_least=True)
        yield Bar("hits from memory, Redis behind ÷ without", 0.95,
                  ratio(servers, BEHIND, REPRISE), is_least=True)
    keys = {"1 KB chat": 3.15, "10 KB chat": 1.77, "1 MB inline image": 1.19}
    for row in results.get("micro", {}).get("keys", []):
        if row["body"] in keys:
            yield Bar(f"key ÷ SHA-256, {row['body']}", keys[row["body"]], row["ratio"])
    if "litellm" in results:
        yield Bar("hits ÷ LiteLLM", 806, ratio(results["litellm"], REPRISE, "LiteLLM"),
                  is_least=True, places=0)


def _old_misses(results):
    for title, point, words, limit in (
        ("JSON, 8 at once", "whole", "whole", 2.51),
        ("SSE, 8 at once", "first", "first byte", 1.61),
        ("SSE, 8 at once", "whole", "whole", 1.01),
    ):
        result = results.get("misses", {}).get(title)
        if result:
            own, other = (
                result["direct"][point]["p50"] + result["added"][f"{name} {point}"]
                for name in (MEMORY, PASS))
            yield Bar(f"p50 of a miss, {title}, {words} ÷ nginx's", limit, own / other)
    if "identical" in results:
        last = {name: numbers["whole"]["max"] for name, numbers in results["identical"].items()}
        yield Bar("last of 1,000 identical answers after ÷ nginx's", 0.61,
                  last[REPRISE] / last[NGINX])


def figures_of_the_old_ground(results):
    """Figures that are no ratios: those of another machine, on another day.

    Only what does not depend on the machine can be held against them.
    """
    if "plain" in results:
        numbers = results["plain"][REPRISE]
        yield Bar("resident memory after hits", 35, numbers["resident"] / (1 << 20), unit=" MB",
                  places=0)
    if "counts" in results:
        for name, limit in (
            ("allocations", 0), ("allocations, logs on", 0), ("instructions", 13_745.6),
        ):
            if name in results["counts"]:
                yield Bar(f"{name}, a hit", limit, results["counts"][name], places=1)
    for name, what, old in (
        ("sqlite", "5,000 in SQLite", {"1": (65, 102), "8": (52, 92)}),
        ("million", "1,000,000 in SQLite", {"1": (79, 170), "8": (55, 127)}),
        ("redis", "20,000 in Redis", {"1": (161, 262), "8": (225, 383)}),
    ):
        if name not in results:
            continue
        result = results[name]["cold"] if name == "redis" else results[name]
        for connections, limits in old.items():
            get = result[f"{connections} connections"]["get"]
            for point, limit in zip(("p50", "p99"), limits):
                at_once = f"{connections} connection{'s' * (connections != '1')}"
                yield Bar(f"{what}, {at_once}: get {point}", limit, get[point], unit=" µs",
                          places=0)
    old_shares = {
        ("Zipf 0.8", 1_000): 31.4, ("Zipf 0.8", 10_000): 54.3,
        ("Zipf 1.0", 1_000): 59.7, ("Zipf 1.0", 10_000): 77.7,
        ("Zipf 1.0 with scans", 1_000): 39.8, ("Zipf 1.0 with scans", 10_000): 50.4,
        ("loop", 1_000): 0.0, ("loop", 10_000): 32.1,
    }
    for row in results.get("micro", {}).get("hitRatios", []):
        limit = old_shares.get((row["trace"], row["capacity"]))
        if limit is not None:
            yield Bar(f"hit ratio, {row['trace']}, capacity {row['capacity']:,}", limit,
                      round(row["s3fifo"] * 100, 1), is_least=True, unit=" %", places=1)
