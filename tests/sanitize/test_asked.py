"""What a message's own sheets ask of its markup is answered by names that do nothing."""

from __future__ import annotations

import pytest

from tests.sanitize.dangers import dangers
from webmail.sanitize.html import sanitize_document


def shown(html: str) -> tuple[str, str]:
    """The sheet of a message and its body, as they come out."""
    document = sanitize_document(html)
    assert dangers(document) == []
    sheet = document.split("<style>")[2].partition("</style>")[0] if document.count("<style>") > 1 else ""
    return sheet, document[document.index("<body") :].removesuffix("</body></html>")


def test_an_attribute_that_a_sheet_asks_for_is_found_though_it_goes() -> None:
    sheet, body = shown("<style>[role=link]{color:red}img[loading] + p{color:red}</style><p role=link onclick=x()>a<p role=none>b")
    assert sheet == "[data-wm-role=link]{color:red}\nimg[data-wm-loading] + p{color:red}"
    assert body == '<body><p data-wm-role="link">a</p><p role="none" data-wm-role="none">b</p>'


def test_an_attribute_is_asked_for_as_the_message_has_it() -> None:
    _, body = shown("<style>a[href^='Here']{color:red}</style><a href='Here:alert(1)'>x</a>")
    assert body == '<body><a class="wm-dead" data-wm-href="Here:alert(1)">x</a>'
    _, body = shown("<style>p[class=a]{color:red}p#b{color:red}</style><p class=a id=b>x")
    assert body == '<body><p class="a wm-id-b" data-wm-class="a">x</p>'


def test_the_words_of_an_attribute_can_be_shown() -> None:
    sheet, body = shown("<style>p::after{content:attr(data-x)}</style><body data-x=1><p data-x='&lt;b&gt;'>x")
    assert sheet == "p::after{content:attr(data-wm-data-x)}"
    assert body == '<body data-wm-data-x="1"><p data-wm-data-x="&lt;b&gt;">x</p>'


def test_nobody_asks_and_nothing_is_said() -> None:
    assert shown("<style>p{color:red}</style><p role=link data-x=1 data-wm-y=2>x")[1] == "<body><p>x</p>"


def test_what_a_copy_may_hold_is_bounded() -> None:
    body = shown(f"<style>[data-x]{{color:red}}</style><p data-x='{'y' * 5000}'>x")[1]
    assert body == f'<body><p data-wm-data-x="{"y" * 1000}">x</p>'


@pytest.mark.parametrize(
    ("field", "states"),
    [
        ("<input type=checkbox checked>", "checked default enabled optional"),
        ("<input type=radio disabled>", "disabled optional"),
        ("<input type=email value=nobody>", "enabled invalid optional read-write"),
        ("<input type=email value=a@b.example readonly>", "enabled optional valid"),
        ("<input required>", "enabled invalid read-write required"),
        ("<input placeholder=Name>", "enabled optional placeholder-shown read-write valid"),
        ("<input type=number min=1 max=9 value=5>", "enabled in-range optional read-write valid"),
        ("<input type=number max=9 value=10>", "enabled invalid optional out-of-range read-write"),
        ("<textarea disabled></textarea>", "disabled optional valid"),
        ("<button>x</button>", "enabled"),
        ("<progress></progress>", "indeterminate"),
        ("<progress value=1></progress>", ""),
    ],
)
def test_the_state_of_a_field_stays_what_it_was_at_first(field: str, states: str) -> None:
    names = (
        "checked default disabled enabled in-range indeterminate invalid optional out-of-range placeholder-shown read-write required valid"
    )
    sheet, body = shown(f"<style>{','.join(f':{name}' for name in names.split())}{{color:red}}</style>{field}")
    assert sheet.partition("{")[0].split(",") == [f".wm-is-{name}" for name in names.split()]
    assert [word for word in states.split() if f"wm-is-{word}" not in body] == []
    assert body.count("wm-is-") == len(states.split())


def test_what_cannot_be_written_into_is_read_only() -> None:
    assert shown("<style>:read-only{color:red}p:not(:checked)::after{color:red}a::checked{color:red}</style>x")[0] == (
        ":not(.wm-is-read-write){color:red}\np:not(.wm-is-checked)::after{color:red}\na::checked{color:red}"
    )
