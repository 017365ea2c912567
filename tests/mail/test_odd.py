"""Messages that are broken in the ways of real mail: nothing in them is lost, and each has one reading."""

from __future__ import annotations

import pytest

from tests.mail.test_one_reading import HTML, PHOTO, TEXT, indexed, opened, shown_words, with_parts, words
from tests.servers.person import Person, letter
from webmail.errors import NotFound
from webmail.mail import bodies, parts, reading, wording
from webmail.mail.message_pages import BodyKind
from webmail.query.words import words as indexed_words

HEAD = letter(1).partition(b"MIME-Version")[0]
TWO_PARTS = (
    b"--edge of 1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe vom See.\r\n"
    b"--edge of 1\r\nContent-Type: text/plain; name=tide.txt\r\nContent-Disposition: attachment; filename=tide.txt\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\naGlnaCBhdCBub29u\r\n--edge of 1--\r\n"
)


def multipart(field: bytes, body: bytes) -> bytes:
    return HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/" + field + b"\r\n\r\n" + body


def reads_as(person: Person, number: int, expected: str) -> None:
    """A text is shown, quoted, indexed and previewed as the same words."""
    page = reading.message_page(person.session, number, mark_seen=False)
    assert shown_words(page) == words(expected)
    assert words(bodies.readable_text(person.session, number)) == words(expected)
    wording.run(person.session, seconds=60)
    assert indexed(person, number).body.split() == indexed_words(expected)
    assert words(person.page().rows[0].message.preview) == words(expected)[: len(words(person.page().rows[0].message.preview))]


def test_a_boundary_that_the_server_does_not_read_is_read_here(person: Person) -> None:
    number, page = opened(person, multipart(b"mixed; boundary*0*=utf-8''edge%20; boundary*1=\"of 1\"", TWO_PARTS))
    reads_as(person, number, "Grüße vom See.")
    assert [(each.section, each.filename, each.media_type, each.size) for each in page.attachments] == [
        ("TEXT.uu1", "tide.txt", "text/plain", 12)
    ]
    stream = parts.part(person.session, number, section="TEXT.uu1")
    assert (stream.filename, b"".join(stream.chunks)) == ("tide.txt", b"high at noon")
    for section in ("TEXT.uu2", ".uu1", "1.uu1", "TEXT.TEXT.uu1"):
        with pytest.raises(NotFound):
            parts.part(person.session, number, section=section)


