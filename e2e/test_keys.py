"""Keys: made, listed, exported, put under another passphrase; in files and in tokens. Read by programs of others."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat, load_pem_public_key, load_ssh_public_key,
)
from securesystemslib.signer import SSlibKey

from support.program import REPOSITORY, Result, World, fold, require_tool
from support.terminal import at_terminal

WORDS, OTHER_WORDS = "correct horse battery", "staple by staple"
FIRST, AGAIN, OLD = "passphrase for the key", "the same once more", "passphrase of the key"
PIN = "123456"


@pytest.fixture
def words(world: World) -> Path:
    return world.write("pw", f"{WORDS}\n")


@pytest.fixture
def other_words(world: World) -> Path:
    return world.write("pw2", f"{OTHER_WORDS}\n")


def listed(world: World, *options: object) -> list[dict]:
    return [json.loads(line) for line in world.affineur("key", "list", "--json", *options).succeeded().stdout.splitlines()]


def new(world: World, name: str, words: Path, *options: object) -> dict:
    made = world.affineur("key", "new", name, "--passphrase-file", words, "--json", *options).succeeded()
    return json.loads(made.stdout)


def opens(world: World, name: str, words: Path, *options: object) -> Result:
    return world.affineur("key", "export", name, "--check", "--passphrase-file", words, *options)


def test_a_key_is_made_listed_and_read_by_programs_of_others(world: World, words: Path) -> None:
    made = new(world, "laptop", words, "--comment", "for releases")
    assert listed(world) == [made]
    assert (made["name"], made["scheme"], made["private"], made["comment"]) == ("laptop", "ed25519", "file", "for releases")
    file = world.state / "keys" / "laptop.key"
    assert made["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["laptop.key"], "nothing else is left there"
    assert WORDS not in file.read_text()

    export = lambda form: world.affineur("key", "export", "laptop", "--format", form).succeeded().stdout
    described = json.loads(export("tuf"))
    assert described == made["key"]
    theirs = SSlibKey.from_dict(made["key-id"], described.copy())
    canonical = json.dumps(made["key"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == made["key-id"], "the identifier of the specification"
    pem = load_pem_public_key(export("pem").encode())
    assert isinstance(pem, ed25519.Ed25519PublicKey)
    assert SSlibKey.from_crypto(pem).keyval == theirs.keyval and SSlibKey.from_crypto(pem).keyid == made["key-id"]
    assert load_ssh_public_key(export("openssh").encode()) == pem
    der = pem.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(der).hexdigest() == made["fingerprint"]

    shown = world.affineur("key", "list").succeeded()
    shown.says("laptop ed25519 file", made["key-id"], "for releases")
    opens(world, "laptop", words).succeeded()


def test_what_a_person_reads_of_a_new_key(world: World, words: Path) -> None:
    world.affineur("key", "list").succeeded().says("there are no keys in", "affineur key new")
    made = world.affineur("key", "new", "laptop", "--passphrase-file", words).succeeded()
    (key,) = listed(world)
    digits = key["fingerprint"]
    grouped = " ".join(digits[at : at + 4] for at in range(0, 64, 4))
    made.says("made the key laptop (ed25519)", key["key-id"], grouped, key["file"], "keep a copy of that file",
              "affineur key export laptop", "compare the fingerprint over another way")


def test_at_a_terminal_the_passphrase_is_asked_for_twice_and_not_shown(world: World, words: Path) -> None:
    made = at_terminal(world, "key", "new", "laptop", answers=[(FIRST, WORDS), (AGAIN, WORDS)])
    assert made.status == 0 and "made the key" in made.seen, made
    assert WORDS not in made.seen
    differ = at_terminal(world, "key", "new", "other", answers=[(FIRST, WORDS), (AGAIN, OTHER_WORDS)])
    assert differ.status == 2 and "the two passphrases differ" in differ.seen, differ
    weak = at_terminal(world, "key", "new", "other", answers=[(FIRST, "1234567")])
    assert weak.status == 2 and "has at least 8 characters" in weak.seen and AGAIN not in weak.seen, weak
    changed = at_terminal(
        world, "key", "change-passphrase", "laptop", answers=[(OLD, WORDS), (FIRST, OTHER_WORDS), (AGAIN, OTHER_WORDS)]
    )
    assert changed.status == 0 and OTHER_WORDS not in changed.seen, changed
    opened = at_terminal(world, "key", "export", "laptop", "--check", answers=[(OLD, OTHER_WORDS)])
    assert opened.status == 0 and '"keytype":"ed25519"' in opened.seen, opened
    assert [key["name"] for key in listed(world)] == ["laptop"]


def test_a_passphrase_is_changed_and_the_key_stays(world: World, words: Path, other_words: Path) -> None:
    before = new(world, "laptop", words, "--keys", "mine")
    change = ("key", "change-passphrase", "laptop", "--keys", "mine", "--new-passphrase-file", other_words)
    wrong = world.affineur(*change, "--passphrase-file", other_words)
    assert wrong.status == 2, wrong
    wrong.says("the passphrase does not open this key file", "nothing was done")
    file = Path(world.work / "mine" / "laptop.key")
    untouched = file.read_text()
    opens(world, "laptop", words, "--keys", "mine").succeeded()
    world.affineur(*change, "--passphrase-file", words).succeeded().says("opens with the new passphrase now")
    assert listed(world, "--keys", "mine") == [before] and file.read_text() != untouched
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    opens(world, "laptop", other_words, "--keys", "mine").succeeded()
    refused = opens(world, "laptop", words, "--keys", "mine")
    assert refused.status == 2 and refused.stdout == "", refused


def test_what_cannot_be_done_is_said_with_its_status(world: World, words: Path) -> None:
    new(world, "laptop", words)
    file = world.state / "keys" / "laptop.key"
    before = file.read_bytes()
    short = world.write("short", "1234567\n")
    for arguments, phrases in [
        (("new", "laptop", "--passphrase-file", words), ("there is a key laptop already", "never overwritten")),
        (("new", "../laptop", "--passphrase-file", words), ("a key's name has only",)),
        (("new", "Laptop", "--passphrase-file", words), ("a key's name has only",)),
        (("new", "nul", "--passphrase-file", words), ("a device on Windows",)),
        (("new", "other", "--passphrase-file", short), ("at least 8 characters", "several words")),
        (("new", "other", "--passphrase-file", "nowhere"), ("nowhere", "a file that only you can read")),
        (("new", "other", "--passphrase-file", words, "--comment", "two\nlines"), ("one line of 1 to 200",)),
        (("new", "other"), ("no terminal to ask for the passphrase", "--passphrase-file")),
        (("new", "other", "--token", "card"), ("--pkcs11",)),
        (("export", "other"), ("there is no key other in", "affineur key list")),
        (("change-passphrase", "other", "--passphrase-file", words), ("there is no key other in",)),
    ]:
        result = world.affineur("key", *arguments)
        assert result.status == 2, result
        result.says(*phrases)
    assert [key["name"] for key in listed(world)] == ["laptop"] and file.read_bytes() == before
    full = world.affineur("key", "new", "other", "--passphrase-file", words, "--keys", "/proc/keys")
    assert full.status == 3, full
    full.says("/proc/keys", "look at the folder")


def test_a_file_that_somebody_changed_is_noticed(world: World, words: Path) -> None:
    first, second = new(world, "first", words), new(world, "second", words)
    file = Path(first["file"])
    honest = file.read_text()
    file.write_text(honest.replace(first["key"]["keyval"]["public"], second["key"]["keyval"]["public"]))
    forged = opens(world, "first", words)
    assert forged.status == 1 and forged.stdout == "", forged
    forged.says("the public key in this file is not that of the private key", "somebody changed this file")
    file.write_text(honest[: len(honest) // 2])
    damaged = opens(world, "first", words)
    assert damaged.status == 2, damaged
    damaged.says("it is no key file, or it is damaged", "docs/formats/keys.md")
    world.affineur("key", "list").succeeded().says("first", "damaged", second["key-id"])
    assert [key["name"] for key in listed(world) if "problem" in key] == ["first"]


def test_keys_of_a_ceremony_are_listed_and_get_another_passphrase(world: World, words: Path, other_words: Path) -> None:
    world.affineur("index", "init", "ix", "--passphrase-file", words, "--bins", "2").succeeded()
    offline = ("--keys", "ix/offline")
    assert "root-1" in [key["name"] for key in listed(world, *offline)]
    world.affineur("key", "list", *offline).succeeded().says("root-1", "its public key is known when it is opened")
    nothing = world.affineur("key", "export", "root-1", *offline)
    assert nothing.status == 2, nothing
    world.affineur(
        "key", "change-passphrase", "bins-1", *offline, "--passphrase-file", words, "--new-passphrase-file", other_words
    ).succeeded()
    (world.work / "ix/offline/bins-2.key").rename(world.work / "bins-2.key")
    signing = world.affineur("index", "rotate", "ix", "--renew", "bins", "--passphrase-file", words)
    assert signing.status == 2, signing
    signing.says("bins-1.key", "the passphrase does not open this key file")


# Derived keys.


def test_a_derived_key_is_generated_at_a_terminal_and_made_again_elsewhere(world: World, words: Path) -> None:
    shown: list[str] = []

    def what_was_shown(seen: str) -> str:
        shown.append(re.search(r"shown once: (\S+)", seen)[1])
        return shown[0].upper()

    derive = ("--derive", "alice@example.org")
    made = at_terminal(world, "key", "new", "alice", *derive, answers=[("for a new key", ""), ("that you have it", what_was_shown)])
    assert made.status == 0 and "derived for alice@example.org" in fold(made.seen), made
    (key,) = listed(world)
    assert (key["private"], key["identity"], key["scheme"]) == ("derived", "alice@example.org", "ed25519")
    assert shown[0][:9] not in Path(key["file"]).read_text()
    # As docs/formats/keys.md says, without affineur.
    digits, salt = shown[0].replace("-", ""), b"affineur-derived-key-1\0alice@example.org"
    seed = hashlib.scrypt(digits.encode(), salt=salt, n=2**18, r=8, p=1, maxmem=2**29, dklen=32)
    theirs = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert theirs.public_bytes(Encoding.Raw, PublicFormat.Raw).hex() == key["key"]["keyval"]["public"]

    code = world.write("code", f"{shown[0]}\n")
    again = new(world, "alice", code, *derive, "--keys", "elsewhere")
    assert again["key"] == key["key"]
    bob = new(world, "bob", code, "--derive", "bob@example.org")
    assert bob["key"] != key["key"]
    opens(world, "alice", code).succeeded()
    chosen = opens(world, "alice", words)
    assert chosen.status == 2, chosen
    chosen.says("this is no generated passphrase", "none can be chosen")
    other = opens(world, "bob", world.write("other", "0123-4567-89ab-cdef-ghjk-mnpq-w476\n"))
    assert other.status == 2, other
    other.says("this passphrase makes another key")
    slip = at_terminal(world, "key", "new", "carol", "--derive", "c", answers=[("for a new key", ""), ("that you have it", WORDS)])
    assert slip.status == 2 and "not the passphrase that was shown" in slip.seen, slip
    changed = world.affineur("key", "change-passphrase", "alice", "--passphrase-file", code)
    assert changed.status == 2, changed
    changed.says("another passphrase is another key")


# Tokens.


@pytest.fixture
def module(world: World) -> Path:
    """A token of SoftHSM's with the label `card`."""
    require_tool("softhsm2-util")
    tokens = world.root / "tokens"
    tokens.mkdir()
    configuration = world.root / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\n")
    world.env["SOFTHSM2_CONF"] = str(configuration)
    world.command("softhsm2-util", "--init-token", "--free", "--label", "card", "--pin", PIN, "--so-pin", "87654321").succeeded()
    found = [path for path in Path("/usr").glob("lib*/softhsm/libsofthsm2.so")]
    assert found, "libsofthsm2.so is missing: ./test installs it"
    return found[0]


