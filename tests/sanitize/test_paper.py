"""What is printed begins with who wrote it, whatever the message would rather have there."""

from __future__ import annotations

import re

from lxml import html as reader

from webmail.sanitize.html import BodyOptions, clean

ROWS = (("From", "Mira <mira@example.net>"), ("To", '<script>x()</script> & "Robin"'))
OPTIONS = BodyOptions(title="The <b>hut</b>", heading=ROWS)


def test_the_head_stands_in_front_as_text() -> None:
    made = clean("<p>Four beds.</p>", options=OPTIONS).document
    words = [text.strip() for text in reader.document_fromstring(made).body.itertext() if text.strip()]
    assert words == ["The <b>hut</b>", "From", ROWS[0][1], "To", ROWS[1][1], "Four beds."]
    assert "<script" not in made


def test_no_sheet_of_the_message_outdoes_it() -> None:
    hiding = "<style>table,tr,td,th{display:none!important;opacity:0!important}</style><p>Pay here.</p>"
    made = clean(hiding, options=OPTIONS).document
    for cell in reader.document_fromstring(made).xpath("//th | //td"):
        style = cell.get("style")
        assert "display:table-cell !important" in style
        assert "opacity:1 !important" in style
        assert "visibility:visible !important" in style


def test_a_body_in_its_frame_has_no_head() -> None:
    assert "<table" not in clean("<p>x</p>", options=BodyOptions()).document


def test_nothing_of_a_body_lies_over_what_stands_above_it() -> None:
    html = (
        "<style>body::after{content:'From: another';color:red}p{position:fixed;z-index:9;transform:scale(2);top:0}</style>"
        "<p style='position:absolute;inset:0;margin-top:-200px;translate:0 -90px'>x"
    )
    printed, framed = clean(html, options=OPTIONS).document, clean(html, options=BodyOptions()).document
    below = printed.replace("position:relative !important;z-index:1 !important", "", 1)
    assert not re.search("content:'From|position:|z-index:|transform:scale|translate:|inset:0", below)
    assert "content:'From: another'" in framed
    assert "position:absolute" in framed


def test_paper_is_white_whatever_the_screen_is() -> None:
    html = "<style>@media (prefers-color-scheme:dark){p{color:white}}</style><p>x"
    assert "prefers-color-scheme" not in clean(html, options=OPTIONS).document
