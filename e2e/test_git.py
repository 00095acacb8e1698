"""Requirements from git over HTTPS: no digest can be decided, so they are named, and refused where a policy rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git import GitServer, make_repository
from support.installers import BOTH, Installer
from support.packages import installed, origin_of, sdist, wheel
from support.program import World
from support.tls import Authority
from support.upstream import Upstream

pytestmark = pytest.mark.parametrize("installer", BOTH, ids=str)
POLICY = 'sources = ["index"]\n{more}\n[party.index]\nupstream = "{url}"\n'


@pytest.fixture
def repository(tmp_path: Path, authority: Authority) -> Iterator[GitServer]:
    make_repository(tmp_path / "git" / "thing", sdist("thing", "1.0", origin="git"))
    with GitServer(tmp_path / "git", authority.server_context()) as server:
        yield server


def trusting(authority: Authority) -> dict[str, str]:
    """The user's own way to trust a company's authority, which affineur has to keep."""
    path = str(authority.certificate)
    return {"SSL_CERT_FILE": path, "GIT_SSL_CAINFO": path, "REQUESTS_CA_BUNDLE": path, "PIP_CERT": path}


def test_without_affineur_the_repository_is_installed(
    installer: Installer, repository: GitServer, authority: Authority, world: World
) -> None:
    url = f"thing @ {repository.url('thing')}"
    world.command(*installer.words(world.site), url, env=trusting(authority)).succeeded()
    assert origin_of(world.site, "thing") == "git"


def test_without_a_policy_git_passes_and_is_named(
    installer: Installer, repository: GitServer, authority: Authority, json_upstream: Upstream, world: World
) -> None:
    result = installer.install(
        world, f"thing @ {repository.url('thing')}", options=("--upstream", json_upstream.url),
        env=trusting(authority),
    ).succeeded()
    assert origin_of(world.site, "thing") == "git"
    assert f"127.0.0.1:{repository.port}" in result.told, result


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another-port", "another-host"])
def test_strict_refuses_git(
    host: str, installer: Installer, repository: GitServer, authority: Authority, json_upstream: Upstream, world: World
) -> None:
    result = installer.install(
        world, f"thing @ {repository.url('thing', host)}", options=("--upstream", json_upstream.url, "--strict"),
        env=trusting(authority),
    ).failed()
    assert installed(world.site) == {} and repository.log == []
    assert f"{host}:{repository.port}" in result.told, result


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another-port", "another-host"])
def test_under_a_policy_git_is_refused_before_a_byte(
    host: str, installer: Installer, repository: GitServer, authority: Authority, json_upstream: Upstream, world: World
) -> None:
    policy = world.policy(POLICY.format(url=json_upstream.url, more=""))
    result = installer.install(
        world, f"thing @ {repository.url('thing', host)}", options=("--policy", policy), env=trusting(authority)
    ).failed()
    assert installed(world.site) == {} and repository.log == []
    assert f"{host}:{repository.port}" in result.told, result


def test_a_policy_may_let_a_host_pass_and_still_decides_the_index(
    installer: Installer, repository: GitServer, authority: Authority, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("other", "1.0"))
    policy = world.policy(POLICY.format(url=json_upstream.url, more='pass = ["localhost"]'))
    url = repository.url("thing", "localhost")
    result = installer.install(
        world, f"thing @ {url}", "other", options=("--policy", policy), env=trusting(authority)
    ).succeeded()
    assert installed(world.site) == {"thing": "1.0", "other": "1.0"}
    assert "localhost" in result.told, result


def test_a_distribution_from_a_host_that_may_pass_is_still_no_sources(
    installer: Installer, make_upstream: object, authority: Authority, json_upstream: Upstream, world: World
) -> None:
    """`pass` lets a host be talked to; a wheel that comes from it is in no source's page."""
    stranger = make_upstream(tls=authority.server_context(), name="localhost")
    package = wheel("thing", "1.0", origin="evil")
    stranger.add(package)
    policy = world.policy(POLICY.format(url=json_upstream.url, more='pass = ["localhost"]'))
    result = installer.install(
        world, f"thing @ {stranger.origin}/files/{package.filename}", options=("--policy", policy),
        env=trusting(authority),
    )
    assert result.status != 0 and installed(world.site) == {}, result
