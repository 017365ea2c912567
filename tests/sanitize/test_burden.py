"""Style that would keep a browser busy goes; what mail uses stays."""

import time

import pytest

from webmail.sanitize import burden, css
from webmail.sanitize.html import sanitize_document


@pytest.mark.parametrize(
    "style",
    [
        "text-shadow:1px 1px 2px rgba(0,0,0,0.5),0 0 1em blue",
        "box-shadow:0 4px 24px 0 #0003,inset 0 0 0 1px #eee",
        "column-count:3",
        "columns:2 200px",
        "column-width:180px",
        "filter:grayscale(100%) contrast(1.2)",
        "-webkit-text-stroke:2px rgba(0,0,0,0.5)",
        "content:counter(item) '. '",
    ],
)
def test_what_mail_uses_stays(style: str) -> None:
    assert css.declarations(style).replace(", ", ",") == style


@pytest.mark.parametrize(
    "style",
    [
        "text-shadow:" + ",".join(["1px 1px 2px red"] * 9),
        "box-shadow:0 0 9999px red",
        "box-shadow:0 0 1e9px red",
        "text-shadow:0 0 90vw red",
        "text-shadow:0 0 calc(1px*9999) red",
        "text-shadow:var(--s)",
        "columns:99999",
        "columns:1px",
        "column-count:1e9",
        "column-width:.1px",
        "column-width:max(4px,1em)",
        "columns:calc(9*9999)",
        "filter:blur(9px)",
        "filter:drop-shadow(0 0 9px red)",
        "filter:sepia(1) sepia(1) sepia(1) sepia(1)",
        "filter:var(--f)",
        "backdrop-filter:blur(1px)",
        "-webkit-text-stroke:900px red",
        "-webkit-text-stroke-width:calc(9px*99)",
        "content:'" + "a " * 40 + "'",
        "content:attr(title) attr(title) attr(title)",
        "content:var(--words)",
    ],
)
def test_what_would_keep_a_browser_busy_goes(style: str) -> None:
    assert css.declarations(style) == ""


def test_a_few_rules_may_look_at_all_that_stands_beside() -> None:
    assert css.stylesheet("p ~ p{color:red}h1:has(b){color:red}") == "p ~ p{color:red}\nh1:has(b){color:red}"
    many = css.stylesheet("p ~ p{color:red}" * 50 + "@media print{" + "p:has(b){color:red}" * 50 + "}p{color:blue}")
    assert many.count("~") == burden.MAX_SIBLINGS
    assert ":has(" not in many
    assert many.endswith("p{color:blue}")
    sheets = sanitize_document("<style>p~p{color:red}</style>" * 200 + "x")
    assert sheets.count("~") <= burden.MAX_SHEETS * burden.MAX_SIBLINGS


def test_letters_carry_so_many_marks_and_no_more() -> None:
    assert "e\u0301a\u0308" in sanitize_document("<p>e\u0301a&#x308;")
    assert sanitize_document("<p>x" + "\u0300" * 100_000).count("\u0300") == burden.MAX_MARKS
    assert sanitize_document("<p>x" + "&#768;" * 10_000).count("\u0300") == burden.MAX_MARKS
    started = time.process_time()
    burden.fewer_marks(("x" + "\u0300" * 31) * 15_000)
    assert time.process_time() - started < 1