def test_a_key_in_a_token_is_made_listed_and_opened_with_the_pin(world: World, module: Path) -> None:
    pin = world.write("pin", f"{PIN}\n")
    token = ("--pkcs11", module, "--token", "card")
    world.affineur("key", "new", "card", *token, "--pin-file", pin).succeeded().says(
        "made the key card (ed25519)", '"card"', str(module), "the key cannot be copied"
    )
    (key,) = listed(world)
    assert (key["private"], key["token"]["label"], key["token"]["module"]) == ("token", "card", str(module))
    assert PIN not in Path(key["file"]).read_text()
    pem = load_pem_public_key(world.affineur("key", "export", "card", "--format", "pem").succeeded().stdout.encode())
    assert isinstance(pem, ed25519.Ed25519PublicKey)
    world.affineur("key", "list").succeeded().says('card ed25519 token "card"')
    opened = at_terminal(world, "key", "export", "card", "--check", answers=[("PIN of the token", PIN)])
    assert opened.status == 0 and str(module) in opened.seen and PIN not in opened.seen, opened
    changed = world.affineur("key", "change-passphrase", "card", "--passphrase-file", pin)
    assert changed.status == 2, changed
    changed.says("it is in a token")


def test_a_token_without_ed25519_makes_a_key_on_p256(world: World, module: Path) -> None:
    configuration = Path(world.env["SOFTHSM2_CONF"])
    without = "slots.mechanisms = -CKM_EC_EDWARDS_KEY_PAIR_GEN,CKM_EDDSA\n"
    configuration.write_text(configuration.read_text() + without)
    pin = world.write("pin", f"{PIN}\n")
    made = world.affineur("key", "new", "card", "--pkcs11", module, "--token", "card", "--pin-file", pin, "--json").succeeded()
    key = json.loads(made.stdout)
    assert key["scheme"] == "ecdsa-sha2-nistp256"
    export = lambda form: world.affineur("key", "export", "card", "--format", form).succeeded().stdout
    pem = load_pem_public_key(export("pem").encode())
    assert isinstance(pem, ec.EllipticCurvePublicKey) and isinstance(pem.curve, ec.SECP256R1)
    assert load_ssh_public_key(export("openssh").encode()) == pem
    assert SSlibKey.from_crypto(pem).keytype == "ecdsa" and key["key"]["keyval"]["public"] == export("pem")
    world.affineur("key", "export", "card", "--check", "--pin-file", pin).succeeded()


