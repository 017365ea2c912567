"""Mailbox names survive the way to the server and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webmail.imap import names


def test_names_are_written_as_the_standard_shows() -> None:
    assert names.encode("~peter/mail/台北/日本語") == b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert names.decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-") == "~peter/mail/台北/日本語"
    assert names.encode("Tom & Jerry") == b"Tom &- Jerry"
    assert names.decode(b"inbox") == "INBOX"


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_every_name_comes_back(name: str) -> None:
    if name.upper() != "INBOX" and not name.startswith(names.RAW):
        assert names.decode(names.encode(name)) == name


@given(st.binary(max_size=40))
def test_whatever_the_server_calls_a_mailbox_is_what_it_gets_back(raw: bytes) -> None:
    name = names.decode(raw)
    name.encode("utf-8")
    if raw.upper() != b"INBOX":
        assert names.encode(name) == raw
