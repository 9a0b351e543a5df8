"""What noise cannot touch: instructions and allocations per hit, and the micro-benchmarks."""

import json
import os
import re

from .content import Request
from .loads import load
from .peers import HERE
from .processes import BenchmarkError, SERVER_CPU, run


def _difference(bench, few, many, start, total):
    """What one hit costs: the difference of two runs that differ in nothing but their number."""
    request = Request(bench.folder, "json-1k")
    totals = []
    for count in (few, many):
        peer = start()
        peer.warm(request)
        load(bench.tools, peer, request, "--connections", 8, "--count", count, seconds=300)
        peer.process.stop(60)
        bench.peers.stop(peer)
        totals.append(total(peer))
    return (totals[1] - totals[0]) / (many - few)


def per_hit(bench):
    """Instructions in user space (callgrind) and allocations of one hit over plain HTTP/1.1."""
    results = {}
    file = os.path.join(bench.folder, "mallocs.count")

    def counted(log_level):
        return _difference(
            bench, 2_000, 42_000,
            lambda: bench.peers.reprise(
                log_level=log_level,
                environment={"LD_PRELOAD": bench.tools["mallocs"], "MALLOCS_FILE": file}),
            lambda peer: int(open(file).read()))

    results["allocations"] = counted("warning")
    results["allocations, logs on"] = counted("info")
    try:
        results["instructions"] = _instructions(bench)
    except (BenchmarkError, OSError) as error:
        print(f"    instructions were not counted: {error}")
    return results


def _instructions(bench):
    # valgrind does not understand the newest debugging information, and needs none.
    binary = os.path.join(bench.folder, "reprise")
    run(["strip", "--strip-debug", "-o", binary, bench.peers.reprise_binary])

    def collected(peer):
        with open(peer.process.log, errors="replace") as log:
            return int(re.findall(r"Collected : (\d+)", log.read())[-1])

    return _difference(
        bench, 1_000, 6_000,
        lambda: bench.peers.reprise(
            binary=binary, patience=120, environment={"LD_PRELOAD": bench.tools["sigsuspend"]},
            prefix=("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")),
        collected)


def micro(bench):
    """The micro-benchmarks of Benchmarks/Micro."""
    package = os.path.join(HERE, "Micro")
    swift = os.environ.get("SWIFT", "swift")
    build = [swift, "build", "-c", "release", "--package-path", package]
    if bench.options.micro_scratch:
        build += ["--scratch-path", bench.options.micro_scratch]
    run(build, seconds=1800)
    folder = run([*build, "--show-bin-path"]).strip()
    bench.quiet.wait()
    return json.loads(run([os.path.join(folder, "Micro"), "--json"], SERVER_CPU, 300))
