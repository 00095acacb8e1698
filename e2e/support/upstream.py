"""An index on loopback for tests: JSON or HTML only, honest until a test tells it otherwise."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from .packages import Package, normalise

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"
LONG_AGO = timedelta(days=400)
TODAY = timedelta(hours=2)

Fault = Callable[["Handler"], None]


@dataclass
class Entry:
    """One file as the index lists and serves it. Tests change the fields to make the index lie."""

    filename: str
    data: bytes
    sha256: str | None
    size: int | None
    upload_time: datetime | str | None
    last_modified: datetime | None
    metadata: bytes | None
    metadata_sha256: str | None
    yanked: str | bool = False
    requires_python: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Upstream:
    """A running index. `url` is its Simple API, `log` what it was asked."""

    form: str = "json"
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    name: str | None = None
    credentials: tuple[str, str] | None = None
    files_need_credentials: bool = True
    ranges: bool = True
    metadata_files: bool = True
    projects: dict[str, list[Entry]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)

    def __enter__(self) -> Upstream:
        self.server = Server(self)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def origin(self) -> str:
        shown = self.name or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.tls else 'http'}://{shown}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple/"

    def url_with(self, user: str, password: str) -> str:
        scheme, rest = self.url.split("://")
        return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"

    def file_url(self, entry: Entry) -> str:
        return entry.url or f"{self.origin}/files/{quote(entry.filename, safe='')}"

    def add(
        self,
        package: Package,
        *,
        age: timedelta | None = LONG_AGO,
        modified_age: timedelta | None = None,
        metadata: bool | None = None,
        project: str | None = None,
        **changes: object,
    ) -> Entry:
        """Lists a package: `age` is its upload time (JSON only), `modified_age` the file's Last-Modified."""
        now = datetime.now(timezone.utc)
        with_metadata = self.metadata_files if metadata is None else metadata
        entry = Entry(
            filename=package.filename,
            data=package.data,
            sha256=package.sha256,
            size=len(package.data),
            upload_time=None if age is None else now - age,
            last_modified=None if modified_age is None else now - modified_age,
            metadata=package.metadata if with_metadata and package.filename.endswith(".whl") else None,
            metadata_sha256=hashlib.sha256(package.metadata).hexdigest(),
        )
        for key, value in changes.items():
            if not hasattr(entry, key):
                raise TypeError(f"an entry has no {key}")
            setattr(entry, key, value)
        self.projects.setdefault(normalise(project or package.project), []).append(entry)
        return entry

    def add_all(self, packages: list[Package], **settings: object) -> None:
        for package in packages:
            self.add(package, **settings)

    def asked_for(self, part: str, method: str | None = None) -> list[Request]:
        """The requests whose path contains `part`."""
        return [r for r in self.log if part in unquote(r.path) and method in (None, r.method)]

    def body_requests(self, filename: str) -> list[Request]:
        """The requests for a file's own bytes (not for its `.metadata`, not HEAD)."""
        return [r for r in self.log if r.method == "GET" and unquote(r.path).endswith("/" + filename)]

    def entry(self, filename: str) -> Entry | None:
        entries = [e for listed in self.projects.values() for e in listed]
        return next((e for e in entries if e.filename == filename), None)

    def page(self, project: str, accept: str) -> tuple[str, bytes]:
        if project in self.pages:
            return self.pages[project]
        if self.form == "json" and "json" in accept:
            return JSON_TYPE, json.dumps(self.json_page(project)).encode()
        return HTML_TYPE, self.html_page(project).encode()

    def json_page(self, project: str) -> dict:
        files = [self.json_file(entry) for entry in self.projects[project]]
        versions = sorted({f["filename"].split("-")[1].removesuffix(".tar.gz") for f in files})
        return {"meta": {"api-version": "1.4"}, "name": project, "versions": versions, "files": files}

    def json_file(self, entry: Entry) -> dict:
        item: dict[str, object] = {
            "filename": entry.filename,
            "url": self.file_url(entry),
            "hashes": {"sha256": entry.sha256} if entry.sha256 else {},
            "yanked": entry.yanked,
        }
        if entry.size is not None:
            item["size"] = entry.size
        if entry.upload_time is not None:
            item["upload-time"] = json_time(entry.upload_time)
        if entry.requires_python:
            item["requires-python"] = entry.requires_python
        if entry.metadata is not None:
            item["core-metadata"] = {"sha256": entry.metadata_sha256}
        return item

    def html_page(self, project: str) -> str:
        anchors = "\n".join(self.anchor(entry) for entry in self.projects[project])
        return f"<!DOCTYPE html><html><body><h1>Links for {project}</h1>\n{anchors}\n</body></html>"

    def anchor(self, entry: Entry) -> str:
        href = self.file_url(entry) + (f"#sha256={entry.sha256}" if entry.sha256 else "")
        attributes = [f'href="{html.escape(href)}"']
        if entry.requires_python:
            attributes.append(f'data-requires-python="{html.escape(entry.requires_python)}"')
        if entry.yanked is not False:
            reason = "" if entry.yanked is True else entry.yanked
            attributes.append(f'data-yanked="{html.escape(reason)}"')
        if entry.metadata is not None and self.form == "json":
            attributes.append(f'data-core-metadata="sha256={entry.metadata_sha256}"')
        return f"<a {' '.join(attributes)}>{html.escape(entry.filename)}</a><br/>"


