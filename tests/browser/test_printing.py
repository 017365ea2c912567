"""What is printed is the whole message, in a real browser, however long it is."""

from __future__ import annotations

from io import BytesIO

from playwright.sync_api import Browser
from pypdf import PdfReader

from tests.browser.conftest import House
from tests.browser.test_main_job import sign_in

WORDS = "".join(f"<p>Paragraph number{number}x of a long letter.</p>" for number in range(300))
LONG = (
    "From: Mira Kestrel <mira@example.net>\r\nTo: user@example.test\r\nSubject: A long letter\r\nMessage-ID: <long@example.net>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    f"<style>table{{display:none!important}}</style>{WORDS}\r\n"
).encode()


def test_a_long_letter_is_on_paper_to_its_last_line(chromium: Browser, house: House) -> None:
    me = house.dovecot.new_user("secret")
    house.dovecot.put(me, [LONG])
    with chromium.new_context(java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        sign_in(page, house, me)
        number = page.locator("[data-message]").first.get_attribute("data-message")
        page.goto(f"{house.application.url}/messages/{number}/print")
        printed = " ".join(sheet.extract_text() for sheet in PdfReader(BytesIO(page.pdf())).pages)
    assert "A long letter" in printed
    assert "mira@example.net" in printed
    assert all(f"number{number}x" in printed for number in range(300))
