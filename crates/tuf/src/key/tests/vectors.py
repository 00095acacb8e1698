"""Writes vectors.json: keys as metadata spells them, with signatures that hold or do not. Needs securesystemslib.

    python vectors.py > vectors.json

Every run makes new keys. What is said to verify is checked with securesystemslib, which is python-tuf's own judgement.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import CryptoSigner, SSlibKey, Signature
from securesystemslib.signer._utils import compute_default_keyid

MESSAGE = b"The quick brown fox jumps over the lazy dog"
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's base point
vectors = []


def vector(name, verdict, keytype, scheme, public, signature):
    key = {"keytype": keytype, "keyval": {"public": public}, "scheme": scheme}
    try:
        SSlibKey.from_dict("id", json.loads(json.dumps(key))).verify_signature(Signature("id", signature.hex()), MESSAGE)
        peer = "verifies"
    except Exception:
        peer = "refuses"
    vectors.append({"name": name, "verdict": verdict, "securesystemslib": peer, "key": key,
                    "keyid": compute_default_keyid(keytype, scheme, key["keyval"]), "signature": signature.hex()})


def signed(name, keytype, scheme, private):
    """A key and a signature as securesystemslib makes them."""
    key = SSlibKey.from_crypto(private.public_key(), scheme=scheme)
    signature = bytes.fromhex(CryptoSigner(private, key).sign(MESSAGE).signature)
    vector(name, "verifies", keytype, scheme, key.keyval["public"], signature)
    return key.keyval["public"], signature


def pem(der, label="PUBLIC KEY"):
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(length)]) + length + body


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def ed25519_vectors():
    private = ed25519.Ed25519PrivateKey.generate()
    public, signature = signed("ed25519", "ed25519", "ed25519", private)
    vector("ed25519 in capitals", "verifies", "ed25519", "ed25519", public.upper(), signature)
    s = int.from_bytes(signature[32:], "little")
    shifted = signature[:32] + (s + ORDER).to_bytes(32, "little")
    vector("ed25519 with the group's order added to S", "does not verify", "ed25519", "ed25519", public, shifted)
    vector("ed25519 key as PEM", "no key", "ed25519", "ed25519", pem(private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo)), signature)
    vector("ed25519 key as an ecdsa key", "no key", "ecdsa", "ed25519", public, signature)
    vector("ed25519 key with a space", "no key", "ed25519", "ed25519", public[:2] + " " + public[2:], signature)
    # For the neutral point, this signature holds for every message.
    neutral = (1).to_bytes(32, "little")
    vector("ed25519 neutral point", "no key", "ed25519", "ed25519", neutral.hex(), neutral + bytes(32))
    vector("ed25519 y = p + 3", "no key", "ed25519", "ed25519", (P + 3).to_bytes(32, "little").hex(), signature)


def ecdsa_vectors():
    for scheme, curve, other in [("ecdsa-sha2-nistp256", ec.SECP256R1(), "ecdsa-sha2-nistp384"),
                                 ("ecdsa-sha2-nistp384", ec.SECP384R1(), "ecdsa-sha2-nistp256")]:
        private = ec.generate_private_key(curve)
        public, signature = signed(scheme, "ecdsa", scheme, private)
        vector(f"{scheme} with the old type", "verifies", scheme, scheme, public, signature)
        vector(f"{scheme} with the other old type", "no key", other, scheme, public, signature)
        vector(f"{scheme} key under the other curve's scheme", "no key", "ecdsa", other, public, signature)
        vector(f"{scheme} with line ends of Windows", "verifies", "ecdsa", scheme, public.replace("\n", "\r\n"), signature)
        vector(f"{scheme} on one line", "verifies", "ecdsa", scheme, pem(spki(private)).replace("\n", ""), signature)
        raw = private.public_key().public_bytes
        whole = raw(Encoding.X962, PublicFormat.UncompressedPoint)
        half = raw(Encoding.X962, PublicFormat.CompressedPoint)
        head = spki(private)[2:-len(whole) - 3]
        info = lambda point, head=head: pem(tlv(0x30, head, tlv(3, b"\0", point)))
        vector(f"{scheme} compressed", "verifies", "ecdsa", scheme, info(half), signature)
        hybrid = bytes([6 + (whole[-1] & 1)]) + whole[1:]
        vector(f"{scheme} hybrid point", "no key", "ecdsa", scheme, info(hybrid), signature)
        vector(f"{scheme} point at infinity", "no key", "ecdsa", scheme, info(b"\0"), signature)
        vector(f"{scheme} point beside the curve", "no key", "ecdsa", scheme, info(whole[:-1] + bytes([whole[-1] ^ 1])), signature)
        vector(f"{scheme} point alone", "no key", "ecdsa", scheme, pem(whole), signature)
        vector(f"{scheme} byte after the key", "no key", "ecdsa", scheme, pem(spki(private) + b"\0"), signature)
        vector(f"{scheme} key twice", "no key", "ecdsa", scheme, public + public, signature)
        vector(f"{scheme} text before the key", "no key", "ecdsa", scheme, "Here it is:\n" + public, signature)
        vector(f"{scheme} label of RSA", "no key", "ecdsa", scheme, pem(spki(private), "RSA PUBLIC KEY"), signature)
        explicit = explicit_p256() if scheme.endswith("256") else None
        if explicit:
            vector(f"{scheme} curve spelled out", "no key", "ecdsa", scheme, info(whole, explicit), signature)
    for curve in [ec.SECP256K1(), ec.SECP521R1()]:
        private = ec.generate_private_key(curve)
        signature = private.sign(MESSAGE, ec.ECDSA(SHA256()))
        vector(f"{curve.name} as P-256", "no key", "ecdsa", "ecdsa-sha2-nistp256", pem(spki(private)), signature)


def explicit_p256():
    """AlgorithmIdentifier that writes down the curve instead of its name."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    g = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    field = tlv(0x30, bytes.fromhex("06072a8648ce3d0101"), integer(p))
    curve = tlv(0x30, tlv(4, (p - 3).to_bytes(32, "big")), tlv(4, b.to_bytes(32, "big")))
    parameters = tlv(0x30, integer(1), field, curve, tlv(4, g), integer(n), integer(1))
    return tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), parameters)


