"""nginx in front of a test upstream: a real HTTP/2 server."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .program import require_tool
from .tls import Authority

CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format protocol '$server_protocol $request_uri';
    access_log {folder}/access.log protocol;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {authority.server_certificate};
        ssl_certificate_key {authority.server_key};
        location / {{ proxy_pass {behind}; proxy_http_version 1.1; }}
    }}
}}
"""


@dataclass
class Nginx:
    port: int
    folder: Path

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def protocols(self) -> set[str]:
        """The protocols of all requests so far."""
        return {line.split()[0] for line in (self.folder / "access.log").read_text().splitlines()}


@contextmanager
def nginx(folder: Path, behind: str, authority: Authority) -> Iterator[Nginx]:
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, authority=authority, behind=behind)
    )
    process = subprocess.Popen(
        [require_tool("nginx"), "-c", configuration, "-p", folder, "-e", folder / "error.log"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_listening(port, process, folder / "error.log")
        yield Nginx(port, folder)
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port: int, process: subprocess.Popen, log: Path) -> None:
    pause = threading.Event()
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            pause.wait(0.05)
    raise AssertionError(f"nginx does not listen: {log.read_text() if log.exists() else 'no log'}")
