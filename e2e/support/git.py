"""A git repository served over HTTPS by git's own `http-backend`, as git hosts do it."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from .packages import Package
from .program import require_tool

IDENTITY = {
    "GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.invalid",
    "GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "test@example.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}


class GitServer:
    """Serves every repository in a folder; `log` has the paths that were asked for."""

    def __init__(self, folder: Path, tls: ssl.SSLContext) -> None:
        self.folder, self.tls, self.log = folder, tls, []

    def __enter__(self) -> GitServer:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), backend_handler(self))
        self.http.socket = self.tls.wrap_socket(self.http.socket, server_side=True)
        self.http.handle_error = lambda *_: None
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def port(self) -> int:
        return self.http.server_address[1]

    def url(self, repository: str, host: str = "127.0.0.1") -> str:
        return f"git+https://{host}:{self.port}/{repository}"


def make_repository(folder: Path, source: Package) -> None:
    """A repository whose only commit is the unpacked source distribution."""
    tree = folder.with_suffix(".tree")
    tree.mkdir(parents=True)
    (folder.with_suffix(".tar.gz")).write_bytes(source.data)
    subprocess.run(
        ["tar", "-xzf", folder.with_suffix(".tar.gz"), "-C", tree, "--strip-components=1"], check=True
    )
    environment = {**os.environ, **IDENTITY}
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([require_tool("git"), "-C", tree, *words], check=True, env=environment)
    subprocess.run([require_tool("git"), "clone", "-q", "--bare", tree, folder], check=True, env=environment)


def backend_handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            server.log.append(parts.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            environment = {
                **os.environ, **IDENTITY, "GIT_PROJECT_ROOT": str(server.folder), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": parts.path, "QUERY_STRING": parts.query, "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            answer = subprocess.run(
                [require_tool("git"), "-c", "safe.directory=*", "http-backend"],
                input=body, env=environment, capture_output=True, check=True,
            ).stdout
            head, _, content = answer.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
            status = next((int(value.split()[0]) for key, value in fields if key == "Status"), 200)
            self.send_response(status)
            for key, value in fields:
                if key != "Status":
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """The tests look at `log`; nothing is printed."""

    return Handler
