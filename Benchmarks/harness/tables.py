"""Prints results as tables that can be read in a terminal and pasted into a Markdown page."""

from . import bars, misses
from .bars import BARE, NGINX, NGINX_LOGGING, REPRISE
from .hits import LOGGING
from .rounds import ratio


def table(title, columns, rows):
    """A Markdown table with aligned columns, numbers to the right."""
    texts = [[str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[at]) for row in texts) for at in range(len(columns))]

    def line(cells):
        parts = [cells[0].ljust(widths[0])]
        parts += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        return "| " + " | ".join(parts) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([f"\n{title}\n", line(texts[0]), line(rule), *map(line, texts[1:])])


def count(number):
    return "" if number is None else f"{number:,.0f}"


def times(number):
    return "" if number is None else f"{number:.2f} ×"


def micros(number):
    return "" if number is None else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def megabytes(number):
    return f"{number / (1 << 20):,.0f} MB"


def hit_tables(titles, results):
    """Two tables: how many a second, and how long each takes."""
    rates, latencies = [], []
    for name, title in titles.items():
        if name not in results:
            continue
        result = results[name]
        for peer in (REPRISE, LOGGING):
            if peer in result:
                other = NGINX if peer == REPRISE else NGINX_LOGGING
                suffix = "" if peer == REPRISE else ", logs on"
                rates.append([
                    title + suffix, count(result[peer]["rate"]),
                    count(result[other]["rate"]) if other in result else "",
                    count(result[BARE]["rate"]) if BARE in result else "",
                    times(ratio(result, peer, other)), times(ratio(result, peer, BARE)),
                ])
        for peer, numbers in result.items():
            latencies.append([
                title, peer, micros(numbers["p50"]), micros(numbers["p99"]),
                micros(numbers["p999"]), megabytes(numbers["resident"]),
            ])
    yield table(
        "Hits a second",
        ["workload", "Reprise", "nginx", "bare loop", "÷ nginx", "÷ bare loop"], rates)
    yield table(
        "Latency of these hits in µs, and resident memory",
        ["workload", "server", "p50", "p99", "p99.9", "RSS"], latencies)


def litellm_table(result):
    times_faster = ratio(result, REPRISE, "LiteLLM")
    return table(
        f"Hits beside LiteLLM: {times_faster:,.0f} times as many",
        ["server", "a second", "p50, µs", "p99, µs", "RSS"],
        [[name, count(numbers["rate"]), micros(numbers["p50"]), micros(numbers["p99"]),
          megabytes(numbers["resident"])] for name, numbers in result.items()])


def miss_table(results):
    rows = []
    for title, result in results.items():
        direct = result["direct"]
        added = result["added"]
        for point, words in (("first", "first byte"), ("whole", "whole")):
            nginx, memory, sqlite = (
                added[f"{name} {point}"] for name in (misses.PASS, misses.MEMORY, misses.SQLITE))
            rows.append([
                f"{title}, {words}", micros(direct[point]["p50"]), f"{nginx:+.0f}",
                f"{memory:+.0f}", f"{memory - nginx:+.0f}", f"{sqlite:+.0f}",
                f"{sqlite - nginx:+.0f}",
            ])
    return table(
        "Misses: p50 in µs to the upstream itself, and what a proxy adds",
        ["workload", "direct", "nginx proxy_pass", "Reprise, memory", "beyond nginx",
         "Reprise, SQLite", "beyond nginx"], rows)


def cpu_table(result):
    return table(
        "CPU time of a miss, one after another",
        ["server", "CPU, µs", "÷ nginx", "p50, µs", "p99, µs", "RSS"],
        [[name, micros(numbers["cpu"]), times(ratio(result, name, misses.PASS, "cpu")),
          micros(numbers["whole"]["p50"]), micros(numbers["whole"]["p99"]),
          megabytes(numbers["resident"])] for name, numbers in result.items()])


def identical_table(result):
    return table(
        "1,000 identical requests at once",
        ["server", "upstream calls", "answers", "last answer after, ms"],
        [[name, count(numbers["calls"]), count(numbers["answers"]),
          f"{numbers['whole']['max'] / 1000:.0f}"] for name, numbers in result.items()])


