"""Real packages go into an index and come out of it, by every tool that uploads and every one that installs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.answers import Answer
from support.index import UPLOADERS, Index, Uploader
from support.installers import BOTH, Installer
from support.packages import Package, installed, real, real_sdist, wheel
from support.program import Gateway, Result, World
from support.projects import installed_in_project, poetry_project
from support.upstream import JSON_TYPE

WHEELS = {
    "certifi": ["2024.8.30"], "charset-normalizer": ["3.4.0"], "click": ["8.1.7", "8.1.8"], "colorama": ["0.4.6"],
    "flit-core": ["3.9.0", "3.10.1"], "idna": ["3.7", "3.10"], "packaging": ["24.1", "24.2"], "pluggy": ["1.5.0"],
    "requests": ["2.32.2", "2.32.3"], "six": ["1.16.0"], "typing-extensions": ["4.12.1", "4.12.2"], "urllib3": ["2.2.3"],
}
SDISTS = {"click": "8.1.8", "flit-core": "3.10.1", "idna": "3.10", "packaging": "24.2", "typing-extensions": "4.12.2"}
NEWEST = {project: versions[-1] for project, versions in WHEELS.items()}

every_installer = pytest.mark.parametrize("installer", BOTH, ids=str)


def everything() -> list[Package]:
    wheels = [real(project, version) for project, versions in WHEELS.items() for version in versions]
    return wheels + [real_sdist(project, version) for project, version in SDISTS.items()]


# What goes in comes out


@pytest.mark.parametrize("uploader", UPLOADERS, ids=str)
def test_a_dozen_projects_go_in_and_come_out(uploader: Uploader, index: Index, serving: Gateway, world: World) -> None:
    packages = everything()
    uploader.upload(index, serving, index.token(), *packages).succeeded()
    assert (index.status()["projects"], index.status()["files"]) == (12, len(packages))
    for package in packages:
        assert Answer(f"{serving.origin}/files/{package.project}/{package.filename}").body == package.data
        [listed] = [
            file for file in Answer(f"{serving.index}{package.project}/", Accept=JSON_TYPE).json()["files"]
            if file["filename"] == package.filename
        ]
        assert (listed["hashes"]["sha256"], listed["size"]) == (package.sha256, len(package.data))
    for installer in BOTH:
        world.clear_site()
        world.command(*installer.words(world.site), *WHEELS, env=serving.environment).succeeded()
        assert installed(world.site) == NEWEST
        world.clear_site()
        world.command(*installer.words(world.site), "requests<2.32.3", "idna<3.10", env=serving.environment).succeeded()
        needed = ("certifi", "charset-normalizer", "urllib3")
        assert installed(world.site) == {"requests": "2.32.2", "idna": "3.7", **{name: NEWEST[name] for name in needed}}


def test_poetry_installs_a_real_tree(index: Index, serving: Gateway, world: World) -> None:
    index.publish(*everything()).succeeded()
    serving.url = serving.index
    poetry_project(world, serving, "requests", "click")
    world.command("poetry", "install", "-n").succeeded()
    needed = ("requests", "click", "certifi", "charset-normalizer", "idna", "urllib3")
    assert installed_in_project(world) == {name: NEWEST[name] for name in needed}


@every_installer
def test_real_source_distributions_are_built_with_what_the_index_has(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    sdists = [real_sdist(project, version) for project, version in SDISTS.items()]
    index.publish(real("flit-core", "3.10.1"), *(each for each in sdists if each.project != "flit-core")).succeeded()
    projects = [project for project in SDISTS if project != "flit-core"]
    world.command(*installer.words(world.site), *projects, env=serving.environment).succeeded()
    assert installed(world.site) == {project: SDISTS[project] for project in projects}


def test_metadata_are_offered_for_real_wheels_and_for_source_distributions_that_fix_theirs(
    index: Index, serving: Gateway
) -> None:
    index.publish(*everything()).succeeded()
    for package in everything():
        beside = Answer(f"{serving.origin}/files/{package.project}/{package.filename}.metadata")
        fixed = package.filename.endswith(".whl") or package.metadata.startswith(b"Metadata-Version: 2.3")
        assert (beside.status, beside.body == package.metadata) == ((200, True) if fixed else (404, False)), package.filename


# Other tools that upload

PROJECT = """
[project]
name = "cheese"
version = "1.0"
description = "Cheese"
authors = [{{name = "me", email = "me@example.org"}}]
requires-python = ">=3.10"

