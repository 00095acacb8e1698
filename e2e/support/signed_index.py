"""A static index with a TUF repository on a web server of its own, honest until a test changes what it serves."""

from __future__ import annotations

import json
import subprocess
from fnmatch import fnmatch
from pathlib import Path

from .files import FileServer
from .packages import Package
from .program import REPOSITORY, World

# Signs static indexes with affineur's own library; its keys are the same in every call.
SIGNER = REPOSITORY / "target" / "debug" / "examples" / "static_index"


class SignedIndex:
    """`server.files` is what is served; each generation is published after the one before, with the same root."""

    def __init__(self, server: FileServer, folder: Path, *packages: Package) -> None:
        self.server = server
        self.folder = folder
        self.distributions = folder / "distributions"
        self.distributions.mkdir(parents=True)
        for package in packages:
            (self.distributions / package.filename).write_bytes(package.data)
        self.root = self.publish(1) / "root.json"

    def publish(self, generation: int, *expires: str) -> Path:
        """Signs, and serves nothing but the result."""
        folder = self.folder / f"{generation}{''.join(expires)}".replace(":", "")
        words = [SIGNER, self.distributions, folder, str(generation), *expires]
        subprocess.run(words, check=True, timeout=60)
        self.server.files.clear()
        self.server.serve_folder(folder)
        return folder

    def find(self, end: str) -> str:
        """The path of a file that is served, by the end of its name, in which `*` stands for anything."""
        found = [path for path in sorted(self.server.files) if fnmatch(path, f"*{end}")]
        assert found, f"nothing served ends with {end}: {sorted(self.server.files)}"
        return found[-1]

    def change(self, end: str) -> None:
        """One byte of what is served is another one, and the length is the same."""
        path = self.find(end)
        data = bytearray(self.server.files[path])
        data[len(data) // 2] ^= 1
        self.server.files[path] = bytes(data)

    def forge(self, end: str) -> None:
        """One byte of what is signed is another one, and it is still metadata."""
        path = self.find(end)
        document = json.loads(self.server.files[path])
        document["signed"]["expires"] = "2098-01-01T00:00:00Z"
        self.server.files[path] = json.dumps(document).encode()

    def withhold(self, end: str) -> None:
        del self.server.files[self.find(end)]

    def bin_of(self, project: str) -> str:
        """The end of the name of the bin that lists the project's listing."""
        for path, data in self.server.files.items():
            if ".bin." in path and f"/{project}/index.json" in data.decode():
                return path
        raise AssertionError(f"no bin lists {project}")

    def policy(self, world: World, more: str = "") -> tuple[str, str]:
        """The option with a policy whose only source this index is. The root lies beside it."""
        (world.root / "root.json").write_bytes(self.root.read_bytes())
        party = f'[party.index]\nrepository = "{self.server.origin}/tuf/"\nroot = "root.json"\n'
        return ("--policy", str(world.policy(f'sources = ["index"]\n{party}{more}')))

    def asked(self, start: str) -> list[str]:
        return [path for path in self.server.log if path.startswith(start)]
