"""The harness itself: without affineur the installers take what the test upstreams serve, good or bad.

These are the controls of all other tests: where affineur is said to have stopped something, it would have come through.
"""

from __future__ import annotations

import os
import socket
import sys

import pytest

from support import faults
from support.installers import BOTH, Installer
from support.packages import installed, origin_of, requests_and_what_it_needs, wheel
from support.program import World
from support.upstream import TODAY, Upstream


def directly(upstream: Upstream) -> dict[str, str]:
    return {"PIP_INDEX_URL": upstream.url, "UV_DEFAULT_INDEX": upstream.url}


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_without_affineur_a_real_tree_is_installed(installer: Installer, upstream: Upstream, world: World) -> None:
    upstream.add_all(requests_and_what_it_needs())
    world.command(*installer.words(world.site), "requests", env=directly(upstream)).succeeded()
    assert installed(world.site)["requests"] == "2.32.2"


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_without_affineur_the_release_of_today_is_installed(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(wheel("thing", "1.0"))
    upstream.add(wheel("thing", "2.0", origin="evil"), age=TODAY)
    world.command(*installer.words(world.site), "thing", env=directly(upstream)).succeeded()
    assert origin_of(world.site, "thing") == "evil"


def test_a_truncated_body_is_really_cut(json_upstream: Upstream, world: World) -> None:
    package = wheel("thing", "1.0", padding=100_000)
    json_upstream.add(package)
    json_upstream.faults[f"/files/{package.filename}"] = faults.truncated(package.data, 5_000)
    fetched = world.command("curl", "-sS", "-o", "out", f"{json_upstream.origin}/files/{package.filename}")
    assert fetched.status == 18, fetched
    assert (world.work / "out").stat().st_size == 5_000


def test_the_suite_has_no_network_but_loopback() -> None:
    """`./test e2e` runs in a network namespace of its own, so whatever arrives came from an upstream of the test."""
    with socket.socket() as attempt:
        attempt.settimeout(2)
        with pytest.raises(OSError) as refused:
            attempt.connect(("192.0.2.1", 443))
    assert not isinstance(refused.value, TimeoutError), "packets leave this machine: run ./test e2e"


def test_the_pinned_installers_are_the_ones_that_run(world: World) -> None:
    versions = [world.command(tool, "--version").succeeded().stdout for tool in ("pip", "uv", "poetry")]
    assert "pip 26.3" in versions[0] and "uv 0.13.8" in versions[1] and "2.5.1" in versions[2], versions
    assert os.path.dirname(sys.executable) in world.env["PATH"]
