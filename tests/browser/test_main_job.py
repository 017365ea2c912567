"""The main job in a real browser, with scripting on and off: sign in, read, file, undo, write, send, arrive, sign out."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.servers.person import letter

NEWSLETTER = (
    b"From: Paper & Pine <news@example.net>\r\nTo: user@example.test\r\nSubject: Issue 48\r\nMessage-ID: <issue.48@example.net>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<html><body bgcolor="#f4efe6"><h1>Slow tools</h1><p>For small <b>rooms</b>.</p>'
    b'<img src="https://t.example/p.gif" width="1" height="1"><img src="https://t.example/desk.png" alt="A desk">'
    b'<script>document.title="owned"</script><a href="https://example.net/read">Read</a></body></html>\r\n'
)


def sign_in(page: Page, house: House, username: str, *, password: str = "secret") -> None:
    page.goto(f"{house.application.url}/")
    page.get_by_label("Email address or user name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def folder(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Mailboxes").get_by_role("link", name=re.compile(f"^{name}")).first.click()


def test_the_main_job(page: Page, house: House, tmp_path: Path) -> None:
    me, friend = house.dovecot.new_user("secret"), house.dovecot.new_user("secret")
    house.dovecot.put(me, [letter(1, subject="Hut booking", text="Can you answer by Wednesday?", sender=f"Mira <{friend}>"), NEWSLETTER])
    sign_in(page, house, me)
    expect(page).to_have_title(re.compile("^Inbox"))
    rows = page.locator("[data-message]")
    expect(rows).to_have_count(2)
    expect(page.locator("[data-unread][data-message]")).to_have_count(2)

    page.get_by_role("link", name=re.compile("Issue 48")).click()
    frame = page.frame_locator("iframe[data-message-body]")
    expect(frame.get_by_role("heading", name="Slow tools")).to_be_visible()
    expect(page.get_by_text("1 remote image is hidden")).to_be_visible()
    expect(page.get_by_text("1 tracking pixel was blocked.")).to_be_visible()
    expect(page).to_have_title(re.compile("^Issue 48"))

    page.get_by_role("group", name="Message actions").get_by_role("button", name="Archive").click()
    expect(page.get_by_role("status").filter(has_text="Archived")).to_be_visible()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)

    page.get_by_role("link", name=re.compile("Hut booking")).click()
    expect(page.locator("#message").get_by_text("Can you answer by Wednesday?")).to_be_visible()
    page.get_by_role("link", name="Reply", exact=True).last.click()
    expect(page.get_by_label("Subject")).to_have_value("Re: Hut booking")
    written = page.get_by_label("Message", exact=True)
    written.fill("Yes from me. 你好\n\n" + written.input_value())
    attachment = tmp_path / "packing list.csv"
    attachment.write_text("stove,1\n")
    page.locator("input[type=file]").set_input_files(attachment)
    page.locator("button[name=action][value=attach]").click()
    expect(page.get_by_text("packing list")).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()

    house.postfix.wait_for(f"to=<{friend}>, ", seconds=30)
    for _ in range(40):
        folder(page, "Sent")
        if rows.count():
            break
        page.wait_for_timeout(250)
    expect(rows).to_have_count(1)
    page.get_by_role("link", name=re.compile("Re: Hut booking")).click()
    expect(page.locator("[data-attachment]")).to_have_count(1)

    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    sign_in(page, house, friend)
    page.get_by_role("link", name=re.compile("Re: Hut booking")).click()
    expect(page.locator("#message").get_by_text("Yes from me. 你好")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download: ")).click()
    assert download.value.path().read_text() == "stove,1\n"


def test_several_messages_are_moved_to_a_new_folder(page: Page, house: House) -> None:
    me = house.dovecot.new_user("secret")
    house.dovecot.put(me, [letter(number) for number in range(1, 5)])
    sign_in(page, house, me)
    page.get_by_role("button", name="New folder").click()
    page.get_by_role("textbox", name="New folder").fill("旅行 Trips")
    page.get_by_role("button", name="Create", exact=True).click()
    folder(page, "Inbox")
    for number in (0, 1):
        page.locator("[data-message] input[type=checkbox]").nth(number).check(force=True)
    page.get_by_role("group", name="Actions for the selection").get_by_role("button", name="Move to folder").click()
    page.get_by_role("combobox", name="Move to folder").select_option(label="旅行 Trips")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("[data-message]")).to_have_count(2)
    folder(page, "旅行 Trips")
    expect(page.locator("[data-message]")).to_have_count(2)


def test_a_wrong_password_is_told_and_the_name_is_kept(page: Page, house: House) -> None:
    me = house.dovecot.new_user("secret")
    sign_in(page, house, me, password="wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email address or user name")).to_have_value(me)
    expect(page.get_by_label("Password")).to_have_value("")
