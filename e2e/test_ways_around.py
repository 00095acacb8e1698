"""Ways by which a package could come past affineur: each is decided, or named in the table; under a policy refused.

The stranger is a second index that no policy names. Its log proves that nobody was asked behind our back.
"""

from __future__ import annotations

import pytest

from support.installers import BOTH, PIP, UV, Installer
from support.packages import installed, origin_of, sdist, wheel
from support.program import Result, World
from support.projects import installed_in_project, uv_project
from support.upstream import TODAY, Upstream

POLICY = 'sources = ["index"]\n[party.index]\nupstream = "{url}"\n'


@pytest.fixture
def index(json_upstream: Upstream) -> Upstream:
    """The one source."""
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0", origin="young"), age=TODAY)
    return json_upstream


@pytest.fixture
def stranger(make_upstream: object) -> Upstream:
    """Somebody else's index, with a higher version of the same project and one of its own."""
    other = make_upstream()
    other.add(wheel("thing", "9.0", origin="evil"))
    other.add(wheel("other", "1.0", origin="other"))
    return other


def policy(world: World, index: Upstream) -> tuple[str, str]:
    return ("--policy", str(world.policy(POLICY.format(url=index.url))))


def pip_conf(world: World, text: str) -> dict[str, str]:
    return {"PIP_CONFIG_FILE": str(world.write("pip.conf", text))}


EXTRA_INDEXES = ["pip.conf extra-index-url", "PIP_EXTRA_INDEX_URL", "--extra-index-url", "requirements.txt", "--index-url"]


def install_with_pip_and_an_extra_index(
    way: str, world: World, index: Upstream, stranger: Upstream, options: tuple, requirement: str = "thing"
) -> Result:
    """One of the ways in which pip is told of a second index."""
    main = {"PIP_INDEX_URL": index.url}
    words = PIP.words(world.site)
    if way == "pip.conf extra-index-url":
        env = {**main, **pip_conf(world, f"[global]\nextra-index-url = {stranger.url}\n")}
        return world.run(*words, requirement, options=options, env=env)
    if way == "PIP_EXTRA_INDEX_URL":
        return world.run(*words, requirement, options=options, env={**main, "PIP_EXTRA_INDEX_URL": stranger.url})
    if way == "--extra-index-url":
        return world.run(*words, "--extra-index-url", stranger.url, requirement, options=options, env=main)
    if way == "requirements.txt":
        lines = f"--index-url {index.url}\n--extra-index-url {stranger.url}\n{requirement}\n"
        return world.run(*words, "-r", world.write("requirements.txt", lines), options=options)
    return world.run(*words, "--index-url", stranger.url, requirement, options=options, env=main)


@pytest.mark.parametrize("way", EXTRA_INDEXES)
def test_under_a_policy_a_second_index_of_pip_gives_nothing(
    way: str, index: Upstream, stranger: Upstream, world: World
) -> None:
    result = install_with_pip_and_an_extra_index(way, world, index, stranger, policy(world, index))
    assert installed(world.site) in ({}, {"thing": "1.0"}), result
    assert stranger.log == [], "the stranger is not even asked"
    assert f"127.0.0.1:{stranger.port}" in result.told, result


@pytest.mark.parametrize("way", EXTRA_INDEXES)
def test_without_a_policy_a_second_index_of_pip_is_decided_too(
    way: str, index: Upstream, stranger: Upstream, world: World
) -> None:
    stranger.add(wheel("fresh", "1.0", origin="evil"), age=TODAY)
    result = install_with_pip_and_an_extra_index(way, world, index, stranger, (), "fresh").failed()
    assert installed(world.site) == {}
    result.says("fresh", "withheld", "3 days")
    other = install_with_pip_and_an_extra_index(way, world, index, stranger, (), "other").succeeded()
    assert installed(world.site) == {"other": "1.0"}
    other.says("other", str(stranger.port))


UV_INDEXES = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "--index", "--default-index"]


def install_with_uv_and_an_extra_index(
    way: str, world: World, index: Upstream, stranger: Upstream, options: tuple, requirement: str = "thing"
) -> Result:
    words = UV.words(world.site)
    env = {"UV_DEFAULT_INDEX": index.url}
    if way.startswith("--"):
        return world.run(*words, way, stranger.url, requirement, options=options, env=env)
    return world.run(*words, requirement, options=options, env={**env, way: stranger.url})


@pytest.mark.parametrize("way", UV_INDEXES)
def test_under_a_policy_a_second_index_of_uv_gives_nothing(
    way: str, index: Upstream, stranger: Upstream, world: World
) -> None:
    result = install_with_uv_and_an_extra_index(way, world, index, stranger, policy(world, index))
    assert installed(world.site) in ({}, {"thing": "1.0"}), result
    assert stranger.log == [], "the stranger is not even asked"


@pytest.mark.parametrize("way", UV_INDEXES)
def test_without_a_policy_a_second_index_of_uv_is_decided_too(
    way: str, index: Upstream, stranger: Upstream, world: World
) -> None:
    stranger.add(wheel("fresh", "1.0", origin="evil"), age=TODAY)
    result = install_with_uv_and_an_extra_index(way, world, index, stranger, (), "fresh").failed()
    result.says("fresh", "withheld", "3 days")
    assert installed(world.site) == {}


