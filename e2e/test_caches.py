"""A withheld file that the installers already have in their ordinary caches does not come through."""

from __future__ import annotations

import shutil

import pytest

from support.installers import BOTH, PIP, UV, Installer
from support.packages import installed, origin_of, sdist, wheel
from support.program import World
from support.projects import installed_in_project, poetry_project, uv_project
from support.tls import Authority
from support.upstream import TODAY, Upstream


@pytest.fixture
def young(make_upstream: object, authority: Authority) -> Upstream:
    """HTTPS, since pip caches nothing of HTTP. Everything is from today."""
    upstream = make_upstream(tls=authority.server_context())
    upstream.add(wheel("thing", "1.0", origin="evil"), age=TODAY)
    upstream.add(sdist("source", "1.0", origin="evil"), age=TODAY)
    return upstream


@pytest.fixture
def trusting(world: World, authority: Authority) -> World:
    path = str(authority.certificate)
    world.env.update(SSL_CERT_FILE=path, REQUESTS_CA_BUNDLE=path, PIP_CERT=path)
    return world


@pytest.mark.parametrize("project", ["thing", "source"], ids=["wheel", "wheel-built-from-source"])
@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_what_is_in_the_installers_ordinary_cache_is_not_used(
    installer: Installer, project: str, young: Upstream, trusting: World
) -> None:
    world = trusting
    direct = {"PIP_INDEX_URL": young.url, "UV_DEFAULT_INDEX": young.url}
    world.command(*installer.words(world.site), project, env=direct).succeeded()
    assert origin_of(world.site, project) == "evil"
    assert any((world.home / ".cache").rglob("*")), "the installer cached something"
    world.again()
    result = installer.install(world, f"{project}==1.0", options=("--upstream", young.url)).failed()
    assert installed(world.site) == {}
    result.says("waits 3 days")


def test_what_is_in_uvs_ordinary_cache_is_not_used_for_a_lock(young: Upstream, trusting: World) -> None:
    world = trusting
    uv_project(world, young, "thing")
    world.command("uv", "sync").succeeded()
    shutil.rmtree(world.work / ".venv")
    world.run("uv", "sync", "--frozen").failed().says("waits 3 days")
    assert installed_in_project(world) == {}


def test_what_is_in_poetrys_ordinary_cache_is_not_used(young: Upstream, trusting: World) -> None:
    world = trusting
    poetry_project(world, young, "thing")
    world.command("poetry", "install", "-n").succeeded()
    assert installed_in_project(world) == {"thing": "1.0"}
    shutil.rmtree(world.work / ".venv")
    world.run("poetry", "install", "-n").failed().says("waits 3 days")
    assert installed_in_project(world) == {}


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_what_a_laxer_policy_let_into_the_cache_does_not_pass_a_stricter_one(
    installer: Installer, young: Upstream, trusting: World
) -> None:
    """The caches under affineur's own folder are kept apart by policy."""
    world = trusting
    text = 'sources = ["index"]\nminimum-age = "{age}"\n[party.index]\nupstream = "{url}"\n'
    lax = world.policy(text.format(age="0d", url=young.url), "lax.toml")
    strict = world.policy(text.format(age="3d", url=young.url), "strict.toml")
    installer.install(world, "thing", options=("--policy", lax)).succeeded()
    world.again()
    installer.install(world, "thing", options=("--policy", strict)).failed().says("waits 3 days")
    assert installed(world.site) == {}


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_second_run_needs_the_upstreams_file_no_more(installer: Installer, trusting: World, young: Upstream) -> None:
    world = trusting
    package = wheel("old", "1.0")
    young.add(package)
    installer.install(world, "old", options=("--upstream", young.url)).succeeded()
    world.again()
    installer.install(world, "old", options=("--upstream", young.url)).succeeded()
    assert installed(world.site) == {"old": "1.0"}
    assert len(young.body_requests(package.filename)) == 1


def test_pip_and_uv_share_what_affineur_has_verified(young: Upstream, trusting: World) -> None:
    world = trusting
    package = wheel("old", "1.0")
    young.add(package)
    for installer in (PIP, UV):
        installer.install(world, "old", options=("--upstream", young.url)).succeeded()
        world.again()
    assert len(young.body_requests(package.filename)) == 1


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_damage_on_the_disk_is_noticed(installer: Installer, young: Upstream, trusting: World) -> None:
    """Somebody changes the bytes in affineur's own cache: they are read again from the upstream, not served."""
    world = trusting
    package = wheel("old", "1.0")
    young.add(package)
    installer.install(world, "old", options=("--upstream", young.url)).succeeded()
    world.again()
    copies = [path for path in world.state.rglob("*") if path.is_file() and path.read_bytes() == package.data]
    assert copies, "affineur keeps what it verified"
    evil = wheel("old", "1.0", origin="evil").data
    for path in copies:
        path.chmod(0o644)
        path.write_bytes(evil)
    for folder in ("pip", "uv", "poetry"):
        for cache in world.state.rglob(folder):
            shutil.rmtree(cache, ignore_errors=True)
    installer.install(world, "old", options=("--upstream", young.url))
    assert "old" not in installed(world.site) or origin_of(world.site, "old") == "honest"
