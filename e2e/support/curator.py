"""A curator as a user makes one: by commands, with keys of its own, its public folder on a web server."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .files import FileServer
from .program import Result, World

PASSPHRASE = "a passphrase for tests\n"
# Nobody listens there: policies name the server that a test happens to have.
URL = "https://curators.example"


def made_once(shared: Path, names: tuple[str, ...], people: tuple[str, ...], prepare: Callable[[Curators], None]) -> Path:
    """Curators and people that all workers copy: opening keys takes seconds, on purpose."""
    home = shared / "curators"
    with (shared / "curators.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "done").exists():
            curators = Curators(World(home), FileServer())
            curators.world.write("pw", PASSPHRASE)
            for person in people:
                curators.world.affineur("key", "new", person, *curators.secret).succeeded()
            for name in names:
                curators.command("init", name, "--url", f"{URL}/{name}/", *curators.secret).succeeded()
            prepare(curators)
            (home / "done").touch()
    return home


@dataclass
class Curators:
    """Curators in a world of their own, far from the user's, and the server that shows what they publish."""

    world: World
    server: FileServer

    @classmethod
    def copied(cls, made: Path, root: Path, server: FileServer) -> Curators:
        world = World(root)
        for folder in ("work", "state"):
            shutil.copytree(made / folder, root / folder, dirs_exist_ok=True)
        return cls(world, server)

    @property
    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.world.work.glob("*/curator.toml"))

    @property
    def secret(self) -> tuple[str, str]:
        return ("--passphrase-file", str(self.world.work / "pw"))

    def command(self, *words: object) -> Result:
        return self.world.affineur("curator", *words)

    def person(self, curator: str, kind: str, name: str, *options: object) -> None:
        """Adds a voter or an auditor, whose key has the person's name."""
        public = self.world.write(f"{name}.json", self.world.affineur("key", "export", name).succeeded().stdout)
        self.command(kind, "add", curator, name, "--key", public, *options).succeeded()

    def audited(self, curator: str, file: Path, by: str, *options: object, until: str = "365d") -> Path:
        """An audit, taken in by this curator."""
        audit = self.unused(f"{curator}.{by}.audit")
        words = ("--criteria", "safe-to-deploy", "--notes", "read", "--until", until, "--as", by, "--out", audit)
        self.command("audit", file, *words, *options, *self.secret).succeeded()
        self.command("tally", curator, audit).succeeded()
        return audit

    def voted(self, curator: str, file: Path, by: str, *options: object) -> Path:
        """A ballot, not taken in yet."""
        ballot = self.unused(f"{curator}.{by}.ballot")
        words = ("--as", by, "--repository", curator, "--out", ballot)
        self.command("vote", file, *words, *options, *self.secret).succeeded()
        return ballot

    def unused(self, name: str) -> Path:
        """Where no file is yet."""
        return next(path for path in (self.world.work / f"{name}.{n}.json" for n in range(1000)) if not path.exists())

    def publish(self, *names: str) -> None:
        """Signs, and shows the result."""
        for name in names:
            self.command("publish", name, *self.secret).succeeded()
            self.show(name)

    def show(self, name: str) -> None:
        self.hide(name)
        public = self.world.work / name / "public"
        for path in public.rglob("*"):
            if path.is_file():
                self.server.files[f"/{name}/{path.relative_to(public)}"] = path.read_bytes()

    def hide(self, name: str) -> None:
        for path in [path for path in self.server.files if path.startswith(f"/{name}/")]:
            del self.server.files[path]

    def party(self, name: str, user: World, more: str) -> str:
        """The lines of a policy for this curator; its root is put beside it."""
        shutil.copy(self.world.work / name / "client" / f"{name}.root.json", user.root)
        return f'[party.{name}]\nrepository = "{self.server.origin}/{name}/"\nroot = "{name}.root.json"\n{more}\n'

    def status(self, name: str) -> dict:
        return json.loads(self.command("status", name, "--json").succeeded().stdout)
