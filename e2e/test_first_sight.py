"""What happens to a release of today, on JSON and HTML-only upstreams, with pip and with uv."""

from __future__ import annotations

import pytest

from support.installers import BOTH, PIP, UNDECIDED, WITHHELD, Installer, from_upstream
from support.packages import installed, origin_of, real, requests_and_what_it_needs, sdist, wheel
from support.program import World
from support.upstream import LONG_AGO, TODAY, Upstream

POLICY = """
sources = ["index"]
minimum-age = "3d"

[party.index]
upstream = "{url}"
"""
pytestmark = pytest.mark.parametrize("installer", BOTH, ids=str)


def options(world: World, upstream: Upstream, kind: str) -> tuple[str, ...]:
    if kind == "policy":
        return ("--policy", str(world.policy(POLICY.format(url=upstream.url))))
    return from_upstream(upstream)


def add_old_and_new(upstream: Upstream) -> None:
    """The same two releases, dated by upload time (JSON) or by Last-Modified (HTML only)."""
    upstream.add(real("requests", "2.32.2"), age=LONG_AGO, modified_age=LONG_AGO)
    upstream.add(real("requests", "2.32.3"), age=TODAY, modified_age=TODAY)
    for package in requests_and_what_it_needs()[1:]:
        upstream.add(package, age=LONG_AGO, modified_age=LONG_AGO)


@pytest.mark.parametrize("kind", ["policy", "upstream"])
def test_a_release_of_today_is_withheld_and_the_older_one_installed(
    installer: Installer, kind: str, upstream: Upstream, world: World
) -> None:
    add_old_and_new(upstream)
    result = installer.install(world, "requests", options=options(world, upstream, kind)).succeeded()
    assert installed(world.site)["requests"] == "2.32.2"
    assert len(installed(world.site)) == 5
    # The closing table names both, and warns that something newer is there.
    result.says("requests", "2.32.2", "2.32.3", "withheld", "newer")
    assert not upstream.body_requests("requests-2.32.3-py3-none-any.whl") or upstream.form == "html"


@pytest.mark.parametrize("kind", ["policy", "upstream"])
def test_asking_for_the_release_of_today_prints_the_reason(
    installer: Installer, kind: str, upstream: Upstream, world: World
) -> None:
    add_old_and_new(upstream)
    result = installer.install(world, "requests==2.32.3", options=options(world, upstream, kind)).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(WITHHELD), "released 2 hours ago", "waits 3 days", "requests-2.32.3-py3-none-any.whl")


