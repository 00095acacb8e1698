"""Several sources: a project comes wholly from the first that has it, and never from the next by accident."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from support import faults
from support.installers import BOTH, Installer
from support.packages import installed, origin_of, wheel
from support.program import World
from support.upstream import HTML_TYPE, Upstream

POLICY = """
sources = ["internal", "public"]
[party.internal]
upstream = "{internal}"
canary = "acme-base"
[party.public]
upstream = "{public}"
{more}
"""
pytestmark = pytest.mark.parametrize("installer", BOTH, ids=str)


@pytest.fixture
def internal(make_upstream: object) -> Upstream:
    index = make_upstream()
    index.add(wheel("acme-base", "1.0", origin="internal"))
    index.add(wheel("acme-tool", "1.0", origin="internal"))
    return index


@pytest.fixture
def public(make_upstream: object) -> Upstream:
    """Where somebody registered the company's names with higher versions."""
    index = make_upstream()
    index.add(wheel("acme-tool", "99.0", origin="evil"))
    index.add(wheel("acme-secret", "99.0", origin="evil"))
    index.add(wheel("thing", "1.0", origin="public"))
    return index


@pytest.fixture
def options(world: World, internal: Upstream, public: Upstream) -> tuple[str, str]:
    text = POLICY.format(internal=internal.url, public=public.url, more="")
    return ("--policy", str(world.policy(text)))


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_name_of_the_first_source_never_comes_from_the_second(
    installer: Installer, options: tuple, public: Upstream, world: World
) -> None:
    installer.install(world, "acme-tool", options=options).succeeded()
    assert origin_of(world.site, "acme_tool") == "internal"
    assert public.asked_for("acme-tool") == [], "the second source does not even learn the name"


def test_a_name_that_the_first_source_does_not_have_comes_from_the_second(
    installer: Installer, options: tuple, internal: Upstream, world: World
) -> None:
    installer.install(world, "thing", options=options).succeeded()
    assert origin_of(world.site, "thing") == "public"
    assert internal.asked_for("/simple/acme-base/"), "an absence is only believed while the canary answers"


UNAVAILABLE = {
    "401": faults.status(401),
    "403": faults.status(403),
    "500": faults.status(500),
    "503": faults.status(503),
    "429": faults.status(429),
    "a redirect to a login": faults.redirect("/login"),
    "an empty page": faults.status(200, headers=(("Content-Type", HTML_TYPE),)),
    "a page without files": faults.status(200, body=b"<html><body></body></html>", headers=(("Content-Type", HTML_TYPE),)),
    "a hang-up": faults.hang_up,
}


@pytest.mark.parametrize("answer", UNAVAILABLE)
def test_an_unavailable_first_source_is_not_an_absence(
    answer: str, installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    internal.faults["/simple/acme-tool/"] = UNAVAILABLE[answer]
    internal.faults["/login"] = faults.status(200, body=b"<html>please log in</html>", headers=(("Content-Type", HTML_TYPE),))
    result = installer.install(world, "acme-tool", options=options).failed()
    assert installed(world.site) == {}
    assert public.asked_for("acme-tool") == []
    assert "internal" in result.told, result


@pytest.mark.parametrize(
    "answer", ["500", "403", "a redirect to a login", "an empty page", "a page without files", "a hang-up"]
)
def test_an_absence_is_not_believed_when_the_canary_is_gone_too(
    answer: str, installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    internal.faults["/simple/acme-base/"] = UNAVAILABLE[answer]
    internal.faults["/login"] = faults.status(200, body=b"<html>please log in</html>", headers=(("Content-Type", HTML_TYPE),))
    result = installer.install(world, "thing", options=options).failed()
    assert installed(world.site) == {} and public.body_requests("thing-1.0-py3-none-any.whl") == []
    result.says("internal")


def test_an_index_that_says_404_to_everything_gives_nothing_away(
    installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    """As it looks when the reverse proxy lost its configuration."""
    for project in ("acme-base", "acme-tool"):
        internal.faults[f"/simple/{project}/"] = faults.status(404)
    installer.install(world, "acme-tool", options=options).failed()
    assert installed(world.site) == {} and public.asked_for("acme-tool") == []


def test_a_first_source_that_is_down_stops_what_it_might_have_had(
    installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    internal.server.shutdown()
    internal.server.server_close()
    result = installer.install(world, "thing", options=options).failed()
    assert installed(world.site) == {}
    result.says("internal")


def test_a_name_once_had_from_the_first_source_stays_bound_to_it(
    installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    installer.install(world, "acme-tool", options=options).succeeded()
    world.again()
    del internal.projects["acme-tool"]
    # Asked for a version that was never there, the installer knows none; asked for any, it gets the reason.
    installer.install(world, "acme-tool==99.0", options=options).failed()
    result = installer.install(world, "acme-tool>=2", options=options).failed()
    assert installed(world.site) == {} and public.asked_for("acme-tool") == []
    assert "acme-tool" in result.told and "internal" in result.told, result
    why = world.affineur("why", "acme-tool", *options)
    assert why.status == 1, why
    why.says("internal had this project before and now says that it has none", "policy move acme-tool --to")


def test_a_person_may_move_a_name(
    installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    installer.install(world, "acme-tool", options=options).succeeded()
    world.again()
    del internal.projects["acme-tool"]
    world.affineur("policy", "move", "acme-tool", "--to", "public").succeeded()
    installer.install(world, "acme-tool", options=options).succeeded()
    assert installed(world.site) == {"acme-tool": "99.0"}


def test_names_of_a_scope_come_only_from_its_source(
    installer: Installer, internal: Upstream, public: Upstream, world: World
) -> None:
    scope = '[[scope]]\nprojects = ["acme-*"]\nonly = ["internal"]\nminimum-age = "0d"\n'
    text = POLICY.format(internal=internal.url, public=public.url, more=scope)
    options = ("--policy", str(world.policy(text)))
    installer.install(world, "acme-secret", options=options).failed()
    assert installed(world.site) == {}
    assert public.asked_for("acme-secret") == []
    installer.install(world, "acme-tool", options=options).succeeded()
    assert origin_of(world.site, "acme_tool") == "internal"


def test_an_installer_that_is_told_of_both_indexes_still_gets_the_first(
    installer: Installer, options: tuple, internal: Upstream, public: Upstream, world: World
) -> None:
    """pip merges indexes and takes the highest version; here each URL shows the same decided page."""
    env = {
        "PIP_INDEX_URL": public.url, "PIP_EXTRA_INDEX_URL": internal.url,
        "UV_DEFAULT_INDEX": public.url, "UV_INDEX": internal.url,
    }
    result = installer.install(world, "acme-tool", options=options, env=env)
    assert "99.0" not in installed(world.site).values(), result
    if result.status == 0:
        assert origin_of(world.site, "acme_tool") == "internal"


def test_a_file_of_the_second_source_by_its_url_is_refused_where_the_first_has_the_name(
    installer: Installer, options: tuple, public: Upstream, world: World
) -> None:
    url = f"{public.origin}/files/acme_tool-99.0-py3-none-any.whl"
    installer.install(world, f"acme-tool @ {url}", options=options).failed()
    assert installed(world.site) == {}
    assert public.body_requests("acme_tool-99.0-py3-none-any.whl") == []
