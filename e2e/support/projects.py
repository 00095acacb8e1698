"""Projects with a lock file, made by uv and poetry themselves straight from an upstream, before affineur is there."""

from __future__ import annotations

from pathlib import Path

from .packages import installed
from .program import World
from .upstream import Upstream

UV_PROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.10"
dependencies = [{dependencies}]

[tool.uv]
package = false
{more}
"""

POETRY_PROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.10,<4"
dependencies = [{dependencies}]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "test"
url = "{url}"
priority = "primary"
"""


def named_index(upstream: Upstream) -> str:
    return f'[[tool.uv.index]]\nname = "test"\nurl = "{upstream.url}"\ndefault = true\n'


def uv_project(world: World, upstream: Upstream, *dependencies: str, index_in_project: bool = True) -> Path:
    """A project with a fresh uv.lock. Returns the lock's path."""
    quoted = ", ".join(f'"{dependency}"' for dependency in dependencies)
    more = named_index(upstream) if index_in_project else ""
    world.write("pyproject.toml", UV_PROJECT.format(dependencies=quoted, more=more))
    world.command("uv", "lock", env={"UV_DEFAULT_INDEX": None if index_in_project else upstream.url}).succeeded()
    return world.work / "uv.lock"


def poetry_project(world: World, upstream: Upstream, *dependencies: str) -> Path:
    """A project with a fresh poetry.lock. Returns the lock's path."""
    quoted = ", ".join(f'"{dependency}"' for dependency in dependencies)
    world.write("pyproject.toml", POETRY_PROJECT.format(dependencies=quoted, url=upstream.url))
    world.command("poetry", "lock", "-n").succeeded()
    return world.work / "poetry.lock"


def environment_of(world: World) -> Path:
    """site-packages of the project's `.venv`."""
    return next((world.work / ".venv" / "lib").glob("python3*")) / "site-packages"


def installed_in_project(world: World) -> dict[str, str]:
    if not (world.work / ".venv").exists():
        return {}
    return {name: version for name, version in installed(environment_of(world)).items() if name != "pip"}
