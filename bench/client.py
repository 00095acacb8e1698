#!/usr/bin/env python3
"""A light client that behaves like an installer, many times at once: page, `.metadata`, wheel; every digest is checked.

    client.py install --index URL --clients N --projects A,B,…     all at once, each client on a connection of its own
    client.py slow --url URL --clients N --seconds S               each reads 1 kB a second, then closes

Uses the proxy and the authority that the environment names. Prints one JSON object. Every client has a time limit.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import hashlib
import json
import os
import resource
import socket
import ssl
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass

CLIENT_SECONDS = 240
PIECE = 256 << 10
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


class Wrong(Exception):
    """An answer that no installer could use."""


@dataclass
class Body:
    data: bytes
    sha256: str
    size: int


class Connection:
    """One kept connection to an origin, through the proxy where the environment has one."""

    def __init__(self, origin: urllib.parse.SplitResult) -> None:
        self.origin = origin
        named = os.environ.get("https_proxy" if origin.scheme == "https" else "http_proxy")
        self.proxy = urllib.parse.urlsplit(named) if named else None

    async def open(self) -> None:
        to = self.proxy or self.origin
        self.reader, self.writer = await asyncio.open_connection(to.hostname, to.port, limit=PIECE)
        if self.origin.scheme == "https":
            if self.proxy:
                await self._send(f"CONNECT {self.origin.netloc} HTTP/1.1\r\nHost: {self.origin.netloc}\r\n{self._proof()}\r\n")
                status, _ = await self._head()
                if status != 200:
                    raise Wrong(f"CONNECT: {status}")
            context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
            await self.writer.start_tls(context, server_hostname=self.origin.hostname)

    def _proof(self) -> str:
        if not self.proxy or not self.proxy.username:
            return ""
        pair = f"{urllib.parse.unquote(self.proxy.username)}:{urllib.parse.unquote(self.proxy.password or '')}"
        return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"

    async def _send(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def _head(self) -> tuple[int, dict[str, str]]:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.strip().lower(): value.strip() for name, _, value in fields}

    async def get(self, url: str, accept: str = "*/*", encoding: str = "identity", keep: bool = True) -> Body:
        parts = urllib.parse.urlsplit(url)
        through_proxy = self.proxy and self.origin.scheme == "http"
        target = url if through_proxy else parts._replace(scheme="", netloc="", fragment="").geturl()
        proof = self._proof() if through_proxy else ""
        await self._send(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: {accept}\r\n"
                         f"Accept-Encoding: {encoding}\r\nUser-Agent: bench\r\n{proof}\r\n")
        status, fields = await self._head()
        if status != 200:
            raise Wrong(f"{parts.path}: {status}")
        digest, kept, size = hashlib.sha256(), [], 0
        async for piece in self._pieces(fields):
            digest.update(piece)
            size += len(piece)
            if keep:
                kept.append(piece)
        data = b"".join(kept)
        return Body(gzip.decompress(data) if fields.get("content-encoding") == "gzip" else data, digest.hexdigest(), size)

    async def _pieces(self, fields: dict[str, str]):
        if fields.get("transfer-encoding") == "chunked":
            while left := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                yield await self.reader.readexactly(left)
                await self.reader.readexactly(2)
            await self.reader.readuntil(b"\r\n")
            return
        left = int(fields["content-length"])
        while left:
            piece = await self.reader.read(min(left, PIECE))
            if not piece:
                raise Wrong(f"the body ended {left} bytes early")
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self.writer.close()


class Connections:
    """The connections of one client: one for each origin (with a proxy for plain HTTP, one is enough)."""

    def __init__(self) -> None:
        self.kept: dict[str, Connection] = {}

    async def get(self, url: str, **options) -> Body:
        origin = urllib.parse.urlsplit(url)
        key = f"{origin.scheme}://{origin.netloc}"
        if key not in self.kept:
            connection = Connection(origin)
            await connection.open()
            self.kept[key] = connection
        return await self.kept[key].get(url, **options)

    def close(self) -> None:
        for connection in self.kept.values():
            connection.close()


async def install(index: str, projects: list[str]) -> int:
    """What an installer asks for; returns the bytes of the wheels."""
    connections, total = Connections(), 0
    try:
        for project in projects:
            page_url = f"{index}{project}/"
            page = json.loads((await connections.get(page_url, accept=ACCEPT, encoding="gzip, deflate")).data)
            file = page["files"][-1]
            url = urllib.parse.urljoin(page_url, file["url"])
            if not (offered := file.get("core-metadata")):
                raise Wrong(f"{project}: no metadata is offered")
            metadata = await connections.get(f"{url}.metadata")
            if isinstance(offered, dict) and metadata.sha256 != offered["sha256"]:
                raise Wrong(f"{project}: wrong metadata")
            wheel = await connections.get(url, keep=False)
            if wheel.sha256 != file["hashes"]["sha256"]:
                raise Wrong(f"{project}: wrong wheel")
            total += wheel.size
    finally:
        connections.close()
    return total


async def read_slowly(url: str, seconds: float) -> int:
    """Reads 1 kB a second; returns the bytes. An answer that ends before we do is wrong."""
    parts = urllib.parse.urlsplit(url)
    raw = socket.socket()
    raw.setblocking(False)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    loop = asyncio.get_running_loop()
    total, end = 0, time.monotonic() + seconds
    try:
        await loop.sock_connect(raw, (parts.hostname, parts.port))
        await loop.sock_sendall(raw, f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        while time.monotonic() < end:
            got = await loop.sock_recv(raw, 1024)
            if total == 0 and not got.startswith(b"HTTP/1.1 200 "):
                raise Wrong(f"slow reader: {got[:60]!r}")
            if not got:
                raise Wrong("slow reader: closed by the server")
            total += len(got)
            await asyncio.sleep(1)
    finally:
        raw.close()
    return total


async def all_at_once(jobs: list) -> dict:
    started = time.monotonic()
    ended = await asyncio.gather(*(asyncio.wait_for(job, CLIENT_SECONDS) for job in jobs), return_exceptions=True)
    problems = [f"{type(each).__name__}: {each}" for each in ended if isinstance(each, BaseException)]
    return {
        "clients": len(jobs), "errors": len(problems), "seconds": round(time.monotonic() - started, 2),
        "bytes": sum(each for each in ended if isinstance(each, int)), "problems": Counter(problems).most_common(5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["install", "slow"])
    parser.add_argument("--index")
    parser.add_argument("--url")
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--projects", default="")
    parser.add_argument("--each", type=int, default=8, help="projects of each client")
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    names = [name for name in asked.projects.split(",") if name]

    async def everybody() -> dict:
        if asked.what == "slow":
            return await all_at_once([read_slowly(asked.url, asked.seconds) for _ in range(asked.clients)])
        chosen = [[names[(at * 7 + step) % len(names)] for step in range(min(asked.each, len(names)))]
                  for at in range(asked.clients)]
        return await all_at_once([install(asked.index, projects) for projects in chosen])

    print(json.dumps(asyncio.run(everybody())), flush=True)


if __name__ == "__main__":
    main()
