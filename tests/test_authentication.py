"""Whose word counts that a message comes from its domain: our own server's, where it writes; and a signature verified here."""

from __future__ import annotations

import base64
import time

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.name_server import NameServer
from webmail import authentication
from webmail.authentication import Signature, State, Verdict, verdict
from webmail.message.facts import facts

OURS = "mx.example.org"
ARRIVED = (
    "Return-Path: <a@bank.example>\r\nReceived: from away (away [192.0.2.1])\r\n by mx.example.org (Postfix) with ESMTPS id 1; Mon\r\n"
)
PASS = "Authentication-Results: mx.example.org; dmarc=pass (p=reject) header.from=bank.example\r\n"
SENT = "From: a@bank.example\r\nSubject: x\r\n"


def judged(header: str, *, domain: str = "bank.example", name: str = OURS, local: tuple[Signature, ...] = ()) -> Verdict | None:
    return verdict(facts(header.encode() + b"\r\n").trace, authserv_id=name, domain=domain, local=local)


def state(header: str, **more: str) -> State | None:
    found = judged(header, **more)
    return found.state if found else None


def test_the_word_of_our_own_server_is_believed_with_all_its_details() -> None:
    found = judged(
        ARRIVED + "Authentication-Results: mx.example.org 1; spf=pass smtp.mailfrom=<>; dkim=pass (2048-bit key) header.d=bank.example\r\n"
        '\theader.i=@bank.example header.s=s1; dmarc=pass (p=REJECT sp=none dis=none) header.from="bank.example"\r\n' + SENT
    )
    assert found == Verdict(State.VERIFIED, "bank.example", "pass", (Signature("pass", "bank.example"),), "pass", "reject")


def test_without_a_name_in_the_settings_nothing_is_believed() -> None:
    assert judged(ARRIVED + PASS + SENT, name="") is None
    assert judged(ARRIVED + SENT) is None


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dmarc=fail header.from=bank.example", State.FAILED),
        ("dkim=pass header.d=bank.example; dmarc=fail", State.FAILED),
        ("dkim=pass header.d=mail.bank.example", State.VERIFIED),
        ("dkim=pass header.i=robot@bank.example", State.VERIFIED),
        ("dkim=pass header.d=evil.example", State.UNKNOWN),
        ("dkim=fail header.d=bank.example; dkim=pass header.d=bank.example", State.VERIFIED),
        ("dkim=fail header.d=bank.example", State.UNKNOWN),
        ("spf=pass smtp.mailfrom=bank.example", State.UNKNOWN),
        ("dmarc=none; spf=softfail; dkim=none", State.UNKNOWN),
        ("dmarc=pass header.from=other.example", State.UNKNOWN),
        ("none", None),
        ("dmarc=passed", None),
        ("arc=pass", None),
        ("x-dmarc=pass; dmarc =  pass header.from=bank.example", State.VERIFIED),
        ("DMARC=PASS header.from=BANK.example", State.VERIFIED),
        ("dmarc/1=pass", State.VERIFIED),
        ("dmarc=pass policy.dmarc=quarantine header.from=a@bank.example", State.VERIFIED),
    ],
)
def test_a_pass_of_dmarc_or_an_aligned_signature_verifies_and_a_fail_of_dmarc_denies(results: str, expected: State | None) -> None:
    assert state(f"{ARRIVED}Authentication-Results: mx.example.org; {results}\r\n{SENT}") is expected


@pytest.mark.parametrize(
    "name", ["other.example", "evil.mx.example.org", "mx.example.org.evil.example", "mx", "example.org", "M\u0425.example.org"]
)
def test_what_stands_under_another_name_is_not_believed(name: str) -> None:
    assert judged(f"{ARRIVED}Authentication-Results: {name}; dmarc=pass\r\n{SENT}") is None


