"""What a policy says is what happens: waits, clocks, exceptions, modes, passes, and errors with their place."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from support.installers import BOTH, HOSTILE, PIP, UV, Installer, from_upstream
from support.packages import installed, wheel
from support.program import World
from support.upstream import LONG_AGO, TODAY, Upstream

PARTY = '[party.index]\nupstream = "{url}"\n'
EACH = pytest.mark.parametrize("installer", BOTH, ids=str)


@pytest.fixture
def index(json_upstream: Upstream) -> Upstream:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=timedelta(days=5))
    json_upstream.add(wheel("thing", "3.0"), age=TODAY)
    return json_upstream


def policy(world: World, index: Upstream, top: str = "", more: str = "", name: str = "policy.toml") -> tuple[str, str]:
    text = f'sources = ["index"]\n{top}\n{PARTY.format(url=index.url)}\n{more}'
    return ("--policy", str(world.policy(text, name)))


def in_days(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@EACH
@pytest.mark.parametrize(
    ("age", "expected"), [("0d", "3.0"), ("1h", "3.0"), ("3h", "2.0"), ("3d", "2.0"), ("7d", "1.0")]
)
def test_the_minimum_age_decides(age: str, expected: str, installer: Installer, index: Upstream, world: World) -> None:
    options = policy(world, index, f'minimum-age = "{age}"')
    installer.install(world, "thing", options=options).succeeded()
    assert installed(world.site) == {"thing": expected}


@EACH
def test_the_default_wait_is_three_days(installer: Installer, index: Upstream, world: World) -> None:
    installer.install(world, "thing", options=policy(world, index)).succeeded()
    assert installed(world.site) == {"thing": "2.0"}


@EACH
@pytest.mark.parametrize("clock", ["first-seen", "upload-time"])
def test_by_either_clock_a_file_is_no_older_than_the_last_page_without_it(
    clock: str, installer: Installer, index: Upstream, world: World
) -> None:
    options = policy(world, index, f'age-from = "{clock}"')
    installer.install(world, "thing", options=options).succeeded()
    world.again()
    index.add(wheel("thing", "4.0"), age=LONG_AGO)
    installer.install(world, "thing", options=options).succeeded()
    # Whatever the upstream claims, its last page did not have the file, so it is not older than that.
    assert installed(world.site) == {"thing": "2.0"}


@EACH
def test_an_exception_lets_one_release_through_and_is_named(
    installer: Installer, index: Upstream, world: World
) -> None:
    exception = (
        f'[[exception]]\nproject = "thing"\nversions = "==3.0"\nminimum-age = "0d"\nuntil = "{in_days(10)}"\n'
        'reason = "fixes the hole of Tuesday"\n'
    )
    result = installer.install(world, "thing", options=policy(world, index, more=exception)).succeeded()
    assert installed(world.site) == {"thing": "3.0"}
    result.says("fixes the hole of Tuesday")


@EACH
def test_an_exception_ends_by_itself(installer: Installer, index: Upstream, world: World) -> None:
    exception = (
        f'[[exception]]\nproject = "thing"\nminimum-age = "0d"\nuntil = "{in_days(-1)}"\nreason = "was urgent"\n'
    )
    result = installer.install(world, "thing", options=policy(world, index, more=exception)).succeeded()
    assert installed(world.site) == {"thing": "2.0"}
    result.says("the exception for thing ended")


@EACH
def test_an_exception_for_one_project_is_none_for_another(
    installer: Installer, index: Upstream, world: World
) -> None:
    index.add(wheel("other", "1.0"), age=TODAY)
    exception = (
        f'[[exception]]\nproject = "thing"\nminimum-age = "0d"\nuntil = "{in_days(10)}"\nreason = "urgent"\n'
    )
    installer.install(world, "other", options=policy(world, index, more=exception)).failed()
    assert installed(world.site) == {}


@EACH
def test_observe_changes_nothing_and_reports(installer: Installer, index: Upstream, world: World) -> None:
    result = installer.install(world, "thing", options=policy(world, index, 'mode = "observe"')).succeeded()
    assert installed(world.site) == {"thing": "3.0"}
    result.says("thing", "3.0", "waits 3 days")


@EACH
def test_warn_prefers_the_old_release_and_gives_the_new_one_with_a_warning(
    installer: Installer, index: Upstream, world: World
) -> None:
    options = policy(world, index, 'mode = "warn"')
    installer.install(world, "thing", options=options).succeeded()
    assert installed(world.site) == {"thing": "2.0"}
    world.again()
    result = installer.install(world, "thing==3.0", options=options).succeeded()
    assert installed(world.site) == {"thing": "3.0"}
    result.says("Reason for being yanked:" if installer is PIP else "is yanked (reason:", "[affineur]", "waits 3 days")


@EACH
@pytest.mark.parametrize("mode", ["observe", "warn", "enforce"])
def test_what_is_hostile_is_withheld_in_every_mode(
    mode: str, installer: Installer, json_upstream: Upstream, world: World
) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    options = policy(world, json_upstream, f'mode = "{mode}"')
    world.affineur("why", "thing", *options).succeeded()
    world.again()
    evil = wheel("thing", "1.0", origin="evil")
    entry.data, entry.sha256, entry.size = evil.data, evil.sha256, len(evil.data)
    result = installer.install(world, "thing==1.0", options=options).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "digest changed: pinned sha256:")


@EACH
def test_an_upstreams_own_yank_is_kept_and_can_be_told_apart(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), yanked="broken on Tuesdays")
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    world.again()
    result = installer.install(world, "thing==2.0", options=from_upstream(json_upstream)).succeeded()
    result.says("broken on Tuesdays").does_not_say("[affineur]")


def test_a_policy_in_the_working_directory_is_added(index: Upstream, world: World) -> None:
    world.write("affineur.toml", 'minimum-age = "7d"\n')
    result = PIP.install(world, "thing", options=from_upstream(index)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    result.says("affineur.toml in this folder is added")
    pinned = PIP.install(world, "thing==2.0", options=from_upstream(index)).failed()
    pinned.says("the policy in the working directory waits 7 days")


def test_a_policy_in_the_working_directory_cannot_loosen(index: Upstream, world: World) -> None:
    world.write("affineur.toml", 'minimum-age = "0d"\n')
    PIP.install(world, "thing", options=from_upstream(index)).succeeded()
    assert installed(world.site) == {"thing": "2.0"}


@pytest.mark.parametrize(
    "line",
    [
        'sources = ["index"]\n[party.index]\nupstream = "http://127.0.0.1:9/simple/"',
        'pass = ["evil.example"]',
        'mode = "observe"',
        '[[exception]]\nproject = "*"\nminimum-age = "0d"\nuntil = "2027-01-01"\nreason = "mine"',
        '[[scope]]\nprojects = ["thing"]\nonly = ["index"]',
    ],
    ids=["sources", "pass", "mode", "exception", "only"],
)
def test_a_policy_in_the_working_directory_may_not_open_anything(line: str, index: Upstream, world: World) -> None:
    """A repository that somebody cloned must not decide for whoever cloned it."""
    world.write("affineur.toml", line + "\n")
    result = PIP.install(world, "thing", options=from_upstream(index)).failed()
    assert result.status == 2 and installed(world.site) == {}, result
    result.says("affineur.toml", "line")


def test_a_trusted_policy_becomes_the_users_until_it_changes(index: Upstream, world: World) -> None:
    text = f'sources = ["index"]\nminimum-age = "0d"\n{PARTY.format(url=index.url)}'
    path = world.write("affineur.toml", text)
    world.affineur("policy", "trust", path).succeeded()
    PIP.install(world, "thing").succeeded()
    assert installed(world.site) == {"thing": "3.0"}
    world.again()
    path.write_text(text + "# changed\n")
    result = PIP.install(world, "thing")
    assert installed(world.site).get("thing") != "3.0", result


POLICY_ERRORS = {
    "an unknown key": ('sources = ["index"]\nminimum-agee = "3d"\n', "line 2", "minimum-agee"),
    "no such party": ('sources = ["nobody"]\n', "line 1", "nobody"),
    "a wait without a unit": ('minimum-age = "3"\n', "line 1", "expected a whole number and a unit"),
    "a mode that nobody knows": ('mode = "off"\n', "line 1", "off"),
    "no TOML": ("sources = [\n", "line", ""),
    "an exception without an end": (
        '[[exception]]\nproject = "a"\nminimum-age = "0d"\nreason = "x"\n', "line 1", "until",
    ),
    "a first source without a canary": (
        'sources = ["a", "b"]\n[party.a]\nupstream = "https://a.example/"\n[party.b]\nupstream = "https://b.example/"\n',
        "line", "canary",
    ),
    "credentials in the address": (
        'sources = ["a"]\n[party.a]\nupstream = "https://u:hunter2@a.example/"\n', "line 3", "",
    ),
}


@pytest.mark.parametrize("fault", POLICY_ERRORS)
def test_a_wrong_policy_is_refused_with_its_place_before_anything_runs(fault: str, world: World) -> None:
    text, place, word = POLICY_ERRORS[fault]
    path = world.policy(text)
    result = world.run("touch", "ran", options=("--policy", path))
    assert result.status == 2, result
    assert not (world.work / "ran").exists()
    result.says("policy.toml", place, word).does_not_say("hunter2")


def test_a_policy_that_is_missing_is_an_error(world: World) -> None:
    result = world.run("touch", "ran", options=("--policy", "missing.toml"))
    assert result.status == 2 and not (world.work / "ran").exists(), result
    result.says("missing.toml")


def test_two_installers_under_one_policy_get_the_same(index: Upstream, world: World) -> None:
    options = policy(world, index, 'minimum-age = "4d"')
    for installer in (PIP, UV):
        installer.install(world, "thing", options=options).succeeded()
        assert installed(world.site) == {"thing": "2.0"}
        world.again()
