"""RFC 2047 and RFC 2231 as they are written in the wild: what breaks their rules is read as it was meant."""

from __future__ import annotations

import email
import email.policy
from email.errors import HeaderParseError
from email.header import decode_header
from pathlib import Path

import pytest

from webmail.message import mime
from webmail.message.encoded_words import decode_text
from webmail.message.fields import split_fields
from webmail.message.parameters import decode_parameters, filename, split_parameters


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'"=?utf-8?q?Gr=C3=BC=C3=9Fe?="', '"Grüße"'),
        (b"=?utf-8?B?5L2?= =?utf-8?B?g?=", "你"),
        (b"=?utf-8?Q?=E4=BD?= =?utf-8?Q?=A0?=", "你"),
        (b"=?utf-8?B?5L0=?= =?utf-8?B?oA==?=", "你"),
        (b"=?utf-8?q?Hello World?=", "Hello World"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe", "Grüße"),
        (b"=?utf-8?b?R3LDvMOfZQ", "Grüße"),
        (b"=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        (b"=?utf-8?b?R3LDvMOfZQ===?=", "Grüße"),
        (b"=?us-ascii?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?utf-8?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?x-unknown?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?unknown-8bit?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Gr\xfc\xdfe", "Grüße"),
        (b"\xf0\xd2\xc9\xd7\xc5\xd4, \xcb\xc1\xcb \xc4\xc5\xcc\xc1", "Привет, как дела"),
        (b"a=?utf-8?q?b?=c", "abc"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü"),
        (b"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "=?utf-8?Q?a?="),
        (b"=?utf-8?q?a_b=5Fc?=", "a b_c"),
        (b"=?utf-8?q?what?_is?_it??=", "what? is? it?"),
        (b"=?utf-8?q?a=zz?=", "a=zz"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1wbKEI=?=", "日本"),
        (b"=?gb2312?B?xOO6ww==?= =?GB2312?B?xOO6ww==?=", "你好你好"),
        (b"Re: =?utf-8?q?a?=: b", "Re: a: b"),
        (b"=?utf-8?q?=F0=9F=98=80?=", "😀"),
        (b"=?utf-8?q??=", ""),
        (b"=?utf-8?b??=", ""),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?UTF-8?Q?caf=c3=a9?=", "café"),
        (b"=?utf-8?B?Z3LDvMOfZQ= =?=", "grüße"),
        (b"=?utf-8 ?q?a?=", "a"),
        (b"=?UTF-8?Q?a=?=", "a="),
        (b"=?utf-8?q?what?=", "what"),
        (b"a =?utf-8?q?", "a"),
        (b"=?", "=?"),
    ],
)
def test_encoded_words_are_read_as_they_were_meant(raw: bytes, expected: str) -> None:
    assert decode_text(raw) == expected


@pytest.mark.parametrize(
    ("disposition", "content_type", "expected"),
    [
        (b"attachment; filename*1=b.pdf; filename*0=a", b"", "ab.pdf"),
        (b"attachment; filename*0*=utf-8''%C3; filename*1*=%A9.pdf", b"", "é.pdf"),
        (b"attachment; filename*1*=%A9.pdf; filename*0*=utf-8''%C3", b"", "é.pdf"),
        (b"attachment; filename*=''%C3%A9.pdf", b"", "é.pdf"),
        (b"attachment; filename*=%C3%A9.pdf", b"", "é.pdf"),
        (b"attachment; filename*=\"utf-8''%C3%A9.pdf\"", b"", "é.pdf"),
        (b"attachment; filename*=iso-8859-1'en'%E9.pdf", b"", "é.pdf"),
        (b"attachment; filename=100%25.pdf", b"", "100%25.pdf"),
        (b"attachment; filename=a.pdf; filename*=utf-8''%C3%A9.pdf", b"", "é.pdf"),
        (b"attachment; filename*=utf-8''%C3%A9.pdf; filename=a.pdf", b"", "é.pdf"),
        (b"attachment", b'application/pdf; name="=?utf-8?q?=C3=A9.pdf?="', "é.pdf"),
        (b'attachment; filename="=?utf-8?q?=C3=A9.pdf?="', b"", "é.pdf"),
        (b"attachment; filename==?utf-8?q?=C3=A9.pdf?=", b"", "é.pdf"),
        (b'attachment; filename="=?utf-8?q?=C3=A9?= =?utf-8?q?.pdf?="', b"", "é.pdf"),
        (b'attachment; filename="\xc3\xa9.pdf"', b"", "é.pdf"),
        (b'attachment; filename="\xe9.pdf"', b"", "é.pdf"),
        (b"attachment; filename=my file name.pdf", b"", "my file name.pdf"),
        (b'attachment; filename="a;b.pdf"', b"", "a;b.pdf"),
        (b'attachment; filename="unclosed.pdf', b"", "unclosed.pdf"),
        (b"attachment; filename='single.pdf'", b"", "'single.pdf'"),
        (b'attachment; filename="a\\"b.pdf"', b"", "a_b.pdf"),
        (b'attachment; filename="C:\\docs\\a.pdf"', b"", "a.pdf"),
        (b'attachment; filename*0="=?utf-8?q?=C3=A9?="; filename*1=".pdf"', b"", "é.pdf"),
        (b"attachment; filename*0*=utf-8''a; filename*2*=c", b"", "a"),
        (b'attachment; filename*0="utf-8\'\'%C3%A9"; filename*1=".pdf"', b"", "é.pdf"),
        (b'attachment; filename*1="x"; filename*2=".pdf"', b"", "x.pdf"),
        (b"attachment; filename*00*=utf-8''%C3%A9; filename*01*=.pdf", b"", "é.pdf"),
        (b"attachment; filename=\"utf-8''%C3%A9.pdf\"", b"", "é.pdf"),
        (b"attachment; filename*=utf-8''a%", b"", "a%"),
        (b"attachment; filename*=nonsense''%C3%A9.pdf", b"", "é.pdf"),
        (b'attachment; filename = "spaced.pdf" ', b"", "spaced.pdf"),
        (b"attachment filename=nosemi.pdf", b"", "nosemi.pdf"),
        (b"filename=only.pdf", b"", "only.pdf"),
        (b'inline;filename="a.txt";filename="b.exe"', b"", "a.txt"),
        (b"attachment; name=a.pdf", b"application/pdf", "a.pdf"),
        (b"attachment", b"application/pdf; name*=utf-8''%C3%A9.pdf", "é.pdf"),
        (b"", b"application/pdf; name*0=a; name*1=b.pdf", "ab.pdf"),
        (b'attachment; filename="%C3%A9.pdf"', b"", "%C3%A9.pdf"),
    ],
)
def test_file_names_are_read_as_they_were_meant(disposition: bytes, content_type: bytes, expected: str) -> None:
    given = [decode_parameters(split_parameters(value)[1]) for value in (disposition, content_type)]
    assert filename(given[0], given[1]) == expected


def messages(corpus_dir: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((corpus_dir / "mime").rglob("*.eml"))]
    assert len(found) > 1500
    return found


def by_python(value: bytes) -> str:
    """A field as Python's email package reads it."""
    text = value.decode("ascii")
    pieces = [
        piece.decode(charset or "latin-1", "replace") if isinstance(piece, bytes) else piece for piece, charset in decode_header(text)
    ]
    return "".join("".join(pieces).split())


def test_encoded_words_of_strangers_are_read_as_python_reads_them(corpus_dir: Path) -> None:
    same, other = 0, []
    for raw in messages(corpus_dir):
        for name, value in split_fields(raw):
            if name.lower() not in ("subject", "from", "to", "cc", "reply-to") or b"=?" not in value or not value.isascii():
                continue
            try:
                expected = by_python(value)
            except (LookupError, ValueError, HeaderParseError):
                continue  # Python knows no such charset.
            same += "".join(decode_text(value).split()) == expected
            other += [(value, decode_text(value))] if "".join(decode_text(value).split()) != expected else []
    assert same >= 80
    assert len(other) <= 0.06 * same, other


def test_file_names_of_strangers_are_read_as_python_reads_them(corpus_dir: Path) -> None:
    same, other = 0, []
    for raw in messages(corpus_dir):
        theirs = {part.get_filename() for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk()}
        theirs = {mime.safe_filename(decode_text(str(name))) for name in theirs if name} - {""}
        ours = {part.filename for part in mime.walk(mime.parse(raw))} - {""}
        same += len(theirs & ours)
        other += [(name, ours - theirs) for name in theirs - ours]
    assert same >= 200
    assert len(other) <= 0.04 * same, other
