"""Settings: what is given is read, what cannot be used is explained in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from webmail.account import Security
from webmail.errors import InvalidInput
from webmail.settings import PREFIX, explain, load


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "webmail.toml"
    file.write_text('imap_host = "mail.example.org"\nport = 8001\nundo_seconds = 20\n')
    found = load({f"{PREFIX}PORT": "8002", f"{PREFIX}SMTP_SECURITY": "starttls"}, file=file)
    assert (found.imap_host, found.port, found.undo_seconds, found.session_days) == ("mail.example.org", 8002, 20, 30)
    assert (found.imap.host, found.imap.port, found.imap.security) == ("mail.example.org", 993, Security.TLS)
    assert (found.smtp.host, found.smtp.port, found.smtp.security) == ("mail.example.org", 587, Security.STARTTLS)
    assert not found.secure


def test_a_server_of_scripts_is_there_where_it_is_named() -> None:
    assert load({}).sieve is None
    found = load({f"{PREFIX}SIEVE_HOST": "mail.example.org"}).sieve
    assert found is not None
    assert (found.host, found.port, found.security) == ("mail.example.org", 4190, Security.STARTTLS)
    with pytest.raises(InvalidInput, match="setting_insecure"):
        load({f"{PREFIX}SIEVE_HOST": "mail.example.org", f"{PREFIX}SIEVE_SECURITY": "none"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("imap_security", "ssl", "imap_security must be one of tls, starttls, none, not 'ssl'"),
        ("smtp_security", "none", "smtp_security may be none only for a server on loopback, not for mail.example.org"),
        ("worker", "thread", "worker must be one of embedded, external"),
        ("port", "http", "port must be a whole number, not 'http'"),
        ("port", "65536", "port must be a number from 0 to 65535, not 65536"),
        ("imap_port", "-1", "imap_port must be a number from 0"),
        ("threads", "0", "threads must be a number from 1"),
        ("undo_seconds", "-1", "undo_seconds must be a number from 0"),
        ("attachment_limit", "0", "attachment_limit must be a number from 1"),
        ("session_days", "99999999999", "session_days must be a number from 1"),
        ("trusted_proxies", "-1", "trusted_proxies must be a number from 0"),
        ("public_url", "https://[", "public_url must look like https://mail.example.org"),
        ("public_url", "mail.example.org", "public_url must look like https://mail.example.org"),
        ("public_url", "ftp://mail.example.org", "public_url must look like https://mail.example.org"),
        ("public_url", "http://mail.example.org", "over plain http beyond this machine"),
        ("bind", "0.0.0.0", "over plain http beyond this machine"),
        ("tls_ca_file", "/nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
    ],
)
def test_a_setting_that_cannot_be_used_is_explained(name: str, value: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load({f"{PREFIX}IMAP_HOST": "mail.example.org", PREFIX + name.upper(): value})
    assert caught.value.field == name
    assert words in explain(caught.value)
    assert "\n" not in explain(caught.value)


@pytest.mark.parametrize(("text", "words"), [("port = ", "is not valid TOML"), ('imap_hots = "x"', "no setting named imap_hots")])
def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "webmail.toml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load({}, file=file)
    assert words in explain(caught.value)


def test_behind_https_any_address_may_be_listened_on() -> None:
    found = load({f"{PREFIX}BIND": "0.0.0.0", f"{PREFIX}PUBLIC_URL": "https://mail.example.org"})
    assert found.secure
