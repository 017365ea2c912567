"""What is sent looks alike everywhere, says nothing its writer did not see, and asks nobody for anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml.html import fragments_fromstring

from tests.sanitize.dangers import dangers
from tests.sanitize.hostile import CLASSES
from tests.sanitize.real_parts import html_parts
from webmail.sanitize.outgoing import outgoing
from webmail.sanitize.text import as_text

DESIGNED = """<html><head><style>
  p { color: #333; margin: 0 0 1em }
  .big b { font-weight: 900 }
  #offer > i { color: red !important }
  .hidden { display: none }
  a:hover { color: blue }
  @media print { p { color: black } }
</style></head><body bgcolor="#ffffff" style="font-family:Georgia;position:absolute">
  <p class="big" onclick="x()">Hello <b>you</b></p>
  <section id="offer"><i class="x" style="color:green">Now</i><span class="hidden">unsubscribe me</span></section>
  <img src="cid:logo@shop.example" alt="The shop" width="80"><img src="https://t.example/open.gif" alt="Watch">
  <a href="https://shop.example/?a=1&amp;b=2" class="button">Look</a><a href="javascript:alert(1)">bad</a>
</body></html>"""


def only_carried(address: str) -> str:
    return address if address.startswith("cid:") else ""


def sent(html: str) -> str:
    return outgoing(html, pictures=only_carried)


def test_rules_of_sheets_become_styles_and_nothing_else_is_left_of_them() -> None:
    assert re.sub(r">\s+<", "><", sent(DESIGNED)) == (
        '<div bgcolor="#ffffff" style="font-family:Georgia">'
        '<p style="color:#333;margin:0 0 1em">Hello <b style="font-weight:900">you</b></p>'
        '<div><i style="color:red">Now</i></div><img src="cid:logo@shop.example" alt="The shop" width="80">Watch\n  '
        '<a href="https://shop.example/?a=1&amp;b=2">Look</a><a>bad</a></div>'
    )


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">secret</p>',
        "<p hidden>secret</p>",
        "<style>.x{display : none}</style><p class=x>secret</p>",
        "<style>div .x{visibility:hidden}</style><div><p><b class=x>secret</b></p></div>",
        '<p style="mso-hide:all">secret</p>',
        "<script>secret</script><title>secret</title><!-- secret -->",
        '<input value="secret"><img src="https://t.example/secret">',
    ],
)
def test_what_the_writer_did_not_see_is_not_sent(hidden: str) -> None:
    assert "secret" not in sent(f"<p>seen</p>{hidden}")
    assert "seen" in sent(f"<p>seen</p>{hidden}")


@pytest.mark.parametrize("html", ["", " ", "<!-- -->", "<style>p{}</style>", "<script>x</script>"])
def test_nothing_stays_nothing(html: str) -> None:
    assert sent(html) == ""


def test_letters_of_markup_in_words_stay_words() -> None:
    assert sent("<p>1 &lt; 2 &amp;amp; <b>&lt;script&gt;</b></p>") == "<p>1 &lt; 2 &amp;amp; <b>&lt;script&gt;</b></p>"


def checked(html: str) -> None:
    found = sent(html)
    assert dangers(f"<!doctype html><body>{found}</body>", own=tuple(re.findall(r'src="(cid:[^"]*)"', found))) == []
    for element in fragments_fromstring(f"<div>{found}</div>")[0].iter():
        assert not {"class", "id", "srcset", "background"} & set(element.keys())
        assert element.get("src", "cid:").startswith("cid:")
        assert "url(" not in element.get("style", "")
    assert sent(found) == found


def test_no_payload_of_ours_is_sent() -> None:
    for payload in [each for payloads in CLASSES.values() for each in payloads]:
        checked(payload)


def test_no_payload_of_strangers_is_sent(payloads: dict[str, str]) -> None:
    for payload in payloads.values():
        checked(payload)


def test_real_mail_is_quoted_with_its_words(corpus_dir: Path) -> None:
    for html in html_parts(corpus_dir)[::7]:
        checked(html)


def test_a_million_rules_cost_no_more_than_a_moment() -> None:
    rules = "".join(f".a{number} .b{number} .c{{color:red}}" for number in range(4_000))
    html = f"<style>{rules}</style>" + "<div class='a1 b2'>" * 100 + "<p class=c>x</p>" * 5_000
    assert sent(html).count("<p>x</p>") == 5_000


def test_a_link_stands_behind_its_words_in_the_text() -> None:
    html = '<a href="https://a.example/x">Here</a> <a href="https://b.example/">b.example</a> <a href="mailto:m@c.example">Mira</a>'
    assert as_text(html, links=True) == "Here <https://a.example/x> b.example Mira <m@c.example>"
    assert as_text(html) == "Here b.example Mira"