def spki(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_vectors():
    private = rsa.generate_private_key(65537, 2048)
    for scheme, digest in [("rsassa-pss-sha256", SHA256()), ("rsassa-pss-sha384", SHA384()), ("rsassa-pss-sha512", SHA512())]:
        public, signature = signed(scheme, "rsa", scheme, private)
        longest = pss(private, digest, padding.PSS.MAX_LENGTH)
        vector(f"{scheme} with the longest salt", "verifies", "rsa", scheme, public, longest)
        for salt in [0, 20, digest.digest_size + 1]:
            vector(f"{scheme} with a salt of {salt}", "does not verify", "rsa", scheme, public, pss(private, digest, salt))
        old = private.sign(MESSAGE, padding.PKCS1v15(), digest)
        vector(f"{scheme} with the padding of PKCS #1 1.5", "does not verify", "rsa", scheme, public, old)
    scheme = "rsassa-pss-sha256"
    signature = pss(private, SHA256(), 32)
    vector("rsa signature under another digest", "does not verify", "rsa", "rsassa-pss-sha512", public, signature)
    inner = private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    vector("rsa key as PKCS #1", "verifies", "rsa", scheme, pem(inner, "RSA PUBLIC KEY"), signature)
    vector("rsa labels exchanged", "no key", "rsa", scheme, pem(inner), signature)
    vector("rsa labels exchanged the other way", "no key", "rsa", scheme, pem(spki(private), "RSA PUBLIC KEY"), signature)
    vector("rsa byte after the key", "no key", "rsa", scheme, pem(spki(private) + b"\0"), signature)
    vector("rsa byte after the inner key", "no key", "rsa", scheme, pem(inner + b"\0", "RSA PUBLIC KEY"), signature)
    pss_only = tlv(0x30, tlv(0x30, bytes.fromhex("06092a864886f70d01010a")), tlv(3, b"\0", inner))
    vector("rsa key marked for PSS alone", "no key", "rsa", scheme, pem(pss_only), signature)
    numbers = private.public_key().public_numbers()
    for e in [1, 2]:
        key = pem(tlv(0x30, integer(numbers.n), integer(e)), "RSA PUBLIC KEY")
        vector(f"rsa exponent {e}", "no key", "rsa", scheme, key, signature)
    for bits in [1024, 2047]:
        short = rsa.generate_private_key(65537, bits)
        vector(f"rsa with {bits} bits", "no key", "rsa", scheme, pem(spki(short)), pss(short, SHA256(), 32))
    other = rsa.generate_private_key(3, 3072)
    vector("rsa with 3072 bits and exponent 3", "verifies", "rsa", scheme, pem(spki(other)), pss(other, SHA256(), 32))
    long = pem(tlv(0x30, integer(2**8199 + 1), integer(65537)), "RSA PUBLIC KEY")
    vector("rsa with 8200 bits", "no key", "rsa", scheme, long, signature)
    vector("rsa key as ecdsa", "no key", "ecdsa", "ecdsa-sha2-nistp256", public, signature)


def pss(private, digest, salt):
    return private.sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt), digest)


ed25519_vectors()
ecdsa_vectors()
rsa_vectors()
json.dump(vectors, sys.stdout, indent=1)
print()
