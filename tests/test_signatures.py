"""Signatures: what fits is valid, what was changed is not, and who is unknown is called unknown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers.authority import Authority
from webmail.message.secured import Form, Signature, State
from webmail.signatures import openpgp, smime

NOW = datetime.now(UTC)
CONTENT = b"Content-Type: text/plain\r\n\r\nFour beds.\r\n"
MIRA = ("mira@example.net",)


class Signer:
    """Somebody with a certificate for an address, of a private authority, who signs with openssl as mail programs do."""

    def __init__(self, folder: Path, *, address: str = MIRA[0], use: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.authority = folder, Authority(folder / "authority")
        root, root_key = self.authority._own
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mira Kestrel")]))
            .issuer_name(root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW - timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    @property
    def ca_file(self) -> str:
        return str(self.authority.ca_file)

    def sign(self, content: bytes, *options: str) -> bytes:
        keys = ["-signer", str(self.folder / "cert.pem"), "-inkey", str(self.folder / "key.pem")]
        command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", *keys, *options]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout

    def encrypt(self, content: bytes) -> bytes:
        command = ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes256", str(self.folder / "cert.pem")]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def mira(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("mira"))


def checked(signer: Signer, signature: bytes, content: bytes | None = CONTENT, *, ca_file: bool = True, days: int = 5) -> Signature:
    when = NOW - timedelta(days=days)
    return smime.verified(signature, content, form=Form.SMIME, when=when, ca_file=signer.ca_file if ca_file else "")


def test_a_signature_of_a_known_authority_is_valid_and_says_whose_it_is(mira: Signer) -> None:
    assert checked(mira, mira.sign(CONTENT)) == Signature(Form.SMIME, State.VALID, MIRA)


def test_it_is_judged_as_of_when_the_message_came(mira: Signer) -> None:
    assert checked(mira, mira.sign(CONTENT), days=0).state is State.UNKNOWN_AUTHORITY


def test_an_authority_that_nobody_here_knows_is_called_unknown(mira: Signer) -> None:
    assert checked(mira, mira.sign(CONTENT), ca_file=False) == Signature(Form.SMIME, State.UNKNOWN_AUTHORITY, MIRA)


def test_a_certificate_that_is_not_for_mail_is_not_trusted_for_it(tmp_path: Path) -> None:
    server = Signer(tmp_path / "server", use=ExtendedKeyUsageOID.SERVER_AUTH)
    assert checked(server, server.sign(CONTENT)).state is State.UNKNOWN_AUTHORITY


@pytest.mark.parametrize(
    "change", [lambda c: c + b" ", lambda c: c.replace(b"Four", b"Five"), lambda c: c.replace(b"\r\n", b"\n"), lambda c: b""]
)
def test_a_single_octet_changed_makes_it_invalid(mira: Signer, change: Callable[[bytes], bytes]) -> None:
    assert checked(mira, mira.sign(CONTENT), change(CONTENT)).state is State.INVALID


def test_what_cannot_be_read_or_is_too_weak_is_not_checked(mira: Signer) -> None:
    for junk in (b"", b"junk", mira.sign(CONTENT)[:-40], mira.encrypt(CONTENT)):
        assert checked(mira, junk) == Signature(Form.SMIME, State.UNCHECKED, reason="unreadable")
    assert checked(mira, mira.sign(CONTENT, "-nocerts")).reason == "unreadable"
    assert checked(mira, mira.sign(CONTENT, "-md", "sha1")) == Signature(Form.SMIME, State.UNCHECKED, reason="weak")


def test_the_content_of_an_opaque_signature_is_found_also_where_it_does_not_hold(mira: Signer) -> None:
    opaque = mira.sign(CONTENT, "-nodetach")
    assert smime.enclosed(opaque) == CONTENT
    assert checked(mira, opaque, None).state is State.VALID
    changed = opaque.replace(b"Four", b"Five")
    assert smime.enclosed(changed) == CONTENT.replace(b"Four", b"Five")
    assert checked(mira, changed, None).state is State.INVALID
    assert smime.enclosed(mira.encrypt(CONTENT)) is None
    assert smime.enclosed(mira.sign(CONTENT)) is None


@pytest.fixture(scope="module")
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Mira Kestrel <Mira@example.net>")


def public(key: pysequoia.Tsk) -> bytes:
    return bytes(key.extract_certificate())


def signed(key: pysequoia.Tsk, data: bytes, *, mode: pysequoia.SignatureMode = pysequoia.SignatureMode.DETACHED) -> bytes:
    return bytes(pysequoia.sign(key.signer(), data, mode=mode))


def test_an_openpgp_signature_of_a_known_key_is_valid_and_says_whose_it_is(key: pysequoia.Tsk) -> None:
    other = pysequoia.Tsk.generate("Jonas <jonas@example.net>")
    found = openpgp.verified(CONTENT, signed(key, CONTENT), keys=[public(other), public(key)])
    assert found == Signature(Form.OPENPGP, State.VALID, MIRA)


def test_a_changed_text_is_invalid_and_a_key_that_nobody_put_in_is_unknown(key: pysequoia.Tsk) -> None:
    signature = signed(key, CONTENT)
    assert openpgp.verified(CONTENT + b"x", signature, keys=[public(key)]).state is State.INVALID
    assert openpgp.verified(CONTENT, signature, keys=[]).state is State.UNKNOWN_KEY
    assert openpgp.verified(CONTENT, b"junk", keys=[public(key)]) == Signature(Form.OPENPGP, State.UNCHECKED, reason="unreadable")


def test_a_text_signed_in_its_middle_is_verified(key: pysequoia.Tsk) -> None:
    text = signed(key, b"Four beds.\n- dash\n", mode=pysequoia.SignatureMode.CLEAR)
    assert openpgp.verified(text, None, keys=[public(key)]) == Signature(Form.OPENPGP_CLEAR, State.VALID, MIRA)
    assert openpgp.verified(text.replace(b"Four", b"Five"), None, keys=[public(key)]).state is State.INVALID


def test_keys_are_read_from_files_and_secrets_are_refused(key: pysequoia.Tsk) -> None:
    (found,) = openpgp.keys(str(key.extract_certificate()).encode())
    assert (found.addresses, found.content) == (MIRA, public(key))
    assert found.fingerprint == key.extract_certificate().fingerprint
    assert openpgp.keys(bytes(key)) == openpgp.keys(b"junk") == openpgp.keys(b"") == ()
