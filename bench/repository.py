"""Repositories of hash bins, made by our own example program `generate`, and an HTTP server that counts."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import processes
import servers
import tools
from processes import Finished

BINS = 16_384
OWN_BIN, OTHER_BIN = 0x1234, 0x2345
LIMIT_SECONDS = 1200


class Repository:
    """A repository below `folder`: `metadata/`, and in `targets/` the one target that is asked for."""

    def __init__(self, folder: Path, shape: str, targets: int, log: Path) -> None:
        self.folder, self.log, self.count = folder, log, targets
        (folder / "targets").mkdir(parents=True)
        self.made = self.generate("--targets", targets, *["--classic"] * (shape == "classic"))
        self.phases = self.printed
        self.wanted = self._put_wanted()

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata"

    def bin_file(self, number: int, version: int = 1) -> Path:
        return self.metadata / f"{version}.bin-{number:04x}.json"

    def release(self, bin_number: int) -> None:
        """One new target in this bin."""
        self.generate("--release", 1, "--bin", bin_number)

    def generate(self, *arguments: object) -> Finished:
        """Runs the generator; `printed` is then what it says about its phases."""
        output = self.folder / "generated"
        output.unlink(missing_ok=True)
        command = [tools.generator(), self.metadata, "--bins", BINS, *arguments]
        done = processes.alone(command, servers.clean(), output, LIMIT_SECONDS)
        assert done.status == 0, output.read_text()
        self.printed: dict[str, float] = json.loads(output.read_text())
        return done

    def _put_wanted(self) -> str:
        """The first target of our bin; its content is its number."""
        path = min(json.loads(self.bin_file(OWN_BIN).read_text())["signed"]["targets"])
        content = re.search(r"package(\d+)-", path)[1].encode()
        folder, _, name = path.rpartition("/")
        (self.folder / "targets" / folder).mkdir(parents=True)
        (self.folder / "targets" / folder / f"{hashlib.sha256(content).hexdigest()}.{name}").write_bytes(content)
        return path


class CountingServer:
    """Serves a folder as it is, without compression; counts the requests for metadata and the bytes of their bodies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.requests, self.bytes = folder, 0, 0
        self._lock = threading.Lock()
        counting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                path = (counting.folder / self.path.lstrip("/")).resolve()
                inside = path.is_relative_to(counting.folder.resolve())
                body = path.read_bytes() if inside and path.is_file() else None
                counting.count(self.path, len(body or b""))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def count(self, path: str, length: int) -> None:
        if path.startswith("/metadata/"):
            with self._lock:
                self.requests, self.bytes = self.requests + 1, self.bytes + length

    def taken(self) -> tuple[int, int]:
        """Requests and bytes since the last call."""
        with self._lock:
            found = self.requests, self.bytes
            self.requests = self.bytes = 0
        return found

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> CountingServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
