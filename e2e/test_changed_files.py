"""Digests are pinned at first sight: what changes afterwards is hostile. A lying `.metadata` is caught."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from support.installers import BOTH, HOSTILE, Installer, from_upstream
from support.packages import Package, core_metadata, installed, origin_of, real, wheel
from support.program import World, json_lines
from support.upstream import Entry, Upstream

pytestmark = pytest.mark.parametrize("installer", BOTH, ids=str)


def swap(entry: Entry, package: Package) -> None:
    """The index now says that this file name always was another file."""
    entry.data, entry.sha256, entry.size = package.data, package.sha256, len(package.data)
    if entry.metadata is not None:
        entry.metadata = package.metadata
        entry.metadata_sha256 = hashlib.sha256(package.metadata).hexdigest()


def seen_by_somebody_else(installer: Installer, upstream: Upstream, world: World, project: str) -> None:
    """The first sight, by the other installer: what this one has in its own cache would hide the second."""
    other = next(each for each in BOTH if each is not installer)
    other.install(world, project, options=from_upstream(upstream)).succeeded()
    world.again()


def test_a_swapped_file_is_refused(installer: Installer, upstream: Upstream, world: World) -> None:
    entry = upstream.add(real("idna", "3.7"))
    seen_by_somebody_else(installer, upstream, world, "idna")
    swap(entry, replace(wheel("idna", "3.7", origin="evil"), filename=entry.filename))
    result = installer.install(world, "idna==3.7", options=from_upstream(upstream)).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "digest changed: pinned sha256:", entry.filename)


def test_a_swapped_file_is_kept_as_evidence(installer: Installer, upstream: Upstream, world: World) -> None:
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    entry = upstream.add(good)
    seen_by_somebody_else(installer, upstream, world, "thing")
    swap(entry, evil)
    report = world.root / "report.jsonl"
    installer.install(world, "thing", options=(*from_upstream(upstream), "--report", str(report))).failed()
    lines = json_lines(report)
    assert any(line.get("class") == "hostile" for line in lines), lines
    # Both digests are in what affineur keeps, so that somebody else can judge.
    kept = b"".join(path.read_bytes() for path in world.state.rglob("*") if path.is_file())
    for package in (good, evil):
        assert package.sha256.encode() in kept or bytes.fromhex(package.sha256) in kept


def test_what_an_installer_cached_before_the_swap_is_the_first_file_and_the_alarm_is_raised(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again()
    swap(entry, wheel("thing", "1.0", origin="evil"))
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    assert result.status != 0 or origin_of(world.site, "thing") == "honest"
    assert "digest" in result.told, result


def test_after_the_swap_back_only_the_first_file_can_come(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    good = wheel("thing", "1.0")
    entry = json_upstream.add(good)
    seen_by_somebody_else(installer, json_upstream, world, "thing")
    swap(entry, wheel("thing", "1.0", origin="evil"))
    installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    world.again()
    swap(entry, good)
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    assert result.status != 0 or origin_of(world.site, "thing") == "honest"


def test_bytes_that_are_not_what_the_page_says_never_arrive_whole(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    entry = upstream.add(wheel("thing", "1.0", padding=3_000_000))
    entry.data = wheel("thing", "1.0", padding=3_000_000, origin="evil").data
    entry.size = len(entry.data)
    result = installer.install(world, "thing", options=from_upstream(upstream)).failed()
    assert installed(world.site) == {}
    result.says("thing", "its bytes do not have the digest that the page says")


def test_after_a_mismatch_every_further_try_prints_the_reason(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    entry = json_upstream.add(wheel("thing", "1.0", padding=3_000_000))
    entry.data = wheel("thing", "1.0", padding=3_000_000, origin="evil").data
    entry.size = len(entry.data)
    installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    result = installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    result.says(installer.quotes(HOSTILE))
    assert installed(world.site) == {}


def test_a_lying_metadata_file_is_caught(installer: Installer, json_upstream: Upstream, world: World) -> None:
    """The resolver is told that the wheel needs nothing but a stranger's package; the wheel says otherwise."""
    entry = json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("stranger", "1.0", origin="evil"))
    entry.metadata = core_metadata("thing", "1.0", requires=("stranger",))
    entry.metadata_sha256 = hashlib.sha256(entry.metadata).hexdigest()
    result = installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "is not what is inside the wheel", "1 let through, 1 withheld, 1 hostile")


def test_a_metadata_file_with_another_digest_than_the_page_says_is_not_used(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("stranger", "1.0", origin="evil"))
    entry.metadata = core_metadata("thing", "1.0", requires=("stranger",))
    installer.install(world, "thing", options=from_upstream(json_upstream))
    assert "stranger" not in installed(world.site)


def test_a_first_sight_by_why_binds_too(installer: Installer, json_upstream: Upstream, world: World) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    world.affineur("why", "thing==1.0", "--upstream", json_upstream.url)
    world.again()
    swap(entry, wheel("thing", "1.0", origin="evil"))
    installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    assert installed(world.site) == {}
