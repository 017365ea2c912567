"""What may not be itself in a message leaves its words and takes its place."""

from __future__ import annotations

import pytest

from tests.sanitize.dangers import dangers
from webmail.sanitize import burden
from webmail.sanitize.html import BodyOptions, ImagePolicy, sanitize_document


def inside(html: str, **options: object) -> str:
    document = sanitize_document(html, options=BodyOptions(**options))  # type: ignore[arg-type]  # whatever a test wants
    own = ("https://me.example/p/http%3A%2F%2Fa.example%2Fp.png",)
    assert dangers(document, own=own) == []
    return document.partition("<body>")[2].removesuffix("</body></html>")


@pytest.mark.parametrize(
    ("html", "stands"),
    [
        ("<meter value=3 max=10 onclick=x()>3 of 10</meter>", '<meter value="3" max="10">3 of 10</meter>'),
        ("<progress max=10></progress>", '<progress max="10" value="0"></progress>'),
        ("<dialog open>words</dialog>", '<div class="wm-dialog wm-alone">words</div>'),
        ("<marquee>words</marquee>", '<div class="wm-marquee">words</div>'),
        ("<audio controls src=http://a.example/x.mp3>words</audio>", '<span class="wm-audio">words</span>'),
        ("<audio autoplay src=http://a.example/x.mp3>words</audio>", "<span>words</span>"),
        ("<video src=http://a.example/x.mp4>words</video>", "words"),
        ("<a href='#below'>words</a>", '<a class="wm-dead">words</a>'),
        ("<a name=below>words</a>", "<a>words</a>"),
        ("<style style='display:block'>p{color:red}</style>", '<div style="display:block">p{color:red}</div>'),
        ("<style style='display: none'>p{color:red}</style>", ""),
        ("<p>one\x11two\x0bthree\x00four", "<p>one\u0081two\u0081threefour</p>"),
    ],
)
def test_it_has_a_place_and_its_words(html: str, stands: str) -> None:
    assert inside(html) == stands


def test_only_what_is_there_has_a_sheet() -> None:
    assert ":where(.wm-marquee){" in sanitize_document("<marquee>x</marquee>")
    assert ":where(.wm-" not in sanitize_document("<p class=wm-marquee>x</p>")


def test_a_film_is_shown_by_its_picture_and_never_asked_for() -> None:
    proxied = {"images": ImagePolicy.PROXIED, "proxy": "https://me.example/p/"}
    film = "<video width=90 poster=http://a.example/p.png src=http://a.example/x.mp4>{}</video>"
    picture = '<img width="90" src="https://me.example/p/http%3A%2F%2Fa.example%2Fp.png">'
    assert inside(film.format("no film"), **proxied) == f"{picture}no film"
    assert inside(film.format("<img alt=still>"), **proxied) == '<img alt="still">'
    assert inside(film.format("no film")) == '<img width="90">no film'


def test_a_printed_message_lays_no_dialog_over_its_head() -> None:
    assert 'class="wm-dialog"' in sanitize_document("<dialog open>x</dialog>", options=BodyOptions(title="Head"))


def test_there_are_so_many_gauges_and_no_more() -> None:
    assert inside("<meter>x</meter>" * 5000).count("<meter>") == burden.MAX_GAUGES
