"""Attached messages and winmail.dat in a real browser: they open in place, show their pictures, and do nothing."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.test_main_job import sign_in

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
INNER = f"""From: Idris <idris@example.net>
Subject: Inner
MIME-Version: 1.0
Content-Type: multipart/related; boundary=inner

--inner
Content-Type: text/html

<h1>Inside</h1><img alt="a point" src="cid:point"><img src="https://t.example/p.gif"><script>document.title="owned"</script>
<p onmouseover="top.location='https://t.example/'" style="position:fixed;inset:0;background:url(https://t.example/x)">Words</p>
--inner
Content-Type: image/png
Content-ID: <point>
Content-Transfer-Encoding: base64

{PIXEL}
--inner--
"""


def outer(winmail: bytes) -> bytes:
    packed = base64.encodebytes(winmail).decode()
    text = f"""From: Mira <mira@example.net>
To: user@example.test
Subject: Outer
Message-ID: <outer@example.net>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: text/plain

Two things.
--outer
Content-Type: message/rfc822

{INNER}
--outer
Content-Type: application/ms-tnef; name=winmail.dat
Content-Transfer-Encoding: base64

{packed}
--outer--
"""
    return text.replace("\n", "\r\n").encode()


def test_an_attached_message_opens_in_place_with_its_pictures_and_does_nothing(page: Page, house: House, corpus_dir: Path) -> None:
    me = house.dovecot.new_user("secret")
    house.dovecot.put(me, [outer((corpus_dir / "tnef" / "roundcube" / "winmail-10193.tnef").read_bytes())])
    sign_in(page, house, me)
    page.get_by_role("link", name=re.compile("Outer")).click()
    packed = page.frame_locator("iframe[title='What is in winmail.dat']")
    expect(packed.locator("img[src*='/parts/3!1/']")).to_have_js_property("complete", True)
    assert packed.locator("img[src*='/parts/3!']").count() >= 1

    attached = page.get_by_role("region", name="Attached message")
    expect(attached.locator("iframe")).to_have_count(0)
    attached.get_by_role("link", name="Open").click()
    expect(page).to_have_url(re.compile(r"open=2#part-\d+-2$"))
    frame = attached.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Inside")).to_be_visible()
    expect(frame.get_by_alt_text("a point")).to_have_js_property("naturalWidth", 1)
    expect(attached.get_by_text("2 remote images are hidden")).to_be_visible()
    expect(page).to_have_title(re.compile("^Outer"))
    box, inside = attached.bounding_box(), frame.get_by_text("Words").bounding_box()
    assert box is not None
    assert inside is not None
    assert box["y"] < inside["y"] < box["y"] + box["height"], "nothing leaves the border of the attached message"

    attached.get_by_role("link", name="Fold").click()
    expect(attached.locator("iframe")).to_have_count(0)


NEWSLETTER = """From: News <news@example.net>
Subject: Inner news
MIME-Version: 1.0
Content-Type: text/html

<table width=640 bgcolor="#ffffff"><tr><td><h1>Wide news</h1>words</td></tr></table>
"""


def forwarded() -> bytes:
    text = f"""From: Mira <mira@example.net>
To: user@example.test
Subject: Forwarded news
Message-ID: <forwarded@example.net>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: text/plain

Look at this.
--outer
Content-Type: message/rfc822

{NEWSLETTER}
--outer--
"""
    return text.replace("\n", "\r\n").encode()


def test_an_attached_message_follows_the_screen_with_one_click_back_to_its_own_looks(page: Page, house: House) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    me = house.dovecot.new_user("secret")
    house.dovecot.put(me, [forwarded()])
    sign_in(page, house, me)
    page.get_by_role("link", name=re.compile("Forwarded news")).click()
    attached = page.get_by_role("region", name="Attached message")
    attached.get_by_role("link", name="Open").click()
    heading = attached.frame_locator("iframe").get_by_role("heading", name="Wide news")
    table = attached.frame_locator("iframe").locator("table")
    expect(heading).to_be_visible()
    assert table.evaluate("each => getComputedStyle(each).backgroundColor") != "rgb(255, 255, 255)"
    assert table.evaluate("each => each.getBoundingClientRect().right <= innerWidth")

    attached.get_by_role("link", name="Show original colours").click()
    expect(page).to_have_url(re.compile(r"colours=original.*open=2#part-\d+-2$"))
    expect(heading).to_be_visible()
    assert table.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(255, 255, 255)"

    attached.get_by_role("link", name="Show at full size").click()
    expect(page).to_have_url(re.compile(r"colours=original&size=full.*open=2#part-\d+-2$"))
    expect(heading).to_be_visible()
    assert table.evaluate("each => each.getBoundingClientRect().width") == 640
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    attached.get_by_role("link", name="Fit to the screen").click()
    attached.get_by_role("link", name="Show in dark colours").click()
    expect(page).to_have_url(re.compile(r"\?open=2#part-\d+-2$"))
