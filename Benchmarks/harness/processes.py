"""Processes that a benchmark starts: pinned to a CPU, ended by their id, never outliving it."""

import ctypes
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time
import urllib.request

SERVER_CPU = 0
LOAD_CPU = 1
# What the names of Reprise's threads that serve connections begin with.
LOOP_THREADS = "loop "

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
# See CPUCLOCK_SCHED and MAKE_PROCESS_CPUCLOCK in Linux's include/linux/posix-timers.h.
_CPUCLOCK_SCHED = 2

_niceness = 0


class BenchmarkError(Exception):
    """A benchmark cannot be run; the text says why."""


def raise_file_limit():
    """Raises the limit of open files as far as the system lets us, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (65536, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return limit
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def free_port():
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def use_niceness(niceness):
    """Gives everything that is started from now on this niceness."""
    global _niceness
    _niceness = niceness


def _prepare(cpu):
    cpus = {cpu} if isinstance(cpu, int) else cpu

    def prepare():
        if _niceness:
            os.setpriority(os.PRIO_PROCESS, 0, _niceness)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpus is not None:
            os.sched_setaffinity(0, cpus)

    return prepare


class Process:
    """A server in the background."""

    # Those that have not been stopped.
    alive = set()

    def __init__(self, arguments, cpu, log, environment=None, standard_input=None, speaks=False):
        """Starts it, pinned to a CPU or to a set of them (None: free to move).

        What it writes goes to a file, but for the standard output of one that `speaks`.
        """
        self.arguments = [str(argument) for argument in arguments]
        self._log = open(log, "ab")
        self.log = log
        self.process = subprocess.Popen(
            self.arguments, stdin=standard_input or subprocess.DEVNULL,
            stdout=subprocess.PIPE if speaks else self._log, stderr=self._log,
            preexec_fn=_prepare(cpu), env={**os.environ, **(environment or {})})
        self._text = ""
        Process.alive.add(self)

    def wait_for_line(self, pattern, seconds):
        """Waits for a line of one that speaks, and returns the match."""
        limit = time.monotonic() + seconds
        stream = self.process.stdout
        while time.monotonic() < limit:
            match = re.search(pattern, self._text)
            if match:
                return match
            ready, _, _ = select.select([stream], [], [], 0.1)
            if not ready:
                continue
            part = os.read(stream.fileno(), 65536).decode(errors="replace")
            if not part:
                raise BenchmarkError(f"{self._name} ended: {self._last_words()}")
            self._text += part
        raise BenchmarkError(f"{self._name} did not say {pattern!r}: {self._last_words()}")

    def wait_for_port(self, port, seconds=10):
        """Waits until somebody listens."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise BenchmarkError(f"{self._name} does not listen: {self._last_words()}")

    @property
    def _name(self):
        return os.path.basename(self.arguments[0])

    def _last_words(self):
        with open(self.log, errors="replace") as file:
            return file.read().strip()[-1000:] or "it wrote nothing"

    def children(self):
        """The ids of the process and of the processes it started."""
        pid = self.process.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as file:
                return [pid] + [int(word) for word in file.read().split()]
        except OSError:
            return [pid]

    def cpu_seconds(self):
        """The CPU time of the process and those it started, in user space and in the kernel.

        The same that utime and stime of /proc/PID/stat have in hundredths of a second, of all
        threads, those that have ended included; by the clock that each process has, in nanoseconds.
        """
        return sum(time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED) for pid in self.children())

    def settle(self, seconds=30):
        """Waits until it does nothing: what a request leaves behind is done then."""
        limit = time.monotonic() + seconds
        before = self.cpu_seconds()
        while time.monotonic() < limit:
            time.sleep(0.1)
            now = self.cpu_seconds()
            if now - before < 0.001:
                return
            before = now
        raise BenchmarkError(f"{self._name} is still busy {seconds} seconds after the last request")

    def pin_loops(self, cpus):
        """Pins its threads that serve connections, one to each CPU."""
        folder = f"/proc/{self.process.pid}/task"
        loops = []
        for thread in sorted(map(int, os.listdir(folder))):
            with open(f"{folder}/{thread}/comm") as file:
                if file.read().startswith(LOOP_THREADS):
                    loops.append(thread)
        if len(loops) != len(cpus):
            raise BenchmarkError(
                f"{self._name} has {len(loops)} threads named {LOOP_THREADS}..., not {len(cpus)}")
        for thread, cpu in zip(loops, cpus):
            os.sched_setaffinity(thread, {cpu})

    def resident_bytes(self):
        """The resident memory of the process and those it started, in bytes."""
        total = 0
        for pid in self.children():
            with open(f"/proc/{pid}/status") as file:
                match = re.search(r"VmRSS:\s+(\d+) kB", file.read())
                total += int(match.group(1)) * 1024 if match else 0
        return total

    def stop(self, seconds=15):
        """Ends it: asks first, and kills it when that takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        Process.alive.discard(self)
        if self.process.stdout:
            self.process.stdout.close()
        self._log.close()


def run(arguments, cpu=None, seconds=120, environment=None, check=True):
    """Runs a command to its end, and returns what it wrote on standard output."""
    words = [str(argument) for argument in arguments]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=seconds, preexec_fn=_prepare(cpu), env={**os.environ, **(environment or {})})
    if check and done.returncode != 0:
        text = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
        raise BenchmarkError(f"{' '.join(words)} failed: {text}")
    return done.stdout.decode(errors="replace")


def fetch(url, body=None, headers=None, context=None):
    """One HTTP request; returns the headers and the body of its response."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60, context=context) as response:
        return {name.lower(): value for name, value in response.getheaders()}, response.read()
