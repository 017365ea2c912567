"""Rules for the words of a message's HTML."""

import time

import pytest

from webmail.sanitize.text import as_text, words


def test_a_message_reads_like_a_letter() -> None:
    html = "<html><body><h1>Hello</h1><p>How are <b>you</b>\n today?</p><p>Bye,<br>Ann</p></body></html>"
    assert as_text(html) == "Hello\n\nHow are you today?\n\nBye,\nAnn"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<p>one</p>\n\n<p> </p><p>two</p>", "one\n\ntwo"),
        ("<p>one<br><br>two</p>", "one\n\ntwo"),
        ("<ul><li>one<li>two<ul><li>three</ul></ul>after", "- one\n- two\n  - three\n\nafter"),
        ("<ol start=3><li>three<li>four</ol>", "3. three\n4. four"),
        ("<ul><li><p>one</p><p>more</p></li></ul>", "- one\n\n  more"),
        ("<blockquote><p>one</p><p>two</p></blockquote>mine", "> one\n>\n> two\n\nmine"),
        ("<blockquote>one<blockquote>two</blockquote></blockquote>", "> one\n>\n>> two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>", "a b\nc d"),
        ("<pre>  one\n    two\n\nthree</pre>", "  one\n    two\n\nthree"),
        ("one<hr>two", "one\n\n--------------------\n\ntwo"),
        ('<a href="https://x.example/">the link</a> &amp; &lt;more&gt;', "the link & <more>"),
        ("<img src=x alt='The logo'> and <img src=y>", "The logo and"),
        ("5 &lt; 6, <b>bold</b><i>italic</i>", "5 < 6, bolditalic"),
        ("<textarea>one\ntwo</textarea>", "one\ntwo"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("", ""),
        ("<!-- -->", ""),
        ("   ", ""),
    ],
)
def test_the_structure_of_a_text_stays_readable(html: str, text: str) -> None:
    assert as_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<style>p{color:red}</style>",
        "<script>alert(1)</script>",
        "<title>Title</title>",
        "<!-- comment -->",
        "<!--[if mso]>Outlook<![endif]-->",
        "<template>x</template>",
        "<iframe>x</iframe>",
        "<xml><o:AllowPNG/>96</xml>",
        "<div style='display:none'>secret</div>",
        "<div style='color:red; DISPLAY : None !important'>secret</div>",
        "<div style='visibility:hidden'><p>secret</p></div>",
        "<span style='max-height:0px;overflow:hidden'>secret</span>",
        "<span style='opacity:0'>secret</span>",
        "<div style='mso-hide:all'>secret</div>",
        "<div hidden>secret</div>",
    ],
)
def test_what_is_not_shown_is_neither_quoted_nor_previewed(html: str) -> None:
    assert as_text(f"<p>before</p>{html}<p>after</p>") == "before\n\nafter"
    assert words(f"<p>before</p>{html}<p>after</p>", limit=100) == "before after"


@pytest.mark.parametrize("style", ["font-size:0", "opacity:0.5", "max-height:0.5em", "color:none", "display:block"])
def test_what_a_layout_makes_small_around_its_words_is_shown(style: str) -> None:
    assert words(f'<table><tr><td style="{style}"><div>words</div></td></tr></table>', limit=100) == "words"


def test_a_preview_is_the_first_words_on_one_line() -> None:
    html = "<html><head><title>x</title></head><body><h1>Your  order</h1>\n<p>has been<br>sent.</p><ul><li>one</li></ul></body></html>"
    assert words(html, limit=200) == "Your order has been sent. one"


def test_a_preview_ends_with_a_whole_word_where_it_can() -> None:
    assert words("<p>one two three four</p>", limit=12) == "one two"
    assert words("<p>one two three four</p>", limit=13) == "one two three"
    assert words("<p>" + "x" * 50, limit=10) == "x" * 10
    assert words("<p>one</p>", limit=0) == ""


def test_filling_without_a_width_is_no_preview() -> None:
    filling = "&nbsp;&zwnj;&#8203;&#847;&shy;&#8199;&#65279; " * 200
    assert words(f"<div>Hello</div><div>{filling}</div><p>World</p>", limit=100) == "Hello World"
    assert words(f"<div>{filling}</div>", limit=100) == ""
    assert words("<p>exam&shy;ple</p>", limit=100) == "example"
    assert words("<p>" + "\u200d" * 500 + "word", limit=100) == "word"


def test_joiners_inside_words_and_emoji_stay() -> None:
    assert words("<p>می\u200cخواهم 👩\u200d💻</p>", limit=100) == "می\u200cخواهم 👩\u200d💻"


def test_marks_that_turn_a_line_around_do_not_reach_a_list() -> None:
    assert words("<p>\u202efdp.exe\u202c and \u2066more\u2069</p>", limit=100) == "fdp.exe and more"


def test_words_behind_a_long_style_sheet_are_found() -> None:
    html = f"<html><head><style>{'p{color:red}' * 20_000}</style></head><body><p>Here they are</p></body></html>"
    assert words(html, limit=100) == "Here they are"


def test_a_beginning_of_a_message_is_enough() -> None:
    assert words("<html><body><p>Hello <a href='https://x.exam", limit=100) == "Hello"
    assert words("<p>Hello</p><style>p{", limit=100) == "Hello"


def test_no_payload_of_the_corpus_is_an_error_and_no_text_is_markup(payloads: dict[str, str]) -> None:
    for html in payloads.values():
        text = as_text(html)
        preview = words(html, limit=200)
        assert len(preview) <= 200
        assert "\n" not in preview
        assert "\0" not in text + preview


HOSTILE = {
    "nested quotations": "<blockquote>x" * 8_000,
    "nested lists": "<ul><li>x" * 11_000,
    "paragraphs": "<p>x" * 25_000,
    "joiners": "\u200d" * 100_000 + "x",
    "blanks and joiners": "<p>" + "&zwnj;&nbsp;" * 8_000,
    "less-than signs": "<" * 100_000,
    "nested elements": "<div>" * 30_000,
    "line breaks": "<br>" * 25_000,
    "a long style": f'<p style="{"display " * 12_000}">x',
    "single letters": "<b>x</b> " * 11_000,
    "line breaks in code": "<pre>" + "\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_costs_little(name: str) -> None:
    start = time.process_time()
    as_text(HOSTILE[name])
    words(HOSTILE[name], limit=200)
    assert time.process_time() - start < 1.5


def test_a_preview_of_a_long_message_costs_no_more_than_of_a_short_one() -> None:
    long = "<p>some words of a long message</p>" * 14_000
    start = time.process_time()
    for _ in range(10):
        words(long, limit=200)
    assert (time.process_time() - start) / 10 < 0.05