def test_what_is_wrong_with_a_token_is_said_with_its_status(world: World, module: Path) -> None:
    pin, wrong = world.write("pin", f"{PIN}\n"), world.write("wrong", "654321\n")
    new = ("key", "new", "card", "--pkcs11")
    for arguments, status, phrases in [
        ((module, "--token", "card", "--pin-file", wrong), 2, ("the PIN is not that of the token", "lock themselves")),
        ((module, "--token", "purse", "--pin-file", pin), 3, ('there is no token "purse"', "plug the token in")),
        (("/nowhere.so", "--token", "card", "--pin-file", pin), 2, ("cannot be used as a PKCS #11 module",)),
        (("module.so", "--token", "card", "--pin-file", pin), 2, ("not the absolute path", "the whole path")),
        ((module, "--token", "card"), 2, ("no terminal to ask for the PIN", "--pin-file")),
    ]:
        result = world.affineur(*new, *arguments)
        assert result.status == status, result
        result.says(*phrases).does_not_say("654321")
    assert listed(world) == []
    world.affineur(*new, module, "--token", "card", "--pin-file", pin).succeeded()
    empty = world.root / "empty"
    empty.mkdir()
    Path(world.env["SOFTHSM2_CONF"]).write_text(f"directories.tokendir = {empty}\n")
    gone = world.affineur("key", "export", "card", "--check", "--pin-file", pin)
    assert gone.status == 3 and gone.stdout == "", gone
    gone.says('there is no token "card" with the serial number')
    world.affineur("key", "list").succeeded().says('token "card"')


def test_the_guide_of_keys_is_true(world: World, module: Path) -> None:
    """Every command that the guide shows is run, in its order, with the token's and the passphrases' files at hand."""
    text = (REPOSITORY / "docs" / "guide" / "keys.md").read_text()
    shown = [line.split("  #")[0].strip() for line in text.splitlines() if line.startswith("affineur ")]
    assert len(shown) >= 7
    world.write("code", "0123-4567-89ab-cdef-ghjk-mnpq-w476\n"), world.write("pw", f"{WORDS}\n"), world.write("new-pw", f"{OTHER_WORDS}\n"), world.write("pin", f"{PIN}\n")
    world.affineur("index", "init", "ix", "--passphrase-file", "pw", "--bins", "2").succeeded()
    for line in shown:
        line = line.replace("/usr/lib/softhsm/libsofthsm2.so", str(module)).split(" > ")[0]
        world.affineur(*shlex.split(line)[1:]).succeeded()
    assert {key["name"] for key in listed(world)} == {"laptop", "alice", "card"}