FIELDS = [b"mixed", b'alternative; boundary="another"', b"report;\r\n\tbo"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_multipart_whose_parts_cannot_be_found_is_read_as_it_stands(person: Person, field: bytes) -> None:
    number, page = opened(person, multipart(field, b"-- edge\r\nThe tide: is out.\r\n--edge--\r\n"))
    assert page.body is BodyKind.TEXT
    reads_as(person, number, "-- edge The tide: is out. --edge--")


@pytest.mark.parametrize("field", FIELDS)
def test_a_boundary_that_is_lost_is_found_before_the_fields_of_a_part(person: Person, field: bytes) -> None:
    number, page = opened(person, multipart(field.replace(b"alternative", b"mixed"), b"\r\n" + TWO_PARTS))
    reads_as(person, number, "Grüße vom See.")
    assert [each.filename for each in page.attachments] == ["tide.txt"]


def test_a_multipart_without_parts_is_no_form_of_a_text_that_has_another(person: Person) -> None:
    none = 'Content-Type: multipart/related; boundary="never"\r\n\r\nNothing but words.'
    number, page = opened(person, with_parts("alternative", HTML + "<p>The lake.", none))
    assert page.body is BodyKind.HTML
    assert words(bodies.readable_text(person.session, number)) == words("The lake.")


def test_an_empty_multipart_is_empty(person: Person) -> None:
    _, page = opened(person, multipart(b"mixed; boundary=edge", b"--edge\r\nContent-Type: text/plain\r\n\r\n\r\n--edge--\r\n"))
    assert (page.body, page.attachments) == (BodyKind.EMPTY, ())


def test_a_type_that_cannot_be_read_is_plain_text(person: Person) -> None:
    number, page = opened(person, HEAD + b"MIME-Version: 1.0\r\nContent-Type: text; charset=us-ascii\r\n\r\nSo quiet.\r\n")
    reads_as(person, number, "So quiet.")
    assert page.attachments == ()


def test_html_that_says_nothing_does_not_hide_the_text_beside_it(person: Person) -> None:
    nothing = HTML + "<style>p{color:red}</style><div style='display:none'>hidden</div><p>&nbsp;</p>"
    number, page = opened(person, with_parts("alternative", TEXT + "At the lake.", nothing))
    assert (page.body, page.has_html, page.notices) == (BodyKind.TEXT, False, ())
    reads_as(person, number, "At the lake.")


def test_html_of_a_picture_alone_is_shown(person: Person) -> None:
    picture = PHOTO.replace("Content-Disposition", "Content-ID: <tree>\r\nContent-Disposition")
    forms = with_parts("related", HTML + '<img src="cid:tree">', picture)
    _, page = opened(person, forms)
    assert (page.body, page.attachments) == (BodyKind.HTML, ())


def test_a_picture_that_its_html_does_not_show_is_a_file(person: Person) -> None:
    picture = PHOTO.replace("Content-Disposition", "Content-ID: <tree>\r\nContent-Disposition")
    number, page = opened(person, with_parts("related", HTML + "<p>No tree.", picture))
    assert [(each.section, each.filename) for each in page.attachments] == [("2", "tree.png")]
    assert parts.part(person.session, number, section="2").inline
    assert reading.message_page(person.session, number, mark_seen=False).attachments == page.attachments, "it is kept with the body"


def test_utf_8_under_another_name_is_utf_8(person: Person) -> None:
    body = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nÆble og brød — 5 °C\r\n"
    number, page = opened(person, HEAD + f"MIME-Version: 1.0\r\n{body}".encode())
    assert page.codec == "utf-8"
    reads_as(person, number, "Æble og brød — 5 °C")


@pytest.mark.parametrize(
    ("charset", "subject"),
    [("euc-kr", "교육팀 광고"), ("windows-1254", "ÇEKİLİŞİNİ KAÇIRMAYIN"), ("koi8-r", "Рыба"), ("big5", "未命名"), ("gb2312", "您好")],
)
def test_a_header_of_8_bit_is_read_in_the_charset_of_its_message(person: Person, charset: str, subject: str) -> None:
    raw = letter(1).replace(b"Letter 1", subject.encode(charset)).replace(b"Mira Kestrel", subject.encode(charset))
    _, page = opened(person, raw.replace(b"charset=utf-8", f"charset={charset}".encode()))
    assert page.message.envelope.subject == subject
    assert page.message.envelope.sender[0].name == subject
    assert dict(parts.headers(person.session, page.message.id).fields)["Subject"] == subject


def test_a_text_called_uuencoded_that_is_not_is_read_and_downloaded_as_it_is(person: Person) -> None:
    number, _ = opened(person, HEAD + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nThe begin of words.\r\n")
    reads_as(person, number, "The begin of words.")
    assert b"".join(parts.part(person.session, number, section="1").chunks) == b"The begin of words.\r\n"


@pytest.mark.parametrize("params", ["charset=utf-8", "charset=utf-8; format=flowed"])
def test_a_control_character_divides_words_for_reader_quotation_and_index_alike(person: Person, params: str) -> None:
    body = f"MIME-Version: 1.0\r\nContent-Type: text/plain; {params}\r\n\r\nLast line\x0cNext\x19page \r\nends.\r\n"
    number, _ = opened(person, HEAD + body.encode())
    reads_as(person, number, "Last line Next page ends.")
