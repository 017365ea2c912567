"""Rules for what a stranger's HTML becomes."""

import re
import time

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sanitize.dangers import dangers, html5_tree, seen_words, shape
from webmail.sanitize.authority import authorise
from webmail.sanitize.html import POLICY_VERSION, BodyOptions, Cleaned, Detour, ImagePolicy, clean, sanitize_document
from webmail.sanitize.policy import ATTRIBUTES, TAGS

NOTHING: frozenset[str] = frozenset()


def body(document: str) -> str:
    """The body element of one of our documents, its own attributes included."""
    found = re.search(r"<body.*</body></html>\Z", document, re.DOTALL)
    assert found is not None
    return found[0].removesuffix("</html>")


def inside(html: str, **options: object) -> str:
    """What stands in the body after cleaning."""
    document = sanitize_document(html, options=BodyOptions(**options))  # type: ignore[arg-type]  # the names are those of BodyOptions
    return re.sub(r"\A<body[^>]*>|</body>\Z", "", body(document))


def test_a_plain_message_looks_as_it_was_written() -> None:
    assert inside("<h1>Hello</h1><p>How are <b>you</b>?</p>") == "<h1>Hello</h1><p>How are <b>you</b>?</p>"


def test_the_answer_is_a_whole_document() -> None:
    document = sanitize_document("<p>Hello")
    assert document.startswith('<!doctype html>\n<html><head><meta charset="utf-8">')
    assert document.endswith("<body><p>Hello</p></body></html>")
    assert POLICY_VERSION >= 1


@pytest.mark.parametrize("html", ["", " ", "<!-- only a comment -->", "<?xml version='1.0'?>", "<", "&", "\0", "<!doctype html>", "\ud800"])
def test_next_to_nothing_is_a_document_too(html: str) -> None:
    assert "</body></html>" in sanitize_document(html)


def test_a_declared_encoding_does_not_matter_because_text_is_text() -> None:
    html = '<?xml version="1.0" encoding="utf-16"?><html><meta charset="x-imap4-modified-utf7"><p>Grüße 中文</p>'
    assert inside(html) == "<p>Grüße 中文</p>"


# The corpus.


def test_the_second_opinion_sees_danger_where_nothing_was_cleaned(payloads: dict[str, str]) -> None:
    seen = sum(bool(dangers(f"<body>{html}")) for html in payloads.values() if "\0" not in html)
    assert seen > 900


def test_no_payload_of_the_corpus_leaves_anything_dangerous(payloads: dict[str, str]) -> None:
    assert len(payloads) >= 1583
    found = {name: dangers(sanitize_document(html)) for name, html in payloads.items()}
    assert {name: those for name, those in found.items() if those} == {}


def test_with_images_on_the_corpus_loads_only_from_us(payloads: dict[str, str]) -> None:
    asked: list[str] = []

    def proxy(address: str) -> str:
        asked.append(f"/remote/{len(asked)}")
        return asked[-1]

    options = BodyOptions(images=ImagePolicy.PROXIED, proxy=proxy, dark=True)
    found = {name: dangers(sanitize_document(html, options=options), own=tuple(asked)) for name, html in payloads.items()}
    assert {name: those for name, those in found.items() if those} == {}
    assert len(asked) > 100


def test_cleaning_again_changes_nothing(payloads: dict[str, str]) -> None:
    changed = []
    for name, html in payloads.items():
        once = sanitize_document(html)
        if body(once) != body(sanitize_document(once)):
            changed.append(name)
    assert changed == []


def test_a_parser_reads_the_answer_as_it_was_written(payloads: dict[str, str]) -> None:
    """Else the browser would mend it into something nobody has cleaned."""
    changed = []
    for name, html in payloads.items():
        written = inside(html)
        twice = authorise(written, addresses=everything, styles=everything)
        if shape(html5_tree(written)) != shape(html5_tree(twice)):
            changed.append(name)
    assert changed == []


def test_another_cleaner_finds_nothing_to_remove(payloads: dict[str, str]) -> None:
    other = nh3.Cleaner(
        tags=set(TAGS),
        attributes={tag: {*names, "target", "rel"} for tag, names in ATTRIBUTES.items()},
        generic_attribute_prefixes={"data-wm-"},
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel=None,
    )
    changed = []
    for name, html in payloads.items():
        written = inside(html)
        if shape(html5_tree(written)) != shape(html5_tree(other.clean(written))):
            changed.append(name)
    assert changed == []