[build-system]
requires = ["{backend}"]
build-backend = "{backend}.{module}"
"""


@dataclass(frozen=True)
class Publisher:
    """A tool that builds a project and uploads it."""

    name: str
    backend: tuple[str, str]
    publish: Callable[[World, str, str], Result]

    def begin(self, world: World) -> None:
        world.write("pyproject.toml", PROJECT.format(backend=self.backend[0], module=self.backend[1]))
        world.write("cheese/__init__.py", f'"""Cheese"""\nORIGIN = "{self.name}"\n')

    def __str__(self) -> str:
        return self.name


def flit(world: World, url: str, token: str) -> Result:
    return world.command("flit", "publish", env={"FLIT_INDEX_URL": url, "FLIT_USERNAME": "__token__", "FLIT_PASSWORD": token})


def hatch(world: World, url: str, token: str) -> Result:
    # Built without an environment of hatch's own, which would be installed from somewhere.
    if not (world.work / "dist").exists():
        world.command("python", "-m", "hatchling", "build").succeeded()
    env = {"HATCH_INDEX_REPO": url, "HATCH_INDEX_USER": "__token__", "HATCH_INDEX_AUTH": token}
    return world.command("hatch", "publish", "--no-prompt", env=env)


def poetry(world: World, url: str, token: str) -> Result:
    env = {"POETRY_REPOSITORIES_TEST_URL": url, "POETRY_HTTP_BASIC_TEST_USERNAME": "__token__",
           "POETRY_HTTP_BASIC_TEST_PASSWORD": token}
    return world.command("poetry", "publish", "-n", "--build", "-r", "test", env=env)


PUBLISHERS = [
    Publisher("flit", ("flit_core", "buildapi"), flit),
    Publisher("hatch", ("hatchling", "build"), hatch),
    Publisher("poetry", ("poetry.core", "masonry.api"), poetry),
]
every_publisher = pytest.mark.parametrize("publisher", PUBLISHERS, ids=str)


@every_publisher
def test_other_tools_upload_what_they_build(publisher: Publisher, index: Index, serving: Gateway, world: World) -> None:
    publisher.begin(world)
    publisher.publish(world, f"{serving.origin}/legacy/", index.token("--project", "cheese")).succeeded()
    assert index.status()["files"] == 2
    for installer in BOTH:
        world.clear_site()
        world.command(*installer.words(world.site), "cheese", env=serving.environment).succeeded()
        assert publisher.name in (world.site / "cheese" / "__init__.py").read_text()


@every_publisher
def test_other_tools_say_why_they_may_not(publisher: Publisher, index: Index, serving: Gateway, world: World) -> None:
    publisher.begin(world)
    refused = publisher.publish(world, f"{serving.origin}/legacy/", index.token("--project", "bread")).failed()
    refused.says("this token may upload to bread only, not to cheese")
    assert index.status()["files"] == 0


@every_publisher
def test_other_tools_do_not_replace_what_is_there(publisher: Publisher, index: Index, serving: Gateway, world: World) -> None:
    index.publish(wheel("cheese", "1.0")).succeeded()
    publisher.begin(world)
    again = publisher.publish(world, f"{serving.origin}/legacy/", index.token())
    again.failed().says("cheese-1.0-py3-none-any.whl exists already with other contents; use another version or build number")
    [kept] = [file for file in Answer(f"{serving.index}cheese/", Accept=JSON_TYPE).json()["files"]
              if file["filename"].endswith(".whl")]
    assert kept["hashes"]["sha256"] == wheel("cheese", "1.0").sha256
