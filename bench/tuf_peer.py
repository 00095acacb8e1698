"""python-tuf's side of `bench/run core`, run by a Python that has it.

    tuf_peer.py --metadata-dir D init ROOT                     the client protocol of tuf-conformance
    tuf_peer.py --metadata-dir D --metadata-url U --target-name P --target-base-url T --target-dir X download
    tuf_peer.py canonical FILE PASSES                          makes the canonical form so many times
    tuf_peer.py sign METADATA FOLDER BINS                      signs the first bins anew, into FOLDER
    tuf_peer.py release METADATA COUNT BINS                    publishes so many releases
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from pathlib import Path


def client() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--metadata-dir", "--metadata-url", "--target-name", "--target-base-url", "--target-dir"):
        parser.add_argument(name)
    parser.add_argument("command", choices=["init", "download"])
    parser.add_argument("root", nargs="?")
    asked = parser.parse_args()
    if asked.command == "init":
        shutil.copyfile(asked.root, Path(asked.metadata_dir, "root.json"))
        return
    from tuf.ngclient import Updater
    updater = Updater(asked.metadata_dir, asked.metadata_url, asked.target_dir, asked.target_base_url, bootstrap=None)
    target = updater.get_targetinfo(asked.target_name)
    if target is None:
        sys.exit(f"{asked.target_name} was not found")
    updater.download_target(target)


def canonical(file: str, passes: str) -> None:
    from securesystemslib.formats import encode_canonical
    value = json.loads(Path(file).read_bytes())
    for _ in range(int(passes)):
        encode_canonical(value).encode()


def signer(role: str):
    """The key that our generator gives a role."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(role.encode()).digest()))


def sign(metadata: str, folder: str, bins: str) -> None:
    """What is signed is read from the bins that are there, which is not counted."""
    from datetime import datetime, timezone
    from tuf.api.metadata import Metadata, TargetFile, Targets
    key, spent, targets = signer("bin"), 0.0, 0
    for number in range(int(bins)):
        name = f"bin-{number:04x}.json"
        listed = json.loads(Path(metadata, f"1.{name}").read_bytes())["signed"]["targets"]
        targets += len(listed)
        started = time.process_time()
        role = Targets(expires=datetime(2040, 1, 1, tzinfo=timezone.utc))
        for path, file in listed.items():
            role.targets[path] = TargetFile(file["length"], file["hashes"], path)
        signed = Metadata(role)
        signed.sign(key)
        signed.to_file(str(Path(folder, f"1.{name}")))
        spent += time.process_time() - started
    print(json.dumps({"cpu": spent, "targets": targets}))


def release(metadata: str, count: str, bins: str) -> None:
    """As our generator does it: bin, snapshot and timestamp are read from the disk, and written."""
    from tuf.api.metadata import Metadata, MetaFile, TargetFile
    folder = Path(metadata)
    keys = {role: signer(role) for role in ("bin", "snapshot", "timestamp")}
    shift = 33 - int(bins).bit_length()
    names = [f"packages/00/00/{number}/package{number}-1.0.0-py3-none-any.whl" for number in range(int(count))]
    started = time.process_time()
    for path in names:
        timestamp = Metadata.from_file(str(folder / "timestamp.json"))
        snapshot = Metadata.from_file(str(folder / f"{timestamp.signed.snapshot_meta.version}.snapshot.json"))
        number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") >> shift
        name = f"bin-{number:04x}.json"
        changed = Metadata.from_file(str(folder / f"{snapshot.signed.meta[name].version}.{name}"))
        changed.signed.targets[path] = TargetFile.from_data(path, path.encode(), ["sha256"])
        changed.signed.version += 1
        changed.sign(keys["bin"])
        changed.to_file(str(folder / f"{changed.signed.version}.{name}"))
        snapshot.signed.meta[name] = MetaFile(changed.signed.version)
        snapshot.signed.version += 1
        snapshot.sign(keys["snapshot"])
        snapshot.to_file(str(folder / f"{snapshot.signed.version}.snapshot.json"))
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        timestamp.signed.version += 1
        timestamp.sign(keys["timestamp"])
        timestamp.to_file(str(folder / "timestamp.json"))
    print(json.dumps({"cpu": time.process_time() - started}))


if __name__ == "__main__":
    others = {"canonical": canonical, "sign": sign, "release": release}
    if sys.argv[1] in others:
        others[sys.argv[1]](*sys.argv[2:])
    else:
        client()
