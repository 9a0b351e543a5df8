"""The clients: wrk, h2load, load.c and redis-benchmark, each returning rates and latencies in
microseconds."""

import csv
import json
import os
import re

from .peers import HERE
from .processes import BenchmarkError, LOAD_CPU, SERVER_CPU, run
from .rounds import percentile


def wrk(peer, request, seconds, connections=32, threads=1, cpu=LOAD_CPU):
    """Sends the same request on each connection as fast as answers come."""
    text = run(
        ["wrk", "-t", threads, "-c", connections, "-d", f"{seconds}s", "--latency", "--timeout",
         "30s", "-s", os.path.join(HERE, "load", "post.lua"), peer.url],
        cpu, seconds + 60,
        {"REQUEST_BODY": request.body_file, "REQUEST_HEADERS": request.headers_file})
    match = re.search(r"^RESULT (.*)$", text, re.MULTILINE)
    if not match:
        raise BenchmarkError(f"wrk said nothing about {peer.name}: {text[-500:]}")
    result = json.loads(match.group(1))
    _check(result, peer)
    return {**result, "rate": result["requests"] / result["seconds"]}


def h2load(peer, request, seconds, folder, connections=32, streams=1):
    """The same over HTTP/2, with so many streams at once on each connection."""
    log = os.path.join(folder, "h2load.log")
    if os.path.exists(log):
        os.remove(log)
    headers = []
    for name, value in request.headers.items():
        if name not in ("Connection", "Accept-Encoding"):
            headers += ["-H", f"{name}: {value}"]
    text = run(
        ["h2load", "-c", connections, "-m", streams, "-D", seconds, "--warm-up-time", 1,
         "-d", request.body_file, "--log-file", log, *headers, peer.url],
        LOAD_CPU, seconds + 60)
    if "Application protocol: h2" not in text:
        raise BenchmarkError(f"{peer.name} does not speak HTTP/2: {text[-500:]}")
    latencies = []
    errors = 0
    with open(log) as file:
        for line in file:
            _, status, duration = line.split()
            latencies.append(int(duration))
            errors += status != "200"
    latencies.sort()
    if not latencies:
        raise BenchmarkError(f"h2load had no answer of {peer.name}: {text[-500:]}")

    parts = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1}
    result = {
        "requests": len(latencies), "errors": errors, "seconds": float(seconds),
        **{name: float(percentile(latencies, part)) for name, part in parts.items()},
        "rate": len(latencies) / seconds,
    }
    _check(result, peer)
    return result


def load(tools, peer, request, *options, cpu=LOAD_CPU, seconds=120):
    """Runs load.c; see there for its options."""
    text = run(
        [tools["load"], "--port", peer.port, "--request", request.request_file, *options], cpu,
        seconds)
    result = json.loads(text.splitlines()[-1])
    _check(result, peer)
    return {**result, "rate": result["requests"] / max(result["seconds"], 1e-9)}


def redis_benchmark(server, name, seconds, connections=32):
    """GETs of one value, without pipelining, from the CPU where a proxy would stand."""
    def ask(count):
        text = run(
            ["redis-benchmark", "-p", server.port, "-c", connections, "-n", count, "--csv", "GET",
             name], SERVER_CPU, seconds + 60)
        row = next(csv.DictReader(text.splitlines()))
        latencies = {part: float(row[f"{part}_latency_ms"]) * 1000 for part in ("p50", "p99")}
        return {"rate": float(row["rps"]), **latencies}

    # It takes a number of requests, not of seconds.
    return ask(int(ask(10_000)["rate"] * seconds))


def _check(result, peer):
    if result["requests"] == 0:
        raise BenchmarkError(f"{peer.name} answered nothing")
    if result["errors"] > result["requests"] / 1000:
        raise BenchmarkError(
            f"{peer.name}: {result['errors']} errors among {result['requests']} requests")
