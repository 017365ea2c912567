"""Messages look as their senders meant: beside the page as it came, on a phone, on a dark screen, and in a frame that fits.

Here is a part of what ``python -m tests.browser.fidelity`` measures of all: every fifth of the sixty messages, and of the pages of
caniemail every twelfth and those that ask the most of a cleaner.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.browser import fidelity
from tests.browser.fidelity import DESKTOP, OUR_POLICY, PHONE, PLACE, UNLIKE, Judge, Likeness, Sample, Studio, likeness, ours
from webmail.sanitize import extent

NEWSLETTER = """<style>#top{background:#036;color:#fff}.sm\\:big{font-size:30px}@media (max-width:480px){.col{display:block}}</style>
<body bgcolor="#dddddd"><p><b>Dear all<p>here is the news</b><table id=top width=600 align=center cellpadding=20><tr>
<td class="col sm:big" style="background:url(https://t.example/ground.png) #036">One</td>
<td class=col>Two<button>Go</button></td></table>"""
DEMANDING = {f"caniemail-{number}" for number in ("0001", "0027", "0045", "0083", "0121", "0126", "0141", "0149")}
"""Gauges and dialogs, columns, sheets to be read, states of fields, names of elements, players, attributes as selectors, roles."""
STYLE = Path(__file__).parents[2] / "static" / "css"


@pytest.fixture(scope="module")
def studio(chromium: Browser) -> Iterator[Studio]:
    found = Studio(chromium, width=DESKTOP)
    yield found
    found.context.close()


@pytest.fixture(scope="module")
def judge(chromium: Browser) -> Judge:
    return Judge(chromium)


@pytest.fixture(scope="module")
def messages(corpus_dir: Path) -> list[Sample]:
    return fidelity.messages(corpus_dir)[::5]


def test_a_newsletter_looks_as_it_was_designed(studio: Studio, judge: Judge) -> None:
    found = likeness(Sample("newsletter", NEWSLETTER), studio, judge)
    assert found.similarity > 0.98
    assert found.lost == ()
    assert [url for url in studio.loaded if not url.startswith(f"{PLACE}/remote/")] == []
    assert len(studio.loaded) == 1


def test_the_measure_sees_what_is_different(studio: Studio, judge: Judge) -> None:
    studio.show(fidelity.raw(NEWSLETTER, letter=False), fidelity.RAW_POLICY)
    meant = studio.picture()
    assert judge.similarity(meant, meant)[0] == 1
    studio.show(ours(NEWSLETTER.replace("width=600", "width=400")).document, OUR_POLICY)
    changed = judge.similarity(meant, studio.picture())[0]
    assert changed < 0.99
    studio.show("", OUR_POLICY)
    assert judge.similarity(meant, studio.picture())[0] < changed


def assert_alike(found: list[Likeness]) -> None:
    alike = [each for each in found if each.name not in UNLIKE]
    assert statistics.mean(each.similarity for each in alike) >= 0.97
    assert [each for each in alike if each.similarity < 0.85] == []
    assert {each.name: each.lost for each in found if each.lost} == {}


def test_real_messages_look_as_they_were_meant(messages: list[Sample], studio: Studio, judge: Judge) -> None:
    assert len(messages) == 12
    assert_alike([likeness(each, studio, judge) for each in messages])


def test_what_senders_may_use_looks_as_it_was_meant(corpus_dir: Path, studio: Studio, judge: Judge) -> None:
    pages = fidelity.features(corpus_dir)
    found = [likeness(each, studio, judge) for each in pages if each in pages[::12] or each.name in DEMANDING]
    assert {each.name for each in found} >= DEMANDING
    assert_alike(found)


def test_on_a_dark_screen_every_text_is_readable_and_no_ground_is_light(messages: list[Sample], studio: Studio) -> None:
    readable = unreadable = 0
    for each in messages:
        studio.show(ours(each.html).document, OUR_POLICY)
        light, _ = studio.contrasts(scheme="light")
        dark, slabs = studio.contrasts(scheme="dark")
        studio.page.emulate_media(color_scheme="light")
        assert slabs == 0, each.name
        pairs = [there for here, there in zip(light, dark, strict=True) if here >= 4.5]
        readable += sum(there >= 4.5 for there in pairs)
        unreadable += sum(there < 4.5 for there in pairs)
    assert readable > 300
    assert unreadable / (readable + unreadable) <= 0.01


def test_the_original_colours_are_a_choice(studio: Studio) -> None:
    studio.show(ours("<body bgcolor=white><p>black on white", dark=False).document, OUR_POLICY)
    assert studio.contrasts(scheme="dark")[1] > 0
    studio.page.emulate_media(color_scheme="light")


def test_paper_is_white_on_dark_screens_too(studio: Studio) -> None:
    studio.show(ours("<body bgcolor=white><p>black on white").document, OUR_POLICY)
    studio.page.emulate_media(color_scheme="dark", media="print")
    assert studio.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    studio.page.emulate_media(color_scheme="light", media="screen")


def test_the_height_of_a_frame_is_guessed_well(messages: list[Sample], chromium: Browser) -> None:
    for width in (DESKTOP, PHONE):
        small = Studio(chromium, width=width)
        small.page.set_viewport_size({"width": width, "height": 10})
        ratios = []
        for each in messages[::2]:
            document = ours(each.html).document
            small.show(document, OUR_POLICY)
            real = small.page.evaluate("Math.max(document.documentElement.scrollHeight, document.body.scrollHeight)")
            ratios.append(extent.height(document, width=width) / real)
        small.context.close()
        assert min(ratios) > 0.8
        assert statistics.median(abs(ratio - 1) for ratio in ratios) < 0.3


@pytest.fixture
def framed(chromium: Browser) -> Iterator[tuple[Studio, dict[str, str]]]:
    """A page with our style sheet and a message in its frame, as the page of a message has it."""
    small = Studio(chromium, width=390)
    documents: dict[str, str] = {}

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{PLACE}/")
        if name in documents:
            headers = {"Content-Security-Policy": f"{OUR_POLICY}; sandbox allow-same-origin"} if name == "body" else {}
            kind = "text/css" if name.endswith(".css") else "text/html; charset=utf-8"
            route.fulfill(body=documents[name], content_type=kind, headers=headers)
        elif name.endswith(".css"):
            route.fulfill(path=STYLE / name, content_type="text/css")
        else:
            route.abort()

    small.page.unroute("**/*")
    small.page.route("**/*", answer)
    documents["page"] = (
        "<!doctype html><meta name=viewport content='width=device-width'><link rel=stylesheet href=tokens.css>"
        "<link rel=stylesheet href=mail.css><div class=msg><div class=msg__frame><div class=frame>"
        "<iframe height=200 sandbox='allow-same-origin' src=body></iframe></div></div></div>"
    )
    yield small, documents
    small.context.close()


def test_a_wide_message_is_shown_smaller_on_a_phone_without_any_script(framed: tuple[Studio, dict[str, str]]) -> None:
    studio, documents = framed
    documents["body"] = ours("<table width=600 bgcolor=red><tr><td>" + "wide words " * 400 + "</table>", fit=True).document
    studio.page.goto(f"{PLACE}/page")
    frame = studio.page.frames[1]
    room = frame.evaluate("innerWidth")
    assert room < 400
    assert frame.evaluate("document.querySelector('table').getBoundingClientRect().right") <= room
    assert frame.evaluate("document.querySelector('table').getBoundingClientRect().width") > 0.95 * room
    assert frame.evaluate("(scrollTo(999, 999), [scrollX, scrollY])") == [0, 0], "nothing of it is outside its frame"
    documents["body"] = ours("<table width=300 bgcolor=red><tr><td>narrow</table>", fit=True).document
    studio.page.goto(f"{PLACE}/page")
    assert studio.page.frames[1].evaluate("document.querySelector('table').getBoundingClientRect().width") == 300


def test_a_frame_is_lower_where_its_message_is_smaller_in_browsers_that_do_not_fit_it(framed: tuple[Studio, dict[str, str]]) -> None:
    studio, documents = framed
    cleaned = ours("<table width=600 bgcolor=red><tr><td>" + "wide words " * 900 + "</table>", fit=True)
    size = f"width={cleaned.width} height={cleaned.height} viewBox='0 0 {cleaned.width} {cleaned.height}'"
    documents["body"] = cleaned.document
    documents["page"] = documents["page"].replace("<iframe height=200", f"<svg {size}></svg><iframe height={cleaned.height}")
    documents["mail.css"] = (STYLE / "mail.css").read_text("utf-8").replace("frame-sizing", "not-known")
    studio.page.goto(f"{PLACE}/page")
    given = studio.page.evaluate("document.querySelector('iframe').getBoundingClientRect().height")
    needed = studio.page.frames[1].evaluate("document.querySelector('table').getBoundingClientRect().height")
    assert needed < given < 1.4 * needed
    studio.page.set_viewport_size({"width": 900, "height": 800})
    assert studio.page.evaluate("document.querySelector('iframe').getBoundingClientRect().height") == cleaned.height
    studio.page.set_viewport_size({"width": 390, "height": 800})


def test_what_cannot_be_made_to_fit_scrolls_in_its_frame_and_does_not_move_a_phone_page(framed: tuple[Studio, dict[str, str]]) -> None:
    studio, documents = framed
    documents["body"] = ours("<style>p{white-space:nowrap}</style><p>" + "word " * 300, fit=True).document
    studio.page.goto(f"{PLACE}/page")
    assert studio.page.evaluate("document.documentElement.scrollWidth") <= 390
    frame = studio.page.frames[1]
    assert frame.evaluate("(scrollTo(99999, 0), scrollX)") > 390


def test_a_frame_is_as_high_as_its_message_without_any_script(framed: tuple[Studio, dict[str, str]]) -> None:
    studio, documents = framed
    documents["body"] = ours("<body bgcolor=white><p>" + "line<br>" * 100).document
    studio.page.goto(f"{PLACE}/page")
    frame = studio.page.frames[1]
    assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert studio.page.evaluate("document.querySelector('iframe').getBoundingClientRect().height") > 1500


def test_a_message_follows_the_screen_it_is_read_on(framed: tuple[Studio, dict[str, str]]) -> None:
    studio, documents = framed
    documents["body"] = ours("<p>a letter").document
    for scheme, ground in (("light", "rgba(0, 0, 0, 0)"), ("dark", "rgb(26, 25, 23)")):
        studio.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        studio.page.goto(f"{PLACE}/page")
        assert studio.page.frames[1].evaluate("getComputedStyle(document.body).backgroundColor") == ground
