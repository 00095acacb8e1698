"""What the benchmarks need, installed when missing: our own release build, load generator, installers, peers.

Everything goes below target/bench; Debian's packages need root. Each step leaves a mark, and is skipped while the mark agrees.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / "target" / "bench"
CORPUS = FOLDER / "corpus"
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

ENVIRONMENTS = {
    "installers": ["pip==26.3", "uv==0.13.8"],
    "devpi": ["devpi-server==6.20.3"],
    "proxpi": ["proxpi==1.3.1", "gunicorn==27.0.1"],
    "tuf": ["tuf==7.0.1", "securesystemslib[crypto]==1.6.0"],
}
OLPC_CJSON, SIGSTORE_TUF = "0.1.4", "0.15.1"
PROBATION = "0.2.2"
# The upstreams of probation are fixed, must be https and must not be on loopback; its public URL must be https. These
# edits make them the benchmark's loopback server, over plain HTTP like everybody else's. Nothing else is touched.
PROBATION_EDITS = {
    "src/upstream/origins.rs": [
        ("parse_origin(PYPI_METADATA)", 'parse_origin(&std::env::var("BENCH_INDEX").expect("BENCH_INDEX"))'),
        ("parse_origin(PYPI_ARTIFACTS)", 'parse_origin(&std::env::var("BENCH_FILES").expect("BENCH_FILES"))'),
        ("allow_private_addresses: false,", "allow_private_addresses: true,"),
    ],
    "src/config.rs": [('public_url.scheme() != "https"', 'public_url.scheme() != "http"')],
}


@functools.cache
def program(name: str, package: str) -> str:
    """The path of a program, from Debian's package if it is not there yet."""
    if not (found := shutil.which(name, path=PATH)):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            sys.exit(f"{name} is missing; install it ({package} on Debian)")
        quietly(["apt-get", "update", "-q"])
        quietly(["apt-get", "install", "-y", "-q", "--no-install-recommends", package],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        found = shutil.which(name, path=PATH)
    return found or sys.exit(f"{name} is missing even after {package} was installed")


@functools.cache
def environment(name: str) -> Path:
    """The folder of programs of a virtual environment."""
    folder, wanted = FOLDER / name, " ".join(ENVIRONMENTS[name])
    mark = folder / "made-from"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        quietly([sys.executable, "-m", "venv", folder])
        quietly([folder / "bin" / "pip", "install", "-q", *ENVIRONMENTS[name]])
        mark.write_text(wanted)
    return folder / "bin"


@functools.cache
def affineur() -> Path:
    """The program under test. AFFINEUR_PROGRAM names one that is built already."""
    if given := os.environ.get("AFFINEUR_PROGRAM"):
        return Path(given)
    quietly(["cargo", "build", "--release", "--locked", "-p", "affineur"])
    return REPOSITORY / "target" / "release" / "affineur"


@functools.cache
def conformance_client() -> Path:
    """Our TUF client. AFFINEUR_TUF_CLIENT names one that is built already."""
    if given := os.environ.get("AFFINEUR_TUF_CLIENT"):
        return Path(given)
    quietly(["cargo", "build", "--release", "--locked", "-p", "affineur", "--bin", "tuf-conformance-client"])
    return REPOSITORY / "target" / "release" / "tuf-conformance-client"


@functools.cache
def generator() -> Path:
    """What makes repositories and publishes releases into them."""
    quietly(["cargo", "build", "--release", "--locked", "-p", "affineur-tuf", "--features", "signing", "--example", "generate"])
    return REPOSITORY / "target" / "release" / "examples" / "generate"


@functools.cache
def decide_program() -> Path:
    """What times decisions: an example of crate trust."""
    say = ["cargo", "build", "--release", "--locked", "-p", "affineur-trust", "--features", "testing", "--example", "decide"]
    quietly(say)
    return REPOSITORY / "target" / "release" / "examples" / "decide"


@functools.cache
def index_load() -> Path:
    """What fills an index and puts load on it."""
    if given := os.environ.get("AFFINEUR_INDEX_LOAD"):
        return Path(given)
    quietly(["cargo", "build", "--release", "--locked", "-p", "affineur-index", "--example", "load"])
    return REPOSITORY / "target" / "release" / "examples" / "load"


@functools.cache
def canonical_program() -> Path:
    """canonical.rs with our crate and olpc-cjson, outside of the workspace: it begins with the same versions of everything."""
    folder = FOLDER / "canonical"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("canonical.rs"), folder / "src" / "main.rs")
    shutil.copyfile(REPOSITORY / "Cargo.lock", folder / "Cargo.lock")
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "canonical"\nedition = "2024"\n[workspace]\n[dependencies]\n'
        f'affineur-tuf = {{ path = "{REPOSITORY / "crates" / "tuf"}" }}\n'
        f'olpc-cjson = "={OLPC_CJSON}"\nserde = "1"\nserde_json = "1"\n')
    quietly(["cargo", "build", "--release", "--target-dir", REPOSITORY / "target"], cwd=folder)
    return REPOSITORY / "target" / "release" / "canonical"


