"""The tree of a message: how it is numbered, what is shown, what is attached."""

import json
import time

import pytest

from webmail.message.mime import (
    Part,
    attachments,
    decoded_size,
    from_json,
    has_attachments,
    inline_by_cid,
    parse,
    parse_with_bodies,
    part_text,
    shown,
    to_json,
    walk,
)


def message(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def leaf(section: str, kind: str, *, disposition: str = "", filename: str = "", cid: str = "", size: int = 100) -> Part:
    media_type, _, subtype = kind.partition("/")
    return Part(section, media_type, subtype, size=size, disposition=disposition, filename=filename, content_id=cid)


def multi(section: str, subtype: str, *parts: Part, **params: str) -> Part:
    return Part(section, "multipart", subtype, params=params, parts=parts)


def sections(parts: tuple[Part, ...]) -> list[str]:
    return [part.section for part in parts]


def summary(part: Part) -> tuple[str, str, list[str]]:
    """The sections of the HTML and text shown, and of the attachments."""
    body = shown(part)
    return (body.html.section if body.html else "", body.text.section if body.text else "", sections(attachments(part)))


NESTED = message(
    "Content-Type: multipart/mixed; boundary=a",
    "",
    "preamble",
    "--a",
    "Content-Type: multipart/alternative; boundary=b",
    "",
    "--b",
    "",
    "plain",
    "--b",
    "Content-Type: text/html",
    "",
    "<p>html</p>",
    "--b--",
    "--a",
    "Content-Type: message/rfc822",
    "",
    "Subject: inner",
    "Content-Type: multipart/mixed; boundary=c",
    "",
    "--c",
    "",
    "inner text",
    "--c",
    "Content-Type: message/rfc822",
    "",
    "Subject: innermost",
    "",
    "innermost text",
    "--c--",
    "--a--",
    "epilogue",
)


def test_sections_are_numbered_as_imap_numbers_them() -> None:
    root, bodies = parse_with_bodies(NESTED)
    assert [(part.section, f"{part.media_type}/{part.subtype}") for part in walk(root)] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "message/rfc822"),
        ("2.TEXT", "multipart/mixed"),
        ("2.1", "text/plain"),
        ("2.2", "message/rfc822"),
        ("2.2.1", "text/plain"),
    ]
    assert NESTED[bodies["1.1"]] == b"plain"
    assert NESTED[bodies["2.2.1"]] == b"innermost text"
    assert summary(root) == ("1.2", "1.1", ["2"])


