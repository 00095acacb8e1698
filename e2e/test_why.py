"""`affineur why`: each file, the decision, the chain of reasons, and what would change it."""

from __future__ import annotations

import json

import pytest

from support import faults
from support.hostile import check_harmless
from support.packages import sdist, wheel
from support.program import World
from support.upstream import TODAY, Upstream


@pytest.fixture
def index(upstream: Upstream) -> Upstream:
    upstream.add(wheel("thing", "1.0"), modified_age=30 * TODAY)
    upstream.add(sdist("thing", "2.0"), age=TODAY, modified_age=TODAY)
    upstream.add(wheel("thing", "2.0"), age=TODAY, modified_age=TODAY)
    return upstream


def why(world: World, index: Upstream, requirement: str, *more: str) -> object:
    return world.affineur("why", requirement, "--upstream", index.url, *more)


def test_a_withheld_release_is_explained_file_by_file(index: Upstream, world: World) -> None:
    result = why(world, index, "thing==2.0")
    assert result.status == 1, result
    result.says("thing-2.0-py3-none-any.whl", "thing-2.0.tar.gz", "released 2 hours ago", "waits 3 days")
    # What would change it, cheapest first.
    result.says("wait until", "[[exception]]")
    result.does_not_say("thing-1.0")


def test_a_release_that_is_let_through_is_explained_too(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    result = why(world, json_upstream, "thing==1.0").succeeded()
    result.says("thing-1.0-py3-none-any.whl", "released 400 days ago", "waits 3 days")


def test_a_project_without_a_version_shows_all_its_files(index: Upstream, world: World) -> None:
    why(world, index, "thing").says("thing-1.0-py3-none-any.whl", "thing-2.0-py3-none-any.whl")


def test_names_are_normalised_as_installers_do(index: Upstream, world: World) -> None:
    why(world, index, "THING==1.0").says("thing-1.0-py3-none-any.whl")


def test_an_unknown_project_is_said_to_be_absent(index: Upstream, world: World) -> None:
    result = why(world, index, "nothing==1.0")
    assert result.status in (1, 3), result
    result.says("nothing")


def test_a_version_that_nobody_lists_is_said_to_be_absent(index: Upstream, world: World) -> None:
    assert why(world, index, "thing==7.0").status in (1, 3)


def test_an_upstream_that_does_not_answer_is_cannot_tell(json_upstream: Upstream, world: World) -> None:
    json_upstream.faults["/simple/thing/"] = faults.status(503)
    result = why(world, json_upstream, "thing==1.0")
    assert result.status == 3, result


def test_a_changed_digest_is_shown_with_both(json_upstream: Upstream, world: World) -> None:
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    entry = json_upstream.add(good)
    why(world, json_upstream, "thing==1.0").succeeded()
    world.again()
    entry.data, entry.sha256 = evil.data, evil.sha256
    result = why(world, json_upstream, "thing==1.0")
    assert result.status == 1, result
    result.says("digest changed", good.sha256[:12], evil.sha256[:12])


def test_json_has_the_decision_of_each_file_with_codes(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=TODAY)
    result = why(world, json_upstream, "thing", "--json")
    text = json.dumps([json.loads(line) for line in result.stdout.splitlines()])
    for words in ("old-enough", "too-young", "thing-2.0-py3-none-any.whl", "thing-1.0-py3-none-any.whl"):
        assert words in text, result


def test_why_uses_the_policy(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "2.0"), age=TODAY)
    policy = world.policy(
        f'sources = ["index"]\nminimum-age = "1h"\n[party.index]\nupstream = "{json_upstream.url}"\n'
    )
    world.affineur("why", "thing==2.0", "--policy", policy).succeeded().says("waits 1 hour")


def test_without_a_source_there_is_nothing_to_ask(world: World) -> None:
    """No policy, no upstream, and no index in any configuration: affineur has none built in."""
    result = world.affineur("why", "thing==1.0")
    assert result.status in (2, 3), result
    result.says("--upstream")


def test_why_downloads_no_distribution(json_upstream: Upstream, world: World) -> None:
    package = wheel("thing", "1.0")
    json_upstream.add(package)
    why(world, json_upstream, "thing==1.0").succeeded()
    assert json_upstream.body_requests(package.filename) == []


def test_hostile_names_do_not_reach_the_terminal(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"), yanked="\x1b]0;owned\x07")
    check_harmless(why(world, json_upstream, "thing==1.0"))
    check_harmless(world.affineur("why", "thing\x1b[31m", "--upstream", json_upstream.url))
