"""What a hostile or broken upstream does instead of answering: one function for each kind of misbehaviour."""

from __future__ import annotations

import threading
import zlib
from functools import cache

from .upstream import Fault, Handler

MEBIBYTE = b"\0" * (1 << 20)


def status(code: int, reason: str | None = None, body: bytes = b"", headers: tuple = ()) -> Fault:
    def fault(handler: Handler) -> None:
        handler.send_response(code, reason)
        for key, value in headers:
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return fault


def redirect(to: str) -> Fault:
    return status(302, headers=(("Location", to),))


def endless(content_type: str = "application/octet-stream", start: bytes = b"") -> Fault:
    """A body without an end, as fast as it is read."""

    def fault(handler: Handler) -> None:
        begin(handler, content_type, None)
        handler.wfile.write(start)
        while True:
            handler.wfile.write(MEBIBYTE)

    return fault


def oversized(length: int, content_type: str = "application/octet-stream") -> Fault:
    """A declared length that nobody should accept, and the bytes to go with it."""

    def fault(handler: Handler) -> None:
        begin(handler, content_type, length)
        for _ in range(length >> 20):
            handler.wfile.write(MEBIBYTE)

    return fault


def truncated(data: bytes, at: int, content_type: str = "application/octet-stream") -> Fault:
    """Promises all of `data` and hangs up after `at` bytes."""

    def fault(handler: Handler) -> None:
        begin(handler, content_type, len(data))
        handler.wfile.write(data[:at])
        handler.close_connection = True

    return fault


def dripping(data: bytes, stop: threading.Event, content_type: str = "application/octet-stream") -> Fault:
    """A byte every half second: never idle, never done."""

    def fault(handler: Handler) -> None:
        begin(handler, content_type, len(data))
        for position in range(len(data)):
            handler.wfile.write(data[position : position + 1])
            if stop.wait(0.5):
                return

    return fault


def silent(stop: threading.Event) -> Fault:
    """Takes the request and never says a word."""
    return lambda handler: stop.wait() and None


def hang_up(handler: Handler) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True


def gzip_bomb(content_type: str, mebibytes: int = 2048) -> Fault:
    """A few hundred kilobytes on the wire that expand to `mebibytes`."""
    body = bomb(mebibytes)
    return status(200, body=body, headers=(("Content-Type", content_type), ("Content-Encoding", "gzip")))


@cache
def bomb(mebibytes: int) -> bytes:
    """One gzip stream. A block that ends with a full flush may be repeated, so this takes no time to make."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(MEBIBYTE * 16) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(MEBIBYTE * 16) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (mebibytes // 16)


def endless_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-Filler: " + b"a" * 8000 + b"\r\n")


def begin(handler: Handler, content_type: str, length: int | None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", content_type)
    if length is None:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    else:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
