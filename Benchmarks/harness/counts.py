"""What noise cannot touch: instructions and allocations per hit, and the micro-benchmarks."""

import json
import os
import re

from .content import Request
from .loads import load
from .peers import HERE
from .processes import BenchmarkError, SERVER_CPU, run


def _difference(bench, few, many, start, totals):
    """What one hit costs: the difference of two runs that differ in nothing but their number.

    `totals` takes the peer that was stopped, and returns numbers by name.
    """
    request = Request(bench.folder, "json-1k")
    counted = []
    for count in (few, many):
        peer = start()
        peer.warm(request)
        load(bench.tools, peer, request, "--connections", 8, "--count", count, seconds=300)
        peer.process.stop(60)
        bench.peers.stop(peer)
        counted.append(totals(peer))
    return {name: (counted[1][name] - counted[0][name]) / (many - few) for name in counted[0]}


def per_hit(bench):
    """Instructions in user space (callgrind) and allocations of one hit over plain HTTP/1.1."""
    file = os.path.join(bench.folder, "mallocs.count")

    def allocations(name, log_level):
        def total(_):
            with open(file) as text:
                return {name: int(text.read())}

        return _difference(
            bench, 2_000, 42_000,
            lambda: bench.peers.reprise(
                log_level=log_level,
                environment={"LD_PRELOAD": bench.tools["mallocs"], "MALLOCS_FILE": file}),
            total)

    results = {
        **allocations("allocations", "warning"), **allocations("allocations, logs on", "info")}
    try:
        results.update(_instructions(bench))
    except (BenchmarkError, OSError) as error:
        print(f"    instructions were not counted: {error}")
    return results


def _instructions(bench):
    # valgrind does not understand the newest debugging information, and needs none.
    binary = os.path.join(bench.folder, "reprise")
    run(["strip", "--strip-debug", "-o", binary, bench.peers.reprise_binary])
    profile = os.path.join(bench.folder, "callgrind.out")

    def totals(_):
        text = run(["callgrind_annotate", "--threshold=100", profile])
        total = re.search(r"([\d,]+) .*PROGRAM TOTALS", text).group(1)
        return {"instructions": int(total.replace(",", ""))}

    return _difference(
        bench, 1_000, 6_000,
        lambda: bench.peers.reprise(
            binary=binary, patience=120, environment={"LD_PRELOAD": bench.tools["sigsuspend"]},
            prefix=("valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}")),
        totals)


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