def json_time(moment: datetime | str) -> str:
    return moment if isinstance(moment, str) else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.address_family = socket.AF_INET6 if ":" in upstream.host else socket.AF_INET
        super().__init__((upstream.host, 0), Handler)

    def finish_request(self, request: socket.socket, client_address: object) -> None:
        # The handshake happens in the connection's own thread, so that a silent client stops nobody.
        if self.upstream.tls:
            request = self.upstream.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is expected here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        upstream = self.server.upstream
        path = urlsplit(self.path).path
        upstream.log.append(Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        fault = upstream.faults.get(unquote(path))
        if fault is not None:
            fault(self)
        elif not self.authorised(path):
            self.answer(401, b"who are you?", [("WWW-Authenticate", 'Basic realm="index"')])
        elif path.startswith("/simple/"):
            self.answer_page(path)
        elif path.startswith("/files/"):
            self.answer_file(unquote(path.removeprefix("/files/")))
        else:
            self.answer(404, b"not here")

    do_HEAD = do_GET

    def authorised(self, path: str) -> bool:
        upstream = self.server.upstream
        if upstream.credentials is None:
            return True
        if path.startswith("/files/") and not upstream.files_need_credentials:
            return True
        expected = base64.b64encode(":".join(upstream.credentials).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def answer_page(self, path: str) -> None:
        upstream = self.server.upstream
        project = path.removeprefix("/simple/").rstrip("/")
        if normalise(project) != project or not path.endswith("/"):
            return self.answer(301, b"", [("Location", f"/simple/{normalise(project)}/")])
        if project not in upstream.projects and project not in upstream.pages:
            return self.answer(404, b"no such project")
        kind, body = upstream.page(project, self.headers.get("Accept", ""))
        # Every change of a test is to be seen at once.
        headers = [("Content-Type", kind), ("Vary", "Accept"), ("Cache-Control", "max-age=0")]
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            return self.answer(304, b"", [*headers, ("ETag", etag)])
        return self.answer(200, body, [*headers, ("ETag", etag)])

    def answer_file(self, filename: str) -> None:
        upstream = self.server.upstream
        entry = upstream.entry(filename)
        if entry is None and filename.endswith(".metadata"):
            owner = upstream.entry(filename.removesuffix(".metadata"))
            if owner is not None and owner.metadata is not None:
                return self.answer(200, owner.metadata, [("Content-Type", "text/plain")])
        if entry is None:
            return self.answer(404, b"no such file")
        headers = [("Content-Type", "application/octet-stream")]
        if entry.last_modified is not None:
            headers.append(("Last-Modified", format_datetime(entry.last_modified, usegmt=True)))
        return self.answer_with_ranges(entry.data, headers)

    def answer_with_ranges(self, data: bytes, headers: list[tuple[str, str]]) -> None:
        asked = self.headers.get("Range", "")
        if not self.server.upstream.ranges:
            return self.answer(200, data, headers)
        headers.append(("Accept-Ranges", "bytes"))
        if not asked.startswith("bytes=") or "," in asked:
            return self.answer(200, data, headers)
        first, last = asked.removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(data) - int(last))
        end = int(last) if first and last else len(data) - 1
        end = min(end, len(data) - 1)
        if start > end:
            return self.answer(416, b"", [("Content-Range", f"bytes */{len(data)}")])
        headers.append(("Content-Range", f"bytes {start}-{end}/{len(data)}"))
        return self.answer(206, data[start : end + 1], headers)

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The tests look at `log`; nothing is printed."""
