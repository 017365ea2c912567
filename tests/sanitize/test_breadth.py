"""What is wider than a narrow screen is shown smaller, and nothing else is."""

from __future__ import annotations

import time

import pytest

from benchmarks.newsletters import newsletter
from webmail.sanitize import breadth
from webmail.sanitize.html import BodyOptions, Cleaned, clean


def fitted(cleaned: Cleaned) -> bool:
    return "zoom:" in cleaned.document


def test_a_table_of_fixed_width_is_shown_smaller_where_there_is_less_room() -> None:
    found = clean("<body style='margin:0'><table width=600><tr><td>words</table>")
    assert found.width == 600
    assert f"<style>{breadth.fitting(600)}</style>" in found.document
    assert "@media screen and (max-width:599px){html{zoom:" in found.document


@pytest.mark.parametrize(
    ("html", "width"),
    [
        ("<p>words</p>", 0),
        ("<table width=600><tr><td>x</table>", 616),
        ("<table width=320><tr><td>x</table>", 0),
        ("<table width='100%'><tr><td width=600>x</table>", 0),
        ("<table width='100%' bgcolor=red><tr><td width=600><img width=600 style='display:block'></table>", 616),
        ("<div style='width:640px;padding:0 10px'>x</div>", 676),
        ("<div style='width:640px;max-width:100%'>x</div>", 0),
        ("<div style='max-width:640px'>x</div>", 0),
        ("<div style='padding:10px 20px'><div style='margin-left:30px'><table width=500><tr><td>x</table></div></div>", 586),
        ("<div style='overflow:hidden'><table width=900><tr><td>x</table></div>", 0),
        ("<div style='display:none'><table width=900><tr><td>x</table></div>", 0),
        ("<body style='margin:0'><table style='min-width:700px'><tr><td>x</table>", 700),
        ("<style>.w{width:600px}</style><div class=w>x</div>", 616),
        ("<style>@media (max-width:600px){.w{width:100% !important}}</style><table class=w width=600><tr><td>x</table>", 0),
        ("<style>@media (max-width:300px){.w{width:100% !important}}</style><table class=w width=600><tr><td>x</table>", 616),
        ("<style>@media (max-width:600px){.w{width:100%}}</style><table class=w width=600><tr><td>x</table>", 0),
        ("<style>@media (max-width:600px){.w{width:100%}}</style><table class=w style='width:600px'><tr><td>x</table>", 616),
        ("<style>@media (max-width:600px){table[class=w]{width:100%}}</style><table class=w width=600><tr><td>x</table>", 0),
        ("<style>@media (max-width:37em){.m{display:none}}</style><div class=m><table width=600><tr><td>x</table></div>", 0),
        ("<style>@media (600px > width){.w{width:100%}}</style><table class=w width=600><tr><td>x</table>", 0),
        ("<img width=800 src=x>", 0),
        ("<style>p{color:red}</style><img width=800 src=x>", 816),
        ("<div style='width:99999999px'>x", 0),
    ],
)
def test_the_least_width_of_a_message_is_known(html: str, width: int) -> None:
    found = clean(html)
    assert found.width == width
    assert fitted(found) == bool(width)


def test_it_can_be_had_at_full_size_and_is_so_on_paper() -> None:
    wide = "<table width=600><tr><td>x</table>"
    assert not fitted(clean(wide, options=BodyOptions(fit=False)))
    assert clean(wide, options=BodyOptions(fit=False)).width == 616
    assert not fitted(clean(wide, options=BodyOptions(title="Subject")))


def test_a_newsletter_that_knows_narrow_screens_is_believed() -> None:
    assert clean(newsletter(1, octets=20_000)).width == 0


def test_looking_at_a_long_message_costs_little() -> None:
    wide = "<div style='padding:1px'><table width=500><tr><td class=a style='width:10px'>x</td></tr></table></div>" * 3000
    document = clean(wide, options=BodyOptions(fit=False))
    assert document.width == 518
    deep = "<div style='padding:1px;width:500px'>" * 150 + "x"
    started = time.process_time()
    assert clean(deep * 20).width > 500
    assert time.process_time() - started < 3
