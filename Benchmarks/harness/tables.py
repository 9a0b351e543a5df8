"""Prints results as tables that can be read in a terminal and pasted into a Markdown page."""

from .rounds import ratio
from .stores import BEHIND, THROUGH

BARE, NGINX, REPRISE = "bare loop", "nginx", "Reprise"


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
        for peer in (REPRISE, "Reprise, logs on"):
            if peer in result:
                other = NGINX if peer == REPRISE else "nginx, logs on"
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
            nginx, reprise = added[f"nginx proxy_pass {point}"], added[f"Reprise {point}"]
            rows.append([
                f"{title}, {words}", micros(direct[point]["p50"]), f"{nginx:+.0f}",
                f"{reprise:+.0f}", f"{reprise - nginx:+.0f}",
            ])
    return table(
        "Misses: p50 in µs to the upstream itself, and what a proxy adds",
        ["workload", "direct", "nginx proxy_pass", "Reprise", "Reprise beyond nginx"], rows)


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
            name, count(numbers["streams"]), f"{numbers['bytes per stream'] / 1024:.1f}",
            count(numbers["lost"]),
            f"{micros(before['p50'])} / {micros(before['p99'])}" if before else "",
            f"{micros(during['p50'])} / {micros(during['p99'])}" if during else "",
        ])
    return table(
        "Idle event streams",
        ["server", "streams", "KB each", "lost", "hits before, p50 / p99 µs", "hits meanwhile"],
        rows)


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
    return table("Per hit", ["what", "number"], [[name, f"{value:,.1f}"] for name, value in result.items()])


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


def bar_table(results):
    """The bars that can be judged from what was measured."""
    rows = []

    def bar(what, wanted, measured, text):
        rows.append([what, wanted, text, "met" if measured else "MISSED"])

    plain = results.get("plain")
    if plain:
        value = ratio(plain, REPRISE, NGINX)
        bar("hits ÷ nginx", "≥ 1.70", value >= 1.7, f"{value:.2f}")
        value = ratio(plain, REPRISE, BARE)
        bar("hits ÷ bare loop", "≥ 0.80", value >= 0.8, f"{value:.2f}")
        value = ratio(plain, REPRISE, NGINX, "p99")
        bar("p99 of hits ÷ nginx's", "≤ 1.00", value <= 1, f"{value:.2f}")
    if "redis" in results:
        servers = results["redis"]["servers"]
        value = ratio(servers, THROUGH, NGINX)
        bar("hits through Redis ÷ nginx from memory", "≥ 0.50", value >= 0.5, f"{value:.2f}")
        value = ratio(servers, BEHIND, REPRISE)
        bar("hits from memory, Redis behind ÷ without", "≥ 0.95", value >= 0.95, f"{value:.2f}")
    for title, result in results.get("misses", {}).items():
        # With more at once a latency is the time in the queue for one core.
        if not title.endswith(", 1 at once"):
            continue
        for point in ("first", "whole"):
            value = result["added"][f"Reprise {point}"] - result["added"][f"nginx proxy_pass {point}"]
            bar(f"miss, {title}, {point}: beyond nginx", "≤ 100 µs", value <= 100, f"{value:+.0f} µs")
    if "identical" in results:
        value = results["identical"][REPRISE]["calls"]
        bar("upstream calls of 1,000 identical requests", "1", value == 1, count(value))
    for name, numbers in results.get("idle", {}).items():
        if name.startswith(REPRISE):
            value = numbers["bytes per stream"] / 1024
            bar(f"idle streams, {name.split(', ')[1]}", "≤ 30 KB", value <= 30, f"{value:.1f} KB")
    if "million" in results:
        numbers = results["million"]["1 connections"]
        value = numbers["get"]["p99"]
        bar("1,000,000 in SQLite: get p99", "≤ 200 µs", value <= 200, f"{value:.0f} µs")
        bar("1,000,000 in SQLite: ready", "≤ 300 ms", numbers["ready"] <= 300,
            f"{numbers['ready']:.0f} ms")
    for row in results.get("micro", {}).get("keys", []):
        if row["body"].startswith("100 KB"):
            bar(f"key ÷ SHA-256, {row['body']}", "≤ 2.00", row["ratio"] <= 2, f"{row['ratio']:.2f}")
        if row["body"].startswith("1 KB"):
            bar(f"key, {row['body']}", "≤ 5 µs", row["key"] <= 5, f"{row['key']:.1f} µs")
    if "litellm" in results:
        value = ratio(results["litellm"], REPRISE, "LiteLLM")
        bar("hits ÷ LiteLLM", "≥ 500", value >= 500, f"{value:,.0f}")
    return table("Bars", ["what", "bar", "measured", "verdict"], rows) if rows else ""
