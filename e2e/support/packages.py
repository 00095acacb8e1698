"""Python packages for tests: tiny ones made here with chosen contents, and real ones that `./test` downloaded."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REAL_PACKAGES = Path(__file__).resolve().parents[2] / "target" / "e2e" / "packages"
EPOCH = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """One distribution file with what an index says about it."""

    filename: str
    data: bytes
    metadata: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def project(self) -> str:
        return normalise(self.filename.split("-")[0])

    @property
    def version(self) -> str:
        return self.filename.removesuffix(".tar.gz").removesuffix(".whl").split("-")[1]


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wheel(
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    requires_python: str | None = None,
    origin: str = "honest",
    padding: int = 0,
    extra: dict[str, bytes] | None = None,
    filename: str | None = None,
) -> Package:
    """A valid pure Python wheel. Its module says where it came from, so that a test can tell what got installed."""
    module = normalise(name).replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = core_metadata(name, version, requires, requires_python)
    members = {
        f"{module}/__init__.py": f'ORIGIN = "{origin}"\nVERSION = "{version}"\n'.encode(),
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(extra or {}),
    }
    if padding:
        # Bytes that do not compress, so that the file is as large as it says.
        members[f"{module}/padding.bin"] = incompressible(padding, f"{name}{version}{origin}")
    record = "".join(
        f"{path},sha256={record_digest(data)},{len(data)}\n" for path, data in members.items()
    )
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    return Package(filename or f"{module}-{version}-py3-none-any.whl", zip_of(members), metadata)


def core_metadata(
    name: str, version: str, requires: tuple[str, ...] = (), requires_python: str | None = None
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    return ("\n".join(lines) + "\n").encode()


def sdist(
    name: str, version: str, *, origin: str = "honest", requires: tuple[str, ...] = (), pkg_info: bytes | None = None
) -> Package:
    """A source distribution with a build backend of its own, so that building it asks no index for anything."""
    module = normalise(name).replace("-", "_")
    built = wheel(name, version, origin=origin, requires=requires)
    pkg_info = pkg_info or built.metadata
    backend = (
        "import base64, pathlib\n"
        f"NAME = {built.filename!r}\n"
        f"DATA = base64.b64decode({base64.b64encode(built.data).decode()!r})\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    pathlib.Path(directory, NAME).write_bytes(DATA)\n"
        "    return NAME\n"
    ).encode()
    root = f"{module}-{version}"
    members = {
        f"{root}/PKG-INFO": pkg_info,
        f"{root}/backend.py": backend,
        f"{root}/pyproject.toml": (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\ndynamic = ["dependencies"]\n'
        ).encode(),
    }
    return Package(f"{root}.tar.gz", tar_gz_of(members), pkg_info)


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def tar_gz_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def incompressible(size: int, seed: str) -> bytes:
    return hashlib.shake_128(seed.encode()).digest(size)


def record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@cache
def real(name: str, version: str) -> Package:
    """A real package; `./test` downloads those of packages.txt before the tests start."""
    prefix = f"{normalise(name).replace('-', '_')}-{version}-"
    found = [path for path in REAL_PACKAGES.glob("*.whl") if path.name.startswith(prefix)]
    if len(found) != 1:
        raise AssertionError(f"{prefix}*.whl is not in {REAL_PACKAGES}: run ./test e2e, which downloads it")
    data = found[0].read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = next(item for item in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", item))
        return Package(found[0].name, data, archive.read(inside))


@cache
def real_sdist(name: str, version: str) -> Package:
    """A real source distribution, of sdists.txt."""
    found = REAL_PACKAGES / f"{normalise(name).replace('-', '_')}-{version}.tar.gz"
    if not found.is_file():
        raise AssertionError(f"{found} is missing: run ./test e2e, which downloads it")
    data = found.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return Package(found.name, data, archive.extractfile(f"{found.name.removesuffix('.tar.gz')}/PKG-INFO").read())


def requests_and_what_it_needs() -> list[Package]:
    """requests 2.32.2 with its four requirements: a small real tree."""
    return [
        real("requests", "2.32.2"),
        real("idna", "3.7"),
        real("urllib3", "2.2.3"),
        real("certifi", "2024.8.30"),
        real("charset-normalizer", "3.4.0"),
    ]


def installed(site: Path) -> dict[str, str]:
    """What is installed in a folder: project to version."""
    found = {}
    for info in site.glob("*.dist-info"):
        name, version = info.name.removesuffix(".dist-info").split("-")
        found[normalise(name)] = version
    return found


def origin_of(site: Path, module: str) -> str:
    """Who made the installed module: the `origin` that its wheel was made with."""
    text = (site / module / "__init__.py").read_text()
    return re.search(r'ORIGIN = "(.*)"', text)[1]
