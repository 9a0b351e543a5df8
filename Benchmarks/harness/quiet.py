"""Other work on the machine: waiting until there is little of it, and measuring again what it
disturbed."""

import os
import resource
import time

from .processes import Process

# The share of all CPUs' time that other work may take during a measurement.
TOLERANCE = 0.04
_TICKS = os.sysconf("SC_CLK_TCK")


def _all_seconds():
    """CPU seconds that all processes have used, and that the hypervisor took away."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, hard, soft, stolen = map(int, file.readline().split()[1:9])
    # Interrupts are handled in the time of whichever process runs.
    return (user + nice + system + hard + soft + stolen) / _TICKS


def _own_seconds():
    """CPU seconds that this program and all that it started have used."""
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    for process in Process.alive:
        for pid in process.children():
            try:
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                used += (int(fields[11]) + int(fields[12])) / _TICKS
            except OSError:
                continue
    return used


class Quiet:
    """Watches over measurements; gives up waiting when its patience is spent."""

    def __init__(self, patience):
        """`patience`: seconds to spend on waiting and measuring again, in all."""
        self.patience = patience
        self.disturbed = 0
        self.measured = 0

    def watch(self, work):
        """Does the work; returns its result, and the share of the CPUs that other work took."""
        begun, others = time.monotonic(), _all_seconds() - _own_seconds()
        result = work()
        seconds = time.monotonic() - begun
        others = _all_seconds() - _own_seconds() - others
        return result, max(0.0, others / seconds / (os.cpu_count() or 1))

    def wait(self):
        """Waits for a moment without other work, as long as there is patience."""
        while self.patience > 0:
            begun = time.monotonic()
            _, share = self.watch(lambda: time.sleep(0.5))
            if share <= TOLERANCE:
                return
            time.sleep(0.5)
            self.patience -= time.monotonic() - begun

    def measure(self, work):
        """Measures until nothing disturbed it, or patience is spent: then the best counts."""
        best = None
        while True:
            self.wait()
            begun = time.monotonic()
            result, share = self.watch(work)
            if best is None or share < best[1]:
                best = (result, share)
            if share <= TOLERANCE or self.patience <= 0:
                break
            self.patience -= time.monotonic() - begun
        self.measured += 1
        self.disturbed += best[1] > TOLERANCE
        return {**best[0], "other work": round(best[1], 3)}
