"""Hostile values in every field of every form: no fault of ours, no command nobody meant, no recipient nobody named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from tests.servers.scripted import Rule, Scripted
from tests.servers.smtp_sink import SmtpSink
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.web import throttle

INJECTED = "ZZ9 DELETE Precious"
"""The command that must never arrive."""
LINE_ENDS = ("\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u010a", "\u560d\u560a")
FRAMES = ("{0}{1}", "x{0}{1}", 'x"{0}{1}', "x{{3}}{0}abc{0}{1}", "x{{10+}}{0}{1}", '") {0}{1}', "x){0}{1}", "{0}{0}{1}{0}.{0}")
SINGLE = (
    "",
    " ",
    '"',
    "\\",
    '"quoted"',
    'a"b\\c',
    "{10}",
    "{10+}",
    "~{5}",
    "(",
    ")",
    "(\\Deleted)",
    "%",
    "*",
    "%*",
    "&",
    "&-",
    "&AAo-",
    "&AA0ACg-ZZ9 DELETE Precious",
    "&jCY-",
    "INBOX",
    "inbox",
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "a/b",
    "a.b",
    "~root",
    "#news.",
    "#shared/x",
    "NIL",
    "\\Noselect",
    "[ALERT]",
    "* BYE",
    "+ go",
    "A001 LOGOUT",
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "${7*7}",
    "%s%s%n",
    "%(host)s",
    "'; drop table drafts; --",
    "' or 1=1 --",
    "\u202egnp.exe\u202c",
    "\u2066x\u2069",
    "\u200b",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\U0010ffff",
    "e\u0301" * 50,
    "\u0301" * 500,
    "👩‍👩‍👧‍👦" * 30,
    "界" * 300,
    "x" * 1000,
    "x" * 100_000,
    "\x1b[31m",
    "\x7f",
    "\x80\x9f",
    "a\tb",
    "-1",
    "0",
    "1e9",
    "１２",
    "99999999999999999999999999",
    "9223372036854775808",
    "1,2,3",
    "1:*",
    "*:1",
    "true",
    "None",
    "[]",
    "null",
    "a@b",
    "a@@b",
    "@",
    "a@[127.0.0.1]",
    '"a b"@example.com',
    "<a@example.com>",
    "x <a@example.com>, y",
    "a@example.com\u3000b@example.com",
    "a@exa\u00admple.com",
    "a@\u0430pple.com",
    "group: a@example.com;",
    "a@example.com (comment <evil@example.com>)",
    "mailto:a@example.com",
    "=?utf-8?q?a=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
    "Bcc: evil@example.com",
    "." * 10,
    "\r\n.\r\n",
    "x\n.\nRCPT TO:<evil@example.com>\n",
    "x\r.\rMAIL FROM:<a@b>",
    "From here",
    "-" * 80,
    "--b--",
)
VALUES = (*SINGLE, *(frame.format(end, INJECTED) for frame in FRAMES for end in LINE_ENDS))
RAW = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x8a", b"a\x80b", b"\xf4\x90\x80\x80")
"""Octets that are no UTF-8: lone surrogates, overlong line ends, and beyond the last character."""
MEANT = (
    "(CAPABILITY|NOOP|LOGOUT|AUTHENTICATE|SELECT|EXAMINE|LIST|LSUB|STATUS|NAMESPACE|CREATE|SUBSCRIBE|RENAME|APPEND|UNSELECT|ENABLE|ID"
    "|(UID )?(FETCH|SEARCH|STORE|COPY|MOVE|EXPUNGE))( .*)?"
)
"""What the requests of this module may make the application say. DELETE is none of it."""


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as made:
        yield made


@pytest.fixture(scope="module")
def line(dovecot: Dovecot) -> Iterator[Proxy]:
    one = Proxy(dovecot.imap)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def robin(dovecot: Dovecot, line: Proxy, sink: SmtpSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody with one message and a folder that must survive all this."""
    somebody = new_person(dovecot, tmp_path_factory.mktemp("hostile") / "data", imap=line.server(), smtp=sink.server())
    somebody.gate = replace(somebody.gate, undo_seconds=0)
    dovecot.put(somebody.username, [letter(1)])
    with dovecot.side(somebody.username) as side:
        side.create("Precious")
        side.subscribe("Precious")
    yield somebody
    somebody.close()


