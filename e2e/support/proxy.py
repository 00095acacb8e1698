"""A parent HTTP proxy, as companies have one: CONNECT and absolute URLs, Basic authentication, a log.

Host names of `hosts` (the `*.example` of the tests) are led to servers on loopback; any other name is refused and
logged, so that a test sees an attempt to leave the machine.
"""

from __future__ import annotations

import base64
import select
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class ParentProxy:
    credentials: tuple[str, str] | None = None
    hosts: dict[str, tuple[str, int]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> ParentProxy:
        self.server = ProxyServer(self)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        """With the credentials that it wants."""
        secret = "{}:{}@".format(*self.credentials) if self.credentials else ""
        return f"http://{secret}127.0.0.1:{self.port}"

    def resolve(self, host: str, port: int) -> tuple[str, int] | None:
        if host in self.hosts:
            return self.hosts[host]
        return (host, port) if host in ("127.0.0.1", "::1", "localhost") else None


class ProxyServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, proxy: ParentProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), ProxyHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is expected here."""


class ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ProxyServer

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        target = self.admit(host.strip("[]"), int(port))
        if target is None:
            return
        with socket.create_connection(target) as upstream:
            self.send_response(200, "Connection established")
            self.end_headers()
            relay(self.connection, upstream)
        self.close_connection = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        target = self.admit(parts.hostname or "", parts.port or 80)
        if target is None:
            return
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.command} {path} HTTP/1.1", "Connection: close"]
        dropped = ("proxy-authorization", "proxy-connection", "connection")
        lines += [f"{key}: {value}" for key, value in self.headers.items() if key.lower() not in dropped]
        with socket.create_connection(target) as upstream:
            upstream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            relay(self.connection, upstream)
        self.close_connection = True

    do_HEAD = do_GET

    def admit(self, host: str, port: int) -> tuple[str, int] | None:
        proxy = self.server.proxy
        proxy.log.append(f"{self.command} {host}:{port}")
        if proxy.credentials is not None:
            expected = base64.b64encode(":".join(proxy.credentials).encode()).decode()
            if self.headers.get("Proxy-Authorization") != f"Basic {expected}":
                self.refuse(407, [("Proxy-Authenticate", 'Basic realm="parent"')])
                return None
        target = proxy.resolve(host, port)
        if target is None:
            proxy.refused.append(f"{host}:{port}")
            self.refuse(502, [])
        return target

    def refuse(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The tests look at `log`; nothing is printed."""


def relay(one: socket.socket, other: socket.socket) -> None:
    """Copies both ways until one side ends."""
    peers = {one: other, other: one}
    while True:
        readable, _, _ = select.select(list(peers), [], [], 60)
        if not readable:
            return
        for side in readable:
            data = side.recv(65536)
            if not data:
                return
            peers[side].sendall(data)