def test_a_letter_that_only_becomes_ours_in_another_case_is_not_ours() -> None:
    header = f"Authentication-Results: \u212aelvin.example; dmarc=pass\r\n{SENT}"
    assert judged(header, name="kelvin.example") is None
    assert state(header.replace("\u212a", "K"), name="kelvin.example") is State.VERIFIED


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(ARRIVED + SENT + PASS, id="below the sender's own fields"),
        pytest.param(ARRIVED + "DKIM-Signature: v=1\r\n" + PASS + SENT, id="below a signature"),
        pytest.param(ARRIVED + "Received: from x by relay.evil.example; Mon\r\n" + PASS + SENT, id="below a foreign Received"),
        pytest.param(ARRIVED + "Received: from x by mx.example.org.evil.example; Mon\r\n" + PASS + SENT, id="below a Received like ours"),
        pytest.param(ARRIVED + "Received: from x (by mx.example.org) by evil.example; Mon\r\n" + PASS + SENT, id="ours in a comment"),
        pytest.param(ARRIVED + 'Authentication-Results: evil.example; spf=pass reason="\r\n ' + PASS + SENT, id="inside a quotation"),
        pytest.param(ARRIVED + "Authentication-Results: mx.example.org (; dmarc=pass\r\n" + SENT, id="a comment without an end"),
        pytest.param(ARRIVED + 'Authentication-Results: mx.example.org; x="; dmarc=pass\r\n' + SENT, id="a quotation without an end"),
        pytest.param(ARRIVED + "Authentication-Results: mx.example.org; x=y (a (b) ; dmarc=pass )\r\n" + SENT, id="in a comment"),
        pytest.param(ARRIVED + 'Authentication-Results: mx.example.org; x=y r="a\\"; dmarc=pass"\r\n' + SENT, id="in a quotation"),
        pytest.param(ARRIVED + "Authentication-Results: mx.example.org evil; dmarc=pass\r\n" + SENT, id="more than a name"),
        pytest.param(ARRIVED + "Authentication-Results: dmarc=pass; mx.example.org\r\n" + SENT, id="no name in front"),
        pytest.param(ARRIVED + "ARC-Authentication-Results: i=1; mx.example.org; dmarc=pass\r\n" + SENT, id="a chain of others"),
        pytest.param(ARRIVED + "X-Authentication-Results: mx.example.org; dmarc=pass\r\n" + SENT, id="a field of another name"),
        pytest.param(ARRIVED + "Subject: a\r\n\r\n" + PASS, id="in the body"),
        pytest.param(ARRIVED + "X-A: b\rAuthentication-Results: mx.example.org; dmarc=pass\r\n" + SENT, id="after half a line break"),
        pytest.param(ARRIVED + "Authentication-Results : \u00a0mx.example.org; dmarc=pass\r\n" + SENT, id="after a blank that is none"),
    ],
)
def test_a_forged_word_does_not_count(header: str) -> None:
    found = judged(header)
    assert found is None or found.state is State.UNKNOWN


def test_what_our_server_wrote_above_wins_over_what_came_with_the_message() -> None:
    ours = "Authentication-Results: mx.example.org; spf=fail; dkim=none; dmarc=fail header.from=bank.example\r\n"
    assert state(ARRIVED + ours + PASS + SENT) is State.FAILED
    assert state(ours + ARRIVED + PASS + SENT) is State.FAILED
    spf_only = "Authentication-Results: mx.example.org; spf=fail\r\n"
    assert state(spf_only + ARRIVED + PASS + SENT) is State.UNKNOWN
    assert state(ARRIVED + spf_only + "Delivered-By: x\r\n" + PASS + SENT) is State.UNKNOWN


def test_several_fields_of_one_server_are_read_together_and_its_own_hosts_may_hand_on() -> None:
    inner = "Received: from mx.example.org by imap.example.org with LMTP; Mon\r\nReceived: from localhost by localhost with SMTP; Mon\r\n"
    found = judged(
        inner + ARRIVED + "Authentication-Results: mx.example.org; spf=pass\r\nX-Spam: no\r\nReceived-SPF: pass\r\n" + PASS + SENT
    )
    assert found is not None
    assert (found.spf, found.dmarc, found.state) == ("pass", "pass", State.VERIFIED)


def test_a_signature_verified_here_counts_unless_our_server_found_it_to_fail() -> None:
    mine = (Signature("pass", "bank.example"),)
    for header, expected in {
        ARRIVED + SENT: State.VERIFIED,
        f"{ARRIVED}Authentication-Results: mx.example.org; dmarc=fail\r\n{SENT}": State.FAILED,
        f"{ARRIVED}Authentication-Results: mx.example.org; dkim=fail header.d=bank.example\r\n{SENT}": State.UNKNOWN,
    }.items():
        found = judged(header, local=mine)
        assert found is not None
        assert found.state is expected
    other = judged(ARRIVED + SENT, local=(Signature("pass", "evil.example"),))
    assert other is not None
    assert other.state is State.UNKNOWN


