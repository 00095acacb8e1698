"""A repository of The Update Framework that python-tuf signs, on a server of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from .files import FileServer

TOP = ("root", "timestamp", "snapshot", "targets")
MONTH = timedelta(days=30)
NewKey = Callable[[], CryptoSigner]


def in_(time: timedelta) -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0) + time


class Repository:
    """Edit `roles`, then `publish` those that were edited: each gets the next version, then snapshot and timestamp."""

    def __init__(
        self, server: FileServer, *, consistent: bool = True, new_key: NewKey = CryptoSigner.generate_ed25519,
        indented: bool = False, lists_digests: bool = True,
    ) -> None:
        self.server = server
        self.new_key = new_key
        self.serializer = JSONSerializer(compact=not indented)
        self.lists_digests = lists_digests
        self.signers: dict[str, list[CryptoSigner]] = {role: [new_key()] for role in TOP}
        self.previous_root: list[CryptoSigner] = []
        self.published: set[str] = set()
        self.roles: dict[str, Metadata] = {
            "root": Metadata(Root(expires=in_(MONTH), consistent_snapshot=consistent)),
            "timestamp": Metadata(Timestamp(expires=in_(MONTH))),
            "snapshot": Metadata(Snapshot(expires=in_(MONTH))),
            "targets": Metadata(Targets(expires=in_(MONTH))),
        }
        for role in TOP:
            self.root.add_key(self.signers[role][0].public_key, role)

    @property
    def root(self) -> Root:
        return self.roles["root"].signed

    @property
    def url(self) -> str:
        return f"{self.server.origin}/metadata/"

    def role(self, name: str) -> Targets:
        return self.roles[name].signed

    def metadata_name(self, role: str, version: int | None = None) -> str:
        """Where the server has a role's file."""
        bare = role == "timestamp" or not (self.root.consistent_snapshot or role == "root")
        prefix = "" if bare else f"{version or self.roles[role].signed.version}."
        return f"/metadata/{prefix}{quote(role, safe='')}.json" if "/" in role else f"/metadata/{prefix}{role}.json"

    def target_name(self, path: str, data: bytes) -> str:
        folder, _, name = path.rpartition("/")
        prefix = f"{hashlib.sha256(data).hexdigest()}." if self.root.consistent_snapshot else ""
        return f"/targets/{folder}/{prefix}{name}" if folder else f"/targets/{prefix}{name}"

    def add(self, path: str, data: bytes, role: str = "targets", **custom: object) -> None:
        """Lists a target and serves it."""
        target = TargetFile.from_data(path, data, ["sha256"])
        if custom:
            target.unrecognized_fields["custom"] = custom
        self.role(role).targets[path] = target
        self.server.files[self.target_name(path, data)] = data

    def delegate(
        self, name: str, *, paths: list[str] | None = None, prefixes: list[str] | None = None, by: str = "targets",
        terminating: bool = False, keys: int = 1,
    ) -> None:
        self.signers[name] = [self.new_key() for _ in range(keys)]
        delegator = self.role(by)
        if delegator.delegations is None:
            delegator.delegations = Delegations({}, {})
        delegator.delegations.roles[name] = DelegatedRole(name, [], keys, terminating, paths, prefixes)
        for signer in self.signers[name]:
            delegator.add_key(signer.public_key, name)
        self.roles[name] = Metadata(Targets(expires=in_(MONTH)))

    def delegate_to_bins(self, bits: int, prefix: str = "bin") -> SuccinctRoles:
        bins = SuccinctRoles([], 1, bits, prefix)
        self.role("targets").delegations = Delegations({}, None, bins)
        signer = self.new_key()
        self.role("targets").add_key(signer.public_key)
        for name in bins.get_roles():
            self.signers[name] = [signer]
            self.roles[name] = Metadata(Targets(expires=in_(MONTH)))
        return bins

    def rotate_root(self) -> None:
        self.previous_root = self.signers["root"]
        self.give_new_key("root")

    def give_new_key(self, role: str) -> None:
        """Gives a top-level role another key instead of those that it has."""
        self.signers[role] = [self.new_key()]
        self.root.roles[role].keyids = []
        self.root.add_key(self.signers[role][0].public_key, role)

    def publish(self, *edited: str) -> None:
        """Signs the roles that were edited; all of them the first time."""
        names = edited if self.published else tuple(self.roles)
        for name in [name for name in names if name not in ("snapshot", "timestamp")]:
            self.sign(name)
            if name != "root":
                self.list_role(self.roles["snapshot"].signed.meta, name)
        self.sign("snapshot")
        self.roles["timestamp"].signed.snapshot_meta = self.listed("snapshot")
        self.sign("timestamp")

    def list_role(self, meta: dict[str, MetaFile], name: str) -> None:
        meta[f"{name}.json"] = self.listed(name)

    def listed(self, name: str) -> MetaFile:
        version, data = self.roles[name].signed.version, self.server.files[self.metadata_name(name)]
        return MetaFile.from_data(version, data, ["sha256"]) if self.lists_digests else MetaFile(version)

    def sign(self, name: str) -> None:
        """Signs the next version of one role and serves it."""
        role = self.roles[name]
        if name in self.published:
            role.signed.version += 1
        self.published.add(name)
        role.signatures.clear()
        for signer in self.signers[name] + (self.previous_root if name == "root" else []):
            role.sign(signer, append=True)
        self.server.files[self.metadata_name(name)] = role.to_bytes(self.serializer)

    def write_root(self, folder: Path) -> Path:
        """The first root, for a client to begin with."""
        file = folder / "root.json"
        file.write_bytes(self.server.files["/metadata/1.root.json"])
        return file
