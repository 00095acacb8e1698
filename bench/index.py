"""An index in a folder: real and made-up projects as static pages (JSON and HTML, also gzip) and files, all of them old."""

from __future__ import annotations

import gzip
import hashlib
import html
import io
import json
import os
import random
import shutil
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

UPLOADED = "2024-03-01T12:00:00.000000Z"
UPLOADED_SECONDS = 1_709_294_400


@dataclass(frozen=True)
class File:
    """What a page says about a file. `metadata` is the digest of its METADATA."""

    name: str
    sha256: str
    size: int
    requires_python: str | None
    metadata: str | None


class Index:
    """Pages below `root/simple`, the same for HTTPS below `root/secure/simple` (their files are at another origin), and
    `root/plain/simple` (HTML only: no dates, sizes or metadata)."""

    def __init__(self, root: Path, files_origin: str, secure_files_origin: str) -> None:
        self.root, self.files_origin, self.secure_files_origin = root, files_origin, secure_files_origin
        self.projects: list[str] = []
        (root / "files").mkdir(parents=True)

    def add_wheels(self, wheels: list[Path]) -> list[str]:
        """Real wheels with their METADATA; returns the projects' names."""
        by_project: dict[str, list[File]] = defaultdict(list)
        for wheel in wheels:
            target = self.root / "files" / wheel.name
            shutil.copyfile(wheel, target)
            by_project[project_of(wheel.name)].append(self._wheel(target))
        for project, files in by_project.items():
            self.add_page(project, files)
        return list(by_project)

    def add_made_up_wheel(self, project: str, size: int) -> str:
        """A wheel of about `size` bytes that do not compress; returns its file name."""
        name = f"{project.replace('-', '_')}-1.0-py3-none-any.whl"
        path = self.root / "files" / name
        path.write_bytes(made_up_wheel(project, size))
        self.add_page(project, [self._wheel(path)])
        return name

    def add_made_up_page(self, project: str, count: int) -> None:
        """A page of `count` files that do not exist."""
        chance = random.Random(project)
        stem = project.replace("-", "_")
        files = [
            File(f"{stem}-{at // 40}.{at // 4 % 10}.{at % 4}-py3-none-any.whl", chance.randbytes(32).hex(),
                 chance.randrange(10_000, 2_000_000), ">=3.8", chance.randbytes(32).hex())
            for at in range(count)
        ]
        self.add_page(project, files)

    def add_page(self, project: str, files: list[File]) -> None:
        self.projects.append(project)
        for folder, origin in (("simple", self.files_origin), ("secure/simple", self.secure_files_origin)):
            self._write(f"{folder}/{project}", "json", json_page(project, files, origin))
            self._write(f"{folder}/{project}", "html", html_page(project, files, origin))
        self._write(f"plain/simple/{project}", "html", html_page(project, files, self.files_origin, plain=True))

    def finish(self) -> None:
        """The root page, which some peers read first."""
        names = [{"name": name} for name in self.projects]
        links = "".join(f'<a href="{name}/">{name}</a><br>\n' for name in self.projects)
        for folder in ("simple", "secure/simple", "plain/simple"):
            self._write(folder, "json", json.dumps({"meta": {"api-version": "1.4"}, "projects": names}))
            self._write(folder, "html", f"<!DOCTYPE html><html><body>\n{links}</body></html>\n")

    def _wheel(self, path: Path) -> File:
        with zipfile.ZipFile(path) as archive:
            entry = next(name for name in archive.namelist()
                         if name.endswith(".dist-info/METADATA") and name.count("/") == 1)
            metadata = archive.read(entry)
        beside = path.with_name(path.name + ".metadata")
        beside.write_bytes(metadata)
        for each in (path, beside):
            os.utime(each, (UPLOADED_SECONDS, UPLOADED_SECONDS))
        requires = HeaderParser().parsestr(metadata.decode("utf-8", "replace")).get("Requires-Python")
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256") if hasattr(hashlib, "file_digest") else hashlib.sha256(opened.read())
        return File(path.name, digest.hexdigest(), path.stat().st_size, requires, hashlib.sha256(metadata).hexdigest())

    def _write(self, folder: str, kind: str, text: str) -> None:
        path = self.root / folder / f"index.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = text.encode()
        path.write_bytes(body)
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(body, 6))


def project_of(wheel: str) -> str:
    return wheel.split("-")[0].replace("_", "-").replace(".", "-").lower()


def json_page(project: str, files: list[File], origin: str) -> str:
    return json.dumps({
        "meta": {"api-version": "1.4"}, "name": project, "versions": sorted({file.name.split("-")[1] for file in files}),
        "files": [{
            "filename": file.name, "url": f"{origin}/files/{file.name}", "hashes": {"sha256": file.sha256},
            "requires-python": file.requires_python, "size": file.size, "upload-time": UPLOADED, "yanked": False,
            "core-metadata": {"sha256": file.metadata} if file.metadata else False,
        } for file in files],
    })


def html_page(project: str, files: list[File], origin: str, plain: bool = False) -> str:
    def link(file: File) -> str:
        extra = f' data-requires-python="{html.escape(file.requires_python)}"' if file.requires_python else ""
        if file.metadata and not plain:
            extra += f' data-core-metadata="sha256={file.metadata}"'
        return f'<a href="{origin}/files/{file.name}#sha256={file.sha256}"{extra}>{file.name}</a><br>\n'

    version = "" if plain else '<meta name="pypi:repository-version" content="1.4">'
    return (f"<!DOCTYPE html><html><head>{version}<title>Links for {project}</title></head><body>\n"
            f"{''.join(map(link, files))}</body></html>\n")


def made_up_wheel(project: str, size: int) -> bytes:
    """A valid wheel of one module and one incompressible file, the same for the same arguments."""
    stem = project.replace("-", "_")
    info = f"{stem}-1.0.dist-info"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        entries = {
            f"{stem}/__init__.py": b"",
            f"{stem}/data.bin": random.Random(project).randbytes(max(0, size - 2_000)),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},,\n" for name in [*entries, f"{info}/RECORD"]).encode()
        for name, body in {**entries, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 3, 1, 12, 0, 0)), body)
    return held.getvalue()