def idle_table(result):
    rows = []
    for name, numbers in result.items():
        before, during = numbers["hits before"], numbers["hits meanwhile"]
        rows.append([
            name, count(numbers["held"]), f"{numbers['bytes each'] / 1024:.1f}",
            count(numbers["lost"]),
            f"{micros(before['p50'])} / {micros(before['p99'])}" if before else "",
            f"{micros(during['p50'])} / {micros(during['p99'])}" if during else "",
        ])
    return table(
        "Idle event streams",
        ["server", "streams", "KB each", "lost", "hits before, p50 / p99 µs", "hits meanwhile"],
        rows)


def connections_table(result):
    return table(
        "Idle connections, each after one request", ["server", "connections", "KB each"],
        [[name, count(numbers["held"]), f"{numbers['bytes each'] / 1024:.2f}"]
         for name, numbers in result.items()])


def loops_table(result):
    full, rate = result["full"], result["rate"]
    return table(
        "One loop or two, with the load on the same two CPUs",
        ["server", "hits a second", "÷ 1 loop", "p50, µs", "p99, µs", "at a rate of", "p50, µs",
         "p99, µs", "RSS"],
        [[name, count(numbers["rate"]), times(ratio(full, name, "Reprise, 1 loop")),
          micros(numbers["p50"]), micros(numbers["p99"]), count(rate[name]["rate"]),
          micros(rate[name]["p50"]), micros(rate[name]["p99"]), megabytes(numbers["resident"])]
         for name, numbers in full.items()])


def redis_table(result):
    servers = result["servers"]
    rows = []
    for name, numbers in servers.items():
        rows.append([
            name, count(numbers["rate"]), times(ratio(servers, name, NGINX)),
            micros(numbers["p50"]), micros(numbers["p99"]), count(numbers.get("calls")),
            f"{numbers['reads a hit']:.2f}" if "reads a hit" in numbers else "",
            megabytes(numbers["resident"]),
        ])
    return table(
        f"Hits through Redis, where the entry has {count(result['entry'])} bytes",
        ["server", "a second", "÷ nginx", "p50, µs", "p99, µs", "upstream calls",
         "reads of Redis a hit", "RSS"], rows)


def cold_table(results):
    """`results`: by the names of the stores."""
    rows = []
    for store, result in results:
        for name in ("1 connections", "8 connections"):
            numbers = result[name]
            rows.append([
                f"{store}, {count(result['entries'])} entries, "
                + name.replace("1 connections", "1 connection"),
                count(numbers["rate"]), micros(numbers["get"]["p50"]),
                micros(numbers["get"]["p99"]), micros(numbers["p50"]), micros(numbers["p99"]),
                f"{numbers['share of hits'] * 100:.1f} %", f"{numbers['ready']:.0f}",
                megabytes(numbers["resident"]),
            ])
    return table(
        "Hits that are not in memory, µs",
        ["workload", "a second", "get p50", "get p99", "client p50", "client p99", "hits",
         "ready after, ms", "RSS"], rows)


def per_hit_table(result):
    return table(
        "Per hit", ["what", "number"],
        [[name, f"{value:,.1f}"] for name, value in result.items()])


def micro_tables(result):
    yield table(
        "Canonical key: canonical form, key material and SHA-256, beside SHA-256 of the body alone",
        ["body", "bytes", "key, µs", "SHA-256, µs", "ratio"],
        [[row["body"], count(row["bytes"]), micros(row["key"]), micros(row["hash"]),
          f"{row['ratio']:.2f}"] for row in result["keys"]])
    yield table(
        "Hit ratio of the memory tier's policy, beside LRU and the optimum",
        ["trace", "capacity", "S3-FIFO", "LRU", "optimum"],
        [[row["trace"], f"{row['capacity']:,} of {row['keys']:,}",
          *(f"{row[name] * 100:.1f} %" for name in ("s3fifo", "lru", "optimum"))]
         for row in result["hitRatios"]])


def bar_tables(results):
    """The bars, and the old ground's figures where there is no bar."""
    rows = [[bar.what, bar.wanted, bar.measured, "met" if bar.is_met else "MISSED"]
            for bar in bars.bars(results)]
    if rows:
        yield table("Bars", ["what", "bar", "measured", "verdict"], rows)
    rows = [[bar.what, bar.wanted, bar.measured, "no worse" if bar.is_met else "WORSE"]
            for bar in bars.beside_the_old_ground(results)]
    if rows:
        yield table(
            "Other ratios beside the old ground's", ["what", "old ground", "measured", "verdict"],
            rows)
    rows = [[bar.what, bar.text(bar.limit), bar.measured]
            for bar in bars.figures_of_the_old_ground(results)]
    if rows:
        yield table(
            "Other figures beside the old ground's", ["what", "old ground", "measured"], rows)
