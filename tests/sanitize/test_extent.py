"""Rules for the height that a frame is given before anybody has seen the message."""

import time

import pytest

from webmail.sanitize.extent import height
from webmail.sanitize.html import sanitize_document


def guess(html: str, *, width: int = 700) -> int:
    return height(sanitize_document(html), width=width)


def test_more_words_are_higher_and_a_narrow_frame_is_higher_still() -> None:
    few, many = "<p>" + "word " * 20, "<p>" + "word " * 600
    assert guess(few) < guess(many) < guess(many, width=358)


def test_what_stands_beside_is_not_counted_twice() -> None:
    cell = "<td>" + "word " * 200
    assert guess(f"<table width=700><tr>{cell}{cell}</table>") < 1.5 * guess(f"<table width=350><tr>{cell}</table>")


def test_pictures_count_with_the_height_they_say() -> None:
    assert 400 < guess("<img src=cid:x width=300 height=400>") < 600


def test_what_is_hidden_does_not_count() -> None:
    lines = "line<br>" * 100
    assert guess(f"<p>a<div style='display:none'>{lines}</div>") < 100
    assert guess(f"<style>.x{{display:none}}</style><p>a<div class=x>{lines}</div>") < 100


@pytest.mark.parametrize(
    "html", ["", "<", "<table><tr><td colspan=999 width=-5>", "<p style='width:1..2px;height:e'>x", "<table><td>" * 80]
)
def test_nothing_is_too_odd_to_be_guessed(html: str) -> None:
    assert 0 <= guess(html) < 20_000


def test_a_long_message_is_guessed_in_a_moment() -> None:
    document = sanitize_document("<table><tr><td style='padding:4px'>some words</td><td>others</td></tr></table>" * 1500)
    begin = time.process_time()
    assert height(document, width=700) > 10_000
    assert time.process_time() - begin < 2
