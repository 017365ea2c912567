"""Attachments in a real browser: saved under safe names, seen small and large, asked about before they can do harm."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import House
from tests.browser.test_main_job import sign_in
from tests.mail.test_reading import TEXT, entity, mixed
from webmail.demo.mail import pictures

HOSTILE = {
    'a"b\\\\c.txt': "a",
    "../../etc/passwd.txt": "passwd.txt",
    "a%0d%0aSet-Cookie%41.txt": "a%0d%0aSet-Cookie%41.txt",
    "CON.txt": "_CON.txt",
    "semi;colon=1, x.txt": "semi;colon=1, x.txt",
    "n" * 300 + ".txt": "n" * 196 + ".txt",
    ".hidden.txt": "hidden.txt",
}
ENCODED = {
    "utf-8''%F0%9F%98%80%E8%AE%A1%E5%88%92.txt": "\U0001f600计划.txt",
    "utf-8''invoice%E2%80%AEfdp.txt": "invoicefdp.txt",
    "utf-8''a%0D%0AX-Evil%3A%201.txt": "a X-Evil_ 1.txt",
    "utf-8''%E2%80%8B%EF%BB%BF..%2Fx.txt": "x.txt",
}


def picture() -> bytes:
    target = BytesIO()
    Image.new("RGB", (800, 600), "teal").save(target, "PNG")
    return target.getvalue()


def named(field: str) -> str:
    """A text file whose name is written into its header as it is here."""
    return f"Content-Type: text/plain\r\nContent-Disposition: attachment; {field}\r\n\r\nwords"


def opened(page: Page, house: House, *entities: str) -> None:
    """Somebody's only message, with these files, opened."""
    username = house.dovecot.new_user("secret")
    house.dovecot.put(username, [mixed(TEXT + "See the files", *entities)])
    sign_in(page, house, username)
    page.get_by_role("link", name="Parts").first.click()
    page.locator("[data-attachment]").first.wait_for()


def test_files_are_seen_small_then_large_one_after_the_other_and_saved(page: Page, house: House, tmp_path: Path) -> None:
    opened(
        page,
        house,
        entity("image/png", picture(), name="lake.png"),
        entity("application/pdf", pictures.pdf([(72, 700, 24, "The plan")]), name="plan.pdf"),
        entity("text/csv", "name,\u7532\n<script>alert(1)</script>,2\n".encode(), name="list.csv"),
        entity("image/png", b"\x89PNG broken", name="broken.png"),
    )
    tiles = page.locator("[data-attachment] img")
    assert tiles.count() == 2
    widths = [tile.evaluate("each => each.decode().then(() => each.naturalWidth)") for tile in tiles.all()]
    assert widths == [144, 1], "the icon behind the broken one is to be seen"
    page.get_by_title("lake.png", exact=True).click()
    assert page.locator("[data-preview=picture] img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 800
    page.get_by_role("link", name="Next attachment").click()
    assert page.locator("[data-preview=pdf] img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 1240
    page.get_by_role("link", name="Next attachment").click()
    assert page.locator("[data-preview=table] td").all_inner_texts() == ["name", "\u7532", "<script>alert(1)</script>", "2"]
    page.get_by_role("link", name="Previous attachment").click()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download: plan.pdf").click()
    assert saving.value.suggested_filename == "plan.pdf"
    page.get_by_role("link", name="Back to the message").click()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download all").click()
    assert saving.value.suggested_filename == "Parts.zip"
    assert saving.value.failure() is None


def test_a_file_that_can_do_harm_is_asked_about_and_can_still_be_had(page: Page, house: House) -> None:
    opened(page, house, entity("application/pdf", b"MZ program", name="invoice.pdf.exe"), entity("text/plain", b"words", name="a.txt"))
    assert page.locator("[data-attachment]").first.get_by_text("Not what it seems").is_visible()
    page.get_by_role("link", name="Download: invoice.pdf.exe").click()
    page.get_by_role("heading", name="Download this file?").wait_for()
    assert page.get_by_role("listitem").filter(has_text="It is a program").is_visible()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download anyway").click()
    assert saving.value.suggested_filename == "invoice.pdf.exe"
    assert saving.value.path().read_bytes() == b"MZ program"


@pytest.mark.parametrize("page", [False], indirect=True, ids=["scripting off"])
def test_whatever_a_file_is_called_it_is_saved_under_a_harmless_name(page: Page, house: House) -> None:
    fields = [f'filename="{name}"' for name in HOSTILE] + [f"filename*={name}" for name in ENCODED]
    opened(page, house, *[named(field) for field in fields])
    saved = []
    for link in page.locator("[data-attachment] > a.ib").all():
        with page.expect_download() as saving:
            link.click()
        saved.append(saving.value.suggested_filename)
    assert saved == [*HOSTILE.values(), *ENCODED.values()]


ACTIONS = {
    "javascript": "<< /S /JavaScript /JS (app.alert\\('x'\\);this.submitForm\\('http://127.0.0.1:1/'\\);) >>",
    "address": "<< /S /URI /URI (http://127.0.0.1:1/) >>",
    "launch": "<< /S /Launch /F (http://127.0.0.1:1/) >>",
}


@pytest.mark.parametrize("page", [True], indirect=True, ids=["scripting on"])
def test_a_pdf_that_wants_to_act_when_it_is_opened_is_a_picture_of_its_pages(page: Page, house: House, chromium: Browser) -> None:
    made = pictures.pdf([(72, 700, 24, "The plan")])
    assert b"/Type /Catalog" in made
    acting = [made.replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction " + each.encode()) for each in ACTIONS.values()]
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    opened(page, house, *[entity("application/pdf", each, name=f"{name}.pdf") for name, each in zip(ACTIONS, acting, strict=True)])
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("[data-attachment] > a").first.click()
    for number in range(len(ACTIONS)):
        assert page.locator("[data-preview=pdf] img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 1240
        page.wait_for_timeout(200)
        shape = page.locator("[data-preview=pdf] img").bounding_box()
        assert shape is not None
        assert abs(shape["height"] / shape["width"] - 297 / 210) < 0.02
        if number + 1 < len(ACTIONS):
            page.get_by_role("link", name="Next attachment").click()
    assert said == []
