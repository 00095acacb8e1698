"""A web server on loopback with a few files in memory, honest until a test tells it otherwise."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .upstream import Fault


@dataclass
class FileServer:
    """`files` and `faults` by their decoded path from the root of the server; `log` has the paths that were asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> FileServer:
        self.server = Server(("127.0.0.1", 0), self.handler())
        self.server.of = self
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def handler() -> type[BaseHTTPRequestHandler]:
        """What answers."""
        return Handler

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server.server_address[1]}"

    def serve_folder(self, folder: Path) -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.files[f"/{file.relative_to(folder).as_posix()}"] = file.read_bytes()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    of: FileServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is expected here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.of.log.append(path)
        fault = self.server.of.faults.get(path)
        if fault is not None:
            return fault(self)
        body = self.server.of.files.get(path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """The tests look at `log`; nothing is printed."""