@pytest.fixture(scope="module")
def app(robin: Person) -> Flask:
    return build_on(robin.gate)


@pytest.fixture(scope="module")
def visitor(app: Flask, robin: Person) -> Visitor:
    return Visitor(app).sign_in(robin.username, robin.password)


@pytest.fixture(autouse=True)
def nothing_unmeant(line: Proxy, robin: Person) -> Iterator[None]:
    """After each test: only commands that were meant have been said, and the folder is still there."""
    before = len(line.commands)
    yield
    assert [each for each in line.commands[before:] if not re.fullmatch(MEANT, each, re.I | re.S)] == []
    with robin.dovecot.side(robin.username) as side:
        assert b"Precious" in b"".join(each for each in side.list()[1] if isinstance(each, bytes))
    assert robin.truth() == 1


def token(visitor: Visitor) -> str:
    return str(visitor.get("/outbox").page.xpath("//input[@name='csrf_token']/@value")[0])


def fine(status: int, *, where: object = "") -> None:
    assert status in (200, 302, 303, 400, 401, 403, 404, 405, 409, 413, 422, 429, 502), (status, where)


def post(visitor: Visitor, path: str, fields: dict[str, object]) -> int:
    """Send a form and look at where it leads; an answer of ours is never a fault of ours."""
    visitor.post(path, fields)
    fine(visitor.status, where=(path, fields))
    return visitor.status


def test_there_are_two_hundred_values() -> None:
    assert len(set(VALUES)) >= 190
    assert len(set(VALUES)) + len(RAW) >= 195


