"""What stands in front of a real index and has been taken over: it passes everything on, and changes what a test names."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .answers import Answer

Change = Callable[[bytes], "bytes | None"]


@dataclass
class Mirror:
    """`changes` by a pattern of paths: what is made of the honest bytes; `None` withholds them. `log` has what was asked for."""

    behind: str
    changes: dict[str, Change] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __enter__(self) -> Mirror:
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.of = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def change_of(self, path: str) -> Change | None:
        return next((change for pattern, change in self.changes.items() if fnmatch(path, pattern)), None)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    of: Mirror

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is expected here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

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

    def log_message(self, *_: object) -> None:
        """The tests look at `log`; nothing is printed."""
