#!/usr/bin/env python3
"""An upstream that means harm: `hostile_server.py PORT`. Pages below /simple/<what>/, any suffix `-N` is another project.

    many     100 000 files        bomb     gzip that expands without end     endless  a page without end
    drip     a byte a second      liar     a wheel of 1 kB, as the page says, whose body has no end
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import sys

TYPE = "application/vnd.pypi.simple.v1+json"
MANY = 100_000
BOMB_MEMBERS = 64


def entry(project: str, at: int) -> dict:
    name = f"{project.replace('-', '_')}-{at // 1000}.{at % 1000}-py3-none-any.whl"
    return {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": f"{at:064x}"}, "size": 1000,
            "upload-time": "2024-03-01T12:00:00.000000Z", "yanked": False, "requires-python": ">=3.8"}


def page(project: str, count: int) -> bytes:
    files = [entry(project, at) for at in range(count)]
    versions = sorted({file["filename"].split("-")[1] for file in files})
    return json.dumps({"meta": {"api-version": "1.4"}, "name": project, "versions": versions, "files": files}).encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ")[1].decode("latin-1")
            await send(writer, path)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def send(writer: asyncio.StreamWriter, path: str) -> None:
    parts = path.strip("/").split("/")
    what, project = parts[-1].split("-")[0], parts[-1]
    if parts[0] == "files":
        await stream(writer, "application/octet-stream", "", itertools.repeat(bytes(1 << 16)))
    elif what == "many":
        await whole(writer, page(project, MANY))
    elif what == "liar":
        await whole(writer, page(project, 1))
    elif what == "bomb":
        member = gzip.compress(bytes(1 << 30), 1) if not BOMBS else BOMBS[0]
        BOMBS.append(member)
        await stream(writer, TYPE, "Content-Encoding: gzip\r\n", itertools.repeat(member, BOMB_MEMBERS))
    elif what == "endless":
        start = page(project, 1).removesuffix(b"]}")
        more = (b"," + json.dumps(entry(project, at)).encode() for at in itertools.count(1))
        await stream(writer, TYPE, "", itertools.chain([start], more))
    elif what == "drip":
        await stream(writer, TYPE, "", itertools.chain([page(project, 1)[:50]], itertools.repeat(b" ")), pause=1)
    else:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


BOMBS: list[bytes] = []


async def whole(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def stream(writer: asyncio.StreamWriter, kind: str, extra: str, pieces, pause: float = 0) -> None:
    """A body that ends when the connection does."""
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{extra}Connection: close\r\n\r\n".encode())
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)
    raise ConnectionError("the body is over")


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