def test_a_message_of_one_part_has_section_one() -> None:
    assert parse(b"Subject: x\r\n\r\nhello").section == "1"
    assert [part.section for part in walk(parse(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhello"))] == ["1", "1.1"]


def test_a_part_is_described() -> None:
    raw = message(
        "Content-Type: Application/PDF; name=wrong.pdf",
        "Content-Disposition: Attachment; filename*=utf-8''%C3%A9.pdf",
        "Content-Transfer-Encoding: BASE64",
        "Content-ID: <id@x>",
        "",
        "AAAA",
    )
    found = parse(raw)
    assert (found.media_type, found.subtype, found.encoding, found.disposition) == ("application", "pdf", "base64", "attachment")
    assert (found.filename, found.content_id, found.size) == ("é.pdf", "id@x", 4)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nnever used",
        b"Content-Type: nonsense\r\n\r\nwords",
        b"\r\nno header at all",
        b"no header at all",
        b"",
    ],
)
def test_a_broken_message_is_plain_text(raw: bytes) -> None:
    found = parse(raw)
    assert (found.section, found.media_type, found.subtype) == ("1", "text", "plain")


def test_a_last_part_without_its_delimiter_is_read_to_the_end() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo"
    root, bodies = parse_with_bodies(raw)
    assert [raw[bodies[part.section]] for part in root.parts] == [b"one", b"two"]


def test_a_boundary_that_begins_like_another_is_not_mistaken() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--xy is text\n--x--\n"
    _, bodies = parse_with_bodies(raw)
    assert raw[bodies["1"]] == b"--xy is text"


def test_the_first_of_two_equal_fields_counts() -> None:
    assert parse(b"Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx").subtype == "html"


def test_nesting_and_number_of_parts_are_bounded() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(3_000)) + b"\nwords"
    begun = time.process_time()
    tree = list(walk(parse(deep)))
    assert len(tree) <= 102
    assert shown(parse(deep)).text
    wide = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nw\n" * 50_000
    assert len(parse(wide).parts) == 10_000
    messages = b"Content-Type: message/rfc822\n\n" * 3_000
    assert len(list(walk(parse(messages)))) <= 102
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (leaf("1", "text/plain"), ("", "1", [])),
        (leaf("1", "text/html"), ("1", "", [])),
        (leaf("1", "application/pdf"), ("", "", ["1"])),
        (leaf("1", "text/plain", disposition="attachment"), ("", "", ["1"])),
        (multi("", "alternative", leaf("1", "text/plain"), leaf("2", "text/html")), ("2", "1", [])),
        (multi("", "alternative", leaf("1", "text/html"), leaf("2", "text/html")), ("2", "", [])),
        (multi("", "alternative", leaf("1", "text/plain", size=2), leaf("2", "text/html")), ("2", "", [])),
        (multi("", "alternative", leaf("1", "text/plain"), leaf("2", "text/x-amp-html"), leaf("3", "text/html")), ("3", "1", [])),
        (multi("", "alternative", leaf("1", "text/plain"), leaf("2", "text/html"), leaf("3", "text/calendar")), ("2", "1", ["3"])),
        (
            multi(
                "",
                "alternative",
                leaf("1", "text/plain"),
                multi("2", "related", leaf("2.1", "text/html"), leaf("2.2", "image/png", cid="a")),
            ),
            ("2.1", "1", []),
        ),
        (
            multi(
                "", "alternative", leaf("1", "text/plain"), multi("2", "mixed", leaf("2.1", "text/html"), leaf("2.2", "application/pdf"))
            ),
            ("2.1", "1", ["2.2"]),
        ),
        (multi("", "related", leaf("1", "image/png", cid="a"), leaf("2", "text/html", cid="root"), start="<root>"), ("2", "", [])),
        (multi("", "related", leaf("1", "text/html"), leaf("2", "image/png", cid="a", disposition="attachment")), ("1", "", ["2"])),
        (multi("", "related", leaf("1", "text/html"), leaf("2", "image/png")), ("1", "", ["2"])),
        (multi("", "mixed", leaf("1", "text/plain"), leaf("2", "image/png"), leaf("3", "text/plain")), ("", "1", ["2"])),
        (multi("", "mixed", leaf("1", "text/plain", size=2), leaf("2", "application/pdf"), leaf("3", "text/html")), ("3", "", ["2"])),
        (multi("", "mixed", leaf("1", "text/plain", filename="notes.txt"), leaf("2", "text/plain")), ("", "2", ["1"])),
        (multi("", "mixed", leaf("1", "text/plain", disposition="attachment"), leaf("2", "text/plain")), ("", "2", ["1"])),
        (multi("", "mixed", leaf("1", "message/rfc822")), ("", "", ["1"])),
        (multi("", "signed", leaf("1", "text/plain"), leaf("2", "application/pgp-signature")), ("", "1", ["2"])),
        (multi("", "encrypted", leaf("1", "application/pgp-encrypted"), leaf("2", "application/octet-stream")), ("", "", ["1", "2"])),
        (
            multi("", "report", leaf("1", "text/plain"), leaf("2", "message/delivery-status"), leaf("3", "text/rfc822-headers")),
            ("", "1", ["2", "3"]),
        ),
        (multi("", "digest", leaf("1", "message/rfc822"), leaf("2", "message/rfc822")), ("", "", ["1", "2"])),
        (multi("", "mixed"), ("", "", [])),
    ],
)
def test_the_body_is_shown_and_everything_else_is_attached(tree: Part, expected: tuple[str, str, list[str]]) -> None:
    assert summary(tree) == expected


PHOTO = leaf("2", "image/jpeg", disposition="inline", filename="tree.jpg", cid="tree")
AMP = leaf("2", "text/x-amp-html")


