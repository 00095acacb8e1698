"""Installing from lock files: no project page is asked for, and the lock must come out byte-identical."""

from __future__ import annotations

import pytest

from support.installers import WITHHELD
from support.packages import origin_of, requests_and_what_it_needs, wheel
from support.program import World
from support.projects import environment_of, installed_in_project, poetry_project, uv_project
from support.upstream import TODAY, Upstream

POLICY = 'sources = ["index"]\n[party.index]\nupstream = "{url}"\n'
EVERY_SYNC = pytest.mark.parametrize("sync", [(), ("--frozen",), ("--locked",)], ids=["plain", "frozen", "locked"])
WITH_OR_WITHOUT = pytest.mark.parametrize("with_policy", [True, False], ids=["policy", "no-policy"])


def options(world: World, upstream: Upstream, with_policy: bool) -> tuple[str, ...]:
    return ("--policy", str(world.policy(POLICY.format(url=upstream.url)))) if with_policy else ()


@WITH_OR_WITHOUT
@EVERY_SYNC
def test_uv_sync_installs_the_lock_and_leaves_it_byte_identical(
    sync: tuple[str, ...], with_policy: bool, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add_all(requests_and_what_it_needs())
    lock = uv_project(world, json_upstream, "requests")
    before = lock.read_bytes()
    world.clear_caches()
    result = world.run("uv", "sync", *sync, options=options(world, json_upstream, with_policy)).succeeded()
    assert lock.read_bytes() == before
    assert installed_in_project(world)["requests"] == "2.32.2"
    result.says("requests", "2.32.2").does_not_say("nothing passed through")


def test_uv_sync_frozen_of_an_html_only_index_works(make_upstream: object, world: World) -> None:
    upstream = make_upstream(form="html", metadata_files=False)
    upstream.add_all(requests_and_what_it_needs())
    lock = uv_project(world, upstream, "requests")
    before = lock.read_bytes()
    world.clear_caches()
    world.run("uv", "sync", "--frozen").succeeded()
    assert lock.read_bytes() == before
    assert installed_in_project(world)["requests"] == "2.32.2"


@WITH_OR_WITHOUT
@EVERY_SYNC
def test_a_locked_release_of_today_is_withheld_with_its_reason(
    sync: tuple[str, ...], with_policy: bool, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"), age=TODAY)
    lock = uv_project(world, json_upstream, "thing")
    before = lock.read_bytes()
    world.clear_caches()
    result = world.run("uv", "sync", *sync, options=options(world, json_upstream, with_policy)).failed()
    assert lock.read_bytes() == before
    assert installed_in_project(world) == {}
    result.says("thing", "1.0", "withheld", "3 days")


@EVERY_SYNC
def test_a_strangers_wheel_in_the_lock_is_refused_under_a_policy(
    sync: tuple[str, ...], json_upstream: Upstream, make_upstream: object, world: World
) -> None:
    """A merge request changes `url` and `hash` of one line in uv.lock: to a file that really has that digest."""
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    json_upstream.add(good)
    stranger = make_upstream()
    stranger.add(evil)
    lock = uv_project(world, json_upstream, "thing")
    changed = lock.read_text().replace(json_upstream.origin + "/files", stranger.origin + "/files")
    changed = changed.replace(good.sha256, evil.sha256).replace(f"size = {len(good.data)}", f"size = {len(evil.data)}")
    assert changed.count(stranger.origin) == 1
    lock.write_text(changed)
    world.clear_caches()
    result = world.run("uv", "sync", *sync, options=options(world, json_upstream, True))
    if sync == ("--frozen",):
        result.failed()
    # A sync that may look at the index can notice the change by itself; nobody may install it.
    if installed_in_project(world):
        assert origin_of(environment_of(world), "thing") == "honest"
    assert stranger.body_requests(evil.filename) == [], "not one byte of the stranger's file is fetched"


def test_a_strangers_wheel_is_refused_by_name_of_its_host(
    json_upstream: Upstream, make_upstream: object, world: World
) -> None:
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    json_upstream.add(good)
    stranger = make_upstream()
    stranger.add(evil)
    lock = uv_project(world, json_upstream, "thing")
    lock.write_text(
        lock.read_text()
        .replace(json_upstream.origin + "/files", stranger.origin + "/files")
        .replace(good.sha256, evil.sha256)
    )
    world.clear_caches()
    result = world.run("uv", "sync", "--frozen", options=options(world, json_upstream, True)).failed()
    result.says("thing", "403", "Server message:")
    assert f"127.0.0.1:{stranger.port}" in result.told, result
    assert stranger.log == []


def test_a_wheel_of_the_source_with_another_digest_in_the_lock_is_not_installed(
    json_upstream: Upstream, world: World
) -> None:
    good = wheel("thing", "1.0")
    json_upstream.add(good)
    lock = uv_project(world, json_upstream, "thing")
    lock.write_text(lock.read_text().replace(good.sha256, "0" * 64))
    world.clear_caches()
    world.run("uv", "sync", "--frozen", options=options(world, json_upstream, True)).failed()
    assert installed_in_project(world) == {}


@WITH_OR_WITHOUT
def test_poetry_installs_from_its_lock(with_policy: bool, json_upstream: Upstream, world: World) -> None:
    json_upstream.add_all(requests_and_what_it_needs())
    lock = poetry_project(world, json_upstream, "requests")
    before = lock.read_bytes()
    world.clear_caches()
    result = world.run("poetry", "install", "-n", options=options(world, json_upstream, with_policy)).succeeded()
    assert lock.read_bytes() == before
    assert installed_in_project(world)["requests"] == "2.32.2"
    result.says("requests", "2.32.2").does_not_say("nothing passed through")


def test_poetry_prints_the_reason_of_a_locked_release_of_today(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"), age=TODAY)
    lock = poetry_project(world, json_upstream, "thing")
    before = lock.read_bytes()
    world.clear_caches()
    result = world.run("poetry", "install", "-n").failed()
    assert lock.read_bytes() == before and installed_in_project(world) == {}
    result.says(f"403 Client Error: {WITHHELD}:", "thing", "3 days")


def test_poetry_resolves_to_the_older_release(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    poetry_project(world, json_upstream, "thing")
    (world.work / "poetry.lock").unlink()
    json_upstream.add(wheel("thing", "2.0", origin="evil"), age=TODAY)
    world.clear_caches()
    world.run("poetry", "lock", "-n").succeeded()
    world.run("poetry", "install", "-n").succeeded()
    assert installed_in_project(world) == {"thing": "1.0"}


def test_pip_install_of_a_pylock_file_is_decided(json_upstream: Upstream, world: World) -> None:
    """A lock file in the standard's own format names URLs as uv.lock does."""
    package = wheel("thing", "1.0")
    json_upstream.add(package, age=TODAY)
    lock = world.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "thing"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nname = "{package.filename}"\n'
        f'url = "{json_upstream.origin}/files/{package.filename}"\nhashes = {{sha256 = "{package.sha256}"}}\n',
    )
    world.run("uv", "pip", "install", "--target", world.site, "-r", lock,
              options=("--upstream", json_upstream.url)).failed().says("thing", "3 days")
