"""Nothing a person or a stranger writes begins a command of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from tests.servers.scripted import SIGNS_IN, Rule, Scripted
from webmail.account import Credentials
from webmail.errors import InvalidInput, WebmailError
from webmail.imap import arguments, fetch, mailboxes, update
from webmail.imap.arguments import HIGHEST_UID, MailboxName, Syntax, uid_range, uid_sets
from webmail.imap.connection import Connection, connect
from webmail.message.summary import Uid

EVIL = "ZZ9 DELETE INBOX"
VALUES = 250
Text = Callable[[Connection, str], object]

FUNCTIONS: dict[str, Text] = {
    "select": lambda connection, text: connection.select(text),
    "command": lambda connection, text: connection.command("ID", text),
    "command name": lambda connection, text: connection.command(text),
    "syntax": lambda connection, text: connection.command("ID", Syntax(text.encode("utf-8", "replace"))),
    "username": lambda connection, text: connection.authenticate(Credentials(text, "x")),
    "password": lambda connection, text: connection.authenticate(Credentials("x", text)),
    "status": mailboxes.status,
    "create": mailboxes.create,
    "delete": mailboxes.delete,
    "subscribe": mailboxes.subscribe,
    "unsubscribe": mailboxes.unsubscribe,
    "rename from": lambda connection, text: mailboxes.rename(connection, text, "B"),
    "rename to": lambda connection, text: mailboxes.rename(connection, "A", text),
    "search key": lambda connection, text: fetch.search(connection, text),
    "search octets": lambda connection, text: fetch.search(connection, text.encode("utf-8", "replace")),
    "search words": lambda connection, text: fetch.search(connection, "SUBJECT", text),
    "search header": lambda connection, text: fetch.search(connection, "HEADER", text, text),
    "find": lambda connection, text: fetch.find(connection, message_id_field=text),
    "part": lambda connection, text: fetch.part(connection, Uid(1), text),
    "part chunks": lambda connection, text: list(fetch.part_chunks(connection, Uid(1), text)),
    "beginnings": lambda connection, text: fetch.beginnings(connection, [Uid(1)], text, 5),
    "add flag": lambda connection, text: update.store_flags(connection, [Uid(1)], add=[text]),
    "remove flag": lambda connection, text: update.store_flags(connection, [Uid(1)], remove=[text]),
    "copy": lambda connection, text: update.copy(connection, [Uid(1)], text),
    "move": lambda connection, text: update.move(connection, [Uid(1)], text),
    "append to": lambda connection, text: update.append(connection, text, b"x"),
    "append flag": lambda connection, text: update.append(connection, "A", b"x", flags=[text]),
    "append message": lambda connection, text: update.append(connection, "A", text.encode("utf-8", "replace")),
}


def _fuzzed(seed: int) -> list[str]:
    """Values a person would not type: breaks in odd places, protocol characters, any script, halves of pairs."""
    chance = random.Random(seed)
    breaks = ["\r\n", "\n", "\r", "\0", "\r\n\r\n", "\u2028", "\x85", "\x0b"]
    stuff = [
        *'"\\{}()*%&- ]~+<>',
        "{5}",
        "{5+}",
        '"',
        "\\",
        "A" * 50,
        "ö",
        "密",
        "\ud800",
        "\U0001f5c2",
        "\ufffd",
        "\ufffd\ufffd",
        "&Jjo-",
        "NIL",
    ]
    values = []
    for _ in range(VALUES):
        pieces = (
            chance.choices(stuff, k=chance.randint(0, 5)) + chance.choices(breaks, k=chance.randint(0, 2)) + [EVIL] * chance.randint(0, 1)
        )
        chance.shuffle(pieces)
        values.append("".join(pieces) + chance.choice(["", "\r\n" + EVIL, "\n" + EVIL + "\r\n", EVIL]))
    return values


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_value_becomes_a_command(scripted: Callable[..., Scripted], name: str) -> None:
    rules: list[Rule] = [("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE ESEARCH LITERAL+\r\n{tag} OK done\r\n"), *SIGNS_IN]
    server = scripted(rules)
    connection = connect(server.server(), timeout=3)
    connection.authenticate(Credentials("a", "b"))
    connection.select("INBOX", writable=True)
    server.lines.clear()
    sent = 0
    for value in _fuzzed(sum(name.encode())):
        try:
            FUNCTIONS[name](connection, value)
        except WebmailError:
            assert connection.usable, value
        if name in {"select", "check"}:
            connection.forget_selection()
        sent += 1
    numbers = [int(line.split()[0][1:]) for line in server.lines if re.match(rb"W\d+ ", line)]
    assert sent == VALUES
    assert len(numbers) == len(server.lines), [line for line in server.lines if not re.match(rb"W\d+ ", line)]
    assert numbers == sorted(set(numbers)), "a tag was used twice: a value became a command"
    assert not any(line.startswith(b"ZZ9") for line in server.lines)
    connection.close()


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"append message"}))
@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\n", "\0"])
def test_a_line_break_is_refused_before_anything_is_sent(scripted: Callable[..., Scripted], name: str, line_break: str) -> None:
    server = scripted()
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    connection.select("INBOX", writable=True)
    server.lines.clear()
    with pytest.raises(InvalidInput):
        FUNCTIONS[name](connection, f"x{line_break}{EVIL}")
    assert not any(EVIL.encode() in line for line in server.lines)
    assert connection.usable
    connection.close()


def test_uids_are_sent_as_ranges_in_short_sets() -> None:
    assert uid_sets([]) == []
    assert uid_sets([Uid(3), Uid(1), Uid(2), Uid(9), Uid(9), Uid(7), Uid(8)]) == [Syntax(b"1:3,7:9")]
    assert uid_sets([Uid(uid) for uid in range(1, 100_001)]) == [Syntax(b"1:100000")]
    sets = uid_sets([Uid(uid) for uid in range(1_000_001, 1_030_001, 2)])
    assert all(len(one.text) <= 7900 for one in sets)
    assert sum(one.text.count(b",") + 1 for one in sets) == 15_000


@pytest.mark.parametrize("uid", [0, -1, HIGHEST_UID + 1])
def test_a_number_no_message_can_have_is_refused(uid: int) -> None:
    with pytest.raises(InvalidInput):
        uid_sets([Uid(uid)])
    with pytest.raises(InvalidInput):
        uid_range(uid, None)


@pytest.mark.parametrize("section", ["1", "2.1", "HEADER", "1.MIME", "3.TEXT", "3.2.HEADER", ""])
def test_sections_that_are_sections(section: str) -> None:
    assert arguments.checked_section(section) == section


@pytest.mark.parametrize("section", ["1.", ".1", "1]", "1 2", "MIME", "HEADER.FIELDS (X)", "a", "1.1.", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_sections_that_are_none(section: str) -> None:
    with pytest.raises(InvalidInput):
        arguments.checked_section(section)


def test_strings_are_quoted_or_counted() -> None:
    def sent(argument: arguments.Argument, *, literal_plus: bool = False) -> list[bytes]:
        return arguments.segments("ID", [argument], literal_plus=literal_plus)

    assert sent('a "b" \\c') == [b'ID "a \\"b\\" \\\\c"\r\n']
    assert sent("ö") == [b"ID {2}\r\n", b"\xc3\xb6\r\n"]
    assert sent("ö", literal_plus=True) == [b"ID {2+}\r\n\xc3\xb6\r\n"]
    assert sent("x" * 5000)[0] == b"ID {5000}\r\n"
    assert sent(MailboxName("Entwürfe & Co")) == [b'ID "Entw&APw-rfe &- Co"\r\n']
    assert sent(7) == [b"ID 7\r\n"]