def test_a_range_that_only_the_withheld_release_meets_says_so(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(wheel("thing", "1.0"), modified_age=LONG_AGO)
    upstream.add(wheel("thing", "2.0"), age=TODAY, modified_age=TODAY)
    result = installer.install(world, "thing>=2", options=from_upstream(upstream)).failed()
    if installer is PIP:
        result.says("Ignored the following yanked versions: 2.0")
    else:
        result.says("thing==2.0 was yanked (reason:")
    # pip's own words have no reason; the closing table has it.
    result.says("withheld", "thing", "2.0", "3 days")


def test_where_everything_is_withheld_the_reason_is_printed_without_asking_for_a_version(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(wheel("thing", "1.0"), age=TODAY, modified_age=TODAY)
    upstream.add(wheel("thing", "1.1"), age=TODAY, modified_age=TODAY)
    result = installer.install(world, "thing", options=from_upstream(upstream)).failed()
    result.says(installer.quotes(WITHHELD), "released 2 hours ago", "waits 3 days")
    assert installed(world.site) == {}


def test_a_withheld_requirement_of_something_else_is_explained(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("outer", "1.0", requires=("inner>=2",)))
    json_upstream.add(wheel("inner", "2.0"), age=TODAY)
    result = installer.install(world, "outer", options=from_upstream(json_upstream)).failed()
    result.says("inner", "3 days", "withheld")
    assert installed(world.site) == {}


def test_the_release_comes_through_when_it_is_old_enough(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(wheel("thing", "1.0"), modified_age=LONG_AGO)
    upstream.add(wheel("thing", "2.0"), age=TODAY, modified_age=TODAY)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    world.again(days=4)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert installed(world.site) == {"thing": "2.0"}


def test_a_file_added_later_is_as_young_as_our_first_sight_whatever_the_index_claims(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again()
    json_upstream.add(wheel("thing", "2.0", origin="evil"), age=LONG_AGO)
    result = installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert origin_of(world.site, "thing") == "honest"
    result.says("withheld", "2.0")


def test_with_a_policy_nothing_known_means_withheld(
    installer: Installer, make_upstream: object, world: World
) -> None:
    upstream = make_upstream(form="html", metadata_files=False)
    upstream.add(wheel("thing", "1.0"), age=None, modified_age=None)
    result = installer.install(world, "thing", options=options(world, upstream, "policy")).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(UNDECIDED), "says no time for it and it was there at first sight")


def test_without_a_policy_nothing_known_means_let_through_with_one_loud_line(
    installer: Installer, make_upstream: object, world: World
) -> None:
    upstream = make_upstream(form="html", metadata_files=False)
    upstream.add(wheel("thing", "1.0"), age=None, modified_age=None)
    result = installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    assert sum("THESE FILES ARE: thing" in line for line in result.stderr.splitlines()) == 1, result


def test_what_nothing_was_known_of_may_not_change_later(
    installer: Installer, make_upstream: object, world: World
) -> None:
    """The first page is taken on trust once; a file that appears on the second page waits."""
    upstream = make_upstream(form="html", metadata_files=False)
    upstream.add(wheel("thing", "1.0"), age=None)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    world.again()
    upstream.add(wheel("thing", "2.0", origin="evil"), age=None)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_an_upload_time_in_the_future_counts_as_now(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=-LONG_AGO)
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_a_source_distribution_is_decided_like_a_wheel(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(sdist("thing", "1.0"), modified_age=LONG_AGO)
    upstream.add(sdist("thing", "2.0", origin="evil"), age=TODAY, modified_age=TODAY)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert origin_of(world.site, "thing") == "honest"


def test_at_most_32_files_of_a_page_are_asked_for_their_age(
    installer: Installer, make_upstream: object, world: World
) -> None:
    upstream = make_upstream(form="html", metadata_files=False)
    for minor in range(60):
        upstream.add(wheel("thing", f"1.{minor}"), modified_age=LONG_AGO)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    heads = upstream.asked_for("/files/", method="HEAD")
    assert 0 < len(heads) <= 33, [request.path for request in heads]
    assert any("thing-1.59" in request.path for request in heads), "the newest are asked for first"
    assert installed(world.site) == {"thing": "1.59"}


def test_bytes_that_nobody_saw_before_are_as_old_as_their_first_sight(
    installer: Installer, make_upstream: object, world: World
) -> None:
    """Twelve newer files keep this one from being hashed with its page; five days later its bytes are others."""
    index = make_upstream(form="html", metadata_files=False)
    index.add(wheel("thing", "1.0"), sha256=None, modified_age=LONG_AGO)
    installer.install(world, "thing==1.0", options=from_upstream(index)).succeeded()
    world.again(days=1)
    entry = index.add(wheel("thing", "2.0"), sha256=None, modified_age=LONG_AGO)
    for version in range(3, 15):
        index.add(wheel("thing", f"{version}.0"), sha256=None, modified_age=LONG_AGO)
    installer.install(world, "thing==1.0", options=from_upstream(index)).succeeded()
    world.again(days=5)
    entry.data = wheel("thing", "2.0", origin="evil").data
    installer.install(world, "thing==2.0", options=from_upstream(index)).failed()
    assert installed(world.site) == {}
    installer.install(world, "thing==14.0", options=from_upstream(index)).succeeded()


def test_a_digest_that_is_named_later_is_as_old_as_that(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again(days=1)
    evil = wheel("thing", "2.0", origin="evil")
    entry = json_upstream.add(wheel("thing", "2.0"), sha256=None, size=None, metadata=False)
    json_upstream.faults[f"/files/{entry.filename}"] = lambda handler: handler.answer(503, b"")
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again(days=5)
    json_upstream.faults.clear()
    entry.data, entry.sha256 = evil.data, evil.sha256
    installer.install(world, "thing==2.0", options=from_upstream(json_upstream)).failed()
    assert installed(world.site) == {}