@given(
    st.lists(
        st.sampled_from(["mx.example.org", ";", "dmarc=pass", "(", ")", '"', "\\", " ", "=", "header.from=bank.example", "x"]), max_size=30
    )
)
def test_any_field_at_all_can_be_read(pieces: list[str]) -> None:
    found = verdict([f"results {''.join(pieces)}"], authserv_id=OURS, domain="bank.example")
    assert found is None or found.state in State


def test_a_long_field_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    for piece in ("(", '"', "\\", ";", "a.b=c ", "dkim=pass ", "=" * 3):
        verdict([f"results mx.example.org; dkim=pass {piece * 2000}"] * 30, authserv_id=OURS, domain="bank.example")
    assert time.process_time() - began < 3


# Verified here.

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PRIVATE = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
MESSAGE = b"From: a@bank.example\r\nTo: robin@example.org\r\nSubject: signed\r\n\r\nGood morning.\r\n"
RECORD = "s1._domainkey.bank.example"


def signed(raw: bytes = MESSAGE, *, length: bool = False) -> bytes:
    return bytes(dkim.sign(raw, b"s1", b"bank.example", PRIVATE, length=length)) + raw


@pytest.fixture
def keys(name_server: NameServer) -> NameServer:
    name_server.records[RECORD] = f"v=DKIM1; k=rsa; p={PUBLIC}"
    return name_server


def test_a_good_signature_passes_and_one_over_a_changed_message_fails(keys: NameServer) -> None:
    assert authentication.verify(signed(), lookup=keys.lookup) == (Signature("pass", "bank.example"),)
    assert authentication.verify(signed().replace(b"morning", b"evening"), lookup=keys.lookup) == (Signature("fail", "bank.example"),)
    assert set(keys.asked) == {RECORD}


def test_what_is_not_signed_asks_nobody(keys: NameServer) -> None:
    for raw in (MESSAGE, b"", b"\r\n", b"no header at all", MESSAGE.replace(b"From", b"\xffFrom")):
        assert authentication.verify(raw, lookup=keys.lookup) == ()
    assert keys.asked == []


def test_a_signature_without_a_key_or_over_a_part_of_the_body_proves_nothing(keys: NameServer) -> None:
    assert authentication.verify(signed(length=True) + b"More.\r\n", lookup=keys.lookup) == (Signature("unknown", "bank.example"),)
    keys.records.clear()
    assert authentication.verify(signed(), lookup=keys.lookup) == (Signature("unknown", "bank.example"),)


def test_a_name_server_that_does_not_answer_costs_a_bounded_time_and_proves_nothing(keys: NameServer) -> None:
    keys.silent.add(RECORD)
    began = time.monotonic()
    assert authentication.verify(signed(), lookup=keys.lookup, seconds=1) == (Signature("unknown", "bank.example"),)
    assert time.monotonic() - began < 5


def test_of_many_signatures_the_first_four_are_looked_at_and_of_huge_messages_none(keys: NameServer) -> None:
    many = signed().partition(b"From:")[0] * 20 + MESSAGE
    assert len(authentication.verify(many, lookup=keys.lookup)) == authentication.MAX_SIGNATURES
    assert len(keys.asked) <= authentication.MAX_SIGNATURES
    assert authentication.verify(signed(MESSAGE + b"x" * authentication.MAX_OCTETS), lookup=keys.lookup) == ()


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"v=1",
        b"v=1; a=rsa-sha256; d=; s=; b=; bh=; h=",
        b"a=b=c;;;",
        b"v=1; a=ed25519-sha256; d=bank.example; s=s1; h=from; bh=x; b=y",
        b"\xff\xfe",
    ],
)
def test_broken_signatures_prove_nothing(keys: NameServer, field: bytes) -> None:
    found = authentication.verify(b"DKIM-Signature: " + field + b"\r\n" + MESSAGE, lookup=keys.lookup)
    assert {each.result for each in found} <= {"fail", "unknown"}


@pytest.mark.parametrize("record", ["", "v=DKIM1; p=", "p=AAAA", "k=rsa; p=%%%", "v=DKIM2; p=x", "\\000"])
def test_broken_keys_prove_nothing(keys: NameServer, record: str) -> None:
    keys.records[RECORD] = record
    assert authentication.verify(signed(), lookup=keys.lookup)[0].result in ("fail", "unknown")
