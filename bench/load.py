"""Load: wrk for many requests, and one plain client for requests that must come one after another."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import subprocess
import time
import urllib.parse
from dataclasses import dataclass
from html.parser import HTMLParser

import tools
from processes import Server

ACCEPT = {
    "json": "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    "html": "text/html",
}
ENCODINGS = {"gzip": "gzip, deflate", "identity": "identity"}
CLIENT_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """What a server did under load. `wrong` are answers that were no 2xx and connections that failed."""

    per_second: float
    bytes_per_second: float
    cpu_seconds: float
    requests: int
    wrong: int

    @property
    def cpu_us(self) -> float:
        """CPU microseconds of the server per request."""
        return self.cpu_seconds / self.requests * 1e6 if self.requests else float("nan")


def wrk(server: Server, url: str, headers: dict[str, str], seconds: int, connections: int = 8) -> Load:
    command = [tools.program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = server.cpu()
    out = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds + 60).stdout
    cpu = server.cpu() - before
    total = re.search(r"(\d+) requests in ([\d.]+)(\w+), ([\d.]+)(\w?B) read", out)
    if not total:
        raise RuntimeError(f"wrk said: {out}")
    count, took = int(total[1]), float(total[2]) * {"ms": 1e-3, "s": 1, "m": 60}[total[3]]
    size = float(total[4]) * {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}[total[5]]
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    errors = int(wrong[1]) if wrong else 0
    errors += sum(map(int, sockets.groups())) if sockets else 0
    return Load(count / took, size / took, cpu, count, errors)


class Client:
    """One connection that is kept."""

    def __init__(self, server: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CLIENT_SECONDS)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        self.connection.request("GET", path, headers=headers or {})
        answer = self.connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def size_of(self, path: str) -> int:
        """Reads a file and returns its size, without keeping it."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        if answer.status in (301, 302, 303, 307, 308):
            raise RuntimeError(f"{path}: sent elsewhere, to {answer.getheader('location')}")
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.read(300)!r}")
        held, total = bytearray(1 << 20), 0
        while got := answer.readinto(held):
            total += got
        return total

    def page(self, path: str, kind: str = "json", encoding: str = "gzip") -> list[tuple[str, str]]:
        """File names and URLs that a page lists; checks that it is the form that was asked for."""
        status, headers, body = self.get(path, {"Accept": ACCEPT[kind], "Accept-Encoding": ENCODINGS[encoding]})
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:300]!r}")
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if kind == "json":
            return [(file["filename"], urllib.parse.urljoin(path, file["url"])) for file in json.loads(body)["files"]]
        links = Links()
        links.feed(body.decode())
        return [(text, urllib.parse.urljoin(path, href)) for text, href in links.found]

    def close(self) -> None:
        self.connection.close()


class Links(HTMLParser):
    """The links of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._href = dict(attrs).get("href") if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self._href and data.strip():
            self.found.append((data.strip(), self._href))
            self._href = None


def path_of(url: str) -> str:
    return urllib.parse.urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()


@dataclass
class Timed:
    """Wall and CPU seconds of a server while a block runs."""

    server: Server
    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> Timed:
        self._cpu, self._wall = self.server.cpu(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.monotonic() - self._wall, self.server.cpu() - self._cpu
