"""Markdown that somebody writes becomes HTML; what they quote stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.markdown import plain_to_html, to_html


def test_marks_become_elements() -> None:
    assert to_html("Hi **you**\nand ~~me~~\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |") == (
        "<p>Hi <strong>you</strong><br />\nand <s>me</s></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
        "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"
    )


def test_what_is_quoted_is_no_markdown() -> None:
    assert to_html("> *not* mine\n>> # 1. deeper\n\n*mine*") == (
        "<blockquote><div>*not* mine</div></blockquote><blockquote><blockquote><div># 1. deeper</div></blockquote></blockquote>"
        "<p><em>mine</em></p>\n"
    )
    assert to_html("```\n> code\n```") == "<pre><code>&gt; code\n</code></pre>\n"


def test_the_signature_is_no_markdown_and_may_be_another_in_html() -> None:
    assert to_html("Bye\n-- \nRobin *H.*") == "<p>Bye</p>\n<div>-- <br>Robin *H.*</div>"
    assert to_html("Bye\n-- \nRobin\n\nOn Monday:\n> x", signature="<b>Robin</b>") == (
        "<p>Bye</p>\n<div>-- <br><b>Robin</b></div><p>On Monday:</p>\n<blockquote><div>x</div></blockquote>"
    )


def test_links_need_no_marks() -> None:
    assert to_html("https://a.example `https://b.example` [c](https://c.example)") == (
        '<p><a href="https://a.example">https://a.example</a> <code>https://b.example</code> <a href="https://c.example">c</a></p>\n'
    )


def test_a_plain_text_keeps_its_lines() -> None:
    assert plain_to_html("a  *b*\nc\n> d") == "<div>a &nbsp;*b*<br>c</div><blockquote><div>d</div></blockquote>"


@pytest.mark.parametrize("text", ["<script>x</script>", "[x](javascript:alert(1))", "![x](data:text/html,x)", "<img src=x onerror=y>"])
def test_html_in_it_is_text(text: str) -> None:
    for made in (to_html(text), plain_to_html(text)):
        assert "<script" not in made
        assert "<img src=x" not in made
        assert 'href="javascript' not in made


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    to_html(text)
    plain_to_html(text)