@pytest.mark.parametrize(
    ("tree", "rich", "plain"),
    [
        (multi("", "mixed", leaf("1", "text/plain"), PHOTO, leaf("3", "text/plain")), "1 2 3", "1 2 3"),
        (multi("", "mixed", leaf("1", "text/html"), PHOTO, leaf("3", "text/html")), "1 2 3", "1 2 3"),
        (multi("", "mixed", PHOTO, leaf("3", "text/plain", filename="notes.txt")), "3", "3"),
        (multi("", "mixed", leaf("1", "text/plain"), leaf("2", "text/html"), leaf("3", "text/plain")), "1 2 3", "1 2 3"),
        (multi("", "mixed", leaf("1", "text/plain"), leaf("2", "text/x-patch", filename="a.patch")), "1", "1"),
        (multi("", "mixed", PHOTO), "", ""),
        (
            multi(
                "",
                "alternative",
                leaf("1", "text/plain"),
                multi("2", "mixed", leaf("2.1", "text/html"), leaf("2.2", "application/pdf"), leaf("2.3", "text/html")),
            ),
            "2.1 2.3",
            "1",
        ),
        (
            multi("", "mixed", multi("1", "signed", leaf("1.1", "text/plain"), leaf("1.2", "text/plain")), leaf("2", "text/plain")),
            *2 * ("1.1 2",),
        ),
        (multi("", "report", leaf("1", "text/plain"), leaf("2", "text/plain")), "1", "1"),
        (multi("", "alternative", leaf("1", "text/plain"), AMP), "1", "1"),
        (multi("", "alternative", AMP, leaf("3", "text/html")), "3", "3"),
        (multi("", "alternative", leaf("1", "text/plain"), leaf("2", "text/calendar")), "1", "1"),
        (multi("", "alternative", leaf("1", "text/calendar")), "", ""),
        (multi("", "mixed", *[leaf(str(number), "text/plain") for number in range(1, 40)]), *2 * (" ".join(map(str, range(1, 21))),)),
    ],
)
def test_all_texts_that_are_no_files_are_one_reading_in_order(tree: Part, rich: str, plain: str) -> None:
    found = shown(tree)
    assert (" ".join(sections(found.rich)), " ".join(sections(found.plain))) == (rich, plain)
    listed = {part.section for part in attachments(tree)}
    texts = {part.section for part in (*found.rich, *found.plain) if part.media_type == "text"}
    assert not texts & listed, "what is read is not listed"


def test_a_picture_between_texts_can_be_had_as_a_file_too() -> None:
    assert sections(attachments(multi("", "mixed", leaf("1", "text/plain"), PHOTO, leaf("3", "text/plain", size=2)))) == ["2"]


def test_an_attached_message_is_one_attachment_and_never_the_body() -> None:
    inner = Part("2", "message", "rfc822", parts=(leaf("2.1", "text/html"),))
    tree = multi("", "mixed", leaf("1", "application/pdf"), inner)
    assert summary(tree) == ("", "", ["1", "2"])


def test_a_signature_alone_draws_no_paper_clip() -> None:
    assert not has_attachments(multi("", "signed", leaf("1", "text/plain"), leaf("2", "application/pgp-signature")))
    assert has_attachments(multi("", "mixed", leaf("1", "text/plain"), leaf("2", "application/pdf")))


def test_pictures_are_found_by_content_id_but_not_those_of_an_attached_message() -> None:
    inner = Part("3", "message", "rfc822", parts=(leaf("3.1", "image/png", cid="b"),))
    tree = multi("", "related", leaf("1", "text/html", cid="root"), leaf("2", "image/png", cid="a"), inner)
    assert {cid: part.section for cid, part in inline_by_cid(tree).items()} == {"a": "2"}


def test_the_decoded_size_of_base64_is_close() -> None:
    assert abs(decoded_size(Part("1", "image", "png", encoding="base64", size=78 * 1000)) - 57_000) <= 2


def test_a_tree_survives_the_index_in_few_octets() -> None:
    root = parse(NESTED)
    stored = json.dumps(to_json(root), separators=(",", ":"))
    assert from_json(json.loads(stored)) == root
    assert to_json(Part("1", "text", "plain")) == ["1"]


@pytest.mark.parametrize(
    ("data", "part", "expected"),
    [
        (b"a\r\nb\rc", Part("1", "text", "plain"), ("a\nb\nc", True)),
        (b"=E9", Part("1", "text", "plain", {"charset": "iso-8859-1"}, "quoted-printable"), ("é", True)),
        (b"6Q==", Part("1", "text", "plain", {"charset": "unheard-of"}, "base64"), ("é", False)),
        (b'<meta charset="koi8-r">\xd0', Part("1", "text", "html"), ('<meta charset="koi8-r">п', True)),
    ],
)
def test_the_text_of_a_part_is_decoded(data: bytes, part: Part, expected: tuple[str, bool]) -> None:
    assert part_text(data, part) == expected
