"""Drafts and their files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.store.samples import NOW, later
from webmail.account import Account
from webmail.errors import Conflict, NotFound
from webmail.mailbox import Mailbox
from webmail.message.summary import Uid
from webmail.store import drafts
from webmail.store.database import Database
from webmail.store.drafts import DraftRow, MessageRef

FORM: dict[str, Any] = {
    "sender": "Demo <demo@example.org>",
    "to": "ann@example.org, not yet an addr",
    "cc": "",
    "bcc": "secret@example.org",
    "subject": "Gr\u00fc\u00dfe",
    "text": "Hello\n\nWorld",
}


def put(database: Database, account: Account, key: str = "k", **fields: Any) -> DraftRow:
    return drafts.put(database, account.id, **{"key": key, "now": NOW, **FORM, **fields})


def test_a_draft_holds_what_was_typed(database: Database, account: Account, inbox: Mailbox) -> None:
    original = MessageRef(account.id, inbox.id, 7, Uid(5), "<5@example.org>")
    written = put(database, account, references=("<1@x>", "<2@x>"), in_reply_to="<2@x>", original=original, original_action="reply")
    assert {name: getattr(written, name) for name in FORM} == FORM
    assert (written.references, written.in_reply_to, written.original, written.original_action) == (
        ("<1@x>", "<2@x>"),
        "<2@x>",
        original,
        "reply",
    )
    assert (written.uid, written.saved_at, written.updated_at, written.attachments) == (0, None, NOW, ())
    assert drafts.by_key(database, account.id, "k") == written


def test_the_same_form_is_the_same_draft(database: Database, account: Account) -> None:
    first = put(database, account)
    drafts.add_attachment(database, account.id, "k", filename="a.txt", media_type="text/plain", size=3, path="f1")
    second = put(database, account, subject="Changed", now=later(5))
    assert (second.id, second.subject, second.updated_at) == (first.id, "Changed", later(5))
    assert [each.filename for each in second.attachments] == ["a.txt"], "files stay"


def test_two_forms_of_one_draft_know_of_each_other(database: Database, account: Account) -> None:
    first = put(database, account, version=7)
    second = put(database, account, text="by one", version=first.version)
    assert second.version == first.version + 1
    with pytest.raises(Conflict):
        put(database, account, text="by the other", version=first.version)
    kept = drafts.by_key(database, account.id, "k")
    assert kept == second
    assert put(database, account, text="in any case").text == "in any case"


def test_a_quotation_stays_until_it_is_taken_out(database: Database, account: Account) -> None:
    wishes: dict[str, Any] = {"format": "markdown", "priority": "high", "receipt": True, "dsn": True, "reply_to": "office@example.org"}
    put(database, account, quote="<p>Q</p>", quote_first=True, **wishes)
    kept = put(database, account, subject="Changed", **wishes)
    assert (kept.quote, kept.quote_first) == ("<p>Q</p>", True)
    assert {name: getattr(kept, name) for name in wishes} == wishes
    assert put(database, account, quote="").quote == ""


def test_a_key_of_somebody_else_is_another_draft(database: Database, account: Account, stranger: Account) -> None:
    put(database, account)
    assert drafts.by_key(database, stranger.id, "k") is None
    assert put(database, stranger, subject="Other").subject == "Other"
    mine = drafts.by_key(database, account.id, "k")
    assert mine is not None
    assert mine.subject == FORM["subject"]
    assert drafts.discard(database, stranger.id, "unknown") == []


def test_a_draft_is_found_by_its_copy_on_the_server(database: Database, account: Account, inbox: Mailbox) -> None:
    put(database, account)
    drafts.placed(database, account.id, "k", mailbox_id=inbox.id, uidvalidity=7, uid=Uid(3), now=later(1))
    found = drafts.by_place(database, account.id, mailbox_id=inbox.id, uidvalidity=7, uid=Uid(3))
    assert found is not None
    assert (found.key, found.mailbox_id, found.uidvalidity, found.uid, found.saved_at) == ("k", inbox.id, 7, 3, later(1))
    assert drafts.by_place(database, account.id, mailbox_id=inbox.id, uidvalidity=8, uid=Uid(3)) is None
    assert put(database, account).uid == 3, "writing again does not forget the copy that has to be replaced"


def test_files_are_attached_found_and_taken_out(database: Database, account: Account) -> None:
    put(database, account)
    added = [
        drafts.add_attachment(database, account.id, "k", filename=name, media_type="text/plain", size=3, path=f"path-{name}")
        for name in "ab"
    ]
    found = drafts.by_key(database, account.id, "k")
    assert found is not None
    assert found.attachments == tuple(added)
    assert drafts.attachment_path(database, account.id, "k", token=added[0].token) == "path-a"
    assert drafts.paths(database) == {"path-a", "path-b"}
    assert drafts.remove_attachment(database, account.id, "k", token=added[0].token) == "path-a"
    with pytest.raises(NotFound):
        drafts.attachment_path(database, account.id, "k", token=added[0].token)
    assert drafts.discard(database, account.id, "k") == ["path-b"]
    assert drafts.paths(database) == set()


def test_a_file_needs_the_right_account_and_draft(database: Database, account: Account, stranger: Account) -> None:
    put(database, account)
    put(database, account, "other")
    put(database, stranger)
    token = drafts.add_attachment(database, account.id, "k", filename="a", media_type="", size=3, path="p").token
    for owner, key in ((stranger, "k"), (account, "other")):
        with pytest.raises(NotFound):
            drafts.remove_attachment(database, owner.id, key, token=token)
    with pytest.raises(NotFound):
        drafts.add_attachment(database, account.id, "gone", filename="a", media_type="", size=3, path="p")


def test_a_discarded_draft_is_gone_and_a_second_time_is_no_error(database: Database, account: Account) -> None:
    put(database, account)
    assert drafts.discard(database, account.id, "k") == []
    assert drafts.discard(database, account.id, "k") == []
    assert drafts.by_key(database, account.id, "k") is None


def test_a_draft_gets_another_key(database: Database, account: Account) -> None:
    first = put(database, account)
    assert drafts.rekey(database, account.id, old="k", new="fresh")
    found = drafts.by_key(database, account.id, "fresh")
    assert found is not None
    assert found.id == first.id
    assert not drafts.rekey(database, account.id, old="k", new="more")
