"""What stands in front of a real index and has been taken over: it passes everything on, and changes what a test names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler

from .answers import Answer
from .files import FileServer, Handler

Change = Callable[[bytes], "bytes | None"]


@dataclass
class Mirror(FileServer):
    """`changes` by a pattern of paths: what is made of the honest bytes; `None` withholds them. `log` has what was asked for."""

    behind: str = ""
    changes: dict[str, Change] = field(default_factory=dict)

    def __enter__(self) -> Mirror:
        super().__enter__()
        return self

    @staticmethod
    def handler() -> type[BaseHTTPRequestHandler]:
        return MirrorHandler

    def change_of(self, path: str) -> Change | None:
        return next((change for pattern, change in self.changes.items() if fnmatch(path, pattern)), None)


class MirrorHandler(Handler):
    def do_GET(self) -> None:
        mirror = self.server.of
        mirror.log.append(self.path)
        asked = {name: self.headers[name] for name in ("Accept", "Range") if name in self.headers}
        honest = Answer(mirror.behind + self.path, **asked)
        change = mirror.change_of(self.path)
        body = honest.body if change is None or honest.status >= 400 else change(honest.body)
        self.send_response(404 if body is None else honest.status)
        for name in ("Content-Type", "Content-Range"):
            if name in honest.headers and body is not None:
                self.send_header(name, honest.headers[name])
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")