def test_the_last_word_on_markup_needs_nobody_before_it(payloads: dict[str, str]) -> None:
    page = '<!doctype html><html><head><meta charset="utf-8"></head><body>{}</body></html>'
    found = {name: dangers(page.format(authorise(html, addresses=NOTHING, styles=NOTHING))) for name, html in payloads.items()}
    assert {name: those for name, those in found.items() if those} == {}


def test_all_words_of_what_real_senders_use_stay_visible(payloads: dict[str, str]) -> None:
    lost = {}
    for name, html in payloads.items():
        if name.startswith("caniemail"):
            missing = seen_words(html) - seen_words(sanitize_document(html))
            if missing:
                lost[name] = missing
    assert lost == {}


class Everything(frozenset[str]):
    """The set that every text is in."""

    def __contains__(self, item: object) -> bool:
        return True


everything = Everything()

OTHERS = ["form", "select", "option", "svg", "math", "title", "style", "textarea", "noscript", "template", "body", "nobr"]
TAG = st.sampled_from([*sorted(TAGS), *OTHERS])
PIECES = [
    "x",
    " y",
    "\n",
    "&lt;",
    "&amp;lt;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "\0",
    "'\">",
    "<a href='http://x/?a&b'>",
    "<img src=//x alt='<b>'>",
]
TAG_SOUP = st.lists(
    st.one_of(
        TAG.map("<{}>".format),
        TAG.map("<{}>".format),
        TAG.map("</{}>".format),
        TAG.map("<{} style='color:red'>".format),
        st.sampled_from(PIECES),
    ),
    max_size=25,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(TAG_SOUP)
def test_tag_soup_is_harmless_and_cleaning_it_again_changes_nothing(html: str) -> None:
    once = sanitize_document(html)
    assert dangers(once) == []
    assert body(sanitize_document(once)) == body(once)


# Elements.


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<style>p{color:red}</style>",
        "<title>A title</title>",
        "<template><p>stamp</p></template>",
        "<xml><o:OfficeDocumentSettings>96</o:OfficeDocumentSettings></xml>",
        "<iframe>inside</iframe>",
        "<noframes>none</noframes>",
        "<!-- comment -->",
        "<!--[if mso]><p>Outlook</p><![endif]-->",
        "<?php echo 1 ?>",
        "<svg><style>p{}</style><script>alert(1)</script><title>drawing</title></svg>",
        "<datalist><option>one</datalist>",
        '<meta http-equiv="refresh" content="0;url=http://tracker.example/">',
        '<base href="http://tracker.example/">',
        '<link rel="stylesheet" href="http://tracker.example/">',
    ],
)
def test_what_is_not_for_the_eye_goes_with_all_it_holds(html: str) -> None:
    assert inside(f"<p>before</p>{html}<p>after</p>") == "<p>before</p><p>after</p>"


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (
            "<form action=x><label>Name <input name=n value=v></label><button>Go</button></form>",
            '<div class="wm-form"><span>Name <span class="wm-field">v</span></span><span class="wm-button">Go</span></div>',
        ),
        ("<select><option>one</option></select>", '<span class="wm-field wm-select"><span>one</span></span>'),
        ("<textarea>one <b>two</textarea>", '<span class="wm-field wm-area">one &lt;b&gt;two</span>'),
        ("<input type=submit value='Send it'>", '<span class="wm-button">Send it</span>'),
        ("<input type=password value=secret><input type=hidden value=x>", '<span class="wm-field"></span>'),
        ("<object data=x><p>instead</p></object>", "<p>instead</p>"),
        ("<video src=x>no film</video>", "no film"),
        ("<noscript><p>no script</p></noscript>", "<p>no script</p>"),
        ("<svg><text>in a drawing</text></svg>", "in a drawing"),
        ("<o:p>office</o:p><unknown>word</unknown>", "officeword"),
        ("<![if !mso]><p>everybody else</p><![endif]>", "<p>everybody else</p>"),
        ("<!--[if !mso]><!--><p>everybody else</p><!--<![endif]-->", "<p>everybody else</p>"),
        ("<xmp>one <b>two</xmp>", "<pre>one &lt;b&gt;two</pre>"),
        ("<svg><p>out of the drawing</p>", "<p>out of the drawing</p>"),
    ],
)
def test_words_stay_when_their_element_goes(html: str, kept: str) -> None:
    assert inside(html) == kept


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://x.example/" target="_blank" rel="noopener noreferrer nofollow">'
        "<table><tbody><tr><td>button</td></tr></tbody></table></a>",
        "<b><p>bold</p></b>",
        "<h1><p>large</p></h1>",
        '<font color="red"><center>middle</center></font>',
        "<ol><li>one<ul><li>two</li></ul></li></ol>",
        '<table bgcolor="#ffffff" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tbody>'
        '<tr><td valign="top" width="50%" colspan="2" style="background-color:#eee;padding:0 10px">x</td></tr></tbody></table>',
        "<blockquote>said</blockquote><hr><pre>  code\n   more</pre>",
        '<p dir="rtl" lang="he" title="שלום &amp; &quot;x&quot;">שלום</p>',
        '<div hidden="">not shown</div>',
    ],
)
def test_sound_markup_is_kept_as_it_is(html: str) -> None:
    assert inside(html) == html


