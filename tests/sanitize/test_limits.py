"""What a stranger can make us spend, and what is left of a message that is too much."""

import time
from collections.abc import Callable

import pytest

from tests.sanitize.costly import COSTLY
from webmail.sanitize.html import clean, sanitize_document

SECONDS = 3.0
"""Of a machine that does other things too, which share its caches. That it takes two at most of a quiet one, the benchmark tells."""


def body(html: str) -> str:
    """What stands in the body after cleaning."""
    return sanitize_document(html).partition("<body>")[2].removesuffix("</body></html>")


def cpu_seconds(function: Callable[[], object]) -> float:
    """Processor time, which does not depend on who else is busy."""
    start = time.process_time()
    function()
    return time.process_time() - start


def test_a_message_that_is_too_long_is_cut_and_says_so() -> None:
    cleaned = clean("<p>word</p>" * 60_000)
    assert cleaned.cut
    assert "word" in cleaned.document
    assert not clean("<p>word</p>" * 1_000).cut


def test_pictures_go_before_words_when_a_message_is_too_long() -> None:
    cleaned = clean(f'<p>first</p><img src="data:image/png;base64,{"A" * 700_000}" alt="?"><p>last</p>')
    assert cleaned.cut
    assert '<body><p>first</p><img alt="?"><p>last</p></body>' in cleaned.document


def test_words_deep_inside_stay_although_their_elements_go() -> None:
    cleaned = clean("<div>" * 1_000 + "deep" + "</div>" * 1_000 + "after")
    assert cleaned.cut
    assert cleaned.document.count("<div>") < 200
    assert "deep" in cleaned.document
    assert "after" in cleaned.document


def test_elements_that_are_never_closed_do_not_swallow_the_rest() -> None:
    cleaned = clean("<p><b>x" * 3_000 + "end")
    assert not cleaned.cut
    assert "end" in cleaned.document


def test_only_the_first_attributes_of_an_element_are_read() -> None:
    many = " ".join(f"data-{number}=x" for number in range(100))
    assert body(f"<p class=kept {many} title=late>x") == '<p class="kept">x</p>'


def test_long_lists_and_tables_keep_their_structure() -> None:
    items, rows = "<li><b>x</b></li>" * 3_000, "<tr><td>x</td></tr>" * 3_000
    html = f'<ol start="5">{items}</ol><table><tbody>{rows}</tbody></table>'
    assert body(html) == html


def newsletter() -> str:
    block = (
        '<table width="600" cellpadding="0" cellspacing="0" style="border-collapse:collapse;background-color:#ffffff"><tr>'
        '<td class="col" width="300" valign="top" style="padding:20px 30px;font-family:Arial, sans-serif;font-size:14px;color:#333333">'
        '<a href="https://news.example/click?id={0}&amp;u=abc" style="color:#1155cc">'
        '<img src="https://img.example/{0}.jpg" width="260" alt="Article {0}"></a>'
        '<h2 style="margin:0 0 10px">Headline {0}</h2>'
        '<p style="margin:0 0 12px">Lorem ipsum dolor sit amet,&nbsp;consectetur adipiscing elit.</p></td></tr></table>'
    )
    rows = "".join(block.format(number) for number in range(180))
    return f'<html><head><style>.col{{padding:0}}</style></head><body bgcolor="#f4f4f4"><center>{rows}</center></body></html>'


def test_a_newsletter_costs_half_a_millisecond_a_kilobyte() -> None:
    html = newsletter()
    assert 90_000 < len(html) < 120_000
    assert min(cpu_seconds(lambda: clean(html)) for _ in range(3)) < 0.2


@pytest.mark.parametrize("name", COSTLY)
def test_a_hostile_message_costs_little(name: str) -> None:
    html = COSTLY[name]
    assert cpu_seconds(lambda: clean(html)) < SECONDS


@pytest.mark.parametrize("html", ["<p><b>x", "<", "<div><b>x</b></div>", "<div><p>x</p>", "<a>"])
def test_the_longest_message_costs_only_a_few_times_more(html: str) -> None:
    whole = html * (520_000 // len(html))
    assert cpu_seconds(lambda: clean(whole)) < 4 * SECONDS