@functools.cache
def sigstore_client() -> Path:
    """The client for tuf-conformance that the crate sigstore-tuf has as an example."""
    folder = built_crate("sigstore-tuf", SIGSTORE_TUF, {}, ["--example", "conformance_client"])
    return folder / "target" / "release" / "examples" / "conformance_client"


@functools.cache
def probation() -> Path:
    """The crate probation with the edits above."""
    folder = built_crate("probation", PROBATION, PROBATION_EDITS, ["--ignore-rust-version"])
    return folder / "target" / "release" / "probation"


def built_crate(name: str, version: str, edits: dict[str, list[tuple[str, str]]], options: list[str]) -> Path:
    """The folder of a crate that was built from its own source and lock file, with these edits."""
    folder = FOLDER / name
    mark, wanted = folder / "made-from", json.dumps([version, edits])
    if mark.exists() and mark.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(crate_source(name, version), folder)
    (folder / "rust-toolchain.toml").unlink(missing_ok=True)
    (folder / "Cargo.toml").write_text((folder / "Cargo.toml").read_text() + "\n[workspace]\n")
    for file, changes in edits.items():
        text = (folder / file).read_text()
        for old, new in changes:
            if old not in text:
                sys.exit(f"{name} {version}: {file} has no {old!r}")
            text = text.replace(old, new)
        (folder / file).write_text(text)
    quietly(["cargo", "build", "--release", "--locked", *options], cwd=folder)
    mark.write_text(wanted)
    return folder


def crate_source(name: str, version: str) -> Path:
    """Where cargo keeps a crate's source, after it was asked to fetch it for a package that does nothing else."""
    asker = FOLDER / "crate-source"
    (asker / "src").mkdir(parents=True, exist_ok=True)
    (asker / "src" / "lib.rs").write_text("")
    (asker / "Cargo.toml").write_text(
        f'[package]\nname = "asker"\nedition = "2021"\n[dependencies]\n{name} = "={version}"\n[workspace]\n')
    quietly(["cargo", "fetch"], cwd=asker)
    tree = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version=1"], cwd=asker))
    manifest = next(package["manifest_path"] for package in tree["packages"] if package["name"] == name)
    return Path(manifest).parent


def corpus(requirements: list[str]) -> list[Path]:
    """Real wheels of the requirements and all that they need, as pinned in constraints.txt."""
    constraints = Path(__file__).with_name("constraints.txt")
    folder = CORPUS / "-".join(sorted(requirements))[:60]
    wanted = " ".join(requirements) + constraints.read_text()
    mark = folder / "made-from"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        quietly([environment("installers") / "pip", "download", "-q", "--only-binary=:all:", "-d", folder,
                 "-c", constraints, *requirements])
        mark.write_text(wanted)
    return sorted(folder.glob("*.whl"))


def quietly(command: list, **options) -> None:
    """Runs a preparing command; its output is shown only when it fails."""
    print(f"# {' '.join(str(part) for part in command)}", file=sys.stderr, flush=True)
    options.setdefault("cwd", REPOSITORY)
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=1800, **options)
    if done.returncode:
        sys.exit(f"{done.stdout[-4000:]}\nfailed: {' '.join(str(part) for part in command)}")