def test_ids_and_names_go_so_that_nothing_can_be_clobbered() -> None:
    assert inside('<p id="body" name="x">a</p><a name="top">b</a><img name="cookie" alt="c">') == '<p>a</p><a>b</a><img alt="c">'


def test_text_that_looks_like_markup_stays_text() -> None:
    assert inside("<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; 1 < 2 & 3") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; 1 &lt; 2 &amp; 3</p>"
    )
    assert inside('<p title="<b>&lt;a href=x&gt;">x') == '<p title="&lt;b&gt;&lt;a href=x&gt;">x</p>'


# Links.


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.org/a?b=c&d=e#f", "https://example.org/a?b=c&amp;d=e#f"),
        ("HTTP://EXAMPLE.ORG", "http://EXAMPLE.ORG"),
        ("//example.org/x", "https://example.org/x"),
        (r"\\example.org\x", "https://example.org/x"),
        ("http:example.org", "http://example.org"),
        ("\n http://example.org/\t", "http://example.org/"),
        ("ht\ntp://example.org/", "http://example.org/"),
        ("mailto:a@b.example?subject=x&attach=/etc/passwd", "mailto:a@b.example?subject=x"),
        ("tel:+49 30 1234", "tel:+49%2030%201234"),
        ('https://example.org/"onclick="x', "https://example.org/%22onclick=%22x"),
        ("https://example.org/?x=&lt;", "https://example.org/?x=%3C"),
    ],
)
def test_a_link_leads_out_in_a_new_tab_and_says_nothing_about_us(given: str, kept: str) -> None:
    given = given.replace("&", "&amp;") if "&lt;" not in given else given
    given = given.replace('"', "&quot;")
    assert inside(f'<a href="{given}">go</a>') == f'<a href="{kept}" target="_blank" rel="noopener noreferrer nofollow">go</a>'


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "javascript:1",
        "JaVaScRiPt&colon;alert(1)",
        "java\tscript:alert(1)",
        "&#1;javascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "blob:https://example.org/1",
        "cid:part",
        "ftp://example.org/",
        "relative/page.html",
        "/logout",
        "?action=delete",
        "#fragment",
        "",
        "http://",
        "http:///",
        "https://[broken",
        "x:y",
    ],
)
def test_a_link_to_anything_else_leads_nowhere(address: str) -> None:
    assert inside(f'<a href="{address}" target="_top" rel="opener" ping="http://t.example">words</a>') == '<a class="wm-dead">words</a>'


# Images.

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def test_remote_images_are_blocked_and_counted_but_keep_their_place() -> None:
    cleaned = clean(
        '<img src="https://t.example/x.png" alt="A cat" width="100" height="50" srcset="https://t.example/2.png 2x">'
        '<img src="//t.example/y">'
    )
    assert body(cleaned.document) == '<body><img alt="A cat" width="100" height="50"><img></body>'
    assert cleaned.remote_images == 2


def test_what_else_would_load_is_blocked_and_counted() -> None:
    cleaned = clean(
        '<style>p{background:url(https://t.example/1)}</style><body background="https://t.example/2"><table background="http://t.example/3"><tr><td>'
        "<p style=\"background-image:url('https://t.example/4')\">x<img srcset='https://t.example/5 2x'></table>"
    )
    assert cleaned.remote_images == 5
    assert "t.example" not in cleaned.document
    assert "url(" not in cleaned.document


