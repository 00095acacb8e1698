"""The installers under test, each as the two commands that the tests need most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .program import Result, World


@dataclass(frozen=True)
class Installer:
    """An installer and how it is asked to put requirements into a folder."""

    name: str
    command: tuple[str, ...]

    def install(self, world: World, *requirements: object, options: tuple = (), **settings: object) -> Result:
        """`affineur run OPTIONS -- INSTALLER install --target SITE REQUIREMENTS`."""
        return world.run(*self.words(world.site), *requirements, options=options, **settings)

    def quotes(self, heading: str) -> str:
        """How the installer prints a refusal with this heading: pip the reason phrase, uv title and detail of the body."""
        return f"403 Client Error: {heading}:" if self.name == "pip" else f"Server message: {heading},"

    def words(self, site: Path) -> tuple[str, ...]:
        return (*self.command, "--target", str(site))

    def __str__(self) -> str:
        return self.name


# The headings of affineur's refusals, one for each class of reasons.
WITHHELD = "withheld by affineur"
UNDECIDED = "affineur cannot tell now"
HOSTILE = "affineur refuses hostile data"

PIP = Installer("pip", ("pip", "install", "--no-compile"))
UV = Installer("uv", ("uv", "pip", "install"))
BOTH = [PIP, UV]


def from_upstream(upstream: object) -> tuple[str, str]:
    """The option that names the index."""
    return ("--upstream", upstream.url)