def test_no_name_and_no_password_says_more_than_a_sign_in(scripted: Callable[..., Scripted], robin: Person) -> None:
    rules: list[Rule] = [
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK done\r\n"),
        ("AUTHENTICATE", b"{tag} NO no\r\n"),
    ]
    bare: list[Rule] = [("CAPABILITY", b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"), ("LOGIN", b"{tag} NO no\r\n")]
    for server in (scripted(rules), scripted(bare)):
        visitor = Visitor(build_on(replace(robin.gate, imap_server=server.server())))
        proof = str(visitor.get("/login").page.xpath("//input[@name='csrf_token']/@value")[0])
        for value in VALUES[::2]:
            for fields in ({"username": value, "password": "x"}, {"username": "nobody", "password": value}):
                throttle.limiter.reset()
                visitor.post("/login", {"csrf_token": proof, **fields}, follow=False)
                assert visitor.status in (400, 401), (visitor.status, fields)
        assert len(server.commands) > 100
        assert {each.split(" ")[0] for each in server.commands} <= {"CAPABILITY", "AUTHENTICATE", "LOGIN", "LOGOUT"}


def test_no_folder_name_does_more_than_name_a_folder(visitor: Visitor, line: Proxy, robin: Person) -> None:
    proof = token(visitor)
    before = len(line.commands)
    for value in VALUES[::3]:
        post(visitor, "/mailboxes", {"csrf_token": proof, "name": value})
    visitor.post("/mailboxes", {"csrf_token": proof, "name": "Plain"})
    path = str(visitor.get("/").page.xpath("//a[span[text()='Plain']]/@href")[0])
    for value in VALUES[1::6]:
        post(visitor, f"{path}/rename", {"csrf_token": proof, "name": value})
    for field in ("parent", "role"):
        for value in VALUES[2::8]:
            post(visitor, "/mailboxes", {"csrf_token": proof, "name": "Plain", field: value})
    made = [each for each in line.commands[before:] if each.startswith(("CREATE", "RENAME"))]
    assert made
    assert not [each for each in line.commands[before:] if re.match(r"ZZ9|DELETE", each)]


def test_no_action_and_no_id_does_more_than_it_says(visitor: Visitor, robin: Person) -> None:
    proof = token(visitor)
    message = visitor.get(visitor.mailbox("inbox")).marked("data-message")[0]
    for value in VALUES:
        if value.strip() in ("delete", "archive"):
            continue
        post(visitor, "/messages/actions", {"csrf_token": proof, "action": value, "ids": [message]})
        post(visitor, "/messages/actions", {"csrf_token": proof, "action": "flag", "ids": [value]})
        post(visitor, "/messages/actions", {"csrf_token": proof, "one": f"flag:{value}"})
    for value in VALUES[::3]:
        post(visitor, "/messages/actions", {"csrf_token": proof, "action": "copy", "ids": [message], "target": value})
    assert robin.truth("INBOX", "FLAGGED") == 0


def test_no_query_finds_a_fault(visitor: Visitor) -> None:
    inbox = visitor.mailbox("inbox") if visitor.get("/").status == 200 else ""
    message = visitor.marked("data-message")[0]
    for value in VALUES:
        for name in ("after", "filter"):
            fine(visitor.get(inbox, query_string={name: value[:3000]}).status, where=(name, value))
    for value in VALUES[::9]:
        for name in ("after", "filter", "show", "images"):
            fine(visitor.get(f"/messages/{message}", query_string={name: value[:3000]}).status, where=(name, value))
        for name in ("to", "cc", "bcc", "subject", "body", "reply", "forward", "draft"):
            fine(visitor.get("/compose", query_string={name: value[:3000]}).status, where=(name, value))
    for raw in RAW:
        quoted = "".join(f"%{octet:02x}" for octet in raw)
        for path in (f"{inbox}?filter={quoted}", f"/compose?to={quoted}&subject={quoted}", f"/login?next={quoted}", f"/drafts/{quoted}"):
            fine(visitor.get(path).status, where=path)


def test_no_part_name_reaches_anything_but_a_part(visitor: Visitor, line: Proxy) -> None:
    message = visitor.get("/").marked("data-message")[0]
    before = len(line.commands)
    for value in VALUES:
        path = "".join(f"%{octet:02X}" for octet in value[:300].encode("utf-8", "replace")) or "%20"
        fine(visitor.get(f"/messages/{message}/parts/{path}/x").status, where=value)
        fine(visitor.get(f"/messages/{message}/parts/1/{path}").status, where=value)
    fetched = {match[0] for each in line.commands[before:] for match in re.findall(r"BODY\.PEEK\[([^\]]*)\](<)?", each)}
    assert fetched <= {"1", "1.MIME", ""} or all(re.fullmatch(r"[0-9.]*(HEADER.*)?", each) for each in fetched), fetched


def test_no_field_of_a_message_names_another_recipient(visitor: Visitor, sink: SmtpSink, robin: Person) -> None:
    proof = token(visitor)
    sink.forget()
    fields = {"to": "friend@example.net", "cc": "", "bcc": "", "subject": "s", "text": "t"}
    number = 0
    for value in VALUES[::6]:
        for name in ("subject", "text", "from", "key", "original", "original_action", "include"):
            if name not in ("subject", "text") and number % 5:
                number += 1
                continue
            number += 1
            given = {**fields, "csrf_token": proof, "key": f"key-{number}", "action": "send", name: value}
            post(visitor, "/compose", given)
    queued = sink_all(robin, sink)
    assert queued > 40
    named = {recipient for message in sink.messages for recipient in message.recipients}
    assert named == {"friend@example.net"}
    for message in sink.messages:
        head = message.content.partition(b"\r\n\r\n")[0]
        assert message.sender == robin.username
        assert not re.search(rb"(?im)^(bcc|rcpt|zz9)", head)
        assert head.count(b"\r\nTo: ") + head.startswith(b"To: ") == 1
        assert re.fullmatch(rb"[\x09\x0a\x0d\x20-\x7e]*", head), head
        assert b"\n" not in message.content.replace(b"\r\n", b"")


def sink_all(robin: Person, sink: SmtpSink) -> int:
    robin.sign_in()
    robin.work()
    return len(sink.messages)


def test_no_recipient_field_names_anybody_that_is_not_in_it(visitor: Visitor, sink: SmtpSink, robin: Person) -> None:
    proof = token(visitor)
    sink.forget()
    number = 0
    for value in (*SINGLE, *VALUES[len(SINGLE) :: 8]):
        for name in ("to", "cc", "bcc"):
            number += 1
            if name != "to" and number % 4:
                continue
            given = {"csrf_token": proof, "key": f"to-{number}", "action": "send", "subject": str(number), name: value}
            post(visitor, "/compose", given)
    sink_all(robin, sink)
    named = {recipient for message in sink.messages for recipient in message.recipients}
    assert all(re.fullmatch(r'("[^"\r\n]*"|[^\s<>"(),;:@]+)@[^\s<>@]+', each) for each in named), named
    assert not [each for each in named if "Precious" in each]
    assert all(each.startswith("a@xn--") or any(each in value for value in VALUES if not re.search("[\\r\\n\\0]", value)) for each in named)


def test_the_names_of_files_and_fields_are_only_names(visitor: Visitor, robin: Person) -> None:
    proof = token(visitor)
    for number, value in enumerate(VALUES[::5]):
        safe = value.replace("\r", "%0d").replace("\n", "%0a").replace('"', "%22")[:300]
        body = (
            f'--q\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{proof}\r\n'
            f'--q\r\nContent-Disposition: form-data; name="key"\r\n\r\nfile-{number}\r\n'
            f'--q\r\nContent-Disposition: form-data; name="attachments"; filename="{safe}"\r\nContent-Type: {safe}\r\n\r\nx\r\n--q--\r\n'
        ).encode("utf-8", "replace")
        answer = visitor.client.post("/compose", data=body, content_type="multipart/form-data; boundary=q", headers=visitor.headers)
        fine(answer.status_code, where=value)
    folder = robin.gate.database.data_dir / "attachments"
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in folder.iterdir())


def test_octets_that_are_no_text_are_refused_or_mended_everywhere(visitor: Visitor) -> None:
    proof = token(visitor)
    for raw in RAW:
        value = "".join(f"%{octet:02x}" for octet in raw)
        for path, names in (
            ("/mailboxes", ("name",)),
            ("/compose", ("to", "cc", "subject", "text", "key", "from")),
            ("/messages/actions", ("action", "ids", "one", "target")),
            ("/address", ("name", "address")),
            ("/login", ("username", "password")),
        ):
            for name in names:
                data = f"csrf_token={proof}&{name}={value}"
                answer = visitor.client.post(path, data=data, content_type="application/x-www-form-urlencoded", headers=visitor.headers)
                fine(answer.status_code, where=(path, name, raw))


def test_no_address_and_no_name_of_the_person_breaks_what_they_send(app: Flask, robin: Person, sink: SmtpSink, dovecot: Dovecot) -> None:
    visitor = Visitor(app).sign_in(robin.username, robin.password)
    proof = token(visitor)
    for value in VALUES[::3]:
        post(visitor, "/address", {"csrf_token": proof, "name": value, "address": robin.username})
        post(visitor, "/address", {"csrf_token": proof, "name": "x", "address": value[:2000]})
        if visitor.status == 200:
            assert "@" in value
    post(visitor, "/address", {"csrf_token": proof, "name": "x", "address": robin.username})


def test_a_language_that_is_none_is_english(app: Flask) -> None:
    for value in VALUES[::2]:
        plain = value.encode("latin-1", "replace").decode("latin-1")[:500]
        if "\r" in plain or "\n" in plain or "\0" in plain:
            continue
        assert app.test_client().get("/login", headers={"Accept-Language": plain, "User-Agent": plain}).status_code == 200


def test_the_data_folder_holds_nothing_that_a_form_has_named(robin: Person, tmp_path: Path) -> None:
    names = {path.name for path in robin.gate.database.data_dir.iterdir()}
    assert all(
        re.fullmatch(r"(webmail|index)\.db(-wal|-shm)?|master\.key|attachments|previews|.*\.(lock|sock)|wake.*", name) for name in names
    ), names