def test_on_request_images_come_by_way_of_us() -> None:
    html = '<img src="https://t.example/x.png?a=1&amp;b=2"><table background="http://t.example/y"><tr><td>x</table>'
    by_prefix = inside(html, images=ImagePolicy.PROXIED, proxy="/remote/")
    assert '<img src="/remote/https%3A%2F%2Ft.example%2Fx.png%3Fa%3D1%26b%3D2">' in by_prefix
    assert '<table background="/remote/http%3A%2F%2Ft.example%2Fy">' in by_prefix
    by_function = inside(html, images=ImagePolicy.PROXIED, proxy=lambda address: f"/remote/{len(address)}?of=image&size=1")
    assert '<img src="/remote/31?of=image&amp;size=1">' in by_function
    assert dangers(f"<body>{by_function}", own=("/remote/31?of=image&size=1", "/remote/18?of=image&size=1")) == []


def test_without_a_proxy_nothing_remote_is_loaded_even_on_request() -> None:
    assert inside('<img src="https://t.example/x.png">', images=ImagePolicy.PROXIED) == "<img>"


def test_pictures_behind_words_load_only_on_request_and_by_way_of_us() -> None:
    html = """<style>p{background:url(https://t.example/1?a&b)}</style><p style="background-image:url('https://t.example/2?a&amp;b')">x"""
    assert "url(" not in sanitize_document(html)
    shown = sanitize_document(html, options=BodyOptions(images=ImagePolicy.PROXIED, proxy="/remote/"))
    assert "p{background:url('/remote/https%3A%2F%2Ft.example%2F1%3Fa%26b')}" in shown
    assert """<p style="background-image:url('/remote/https%3A%2F%2Ft.example%2F2%3Fa%26b')">""" in shown
    assert shown.count("t.example") == 2
    by_function = inside(html, images=ImagePolicy.PROXIED, proxy=lambda address: "/remote/1?of=x&size=1")
    assert """style="background-image:url('/remote/1?of=x&amp;size=1')\"""" in by_function
    assert dangers(f"<body>{by_function}", own=("/remote/1?of=x&size=1",)) == []
    assert dangers(f"<body>{by_function}") != []


def test_a_picture_behind_words_may_be_one_of_the_message_and_never_one_of_the_house() -> None:
    own = {"logo@x": "/messages/7/parts/2/logo.png"}
    html = "<p style='background-image:url(cid:logo@x)'>a<p style='background-image:url(/messages/8/parts/2/x.png)'>b"
    assert inside(html, cid=own) == """<p style="background-image:url('/messages/7/parts/2/logo.png')">a</p><p>b</p>"""


def test_pictures_of_the_message_itself_are_shown() -> None:
    own = {"logo@x": "/messages/7/parts/2/logo.png"}
    assert inside('<img src="cid:logo@x"><img src="CID:logo%40x"><img src="cid:other" alt="?">', cid=own) == (
        '<img src="/messages/7/parts/2/logo.png"><img src="/messages/7/parts/2/logo.png"><img alt="?">'
    )
    assert clean('<img src="cid:logo@x"><img src="cid:other">').remote_images == 0


@pytest.mark.parametrize(
    "address",
    [
        "/messages/8/parts/2/x.png",
        "/remote/https%3A%2F%2Ft.example",
        "x.png",
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        "data:image/png,x",
        "data:image/png;base64," + "A" * 300_000,
        "javascript:alert(1)",
        "blob:x",
        "file:///x",
        "about:blank",
    ],
)
def test_an_image_from_anywhere_else_is_not_shown(address: str) -> None:
    assert inside(f'<img src="{address}" alt="x">') == '<img alt="x">'


def test_a_small_picture_in_the_address_is_shown_in_an_image_and_nowhere_else() -> None:
    assert inside(f'<img src="{PIXEL}">') == f'<img src="{PIXEL}">'
    assert (
        inside(f'<a href="{PIXEL}">x</a><table background="{PIXEL}"><tr><td>y</table>')
        == '<a class="wm-dead">x</a><table><tbody><tr><td>y</td></tr></tbody></table>'
    )


