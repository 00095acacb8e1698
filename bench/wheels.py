"""A wheel of 35 MB: cold (through to the upstream, verified, stored) and warm."""

from __future__ import annotations

from collections import defaultdict

from load import Client, Timed, path_of, wrk
from processes import Server
from report import at_least, at_most
from servers import Kind
from world import World

SIZE = 35 * 1000 * 1000
COLD = 3


def prepare(world: World) -> None:
    for at in range(COLD + 1):
        world.index.add_made_up_wheel(f"wheel-{at}", SIZE)


def address(server: Server, kind: Kind, project: str) -> str:
    """Where a server has the project's wheel, from the page that it shows."""
    client = Client(server)
    (_, url), = client.page(f"{kind.pages}{project}/")
    client.close()
    return path_of(url)


def measure(world: World) -> None:
    servers = world.servers(limit=True)
    rate, cpu = defaultdict(list), defaultdict(list)
    for at in range(COLD):
        for server, kind in servers:
            path, client = address(server, kind, f"wheel-{at}"), Client(server)
            try:
                with Timed(server) as timed:
                    assert client.size_of(path) > SIZE - 10_000
                rate[server.name].append(SIZE / 1e6 / timed.wall)
                cpu[server.name].append(timed.cpu * 1e3)
            except RuntimeError as problem:
                world.report.note(f"{server.name}: {problem}")
            client.close()
    rows(world, "wheel cold, 35 MB, 1 client", rate, cpu, world.peers(servers))
    rate, cpu = defaultdict(list), defaultdict(list)
    for turn in range(world.size(2, 3)):
        for server, kind in servers:
            path, client = address(server, kind, f"wheel-{COLD}"), Client(server)
            if turn == 0:
                fill(world, server, path)
            load = wrk(server, f"{server.origin}{path}", {}, world.size(2, 4), connections=4)
            assert not load.wrong, f"{server.name}: {load.wrong} wrong answers"
            rate[server.name].append(load.bytes_per_second / 1e6)
            cpu[server.name].append(load.cpu_us / 1e3)
    rows(world, "wheel warm, 35 MB, 4 clients", rate, cpu, ["nginx", *world.peers(servers)])


def fill(world: World, server: Server, path: str) -> None:
    """Asks until the server has the wheel itself; proxpi sends clients elsewhere while it takes long."""
    import time
    for _ in range(100):
        client = Client(server)
        try:
            client.size_of(path)
            return
        except RuntimeError:
            time.sleep(0.2)
        finally:
            client.close()
    raise RuntimeError(f"{server.name} does not serve {path}")


def rows(world: World, what: str, rate: dict, cpu: dict, peers: list[str]) -> None:
    for peer in peers:
        limit = peer == "nginx"
        world.report.row(f"{what}, against {peer}: MB/s", rate["affineur"], rate[peer], at_least(0.5 if limit else 1))
        world.report.row(f"{what}, against {peer}: server CPU ms/download", cpu["affineur"], cpu[peer],
                         None if limit else at_most(1), False)
