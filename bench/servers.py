"""How the servers are started: the static upstream (nginx), the peers, and ours. Everything listens on 127.0.0.1 only."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import processes
import tools
from processes import Server, free_port

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; sendfile on; keepalive_requests 1000000; default_type application/octet-stream;
    gzip_static on; gzip_vary on;
    types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    map $http_accept $kind {{ default html; "~*vnd\\.pypi\\.simple\\.v1\\+json" json; }}
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    add_header Cache-Control $life;
    map $uri $life {{ default "max-age=600"; "~^/files/" "max-age=31536000, immutable"; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096; listen 127.0.0.1:{files} backlog=4096;
        root {root};
        location /simple/ {{ try_files ${{uri}}index.$kind =404; }}
        location /plain/simple/ {{ try_files ${{uri}}index.html =404; }}
        location /files/ {{ gzip_static off; }}
    }}
    server {{
        listen 127.0.0.1:{tls} ssl http2 backlog=4096; listen 127.0.0.1:{tls_files} ssl http2 backlog=4096;
        location /simple/ {{ root {root}/secure; try_files ${{uri}}index.$kind =404; }}
        location /files/ {{ root {root}; gzip_static off; }}
    }}
}}
"""


@dataclass
class Upstream:
    """The static index, pages and files on ports of their own: over plain HTTP, and over HTTPS (HTTP/2 where asked)."""

    server: Server
    origin: str
    files: str
    tls: str
    authority: Path

    @property
    def simple(self) -> str:
        return f"{self.origin}/simple/"


def nginx(folder: Path, root: Path, ports: list[int]) -> Upstream:
    folder.mkdir(parents=True)
    certificate(folder)
    port, files, tls, tls_files = ports
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, root=root, port=port, files=files, tls=tls, tls_files=tls_files))
    command = [tools.program("nginx", "nginx-light"), "-c", configuration, "-p", folder, "-e", folder / "error.log"]
    log = folder / "nginx.log"
    server = Server("nginx", processes.start(command, {"PATH": tools.PATH}, log), port, log).ready()
    return Upstream(server, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{files}", f"https://127.0.0.1:{tls}",
                    folder / "authority.pem")


def certificate(folder: Path) -> None:
    """An authority and a certificate of it for 127.0.0.1."""
    openssl = tools.program("openssl", "openssl")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    for command in (
        ["req", "-x509", *curve, "-subj", "/CN=bench authority", "-keyout", "authority.key", "-out", "authority.pem"],
        ["req", "-new", *curve[:-2], "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
         "-days", "30", "-extfile", "server.ext", "-out", "server.pem"],
    ):
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True, timeout=60)


@dataclass
class Kind:
    """A kind of server: how one is started in an empty folder, and below which path its project pages are."""

    name: str
    start: Callable[[Path, Upstream, str], Server]
    pages: str
    environment: dict[str, str] = field(default_factory=dict)


def clean(**more: str) -> dict[str, str]:
    """An environment without the caller's settings of proxies, indexes and authorities."""
    return {"PATH": tools.PATH, "LANG": "C.UTF-8", "HOME": os.devnull, **more}


def ours(folder: Path, upstream: Upstream, simple: str) -> Server:
    folder.mkdir(parents=True)
    port, log = free_port(), folder / "log"
    command = [tools.affineur(), "gateway", "serve", "--listen", f"127.0.0.1:{port}", "--upstream", simple]
    env = clean(AFFINEUR_HOME=str(folder / "home"), HOME=str(folder), SSL_CERT_FILE=str(upstream.authority))
    return Server("affineur", processes.start(command, env, log), port, log).ready()


def proxpi(folder: Path, upstream: Upstream, simple: str) -> Server:
    folder.mkdir(parents=True)
    port, log = free_port(), folder / "log"
    programs = tools.environment("proxpi")
    # As in its container image: one preloaded worker of gunicorn with threads, here as many as wrk has connections.
    command = [programs / "gunicorn", "--preload", "--workers", "1", "--threads", "8", "--bind", f"127.0.0.1:{port}",
               "--log-level", "warning", "proxpi.server:app"]
    env = clean(PROXPI_INDEX_URL=simple, PROXPI_CACHE_DIR=str(folder / "cache"), PROXPI_LOGGING_LEVEL="WARNING",
                HOME=str(folder))
    return Server("proxpi", processes.start(command, env, log), port, log).ready()


def devpi(folder: Path, upstream: Upstream, simple: str) -> Server:
    folder.mkdir(parents=True)
    port, log, data = free_port(), folder / "log", folder / "data"
    programs, env = tools.environment("devpi"), clean(HOME=str(folder))
    subprocess.run([programs / "devpi-init", "--serverdir", data, "--no-root-pypi", "--root-passwd", "bench"], env=env,
                   check=True, capture_output=True, timeout=120)
    command = [programs / "devpi-server", "--serverdir", data, "--host", "127.0.0.1", "--port", str(port),
               "--threads", "50"]
    server = Server("devpi", processes.start(command, env, log), port, log).ready()
    token = ask(f"{server.origin}/+login", "POST", {"user": "root", "password": "bench"})["result"]["password"]
    proof = base64.b64encode(f"root:{token}".encode()).decode()
    ask(f"{server.origin}/root/up", "PUT", {"type": "mirror", "mirror_url": simple, "volatile": False},
        {"X-Devpi-Auth": proof})
    return server


def probation(folder: Path, upstream: Upstream, simple: str) -> Server:
    folder.mkdir(parents=True)
    port, log = free_port(), folder / "log"
    (folder / "blocklist.json").write_text(json.dumps({
        "schema_version": 1, "revision": 1, "generated_at": "2024-01-01T00:00:00Z", "expires_at": "2099-01-01T00:00:00Z",
        "blocked_packages": [], "blocked_hashes": []}))
    (folder / "data").mkdir()
    (folder / "config.toml").write_text(PROBATION.format(port=port, folder=folder))
    env = clean(BENCH_INDEX=upstream.origin, BENCH_FILES=upstream.files, HOME=str(folder))
    command = [tools.probation(), "serve", "--config", folder / "config.toml"]
    return Server("probation", processes.start(command, env, log), port, log).ready()


PROBATION = """
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/data"
blocklist_file = "{folder}/blocklist.json"
cooldown_seconds = 259200
metadata_ttl_seconds = 600
metadata_max_age_seconds = 86400
blocklist_poll_seconds = 5
cache_max_bytes = 107374182400
memory_cache_max_bytes = 268435456
max_artifact_bytes = 5368709120
max_metadata_bytes = 67108864
max_blocklist_bytes = 134217728
max_upstream_requests = 32
max_artifact_downloads = 8
max_active_requests = 1024
max_references_per_project = 20000
osv_mode = "off"
"""

OURS = Kind("affineur", ours, "/simple/")
PROXPI = Kind("proxpi", proxpi, "/index/")
DEVPI = Kind("devpi", devpi, "/root/up/+simple/")
PROBATION_KIND = Kind("probation", probation, "/pypi/simple/")


def ask(url: str, method: str, body: dict, headers: dict[str, str] | None = None) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), method=method, headers={
        "Content-Type": "application/json", "Accept": "application/json", **(headers or {})})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.loads(answer.read())
