"""Cleaning what was cleaned changes nothing, other cleaners find nothing left to do, and nothing is done after the last word."""

from __future__ import annotations

import re
from pathlib import Path

import nh3
import pytest

from tests.sanitize.dangers import dangers, html5_tree, shape
from tests.sanitize.hostile import CLASSES
from tests.sanitize.real_parts import html_parts
from webmail.sanitize import authority
from webmail.sanitize import html as cleaner
from webmail.sanitize.html import BodyOptions, ImagePolicy, sanitize_document
from webmail.sanitize.policy import ATTRIBUTES, MAX_DEPTH, TAGS

SECOND_OPINION = nh3.Cleaner(
    tags=set(TAGS),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    generic_attribute_prefixes={"data-wm-"},
    url_schemes={"http", "https", "mailto", "tel", "data"},
    link_rel=None,
)


TYPED = "<!doctype html><body>"


def body(document: str) -> str:
    return document[document.index("<body") :]


def inside(document: str) -> str:
    return body(document).partition(">")[2].removesuffix("</body></html>")


@pytest.fixture(scope="module")
def real(corpus_dir: Path) -> list[str]:
    return html_parts(corpus_dir)


def test_cleaning_real_mail_again_changes_nothing(real: list[str]) -> None:
    assert len(real) > 280
    for html in real:
        once = sanitize_document(html)
        assert body(sanitize_document(once)) == body(once)


def test_another_cleaner_finds_nothing_to_remove_from_real_mail(real: list[str]) -> None:
    for html in real:
        written = inside(sanitize_document(html))
        # It reads all mail by the rules of a document with a type, so both are compared by these.
        assert shape(html5_tree(TYPED + written)) == shape(html5_tree(TYPED + SECOND_OPINION.clean(written)))
        assert dangers(sanitize_document(html)) == []


def test_bleach_alone_lets_nothing_pass_that_nh3_would_drop(payloads: dict[str, str]) -> None:
    """The authority by itself, on what was not rewritten before: what it lets pass, nh3 lets pass too."""
    different = {}
    for name, html in payloads.items():
        passed = authority.authorise(html, addresses=frozenset(), styles=frozenset())
        again = SECOND_OPINION.clean(passed)
        if shape(html5_tree(passed)) != shape(html5_tree(again)):
            different[name] = passed
    assert different == {}


@pytest.mark.parametrize("kind", CLASSES)
def test_constructs_beyond_the_corpus_leave_nothing_dangerous(kind: str) -> None:
    for html in CLASSES[kind]:
        once = sanitize_document(html)
        assert dangers(once) == [], html
        assert body(sanitize_document(once)) == body(once), html
        assert shape(html5_tree(inside(once))) == shape(html5_tree(SECOND_OPINION.clean(inside(once)))), html


@pytest.mark.parametrize(
    "html",
    [
        "<table>" * 90 + "<tr><td>x",
        "<table><tr><td>" * 60 + "x",
        "<p><b><i><u><s><em>x" * 200,
        "<div>" * 155 + "<table><tr><td><b>x</b><p>y</table>z",
        "<div>" * 157 + "<table><tr><td>x<tr><td>y</table>z",
        "<ul><li>" * 90 + "x",
        "<select>" + "<option>land" * 200 + "</select>",
        "<font color=red><p>" * 100 + "x",
        "<a href=https://a.example><table><tr><td>" * 50 + "x",
    ],
)
def test_a_parser_that_nests_deeper_than_was_written_changes_nothing(html: str) -> None:
    once = sanitize_document(html)
    assert body(sanitize_document(once)) == body(once)
    deepest, depth = 0, 0
    for end in re.findall(r"<(/?)(?!br|img|hr|wbr|col\b)[a-z]", inside(once)):
        depth += -1 if end else 1
        deepest = max(deepest, depth)
    assert deepest <= MAX_DEPTH


# What a reader may wish for is done before the last word: an authority that refuses it all leaves none of it.

WISHES = BodyOptions(
    images=ImagePolicy.PROXIED,
    proxy="/remote/",
    cid={"logo@x": "/messages/7/parts/2/logo.png"},
    dark=True,
    hits=lambda text: [match.span() for match in re.finditer("hut", text)],
)
WISHED = (
    '<p>The hut</p><img src="cid:logo@x"><img src="https://t.example/x.png"><a href="https://hut.example/">out</a>'
    '<table background="https://t.example/y"><tr><td bgcolor="red" style="color:blue">x</td></tr></table>'
)


def test_what_a_reader_wishes_for_is_fulfilled() -> None:
    written = inside(sanitize_document(WISHED, options=WISHES))
    for wish in ("<mark>hut</mark>", "/messages/7/parts/2/logo.png", "/remote/https", 'target="_blank"', "color:blue", 'bgcolor="red"'):
        assert wish in written


def test_nothing_a_reader_wishes_for_is_added_after_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is made to refuse every element and attribute; had a later step put one there, it would still be there."""
    monkeypatch.setattr(authority.policy, "TAGS", frozenset({"p"}))
    monkeypatch.setattr(authority.policy, "ATTRIBUTES", {})
    assert inside(sanitize_document(WISHED, options=WISHES)) == "<p>The hut</p>outx"


def test_the_document_is_the_last_word_and_a_frame_of_ours_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaner, "authorise", lambda *_, **__: "THE LAST WORD")
    assert inside(sanitize_document(WISHED, options=WISHES)) == "THE LAST WORD"
