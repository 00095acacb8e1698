"""An index in a folder of its own, and what uploads to it."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuf.ngclient import Updater

from .answers import Answer
from .packages import Package
from .program import Gateway, Result, World

PASSPHRASE = "a passphrase for tests\n"


def initialised(world: World, folder: Path, *options: str) -> Result:
    """`affineur index init`: small, so that it is quick."""
    passphrase = world.root / "passphrase"
    passphrase.write_text(PASSPHRASE)
    return world.affineur("index", "init", folder, "--passphrase-file", passphrase, "--bins", "16", *options)


def made_once(shared: Path, name: str, *options: str) -> tuple[Path, str]:
    """An index that all workers copy, and what was printed. Encrypting its keys takes seconds, on purpose."""
    folder, told = shared / name, shared / f"{name}.told"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            world = World(shared / f"{name}-world")
            told.write_text(initialised(world, folder, *options).succeeded().stdout)
    return folder, told.read_text()


@dataclass
class Index:
    """An index of this test's own."""

    world: World
    folder: Path
    # What `affineur index init` printed.
    told: str

    def command(self, name: str, *arguments: object, **options: object) -> Result:
        """`affineur index NAME FOLDER ARGUMENTS`; a name may be two words."""
        return self.world.affineur("index", *name.split(), self.folder, *arguments, **options)

    def token(self, *options: object) -> str:
        return self.command("token new", *options).succeeded().stdout.strip()

    def publish(self, *packages: Package) -> Result:
        return self.command("publish", *self.files(*packages))

    def files(self, *packages: Package) -> list[Path]:
        """The packages as files, as a build leaves them."""
        dist = self.world.root / "dist"
        dist.mkdir(exist_ok=True)
        for package in packages:
            (dist / package.filename).write_bytes(package.data)
        return [dist / package.filename for package in packages]

    def status(self) -> dict:
        return json.loads(self.command("status", "--json").succeeded().stdout)

    @contextmanager
    def serve(self, *options: object) -> Iterator[Gateway]:
        with self.world.service("index", "serve", self.folder, *options) as server:
            yield server

    def client(self, server: Gateway) -> Path:
        """What users get, with the address that this server happens to have."""
        folder = self.world.work / "client"
        shutil.copytree(self.folder / "client", folder)
        policy = folder / "affineur.toml"
        policy.write_text(policy.read_text().replace("http://127.0.0.1:8765", server.origin))
        return folder

    def local_copy(self, server: Gateway, name: str = "copy") -> None:
        """Begins a local copy for `affineur tuf`."""
        root, url = self.folder / "client" / "root.json", f"{server.origin}/tuf/metadata/"
        self.world.affineur("tuf", "init", name, "--root", root, "--url", url).succeeded()

    def python_tuf(self, server: Gateway) -> Updater:
        """python-tuf's client, which knows nothing of indexes."""
        places = [self.world.root / "python-metadata", self.world.root / "python-targets"]
        for place in places:
            place.mkdir()
        return Updater(
            str(places[0]), f"{server.origin}/tuf/metadata/", str(places[1]), f"{server.origin}/tuf/targets/",
            bootstrap=(self.folder / "client" / "root.json").read_bytes(),
        )


def in_project(project: str, name: str = "index.json") -> str:
    """The target path of a project's listing, or of one of its files."""
    digest = hashlib.sha256(project.encode()).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{project}/{name}"


@dataclass(frozen=True)
class Uploader:
    """A tool that uploads, and the variable that it takes the token from."""

    name: str
    command: tuple[str, ...]
    token_variable: str

    def upload(
        self, index: Index, server: Gateway, token: str | None, *packages: Package, env: dict[str, str] | None = None
    ) -> Result:
        env = {"TWINE_USERNAME": "__token__", self.token_variable: token, **(env or {})}
        return index.world.command(*self.command, f"{server.origin}/legacy/", *index.files(*packages), env=env)

    def __str__(self) -> str:
        return self.name


TWINE = Uploader(
    "twine", ("twine", "upload", "--non-interactive", "--disable-progress-bar", "--repository-url"), "TWINE_PASSWORD"
)
UV_PUBLISH = Uploader("uv", ("uv", "publish", "--trusted-publishing", "never", "--publish-url"), "UV_PUBLISH_TOKEN")
UPLOADERS = [TWINE, UV_PUBLISH]


def post(server: Gateway, token: str | None, package: Package, *, seconds: float = 30, **fields: str) -> Answer:
    """One upload by a client that sends whatever it is told to. A field that is empty is left out."""
    kind = "bdist_wheel" if package.filename.endswith(".whl") else "sdist"
    usual = {
        "action": "file_upload", "protocol_version": "1", "name": package.project, "version": package.version,
        "filetype": kind, "sha256_digest": package.sha256,
    }
    content_type, body = form({key: value for key, value in {**usual, **fields}.items() if value}, package)
    headers = {"Content_Type": content_type}
    if token is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()
    return Answer(f"{server.origin}/legacy/", "POST", body, seconds=seconds, **headers)


def form(fields: dict[str, str], package: Package) -> tuple[str, bytes]:
    boundary = "cheese" * 5
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{":" * (key == "action") + key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{package.filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = "".join(parts).encode() + package.data + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
