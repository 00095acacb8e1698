"""A running service takes a changed policy without a restart, refuses a bad one, and keeps what held before."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.answers import Answer
from support.installers import BOTH, PIP, WITHHELD, Installer
from support.packages import installed, wheel
from support.program import Gateway, World, until
from support.upstream import TODAY, Upstream

EACH = pytest.mark.parametrize("installer", BOTH, ids=str)
IN_FORCE, REFUSED = "another policy is in force", "a changed policy is refused"


@pytest.fixture
def index(json_upstream: Upstream) -> Upstream:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=TODAY)
    return json_upstream


def text(index: Upstream, age: str = "3d", more: str = "") -> str:
    return f'sources = ["index"]\nminimum-age = "{age}"\n[party.index]\nupstream = "{index.url}"\n{more}'


def replace(path: Path, content: str) -> None:
    """As editors do: beside it, then over it."""
    beside = path.with_suffix(".new")
    beside.write_text(content)
    beside.replace(path)


@pytest.fixture
def policy(index: Upstream, world: World) -> Path:
    return world.policy(text(index))


@pytest.fixture
def gateway(policy: Path, world: World) -> Iterator[Gateway]:
    with world.gateway("--policy", policy, "--metrics-listen", "127.0.0.1:0") as running:
        yield running


def install(installer: Installer, world: World, gateway: Gateway, requirement: str = "thing") -> object:
    world.clear_site()
    return world.command(*installer.words(world.site), requirement, env=gateway.environment)


def metrics(gateway: Gateway) -> str:
    address = gateway.wait_for(r"metrics=Some\((127\.0\.0\.1:\d+)\)")[1]
    return Answer(f"http://{address}/metrics").text


@EACH
def test_a_changed_policy_holds_without_a_restart(
    installer: Installer, index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    install(installer, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    replace(policy, text(index, "1h"))
    assert "may let more through, minimum-age" in gateway.wait_for(IN_FORCE).string
    install(installer, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "2.0"}


def test_a_stricter_policy_withholds_what_was_had_before(
    index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    install(PIP, world, gateway).succeeded()
    replace(policy, text(index, "3000d"))
    gateway.wait_for(IN_FORCE)
    install(PIP, world, gateway, "thing==1.0").failed().says(PIP.quotes(WITHHELD), "waits 3000 days")


def test_a_wrong_policy_is_refused_with_its_place_and_the_one_before_stays(
    index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    before = Answer(gateway.origin).text
    assert "refused" not in before
    replace(policy, text(index, "soon"))
    line = gateway.wait_for(REFUSED).string
    assert "policy.toml: line 2, column 15" in line, line
    shown = Answer(gateway.origin).text
    assert "policy.toml: line 2, column 15" in shown and before.splitlines()[2] in shown
    assert "affineur_policy_refused 1" in metrics(gateway)
    install(PIP, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    replace(policy, text(index))
    gateway.wait_for("says what is in force")
    assert Answer(gateway.origin).text == before and "affineur_policy_refused 0" in metrics(gateway)
    replace(policy, text(index, "1h"))
    gateway.wait_for(IN_FORCE)
    install(PIP, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "2.0"}


def test_a_hangup_loads_at_once_and_ends_nothing(
    index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    policy.write_text(text(index, "1h"))
    os.kill(gateway.process.pid, signal.SIGHUP)
    gateway.wait_for(IN_FORCE)
    install(PIP, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "2.0"}
    os.kill(gateway.process.pid, signal.SIGHUP)
    gateway.wait_for("says what is in force")
    assert gateway.end() == 0


def test_a_policy_that_is_gone_or_lacks_a_root_changes_nothing(
    index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    policy.unlink()
    gateway.wait_for(f"{REFUSED}.*the policy cannot be read")
    party = '[party.curator]\nrepository = "https://curator.example/tuf/"\nroot = "curator.json"\n'
    policy.write_text(f'require = ["curator"]\n{text(index, "1h", party)}')
    gateway.wait_for(f"{REFUSED}.*party curator: the root .*curator.json cannot be used")
    install(PIP, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_a_trusted_policy_of_the_working_directory_holds_only_as_it_was_trusted(
    index: Upstream, world: World
) -> None:
    local = world.write("affineur.toml", text(index))
    world.affineur("policy", "trust", local).succeeded()
    with world.gateway() as gateway:
        replace(local, text(index, "1h"))
        gateway.wait_for(f"{REFUSED}.*changed since it was trusted")
        install(PIP, world, gateway).succeeded()
        assert installed(world.site) == {"thing": "1.0"}
        world.affineur("policy", "trust", local).succeeded()
        gateway.wait_for(IN_FORCE)
        install(PIP, world, gateway).succeeded()
        assert installed(world.site) == {"thing": "2.0"}


def test_a_policy_that_comes_into_the_working_directory_is_only_added(
    index: Upstream, policy: Path, gateway: Gateway, world: World
) -> None:
    world.write("affineur.toml", 'minimum-age = "1h"')
    gateway.wait_for(f"{IN_FORCE}.*is added")
    install(PIP, world, gateway).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    world.write("affineur.toml", 'minimum-age = "3000d"')
    assert until(lambda: install(PIP, world, gateway).status != 0)
    world.write("affineur.toml", 'mode = "observe"')
    gateway.wait_for(f"{REFUSED}.*affineur policy trust")
    install(PIP, world, gateway).failed()


def test_a_run_keeps_the_policy_that_it_began_with(index: Upstream, policy: Path, world: World) -> None:
    """What it starts could write to the file, and let itself through."""
    script = world.write(
        "build.sh",
        f"sed -i 's/3d/1h/' '{policy}'\nexec pip install --no-input --no-deps --target '{world.site}' thing\n",
    )
    result = world.run("sh", script, options=("--policy", policy), env={"PIP_INDEX_URL": index.url}).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    assert "this run kept the one that it began with" in result.told
