"""Many installs at once through one gateway, and readers that are slow: no error, bounded memory, one download."""

from __future__ import annotations

import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

import pytest

from support.installers import PIP, UV, Installer, from_upstream
from support.packages import installed, requests_and_what_it_needs, wheel
from support.program import Gateway, Result, World, high_water_mark_mib
from support.upstream import Upstream

INSTALLS = 50


def test_fifty_installs_at_once(json_upstream: Upstream, world: World) -> None:
    json_upstream.add_all(requests_and_what_it_needs())
    with world.gateway("--upstream", json_upstream.url) as gateway:

        def install(number: int) -> tuple[Result, dict[str, str]]:
            site = world.root / f"site{number}"
            env = {"UV_DEFAULT_INDEX": gateway.index, "UV_CACHE_DIR": str(world.root / f"cache{number}")}
            result = world.command(*UV.words(site), "requests", env=env)
            return result, installed(site)

        with ThreadPoolExecutor(INSTALLS) as pool:
            outcomes = list(pool.map(install, range(INSTALLS)))
        memory = high_water_mark_mib(gateway.process.pid)
    for result, found in outcomes:
        result.succeeded()
        assert found["requests"] == "2.32.2" and len(found) == 5
    for package in requests_and_what_it_needs():
        assert len(json_upstream.body_requests(package.filename)) == 1, "one download serves all"
    assert memory < 300, f"{memory} MiB"
    print(f"{INSTALLS} installs: {memory:.0f} MiB")


@pytest.mark.parametrize("installer", [PIP, UV], ids=str)
def test_runs_that_share_a_home(installer: Installer, json_upstream: Upstream, world: World) -> None:
    json_upstream.add_all(requests_and_what_it_needs())

    def install(number: int) -> Result:
        return world.run(*installer.words(world.root / f"site{number}"), "requests", options=from_upstream(json_upstream))

    with ThreadPoolExecutor(6) as pool:
        for result in pool.map(install, range(6)):
            result.succeeded()


def file_path(gateway: Gateway, project: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(gateway.origin).netloc, timeout=30)
    connection.request("GET", f"/simple/{project}/", headers={"Accept": "text/html"})
    page = connection.getresponse().read().decode()
    href = page.split('href="')[1].split('"')[0].split("#")[0]
    return urlsplit(urljoin(f"{gateway.index}{project}/", href)).path


def test_slow_readers_do_not_hold_memory_or_others(json_upstream: Upstream, world: World) -> None:
    """Two hundred clients ask for 20 MiB each and do not read; somebody else is served at once."""
    json_upstream.add(wheel("large", "1.0", padding=20 << 20))
    json_upstream.add(wheel("thing", "1.0"))
    with world.gateway("--upstream", json_upstream.url) as gateway:
        path = file_path(gateway, "large")
        host, port = urlsplit(gateway.origin).netloc.split(":")
        readers = []
        for _ in range(200):
            reader = socket.create_connection((host, int(port)), timeout=30)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            readers.append(reader)
        for reader in readers:
            assert reader.recv(12) == b"HTTP/1.1 200"
        started = time.monotonic()
        env = {"UV_DEFAULT_INDEX": gateway.index}
        world.command(*UV.words(world.site), "thing", env=env).succeeded()
        assert time.monotonic() - started < 20
        memory = high_water_mark_mib(gateway.process.pid)
        for reader in readers:
            reader.close()
    assert memory < 300, f"{memory} MiB"
    print(f"200 slow readers: {memory:.0f} MiB")


def test_clients_that_say_nothing_do_not_stop_the_others(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    with world.gateway("--upstream", json_upstream.url) as gateway:
        host, port = urlsplit(gateway.origin).netloc.split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(300)]
        world.command(*UV.words(world.site), "thing", env={"UV_DEFAULT_INDEX": gateway.index}).succeeded()
        for connection in silent:
            connection.close()
