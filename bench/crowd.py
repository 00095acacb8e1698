"""500 installs at once, slow readers beside them: errors, time, and how much memory the gateway takes."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import installs
import processes
import tools
import wheels
from index import project_of
from load import Client
from processes import Finished, Server
from report import ours_at_most
from servers import OURS
from world import World

CLIENT = Path(__file__).with_name("client.py")
LIMIT_SECONDS = 280
SLOW_SECONDS = 20
# Wheels up to this size are installed by the crowd: what is measured is the number of clients, not of bytes.
CROWD_WHEEL_BYTES = 400_000
MEMORY_MIB = 512


def prepare(world: World) -> None:
    installs.prepare(world)
    found = tools.corpus(world.size(installs.SMALL, installs.FULL))
    world.crowd = [project_of(wheel.name) for wheel in found if wheel.stat().st_size <= CROWD_WHEEL_BYTES]
    if "wheel-0" not in world.index.projects:
        world.index.add_made_up_wheel("wheel-0", wheels.SIZE)


def measure(world: World) -> None:
    world.stop_shared()
    serve(world)
    behind_run(world)


def command(world: World, what: str, clients: int, *more: str) -> list[str | Path]:
    return [sys.executable, CLIENT, what, "--clients", str(clients), *more]


def serve(world: World) -> None:
    clients, slow, real = world.size((100, 40, 4), (500, 200, 24))
    folder = world.new_folder("crowd")
    folder.mkdir()
    env = installs.environment(folder, world.upstream.authority)
    with world.start(OURS) as server:
        url = f"{server.origin}{wheels.address(server, OURS, 'wheel-0')}"
        jobs = {"slow": command(world, "slow", slow, "--url", url, "--seconds", str(SLOW_SECONDS))}
        jobs["light"] = command(world, "install", clients, "--index", f"{server.origin}/simple/", "--projects",
                                ",".join(world.crowd))
        wanted = installs.SMALL
        for at in range(real):
            jobs[f"uv-{at}"] = ["env", f"UV_CACHE_DIR={folder}/uv-{at}",
                                *installs.uv(folder / f"target-{at}", f"{server.origin}/simple/", wanted)]
        done = together(jobs, env, folder)
        peak = server.peak_rss()
        healthy = Client(server).get("/health/live")[0] == 200
    rows(world, f"{clients} installs at once, {slow} slow readers, {real} uv, gateway serve", done, folder, peak)
    if not healthy:
        raise AssertionError("the gateway does not answer any more")


def behind_run(world: World) -> None:
    clients = world.size(100, 500)
    folder = world.new_folder("crowd")
    folder.mkdir()
    env = installs.environment(folder, world.upstream.authority)
    # asyncio's streams can begin TLS since Python 3.11.
    index = f"{world.upstream.tls}/simple/" if sys.version_info >= (3, 11) else world.upstream.simple
    light = command(world, "install", clients, "--index", index, "--projects", ",".join(world.crowd))
    done = processes.run([tools.affineur(), "run", "--quiet", "--upstream", index, "--", *light], env, folder / "light.log",
                         LIMIT_SECONDS, cwd=folder, watch_memory=True)
    scheme = index.partition(":")[0]
    rows(world, f"{clients} installs at once, {scheme}, behind one affineur run", {"light": done}, folder, done.peak_rss)


def together(jobs: dict[str, list], env: dict[str, str], folder: Path) -> dict[str, Finished]:
    """Runs the commands at the same time."""
    done: dict[str, Finished] = {}

    def one(name: str, job: list) -> None:
        done[name] = processes.run(job, env, folder / f"{name}.log", LIMIT_SECONDS, cwd=folder)

    threads = [threading.Thread(target=one, args=job, daemon=True) for job in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def rows(world: World, what: str, done: dict[str, Finished], folder: Path, peak: int) -> None:
    errors, total = 0, 0
    for name, finished in done.items():
        text = (folder / f"{name}.log").read_text(errors="replace")
        answer = next((json.loads(line) for line in text.splitlines() if line.startswith('{"clients"')), None)
        errors += answer["errors"] if answer else int(finished.status != 0)
        total += answer["bytes"] if answer else 0
        if finished.status or (answer and answer["errors"]):
            world.report.note(f"{what}, {name}: status {finished.status}: {answer['problems'] if answer else text[-800:]}")
    world.report.row(f"{what}: errors", [errors], goal=ours_at_most(0))
    world.report.row(f"{what}: peak MiB", [peak / 2**20], goal=ours_at_most(MEMORY_MIB))
    world.report.row(f"{what}: seconds", [max(each.wall for each in done.values())])
    world.report.row(f"{what}: MB of wheels", [total / 1e6])
