"""A link that is not what it seems, in a real browser: it opens our page, in a window of its own, and nothing is asked of a stranger."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.test_main_job import sign_in
from tests.servers.person import letter

HTML = '<p>Please <a href="http://login.example.org/confirm">https://mail.example.net/<b>confirm</b></a> today.</p>'


def test_a_link_that_goes_elsewhere_opens_our_page_first(page: Page, house: House) -> None:
    me = house.dovecot.new_user("secret")
    house.dovecot.put(me, [letter(1, subject="Closing", text=HTML).replace(b"text/plain", b"text/html")])
    sign_in(page, house, me)
    page.get_by_role("link", name="Closing").click()
    note = page.get_by_role("region", name="Safety warning")
    expect(note).to_contain_text("One link shows mail.example.net and leads to login.example.org.")
    with page.context.expect_page() as caught:
        page.frame_locator("iframe[data-message-body]").get_by_role("link").click()
    opened = caught.value
    expect(opened.get_by_role("heading", name="This link goes somewhere else")).to_be_visible()
    assert opened.url.startswith(f"{house.application.url}/link?")
    assert opened.get_by_role("link", name="Open anyway").get_attribute("href") == "http://login.example.org/confirm"
    opened.get_by_role("link", name="Stay here").click()
    expect(opened.get_by_role("region", name="Safety warning")).to_be_visible()
    note.get_by_role("button", name="I trust this sender").click()
    expect(page.get_by_text("you trust this address")).to_be_visible()
    expect(note).to_have_count(0)