def test_an_index_in_a_uv_project_is_decided(index: Upstream, world: World) -> None:
    """pip's and uv's settings in the environment say nothing about it."""
    world.write(
        "pyproject.toml",
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["thing"]\n'
        f'[tool.uv]\npackage = false\n[[tool.uv.index]]\nname = "test"\nurl = "{index.url}"\ndefault = true\n',
    )
    world.run("uv", "sync").succeeded().says("thing", "2.0", "withheld")
    assert installed_in_project(world) == {"thing": "1.0"}


def test_an_index_in_a_uv_project_that_is_no_source_is_refused_under_a_policy(
    index: Upstream, stranger: Upstream, world: World
) -> None:
    uv_project(world, stranger, "other")
    stranger.log.clear()
    world.clear_caches()
    world.run("uv", "sync", options=policy(world, index)).failed()
    assert installed_in_project(world) == {}
    assert stranger.log == []


@pytest.mark.parametrize("kind", ["folder", "page"])
def test_pip_find_links_is_refused_under_a_policy(
    kind: str, index: Upstream, stranger: Upstream, world: World
) -> None:
    package = wheel("thing", "9.0", origin="evil")
    (world.work / "wheels").mkdir()
    (world.work / "wheels" / package.filename).write_bytes(package.data)
    page = f"{stranger.origin}/simple/thing/"
    links = str(world.work / "wheels") if kind == "folder" else page
    env = {"PIP_INDEX_URL": index.url, "PIP_FIND_LINKS": links}
    result = world.run(*PIP.words(world.site), "thing", options=policy(world, index), env=env)
    assert "9.0" not in installed(world.site).values(), result
    assert stranger.log == []


def test_pip_find_links_of_a_folder_is_named_without_a_policy(index: Upstream, world: World) -> None:
    package = wheel("local", "1.0", origin="local")
    (world.work / "wheels").mkdir()
    (world.work / "wheels" / package.filename).write_bytes(package.data)
    env = {"PIP_INDEX_URL": index.url, "PIP_FIND_LINKS": str(world.work / "wheels")}
    result = world.run(*PIP.words(world.site), "local", env=env).succeeded()
    assert installed(world.site) == {"local": "1.0"}
    assert "wheels" in result.told, f"a local folder has to be named{result}"


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("form", ["path", "file-url", "find-links"])
def test_a_local_wheel_is_refused_under_a_policy_unless_a_source_lists_its_digest(
    form: str, installer: Installer, index: Upstream, world: World
) -> None:
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    folder = world.work / "wheels"
    folder.mkdir()
    for package, expected in ((evil, None), (good, "honest")):
        (folder / package.filename).write_bytes(package.data)
        path = folder / package.filename
        words = {
            "path": (path,), "file-url": (f"file://{path}",),
            "find-links": ("--no-index", "--find-links", folder, "thing==1.0"),
        }[form]
        result = world.run(*installer.words(world.site), *words, options=policy(world, index))
        if expected is None:
            assert result.status != 0 and installed(world.site) == {}, result
            result.says(package.filename)
        else:
            result.succeeded()
            assert origin_of(world.site, "thing") == expected


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_direct_url_to_a_stranger_is_refused_under_a_policy(
    installer: Installer, index: Upstream, stranger: Upstream, world: World
) -> None:
    url = f"{stranger.origin}/files/other-1.0-py3-none-any.whl"
    result = installer.install(world, f"other @ {url}", options=policy(world, index)).failed()
    assert installed(world.site) == {} and stranger.log == []
    result.says("403")
    assert f"127.0.0.1:{stranger.port}" in result.told, result


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_direct_url_to_a_stranger_is_named_without_a_policy_and_refused_when_strict(
    installer: Installer, index: Upstream, stranger: Upstream, world: World
) -> None:
    url = f"{stranger.origin}/files/other-1.0-py3-none-any.whl"
    result = installer.install(world, f"other @ {url}", options=("--upstream", index.url)).succeeded()
    assert f"127.0.0.1:{stranger.port}" in result.told, result
    world.again()
    stranger.log.clear()
    installer.install(world, f"other @ {url}", options=("--upstream", index.url, "--strict")).failed()
    assert installed(world.site) == {} and stranger.log == []


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_direct_url_to_a_file_of_the_source_is_decided(
    installer: Installer, index: Upstream, world: World
) -> None:
    young = f"{index.origin}/files/thing-2.0-py3-none-any.whl"
    old = f"{index.origin}/files/thing-1.0-py3-none-any.whl"
    result = installer.install(world, f"thing @ {young}", options=policy(world, index)).failed()
    result.says("3 days", "thing")
    installer.install(world, f"thing @ {old}", options=policy(world, index)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_source_distribution_of_a_stranger_is_not_built(
    installer: Installer, index: Upstream, stranger: Upstream, world: World
) -> None:
    stranger.add(sdist("other", "2.0", origin="evil"))
    url = f"{stranger.origin}/files/other-2.0.tar.gz"
    installer.install(world, url, options=policy(world, index)).failed()
    assert installed(world.site) == {} and stranger.log == []


def test_pips_own_proxy_option_is_not_called_verified(index: Upstream, make_proxy: object, world: World) -> None:
    """The command line is the user's own, and goes around us; then a strict run does not end well."""
    proxy = make_proxy()
    words = (*PIP.words(world.site), "--proxy", proxy.url, "thing")
    result = world.run(*words, options=("--upstream", index.url, "--strict"))
    assert result.status == 3 or installed(world.site) == {"thing": "1.0"}, result