# The page as a whole.


def test_what_a_message_says_of_its_page_is_cleaned_and_kept() -> None:
    html = (
        '<html lang="de"><body bgcolor="f0f0f0" text="#111111" link="#cc0000" class="a b" dir="rtl" onload="x()" '
        'style="margin:0;background-image:url(//x)">x'
    )
    document = sanitize_document(html)
    assert body(document) == '<body class="a b" dir="rtl" lang="de" style="margin:0">x</body>'
    assert "body{background-color:#f0f0f0;color:#111111}" in document
    assert "a{color:#cc0000}" in document


def test_attributes_of_the_page_cannot_break_out_of_it() -> None:
    script = "<script>alert(1)</script>"
    html = f"<body class='\">{script}' style='color:red\">{script}' bgcolor='red;}}</style>{script}' lang='\"><img src=//x>'>x"
    assert dangers(sanitize_document(html)) == []


def test_the_style_sheet_is_rebuilt_and_stands_in_the_head() -> None:
    document = sanitize_document("<p class='big'>x</p><style media='screen'>.big{font-size:20px;position:fixed}</style>")
    assert "<style>@media screen{.big{font-size:20px;position:absolute}}</style>\n</head>" in document


def test_every_message_can_be_shown_on_dark_screens_and_only_there() -> None:
    for own in ("<p>x", "<p style='color:red'>x", "<body bgcolor=white>x", "<style>p{color:red}</style>x", "<font color=red>x"):
        cleaned = clean(own, options=BodyOptions(dark=True))
        assert cleaned.own_style == (own != "<p>x")
        assert "<style>@media screen and (prefers-color-scheme:dark){html{color-scheme:dark}" in cleaned.document
        assert "prefers-color-scheme" not in sanitize_document(own)


def test_what_colours_a_message_has_come_back_in_the_sheet_for_dark_screens() -> None:
    html = "<style>p{color:#111}</style><p style='color:#222!important'>a<table bgcolor=white><tr><td><font color=black>b</table>"
    document = sanitize_document(html, options=BodyOptions(dark=True))
    assert '<p style="color:#222" class="wm-s0">' in document
    assert re.search(r":where\(\.wm-s0\)\{color:#[de][0-9a-f]{5} !important\}", document)
    assert re.search(r":where\(\.wm-h0\)\{background-color:#1[0-9a-b]{5}\}", document)
    assert "\np{color:#e" in document


def test_a_message_that_has_dark_colours_of_its_own_keeps_them() -> None:
    html = "<style>@media (prefers-color-scheme: dark){p{color:#abcdef}}</style><p style='color:#111'>x"
    document = sanitize_document(html, options=BodyOptions(dark=True))
    assert "p{color:#abcdef}" in document
    assert "wm-s0" not in document


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("", ""),
        ("<!doctype html>", "<!doctype html>"),
        ('<!-- x --><!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">', ""),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">', ""),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://x">', "<!doctype html public"),
    ],
)
def test_a_designed_message_is_laid_out_by_the_rules_its_sender_tried_it_with(declared: str, kept: str) -> None:
    document = sanitize_document(f"{declared}<table bgcolor=red><tr><td>x</table>")
    assert document.startswith(kept or "<html>")
    assert sanitize_document(f"{declared}<p>a letter").startswith("<!doctype html>")


def test_bold_letters_go_on_where_a_browser_would_carry_them_on() -> None:
    assert inside("<p><b>one<p>two</b>three") == "<p><b>one</b></p><p><b>two</b>three</p>"
    assert inside("<p>one<table bgcolor=red><tr><td>x</table>").startswith("<p>one<table")


def test_what_follows_the_end_of_the_page_is_shown() -> None:
    assert inside("<html><body><p>one</p></body></html> two") == "<p>one</p> two"


def test_an_id_or_an_element_that_a_sheet_selects_is_found_by_its_class() -> None:
    document = sanitize_document("<style>#a{color:red}button{color:red}</style><p id=a>x<p id=b>y<button>z</button>")
    assert '<p class="wm-id-a">x</p><p>y<span class="wm-kind-button wm-button">z</span></p>' in document


