"""How much memory and time an upstream that means harm can take from the gateway, each case at a gateway of its own."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import processes
from load import ACCEPT, Client
from processes import Server, free_port
from report import ours_at_most
from servers import OURS
from world import World

MEMORY_MIB = 512
SECONDS = 75  # a page's time limit is 60 s
CASES = {
    "a page of 100 000 files": ["many"],
    "4 pages of 100 000 files at once": [f"many-{at}" for at in range(4)],
    "a gzip bomb of 64 GiB": ["bomb"],
    "8 gzip bombs at once": [f"bomb-{at}" for at in range(8)],
    "a page without end": ["endless"],
    "8 pages without end at once": [f"endless-{at}" for at in range(8)],
    "a file without end": ["liar"],
    "a page of a byte a second": ["drip"],
}
SMALL = ("a page of 100 000 files", "a gzip bomb of 64 GiB", "a page without end", "a file without end")


def prepare(world: World) -> None:
    pass


def measure(world: World) -> None:
    world.stop_shared()
    port, log = free_port(), world.folder / "hostile.log"
    command = [sys.executable, Path(__file__).with_name("hostile_server.py"), str(port)]
    with Server("hostile", processes.start(command, {}, log), port, log).ready():
        for what, projects in CASES.items():
            if not world.small or what in SMALL:
                case(world, what, projects, f"http://127.0.0.1:{port}/simple/")


def case(world: World, what: str, projects: list[str], upstream: str) -> None:
    with world.start(OURS, upstream) as server:
        idle = server.peak_rss() / 2**20
        started = time.monotonic()
        answers: list[str] = []
        threads = [threading.Thread(target=ask, args=(server, project, answers)) for project in projects]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, peak = time.monotonic() - started, server.peak_rss() / 2**20
        alive = Client(server).get("/health/live")[0] == 200
    world.report.note(f"{what}: {', '.join(sorted(set(answers)))}; idle {idle:.0f} MiB")
    world.report.row(f"hostile: {what}: peak MiB", [peak], goal=ours_at_most(MEMORY_MIB))
    world.report.row(f"hostile: {what}: seconds", [seconds if alive else float("nan")], goal=ours_at_most(SECONDS))


def ask(server: Server, project: str, answers: list[str]) -> None:
    """Asks for the page, and for the first file that it lists."""
    client = Client(server)
    try:
        status, _, body = client.get(f"/simple/{project}/", {"Accept": ACCEPT["json"]})
        answers.append(f"page {status} ({len(body)} bytes)")
        if project == "liar" and status == 200:
            (_, url), = client.page(f"/simple/{project}/")
            answers.append(f"file {client.get(url)[0]}")
    except Exception as problem:  # a connection that was ended is an answer as well
        answers.append(f"{type(problem).__name__}")
    finally:
        client.close()
