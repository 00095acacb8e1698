"""Runs `affineur` as a user would: a home of its own, a clean environment, a time limit, its memory watched."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("AFFINEUR_PROGRAM", REPOSITORY / "target" / "debug" / "affineur"))
# Signs repositories with affineur's own library.
SIGNER = REPOSITORY / "target" / "debug" / "examples" / "repository"
TOOLS = Path(sys.prefix) / "bin"
TIME_LIMIT = 100


@dataclass(frozen=True)
class Result:
    """What a command did."""

    arguments: list[str]
    status: int
    stdout: str
    stderr: str
    seconds: float
    peak_memory_mib: float

    @property
    def words(self) -> str:
        """Everything that was printed, with lines and the borders of tables folded into single spaces."""
        return fold(self.stdout + " " + self.stderr)

    @property
    def told(self) -> str:
        """What was printed on stderr, where affineur tells its own part, folded likewise."""
        return fold(self.stderr)

    def __str__(self) -> str:
        return (
            f"\n$ {' '.join(self.arguments)}\nstatus {self.status}, {self.seconds:.1f} s, "
            f"{self.peak_memory_mib:.0f} MiB\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )

    __repr__ = __str__

    def succeeded(self) -> Result:
        assert self.status == 0, self
        return self

    def failed(self) -> Result:
        assert self.status != 0, self
        return self

    def says(self, *phrases: str) -> Result:
        """Each phrase was printed, whatever the case and however the lines were broken."""
        lowered = self.words.lower()
        missing = [phrase for phrase in phrases if phrase.lower() not in lowered]
        assert not missing, f"not said: {missing}{self}"
        return self

    def does_not_say(self, *phrases: str) -> Result:
        lowered = self.words.lower()
        present = [phrase for phrase in phrases if phrase.lower() in lowered]
        assert not present, f"said: {present}{self}"
        return self


def fold(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return re.sub(r"[\s│┃|╭╮╰╯├┤┆╎×]+", " ", text)


@dataclass
class World:
    """One test's world: folders, environment, and the program in it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    passed: timedelta = timedelta()

    def __post_init__(self) -> None:
        for folder in (self.home, self.temp, self.work, self.state):
            folder.mkdir(parents=True)
        self.env = {
            "PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "TMPDIR": str(self.temp),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "AFFINEUR_HOME": str(self.state),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON": sys.executable,
            "POETRY_KEYRING_ENABLED": "false",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temp(self) -> Path:
        return self.root / "tmp"

    @property
    def work(self) -> Path:
        """The working directory of every command."""
        return self.root / "work"

    @property
    def state(self) -> Path:
        """AFFINEUR_HOME."""
        return self.root / "state"

    @property
    def site(self) -> Path:
        """Where `pip install --target` and `uv pip install --target` put things."""
        return self.root / "site"

    def write(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def policy(self, text: str, name: str = "policy.toml") -> Path:
        """A policy file outside the working directory, so that it is only used where it is named."""
        path = self.root / name
        path.write_text(text)
        return path

    def clear_site(self) -> None:
        shutil.rmtree(self.site, ignore_errors=True)

    def again(self, **time: float) -> None:
        """Some time passes (a minute, so that pages are asked for again), and nothing is installed any more."""
        self.passed += timedelta(**(time or {"minutes": 1}))
        self.clear_site()

    def clear_caches(self) -> None:
        """Forgets what the installers did by themselves: their ordinary caches and the project's environment."""
        shutil.rmtree(self.home / ".cache", ignore_errors=True)
        shutil.rmtree(self.work / ".venv", ignore_errors=True)

    def affineur(self, *arguments: object, **options: object) -> Result:
        return self.command(PROGRAM, *arguments, **options)

    def run(self, *command: object, options: tuple = (), **settings: object) -> Result:
        """`affineur run OPTIONS -- COMMAND`."""
        return self.affineur("run", *options, "--", *command, **settings)

    def command(
        self, *arguments: object, env: dict[str, str | None] | None = None, time_limit: float = TIME_LIMIT,
        cwd: Path | None = None,
    ) -> Result:
        """Runs a command to its end."""
        words = [str(argument) for argument in arguments]
        started = time.monotonic()
        process = self.start(*words, env=env, cwd=cwd)
        watch = MemoryWatch(process.pid)
        try:
            stdout, stderr = process.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            raise AssertionError(f"still running after {time_limit} s: {words}\n{stdout}\n{stderr}") from None
        finally:
            watch.stop()
        seconds = time.monotonic() - started
        return Result(words, process.returncode, stdout, stderr, seconds, watch.peak_mib)

    def start(
        self, *arguments: object, env: dict[str, str | None] | None = None, cwd: Path | None = None,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Starts a command in a process group of its own, in this world's environment and at this world's time."""
        merged = {key: value for key, value in {**self.env, **(env or {})}.items() if value is not None}
        if self.passed:
            # Waiting and time-outs go on as usual: only the calendar moves.
            merged["FAKETIME_DONT_FAKE_MONOTONIC"] = merged["DONT_FAKE_MONOTONIC"] = "1"
            merged["FAKETIME"] = f"+{self.passed.total_seconds():.0f}"
            merged["LD_PRELOAD"] = time_library()
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            env=merged, cwd=cwd or self.work, text=True, errors="replace", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
        )

    @contextmanager
    def gateway(self, *options: object, env: dict[str, str | None] | None = None) -> Iterator[Gateway]:
        """`affineur gateway serve` on a free port, ended with SIGTERM."""
        with self.service("gateway", "serve", *options, env=env) as gateway:
            yield gateway

    @contextmanager
    def service(self, *words: object, env: dict[str, str | None] | None = None) -> Iterator[Gateway]:
        """A command that serves, on a free port, ended with SIGTERM."""
        process = self.start(PROGRAM, *words, "--listen", "127.0.0.1:0", env=env)
        gateway = Gateway(process)
        try:
            gateway.wait_until_ready()
            yield gateway
        finally:
            gateway.end()


class Gateway:
    """A running `affineur gateway serve` or `affineur index serve`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        self.changed = threading.Condition()
        for stream in (process.stdout, process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: object) -> None:
        for line in stream:
            with self.changed:
                self.log.append(line)
                self.changed.notify_all()

    def wait_for(self, pattern: str, time_limit: float = 20) -> re.Match:
        """Waits until a line of the log matches."""
        deadline = time.monotonic() + time_limit
        with self.changed:
            while True:
                for line in self.log:
                    if found := re.search(pattern, line):
                        return found
                left = deadline - time.monotonic()
                assert left > 0 and self.process.poll() is None, f"no {pattern!r} in:\n{''.join(self.log)}"
                self.changed.wait(min(left, 0.2))

    def wait_until_ready(self) -> None:
        self.origin = self.wait_for(r"(http://(?:127\.0\.0\.1|\[::1\]):[1-9]\d*)")[1]

    @property
    def index(self) -> str:
        return f"{self.origin}/simple/"

    @property
    def environment(self) -> dict[str, str]:
        """What lets pip and uv install from here, and from nowhere else."""
        return {"PIP_INDEX_URL": self.index, "UV_DEFAULT_INDEX": self.index}

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("it did not end after SIGTERM") from None


class MemoryWatch:
    """The high-water mark of one process's memory, read until it ends."""

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
        self._thread.start()

    def _watch(self, pid: int) -> None:
        while not self._ended.is_set():
            self.peak_mib = max(self.peak_mib, high_water_mark_mib(pid))
            self._ended.wait(0.05)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


def high_water_mark_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


def time_library() -> str:
    """What moves the clock of a process. The `faketime` command would stand between us and the process."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is missing: ./test installs it"
    return str(found[0])


def require_tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{name} is missing: ./test installs it"
    return found


def until(happens: Callable[[], object], time_limit: float = 20) -> bool:
    """Waits until something holds; whether it did in time."""
    deadline, pause = time.monotonic() + time_limit, threading.Event()
    while not happens():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.05)
    return True


def json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
