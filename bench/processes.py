"""Processes that are measured: started in groups of their own, watched through /proc, always stopped.

Nothing here waits without a limit, and whatever was started is killed when this program ends, however it ends.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60
STOP_SECONDS = 10
_groups: set[int] = set()


def guard(limit_seconds: int) -> None:
    """Ends the whole run after `limit_seconds`, and kills every child on any way out."""
    def leave(number: int, _frame: object) -> None:
        if number == signal.SIGALRM:
            print(f"# gave up after {limit_seconds} s", file=sys.stderr)
        kill_all()
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, leave)
    signal.alarm(limit_seconds)
    atexit.register(kill_all)


def kill_all() -> None:
    for group in list(_groups):
        kill_group(group)


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    _groups.discard(group)


def start(command: Sequence[str | Path], env: Mapping[str, str], log: Path, cwd: Path | None = None) -> subprocess.Popen:
    """Starts a command in a group of its own; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen([str(part) for part in command], env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output, start_new_session=True)
    _groups.add(process.pid)
    return process


@dataclass(frozen=True)
class Finished:
    """What a command cost. CPU seconds are its own and those of all children that it waited for."""

    status: int
    wall: float
    cpu: float
    peak_rss: int


def run(command: Sequence[str | Path], env: Mapping[str, str], log: Path, limit_seconds: float,
        cwd: Path | None = None, watch_memory: bool = False) -> Finished:
    """Runs a command to its end, or kills its group after `limit_seconds` (status -9)."""
    started = time.monotonic()
    process = start(command, env, log, cwd)
    timer = threading.Timer(limit_seconds, kill_group, [process.pid])
    timer.daemon = True  # when this program is stopped, it does not wait for that
    timer.start()
    memory = Memory(process.pid) if watch_memory else None
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    kill_group(process.pid)
    return Finished(process.returncode, wall, usage.ru_utime + usage.ru_stime, memory.stop() if memory else 0)


# Starts argv[2:], waits, writes its CPU seconds and its peak memory in KiB to argv[1], and ends as it did.
LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as cost:
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=cost)
sys.exit(abs(os.waitstatus_to_exitcode(status)))
"""


def alone(command: Sequence[object], env: Mapping[str, str], log: Path, limit_seconds: float) -> Finished:
    """Like `run`, for short processes: the peak is the kernel's own. A process inherits the peak of the one that starts it,
    so a small Python does (8 MiB, below which nothing can be told)."""
    cost = log.with_suffix(".cost")
    cost.unlink(missing_ok=True)
    parts = [str(part) for part in command]
    done = run([sys.executable, "-I", "-S", "-c", LAUNCHER, cost, *parts], env, log, limit_seconds)
    if not cost.exists():
        return done
    cpu, peak = cost.read_text().split()
    return Finished(done.status, done.wall, float(cpu), int(peak) * 1024)


class Memory:
    """The peak resident memory of one process, read while it lives."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.peak = max(self.peak, peak_rss(self.pid))

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self.peak


class Server:
    """A running server. Its CPU time is that of its whole process tree."""

    def __init__(self, name: str, process: subprocess.Popen, port: int, log: Path) -> None:
        self.name, self.process, self.port, self.log = name, process, port, log

    def ready(self) -> Server:
        wait_until_listening(self.port, self.process, self.log)
        return self

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """CPU seconds so far."""
        return sum(cpu_of(pid) for pid in tree(self.process.pid))

    def peak_rss(self) -> int:
        """Bytes: the sum of the peaks of its processes."""
        return sum(peak_rss(pid) for pid in tree(self.process.pid))

    def reset_peak(self) -> None:
        """Forgets the peak so far (proc(5): 5 into clear_refs)."""
        for pid in tree(self.process.pid):
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:
                pass

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        group = self.process.pid
        try:
            os.killpg(group, signal.SIGTERM)
            self.process.wait(STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        kill_group(group)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def tree(root: int) -> list[int]:
    """The process and all its descendants that live now."""
    found, at = [root], 0
    while at < len(found):
        pid = found[at]
        at += 1
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            pass
    return found


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS  # utime, stime, and those of children that were waited for


def peak_rss(pid: int) -> int:
    try:
        for entry in Path(f"/proc/{pid}/status").read_text().splitlines():
            if entry.startswith("VmHWM:"):
                return int(entry.split()[1]) * 1024
    except OSError:
        pass
    return 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port: int, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}:\n{log.read_text(errors='replace')[-2000:]}")
