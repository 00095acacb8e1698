"""What an index says of source distributions beside the files: only what building cannot change."""

from __future__ import annotations

import pytest

from support.answers import Answer
from support.index import UV_PUBLISH, Index
from support.installers import BOTH, Installer
from support.packages import Package, installed, sdist, wheel
from support.program import Gateway, World
from support.projects import installed_in_project, poetry_project
from support.upstream import JSON_TYPE

CRUST = wheel("crust", "1.5")
every_installer = pytest.mark.parametrize("installer", BOTH, ids=str)


def cheese(metadata_version: str, *lines: str) -> Package:
    """A source distribution that needs crust once it is built, whatever its PKG-INFO says."""
    head = [f"Metadata-Version: {metadata_version}", "Name: cheese", "Version: 1.0", *lines]
    return sdist("cheese", "1.0", requires=("crust>=1",), pkg_info=("\n".join(head) + "\n").encode())


FIXED = cheese("2.2", "Requires-Dist: crust>=1", "Dynamic: Description")
MAY_CHANGE = {
    "old": cheese("2.1"),
    "old-that-says": cheese("2.1", "Requires-Dist: crust>=1"),
    "dynamic-requirements": cheese("2.4", "Dynamic: Requires-Dist"),
    "dynamic-extras": cheese("2.4", "Requires-Dist: crust>=1", "dynamic: PROVIDES-EXTRA"),
}
NAMED = {"fixed": FIXED, **MAY_CHANGE}
every_sdist = pytest.mark.parametrize("package", NAMED.values(), ids=NAMED)


@every_sdist
def test_metadata_of_a_source_distribution_are_offered_where_they_are_fixed(
    package: Package, index: Index, serving: Gateway
) -> None:
    index.publish(package).succeeded()
    [file] = Answer(f"{serving.index}cheese/", Accept=JSON_TYPE).json()["files"]
    beside = Answer(f"{serving.origin}/files/cheese/{package.filename}.metadata")
    if package is FIXED:
        assert file["core-metadata"] and (beside.status, beside.body) == (200, package.metadata)
    else:
        assert not file.get("core-metadata") and beside.status == 404


@every_installer
@every_sdist
def test_what_a_source_distribution_needs_is_installed_with_and_without_metadata(
    installer: Installer, package: Package, index: Index, serving: Gateway, world: World
) -> None:
    UV_PUBLISH.upload(index, serving, index.token(), package, CRUST).succeeded()
    world.command(*installer.words(world.site), "cheese", env=serving.environment).succeeded()
    assert installed(world.site) == {"cheese": "1.0", "crust": "1.5"}


@pytest.mark.parametrize("package", [FIXED, MAY_CHANGE["old"]], ids=["fixed", "old"])
def test_poetry_locks_what_a_source_distribution_needs(
    package: Package, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(package, CRUST).succeeded()
    serving.url = serving.index
    poetry_project(world, serving, "cheese")
    world.command("poetry", "install", "-n").succeeded()
    assert installed_in_project(world) == {"cheese": "1.0", "crust": "1.5"}


def test_pip_resolves_with_what_is_fixed_and_builds_only_then(index: Index, serving: Gateway, world: World) -> None:
    index.publish(FIXED, CRUST).succeeded()
    resolved = world.command("pip", "install", "-v", "--dry-run", "--target", world.site, "cheese", env=serving.environment)
    resolved.succeeded().says("obtaining dependency information for cheese", "cheese-1.0.tar.gz.metadata", "would install cheese-1.0 crust-1.5")


@pytest.mark.parametrize("form", ["fixed", "old"])
def test_behind_affineur_source_distributions_are_verified_and_built(
    form: str, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(NAMED[form], CRUST).succeeded()
    policy = index.client(serving) / "affineur.toml"
    for installer in BOTH:
        world.again()
        installer.install(world, "cheese", options=("--policy", policy), env=serving.environment).succeeded()
        assert installed(world.site) == {"cheese": "1.0", "crust": "1.5"}