def test_rules_for_dark_screens_do_not_reach_white_paper() -> None:
    sheet = "<style>@media (prefers-color-scheme: dark){p{color:white}}</style><p>x"
    assert "white" not in sanitize_document(sheet).partition("</head>")[0].replace("white-space", "")
    assert "@media (prefers-color-scheme: dark){p{color:white}}" in sanitize_document(sheet, options=BodyOptions(dark=True))


def every(word: str) -> object:
    """Hits wherever a word stands."""
    return lambda text: [match.span() for match in re.finditer(re.escape(word), text)]


def test_words_that_were_searched_for_are_marked_in_text_and_nowhere_else() -> None:
    html = '<p title="hut">The hut &amp; the <b>hut</b>key</p><a href="https://hut.example/">hut</a><style>.hut{}</style>'
    found = inside(html, hits=every("hut"))
    assert found.count("<mark>hut</mark>") == 3
    assert 'title="hut"' in found
    assert 'href="https://hut.example/"' in found
    assert "The <mark>hut</mark> &amp; the " in found


@pytest.mark.parametrize("word", ["<", "&", "lt", "script", "amp", '"', "mark"])
def test_marking_any_piece_of_hostile_text_adds_nothing_but_marks(word: str) -> None:
    html = '<p>&lt;script&gt;alert("1 &amp; mark")&lt;/script&gt; <mark>mark</mark></p>'
    found = inside(html, hits=every(word))
    assert re.sub(r"</?mark>", "", found) == re.sub(r"</?mark>", "", inside(html))


def test_hits_that_make_no_sense_mark_nothing() -> None:
    for nonsense in ([(5, 2)], [(0, 99)], [(-1, 2)], [(2, 2)]):
        assert inside("<p>words</p>", hits=lambda _, found=nonsense: found) == "<p>words</p>"
    assert inside("<p>words</p>", hits=lambda _: [(0, 2), (1, 3)]) == "<p><mark>wo</mark>rds</p>"


def asked(html: str, answer: Detour | None = None) -> tuple[Cleaned, list[tuple[str, str]]]:
    """A message cleaned by somebody who is asked about its links, and what was asked."""
    questions: list[tuple[str, str]] = []

    def detour(text: str, href: str) -> Detour | None:
        questions.append((text, href))
        return answer

    return clean(html, options=BodyOptions(detour=detour)), questions


def test_each_link_is_asked_about_by_the_words_it_shows_and_where_it_leads() -> None:
    html = '<a href="//A.example/x">one <b>two</b>\n three<i>4</i></a> no <a href="mailto:a@b.example">x</a><a href="https://b.example/"><img></a>'
    cleaned, questions = asked(html)
    assert questions == [("one two three4", "https://A.example/x"), ("", "https://b.example/")]
    assert cleaned.detours == ()
    assert 'href="https://A.example/x"' in cleaned.document


def test_a_detour_takes_the_place_of_the_link_and_is_told() -> None:
    answer = Detour("elsewhere", "a.example", "b.example", "/link?to=x&sign=y")
    cleaned, _ = asked('<a href="https://b.example/?q=&quot;">https://a.example</a>', answer)
    assert cleaned.detours == (answer,)
    assert 'href="/link?to=x&amp;sign=y" target="_blank" rel="noopener noreferrer nofollow"' in cleaned.document
    assert "b.example/" not in cleaned.document


@pytest.mark.parametrize("address", ["javascript:alert(1)", '/link?"><script>alert(1)</script>', "", "/link?a b"])
def test_a_detour_that_makes_no_sense_leads_nowhere(address: str) -> None:
    cleaned, _ = asked('<a href="https://b.example/">x</a>', Detour("like", "", "b.example", address))
    assert "href" not in body(cleaned.document)
    assert dangers(cleaned.document) == []


def test_what_a_message_would_have_its_reader_fill_in_is_told_and_goes() -> None:
    assert clean("<p>x").asks == ()
    assert clean("<form action=//x><input name=a></form>").asks == ("form",)
    assert clean("<INPUT TYPE=' Password '>").asks == ("password",)
    assert clean("<form><input type=password><input type=submit value=Go></form>").asks == ("form", "password")


def test_many_links_in_one_another_cost_no_more_than_their_number() -> None:
    began = time.process_time()
    cleaned, questions = asked("<a href=https://a.example/>x" * 4000, Detour("like", "", "a.example", "/link?x"))
    assert time.process_time() - began < 2
    assert len(cleaned.detours) <= 100 <= len(questions)
