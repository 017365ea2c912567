"""Every template is drawn with the values people have, and the HTML holds together."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from bleach._vendor import html5lib
from lxml import html
from lxml.html import HtmlElement

from tests.web import filter_samples, nested_samples, samples
from tests.web.conftest import ROOT, Render
from webmail.mail.file_pages import SavePage
from webmail.mail.found import Coverage, SearchOrder, SearchPage
from webmail.mail.message_pages import BodyKind
from webmail.mail.outbox_pages import SubmissionState
from webmail.mail.pages import AttachmentRow, Filter, Freshness, ListPlace, Neighbour, RowThread, SavedSearch, Sort, View
from webmail.mail.privacy_pages import ImageSettingsPage
from webmail.mail.templates import Template
from webmail.mailbox import SpecialUse
from webmail.message.facts import Facts
from webmail.message.secured import Encrypted, State

S = SubmissionState
MISTAKES: dict[str, Any] = {"hints": (("bad_date", {"operator": "before", "value": "x"}),), "unknown_mailboxes": ("<b>",)}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "inbox": ("mailbox.html", {"page": samples.mailbox_page()}),
    "a page of older messages": (
        "mailbox.html",
        {"page": samples.mailbox_page(place=ListPlace(after="17.3", filter="unread"), previous_cursor="17.4", filter=Filter.UNREAD)},
    ),
    "an empty inbox": ("mailbox.html", {"page": samples.mailbox_page(rows=(), total=0, unseen=0, next_cursor="")}),
    "an empty folder": ("mailbox.html", {"page": samples.mailbox_page(mailbox=samples.HOUSE, rows=(), total=0, unseen=0, next_cursor="")}),
    "a filter without hits": ("mailbox.html", {"page": samples.mailbox_page(rows=(), filter=Filter.FLAGGED, next_cursor="")}),
    "the first minutes": ("mailbox.html", {"page": samples.mailbox_page(progress=38, indexed=2400, total=48_102)}),
    "nothing read yet": ("mailbox.html", {"page": samples.mailbox_page(rows=(), progress=0, indexed=0, next_cursor="")}),
    "a list by sender": ("mailbox.html", {"page": samples.mailbox_page(sort=Sort.FROM, previous_cursor="17.4.YQ")}),
    "an unreachable server": ("mailbox.html", {"page": samples.mailbox_page(freshness=Freshness.UNREACHABLE, read_only=True)}),
    "a slow server": ("mailbox.html", {"page": samples.mailbox_page(freshness=Freshness.LATE)}),
    "sent": ("mailbox.html", {"page": samples.mailbox_page(mailbox=samples.SENT, outgoing=True)}),
    "drafts": ("mailbox.html", {"page": samples.mailbox_page(mailbox=samples.DRAFTS, outgoing=True)}),
    "junk": ("mailbox.html", {"page": samples.mailbox_page(mailbox=samples.JUNK)}),
    "trash": ("mailbox.html", {"page": samples.mailbox_page(mailbox=samples.TRASH)}),
    "a text message": ("message.html", {"page": samples.message_page()}),
    "an HTML message": ("message.html", {"page": samples.html_page(can_show_images=True)}),
    "a message that watches": (
        "message.html",
        {"page": samples.html_page(can_show_images=True, remote=samples.remote_content())},
    ),
    "a message with its images": (
        "message.html",
        {
            "page": samples.html_page(
                can_show_images=True, shows_images=True, remote=samples.remote_content(permission=samples.PERMISSIONS[0], domain="")
            )
        },
    ),
    "a message whose images wait for a proof": (
        "message.html",
        {"page": samples.html_page(can_show_images=True, remote=samples.remote_content(permission=samples.PERMISSIONS[1], held=True))},
    ),
    "images and links": ("images.html", {"page": ImageSettingsPage(samples.PERMISSIONS, clean_links=True), "next": "/messages/1"}),
    "images of nobody": ("images.html", {"page": ImageSettingsPage((), clean_links=False), "next": ""}),
    "HTML that is too costly": ("message.html", {"page": samples.message_page(notices=("costly",))}),
    "HTML that is too costly, without any text": (
        "message.html",
        {"page": samples.message_page(body=BodyKind.EMPTY, text=(), notices=("costly",))},
    ),
    "an HTML message with colours": ("message.html", {"page": samples.html_page(coloured=True)}),
    "a wide HTML message": ("message.html", {"page": samples.html_page(frame_width=640)}),
    "a wide HTML message at full size": ("message.html", {"page": samples.html_page(frame_width=640, full_size=True, coloured=True)}),
    "an HTML message in its own colours": ("message.html", {"page": samples.html_page(coloured=True, original_colours=True)}),
    "a message without its list": ("message.html", {"page": samples.message_page(list=None, newer=Neighbour(samples.MessageId(3)))}),
    "a doubtful sender": ("message.html", {"page": samples.doubtful_page()}),
    "a message full of doubts": ("message.html", {"page": samples.suspicious_page()}),
    "a message of a trusted sender": ("message.html", {"page": samples.trusted_page()}),
    "a link that goes elsewhere": ("link.html", {"page": samples.link_page()}),
    "a link too long to be opened": ("link.html", {"page": samples.link_page(address="", before="", after="", code="letters")}),
    "a message from nobody": ("message.html", {"page": samples.message_page(message=samples.summary(sender=None, to=()), attachments=())}),
    "a draft in its folder": ("message.html", {"page": samples.message_page(mailbox=samples.DRAFTS, is_draft=True)}),
    "a message with wrong letters": ("message.html", {"page": samples.html_page(notices=("charset",), codec="cp1251", query="a&b")}),
    "a message read as another charset": ("message.html", {"page": samples.message_page(charset="koi8-r", has_html=True)}),
    "a message that says things twice": (
        "message.html",
        {
            "page": samples.message_page(
                text=samples.PICTURED, conflicts=("content-type boundary",), facts=Facts(("from", "to", "<b>text</b>"))
            )
        },
    ),
    "a message in trash": ("message.html", {"page": samples.message_page(mailbox=samples.TRASH)}),
    "a message of a conversation": ("message.html", {"page": samples.message_page(conversation=4)}),
    "a message of a list": ("message.html", {"page": samples.message_page(mailing=samples.MAILING)}),
    "a message of a list that takes a message": (
        "message.html",
        {"page": samples.message_page(mailing=replace(samples.MAILING, one_click=False))},
    ),
    "a message of a list that has a page": (
        "message.html",
        {"page": samples.message_page(mailing=replace(samples.MAILING, one_click=False, mail_to=None))},
    ),
    "a message of a list that was left": (
        "message.html",
        {"page": samples.message_page(mailing=replace(samples.MAILING, left_at=samples.NOW))},
    ),
    **{f"a signed message: {state}": ("message.html", {"page": samples.signed_page(state)}) for state in State},
    "a message signed by nobody": ("message.html", {"page": samples.signed_page(State.OTHER_SENDER, addresses=())}),
    **{
        f"a signature that is {reason}": ("message.html", {"page": samples.signed_page(State.UNCHECKED, reason=reason)})
        for reason in ("weak", "too_large", "several", "no_program", "unreachable", "unreadable")
    },
    "an encrypted message": ("message.html", {"page": samples.message_page(body=BodyKind.EMPTY, text=(), encrypted=Encrypted("2", True))}),
    "a message that is encrypted in part": ("message.html", {"page": samples.message_page(encrypted=Encrypted("", False))}),
    "a key in a message": (
        "message.html",
        {"page": samples.message_page(attachments=(AttachmentRow("2", "mira.asc", "application/pgp-keys", 3000),))},
    ),
    "redirecting": ("redirect.html", {"page": samples.redirect_page(), "problem": ""}),
    "redirecting to nobody": ("redirect.html", {"page": samples.redirect_page(to="hut@"), "problem": "Not complete: hut@"}),
    "conversations": (
        "mailbox.html",
        {
            "page": samples.mailbox_page(
                view=View.CONVERSATIONS,
                rows=tuple(replace(each, thread=RowThread(9, 4, unread=True, flagged=True)) for each in samples.rows()),
            )
        },
    ),
    "a conversation": ("conversation.html", {"page": samples.conversation_page(newer=Neighbour(samples.MessageId(3), conversation=True))}),
    "a long conversation in Trash": (
        "conversation.html",
        {"page": samples.conversation_page(12, opened=(-1, -7), mailbox=samples.TRASH, flagged=True, left_out=True, list=None, row=None)},
    ),
    "a conversation that cannot be read": (
        "conversation.html",
        {"page": samples.conversation_page(1, opened=(), newest_first=True, messages=(samples.unreadable(),))},
    ),
    "a message with a harmful file": ("message.html", {"page": samples.message_page(attachments=(*samples.FILES, samples.HARMFUL))}),
    "a question before a download": ("harmful.html", {"page": samples.harm_page(), "asked": "/messages/1/parts/5/x"}),
    "a picture": ("file.html", {"page": samples.file_page("picture")}),
    "pages of a PDF": ("file.html", {"page": samples.file_page("pdf", pages=range(11, 21), length=25)}),
    "a text file": ("file.html", {"page": samples.file_page("text", text="one\n<script>two</script>", cut=True, newer=None)}),
    "a table": ("file.html", {"page": samples.file_page("table", rows=(("a", "<b>"), ("c",)), older=None)}),
    "a file that cannot be shown": ("file.html", {"page": samples.file_page("")}),
    "a message in which everything lies": ("message.html", {"page": nested_samples.page()}),
    "headers": ("headers.html", {"page": samples.headers_page()}),
    "source": ("source.html", {"page": samples.source_page()}),
    "print": ("print.html", {"page": samples.html_page()}),
    "print of a message in which everything lies": ("print.html", {"page": nested_samples.page()}),
    "a new message": ("compose.html", {"page": samples.compose_page(to="", saved_at=None), "errors": {}, "problem": ""}),
    "a draft": ("compose.html", {"page": samples.compose_page(), "errors": {}, "problem": ""}),
    "a draft with mistakes": (
        "compose.html",
        {"page": samples.incomplete_page(), "errors": {"to": "Not complete: hut@", "cc": "x"}, "problem": ""},
    ),
    "a draft that could not be kept": (
        "compose.html",
        {"page": samples.compose_page(identities=()), "errors": {}, "problem": "No answer."},
    ),
    "a draft that is asked about": ("compose.html", {"page": samples.rich_compose_page(), "errors": {}, "problem": ""}),
    "an answer that quotes": (
        "compose.html",
        {"page": samples.rich_compose_page(saved_at=None, original=samples.MessageId(5), asks=False), "errors": {}, "problem": ""},
    ),
    "writing": ("writing.html", {"page": samples.WRITING, "errors": {}}),
    "writing without templates": (
        "writing.html",
        {"page": replace(samples.WRITING, templates=(), edited=Template(3, "x", "", "y")), "errors": {"name": "Taken."}},
    ),
    "identities": ("identities.html", {"page": samples.IDENTITIES, "errors": {}}),
    "an identity with a mistake": ("identities.html", {"page": replace(samples.IDENTITIES, edited=2), "errors": {"reply_to": "No."}}),
    "outbox": ("outbox.html", {"page": samples.outbox_page()}),
    "results": ("search.html", {"page": samples.search_page()}),
    "results kept and chosen": (
        "search.html",
        {"page": samples.search_page(saved=SavedSearch(3, "Huts", "hut", 2), selection=4, selected=12)},
    ),
    "results of a server": (
        "search.html",
        {"page": samples.search_page(order=SearchOrder.BEST, coverage=Coverage(900, 40, asked=True, late=True), after="17.4", count=1001)},
    ),
    "a search with mistakes": ("search.html", {"page": samples.search_page(rows=(), count=0, next_cursor="", **MISTAKES)}),
    "no search yet": ("search.html", {"page": SearchPage("", SearchOrder.NEWEST)}),
    "a message that was found": ("message.html", {"page": samples.message_page(query='hut "x')}),
    "an empty outbox": ("outbox.html", {"page": samples.OutboxPage((), (), ())}),
    "a report without its list": ("submission.html", {"page": samples.submission_page(outbox=None, steps=(), transcript=())}),
    "deleting messages": ("confirm.html", {"page": samples.confirm_page(), "asked": "/messages/actions", "next": "/mailboxes/7"}),
    "deleting a folder": (
        "confirm.html",
        {"page": samples.confirm_page("delete_mailbox", ids=()), "asked": "/mailboxes/7/delete", "next": ""},
    ),
    "emptying": ("confirm.html", {"page": samples.confirm_page("empty", ids=(), count=1), "asked": "/mailboxes/6/empty", "next": ""}),
    "sign-in": ("login.html", {"problem": "", "field": "", "transient": False, "username": "", "next": "/outbox"}),
    "sign-in refused": ("login.html", {"problem": "Wrong.", "field": "", "transient": False, "username": "robin", "next": ""}),
    "sign-in without a name": ("login.html", {"problem": "Required.", "field": "username", "transient": False, "username": "", "next": ""}),
    **filter_samples.PAGES,
    "where files are saved": ("saving.html", {"page": SavePage(), "problem": "", "field": "", "next": ""}),
    "where files cannot be saved": (
        "saving.html",
        {"page": SavePage("https://<x>/", "robin", kept=True), "problem": "No.", "field": "address", "next": "/messages/1"},
    ),
    "address": ("address.html", {"problem": "Not complete.", "field": "address", "next": "/outbox", "name": "", "address": "hut@"}),
} | {f"a report: {state}": ("submission.html", {"page": samples.submission_page(state)}) for state in S}


@pytest.fixture(params=PAGES, ids=str)
def drawn(request: pytest.FixtureRequest, render: Render) -> str:
    template, values = PAGES[request.param]
    return render(template, **values)


def tree(text: str) -> HtmlElement:
    return html.document_fromstring(text)


def test_every_template_of_a_page_is_drawn_here() -> None:
    drawn_here = {template for template, _ in PAGES.values()}
    there = {path.name for path in (ROOT / "templates").glob("*.html")} - {"layout.html", "app.html"}
    assert there == drawn_here


def test_the_html_has_no_mistake_that_a_browser_would_have_to_mend(drawn: str) -> None:
    parser = html5lib.HTMLParser()
    parser.parse(drawn)
    assert [(code, values, drawn.splitlines()[line - 1][:200]) for (line, _), code, values in parser.errors] == []


def test_every_id_is_given_once_and_every_reference_has_its_target(drawn: str) -> None:
    page = tree(drawn)
    ids = Counter(page.xpath("//@id"))
    assert [name for name, count in ids.items() if count > 1] == []
    for name in ("for", "popovertarget", "form", "aria-labelledby", "aria-describedby"):
        assert [value for value in page.xpath(f"//@{name}") if value not in ids] == [], name


def test_there_is_one_first_heading_one_main_part_and_a_title(drawn: str) -> None:
    page = tree(drawn)
    assert len(page.xpath("//h1")) == 1
    assert len(page.xpath("//main")) == 1
    assert str(page.findtext(".//title")).strip(" ·")


def test_every_form_that_changes_something_carries_the_token(drawn: str) -> None:
    for form in tree(drawn).xpath("//form[@method='post']"):
        assert len(form.xpath(".//input[@name='csrf_token']")) == 1, html.tostring(form)[:300]


def test_every_button_link_and_field_has_a_name(drawn: str) -> None:
    page = tree(drawn)
    for each in page.xpath("//button[not(@hidden)] | //a | //summary"):
        assert str(each.text_content()).strip() or each.get("aria-label"), html.tostring(each)[:300]
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        named = field.get("aria-label") or page.xpath(f"//label[@for='{field.get('id')}']") or field.xpath("ancestor::label")
        assert named, html.tostring(field)[:300]


def test_nothing_on_a_page_needs_script_or_brings_its_own_style(drawn: str) -> None:
    page = tree(drawn)
    assert page.xpath("//script | //style | //@style") == []
    assert [name for element in page.iter() for name in element.attrib if str(name).startswith("on")] == []


def test_what_strangers_wrote_stays_text(drawn: str) -> None:
    assert "<script>alert" not in drawn
    assert "<img src=x>" not in drawn
    assert "<b>text</b>" not in drawn


@pytest.mark.parametrize("name", PAGES)
def test_every_page_speaks_chinese(name: str, render: Render) -> None:
    template, values = PAGES[name]
    page = tree(render(template, language="zh-CN,zh;q=0.9", **values))
    assert page.get("lang") == "zh-Hans"
    assert str(page.findtext(".//title")).endswith("邮箱")


def test_the_folder_page_carries_the_marks_that_others_rely_on(render: Render) -> None:
    page = tree(render("mailbox.html", page=samples.mailbox_page(progress=38), frame=samples.frame(index_progress=38)))
    assert str(page.findtext(".//title")).startswith("Inbox")
    assert page.xpath("//@data-message") == [str(number) for number in range(1, 12)]
    assert page.xpath("//*[@data-unread and @data-message]/@data-message") == ["2", "3", "5"]
    assert page.xpath("//a[@data-mailbox='1']/@data-special-use") == ["inbox"]
    assert page.xpath("//a[@data-mailbox='7']/@data-special-use") == []
    assert set(page.xpath("//@data-index-progress")) == {"38"}
    assert page.xpath("//a[@rel='next']/@href") == ["/mailboxes/1?after=17000-11"]


def test_the_message_page_carries_the_marks_that_others_rely_on(render: Render) -> None:
    page = tree(render("message.html", page=samples.html_page()))
    frame = page.xpath("//iframe[@data-message-body]")[0]
    assert frame.get("src") == "/messages/1/body"
    assert frame.get("sandbox") == "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    assert page.xpath("//@data-attachment") == ["2", "3", "4"]
    shown, downloaded = page.xpath("//li[@data-attachment='4']/a/@href")
    assert shown == "/messages/1/parts/4/view"
    assert downloaded == "/messages/1/parts/4/a%20name%2C%20%E4%B8%AD%E6%96%87%20%26%20%22more%22.with.dots.jpeg?download=1"


def test_a_row_says_who_what_and_when_and_what_was_done_with_it(render: Render) -> None:
    page = tree(render("mailbox.html", page=samples.mailbox_page()))
    row = page.xpath("//li[@data-message='1']")[0]
    words = re.sub(r"\s+", " ", str(row.text_content()))
    assert "Mira Kestrel, Jonas Brandt, me" in words
    assert "09:40" in words
    assert "Has attachments" in words
    assert "Replied" in str(page.xpath("//li[@data-message='6']")[0].text_content())
    assert page.xpath("//li[@data-message='4']//button[@value='unflag:4']")
    assert [str(each.text_content()) for each in page.xpath("//h2[@class='group']")][:3] == ["Today", "Yesterday", "Last week"]


def test_the_row_of_a_draft_opens_it_for_writing(render: Render) -> None:
    page = tree(render("mailbox.html", page=samples.mailbox_page(mailbox=samples.DRAFTS)))
    assert page.xpath("//li[@data-message='1']/a/@href") == ["/compose?draft=1"]


def test_a_missing_role_is_said_and_can_be_made(render: Render) -> None:
    page = tree(render("mailbox.html", page=samples.mailbox_page(), frame=samples.frame(missing_roles=(SpecialUse.ARCHIVE,))))
    form = page.xpath("//form[@action='/mailboxes'][.//input[@name='role']]")[0]
    assert dict(form.form_values())["role"] == "archive"
    assert "no such folder" in str(form.getparent().text_content())


def test_folders_only_holding_folders_are_no_links(render: Render) -> None:
    page = tree(render("mailbox.html", page=samples.mailbox_page()))
    assert page.xpath("//a[@data-mailbox='11']") == []
    assert "8" in page.xpath("//a[@data-depth='1']/@data-mailbox")


def test_the_compose_form_has_the_fields_that_others_rely_on(render: Render) -> None:
    page = tree(render("compose.html", page=samples.incomplete_page(), errors={}, problem=""))
    form = next(each for each in page.forms if each.xpath(".//textarea[@name='text']"))
    assert {"csrf_token", "key", "from", "to", "cc", "bcc", "subject", "text", "original", "original_action", "include"} <= set(form.fields)
    assert form.get("enctype") == "multipart/form-data"
    assert [each.get("value") for each in form.xpath(".//button[@name='action']") if not each.get("formaction")] == [
        "attach",
        "send",
        "save",
    ]
    assert str(form.fields["text"]) == "\n" + samples.incomplete_page().text, "browsers drop the first line break of a textarea"
    assert form.fields["from"] == "Robin Vale <robin@example.org>"


def test_an_unclear_submission_leaves_the_decision_to_the_person(render: Render) -> None:
    page = tree(render("submission.html", page=samples.submission_page(S.UNCLEAR)))
    assert "It may have been sent" in str(page.text_content())
    actions = page.xpath("//form[starts-with(@action, '/submissions/')]/@action")
    assert actions == ["/submissions/1/retry", "/submissions/1/sent"]


def test_a_list_of_fifty_rows_is_drawn_in_a_few_milliseconds(render: Render, pages: Any) -> None:
    found = samples.rows()
    many = tuple(found[number % 9] for number in range(50))
    page = samples.mailbox_page(rows=many)
    render("mailbox.html", page=page)
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        render("mailbox.html", page=page)
        best = min(best, time.process_time() - started)
    assert best < 0.05, "ten times what it should take: something is formatted for every row"
