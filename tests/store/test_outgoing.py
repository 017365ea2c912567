"""Submissions: one for each draft, claimed once, never sent again when nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.store import companion
from tests.store.conftest import on_sqlite
from tests.store.samples import NOW, later, plans
from webmail.account import Account
from webmail.errors import NotFound
from webmail.mailbox import Mailbox
from webmail.message.summary import Uid
from webmail.store import outgoing
from webmail.store.database import Database
from webmail.store.drafts import MessageRef
from webmail.store.outgoing import Recipient, Submission, Told
from webmail.store.standing import standing

RAW = b"Subject: hi\r\n\r\n\x00\xff octets\r\n"
PEOPLE = ("ann@example.org", "bob@example.org")


def counts(database: Database, account: Account) -> tuple[int, int]:
    """How many submissions are underway, and how many need a person."""
    found = standing(database, account.id)
    return found.waiting, found.problems


def queue(database: Database, account: Account, key: str = "k", **fields: Any) -> int:
    values: dict[str, Any] = {
        "message_id_field": "<1@example.org>",
        "envelope_from": "demo@example.org",
        "recipients": PEOPLE,
        "raw": RAW,
        "bcc": "bob@example.org",
        "subject": "hi",
        "has_attachments": False,
        "original": None,
        "original_action": "",
        "due_at": later(10),
        "now": NOW,
    }
    return outgoing.queue(database, account.id, draft_key=key, **{**values, **fields})


def claim(database: Database, at: float, *, owner: str = "w1", seconds: float = 60) -> Submission | None:
    return outgoing.claim_due(database, now=later(at), owner=owner, seconds=seconds)


def move(database: Database, submission: int, expect: str, to: str, *, owner: str = "w1", **fields: Any) -> bool:
    return outgoing.transition(database, submission, owner=owner, expect=expect, to=to, **{"now": later(11), **fields})


def state(database: Database, account: Account, submission: int) -> str:
    return outgoing.get(database, account.id, submission).state


def states(database: Database, account: Account, submission: int) -> dict[str, str]:
    return {each.address: each.state for each in outgoing.get(database, account.id, submission).recipients}


def hand_over(database: Database, submission: int, *, owner: str = "w1", at: float = 10) -> None:
    found = claim(database, at, owner=owner)
    assert found is not None
    assert found.id == submission
    assert move(database, submission, found.state, "submitting", owner=owner)
    assert move(database, submission, "submitting", "handing_over", owner=owner)


def accept(database: Database, submission: int, results: Mapping[str, tuple[str, str, str]], *, owner: str = "w1") -> bool:
    return outgoing.accept(database, submission, owner=owner, told=Told(results, transcript=["S: 250 ok"]), now=later(12))


def cancel(database: Database, submission: int, now: datetime) -> bool:
    return outgoing.change(database, submission, expect=outgoing.CANCELLABLE, to="cancelled", now=now)


def send_again(database: Database, submission: int, people: Mapping[str, tuple[str, str, str]]) -> bool:
    return outgoing.change(database, submission, expect=["unclear"], to="queued", due_at=later(1001), now=later(1001), results=people)


def test_a_queued_message_is_there_with_everything(database: Database, account: Account, inbox: Mailbox) -> None:
    original = MessageRef(account.id, inbox.id, 7, Uid(5), "<5@example.org>")
    submission = queue(database, account, original=original, original_action="reply", has_attachments=True)
    found = outgoing.get(database, account.id, submission)
    assert (found.state, found.due_at, found.created_at, found.attempts, found.draft_key) == ("queued", later(10), NOW, 0, "k")
    assert (found.subject, found.bcc, found.envelope_from, found.message_id_field) == (
        "hi",
        "bob@example.org",
        "demo@example.org",
        "<1@example.org>",
    )
    assert (found.original, found.original_action, found.has_attachments, found.size) == (original, "reply", True, len(RAW))
    assert found.recipients == tuple(Recipient(each, "waiting") for each in PEOPLE)
    assert outgoing.raw(database, submission) == RAW
    assert outgoing.of_account(database, account.id, limit=10) == (found,)


def test_a_form_sent_by_many_threads_at_once_is_one_submission(database: Database, account: Account) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda n=n: found.append(queue(database, account, raw=b"%d" % n))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) == 1
    assert len(outgoing.of_account(database, account.id, limit=100)) == 1
    assert outgoing.by_key(database, account.id, "k") == found[0]


def test_the_same_key_of_another_account_is_another_submission(database: Database, account: Account, stranger: Account) -> None:
    mine = queue(database, account)
    assert queue(database, stranger) != mine
    with pytest.raises(NotFound):
        outgoing.get(database, stranger.id, mine)


def test_nothing_is_claimed_before_it_is_due_and_nothing_twice(database: Database, account: Account) -> None:
    submission = queue(database, account)
    assert claim(database, 9) is None
    found = claim(database, 10)
    assert found is not None
    assert (found.id, found.state) == (submission, "queued")
    assert claim(database, 11, owner="w2") is None


def test_what_is_due_longest_comes_first(database: Database, account: Account) -> None:
    late, early = queue(database, account, "late", due_at=later(5)), queue(database, account, "early", due_at=later(4))
    claimed = [claim(database, 10), claim(database, 25)]
    assert [each.id for each in claimed if each] == [early, late]


def test_two_processes_claim_each_of_200_submissions_exactly_once(database: Database, account: Account) -> None:
    queued = [queue(database, account, str(n), raw=b"x") for n in range(200)]
    others = [companion.start("claim_submissions", database.data_dir, owner) for owner in ("one", "two")]
    for other in others:
        companion.go(other)
    claimed = [companion.answer(other) for other in others]
    for other in others:
        companion.finish(other)
    assert sorted(claimed[0] + claimed[1]) == queued
    assert all(claimed), "both had a share"


def test_a_cancel_and_a_claim_at_once_have_one_winner(database: Database, account: Account) -> None:
    queued = [queue(database, account, str(n), raw=b"x") for n in range(200)]
    canceller = companion.start("cancel_submissions", database.data_dir, str(account.id))
    worker = companion.start("claim_submissions", database.data_dir, "worker")
    for other in (canceller, worker):
        companion.go(other)
    cancelled, claimed = companion.answer(canceller), companion.answer(worker)
    for other in (canceller, worker):
        companion.finish(other)
    assert sorted(cancelled + claimed) == queued
    assert cancelled
    assert claimed


def test_a_cancelled_message_is_never_claimed_and_its_bytes_are_forgotten(database: Database, account: Account) -> None:
    submission = queue(database, account)
    assert cancel(database, submission, later(1))
    assert not cancel(database, submission, later(2)), "once is enough"
    assert claim(database, 100) is None
    with pytest.raises(NotFound):
        outgoing.raw(database, submission)


def test_a_worker_whose_claim_was_cancelled_after_running_out_cannot_begin(database: Database, account: Account) -> None:
    submission = queue(database, account)
    claim(database, 10, seconds=5)
    assert cancel(database, submission, later(20))
    assert not move(database, submission, "queued", "submitting")


def test_a_crash_before_the_body_is_tried_again_by_itself(database: Database, account: Account) -> None:
    submission = queue(database, account)
    claim(database, 10)
    assert move(database, submission, "queued", "submitting")
    assert not cancel(database, submission, later(200)), "somebody is in the middle of it"
    assert claim(database, 69, owner="w2") is None
    found = claim(database, 70, owner="w2")
    assert found is not None
    assert (found.id, found.state, found.attempts) == (submission, "submitting", 1)
    assert not move(database, submission, "submitting", "handing_over", owner="w1"), "the first worker has lost it"
    assert move(database, submission, "submitting", "handing_over", owner="w2")


def test_a_crash_after_the_body_began_is_unclear_and_never_sent_again_by_itself(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    outgoing.set_recipients(database, submission, results={PEOPLE[1]: ("refused", "550", "no")})
    assert claim(database, 69, owner="w2") is None
    assert state(database, account, submission) == "handing_over"
    for at in (71, 1000, 10**6):
        assert claim(database, at, owner="w2") is None
    assert state(database, account, submission) == "unclear"
    assert states(database, account, submission) == {PEOPLE[0]: "unclear", PEOPLE[1]: "refused"}
    assert [(each.code, each.kind) for each in outgoing.steps(database, submission)] == [("unclear", "danger")]
    assert not move(database, submission, "handing_over", "retrying"), "a worker that comes back late changes nothing"
    assert not accept(database, submission, {}, owner="w2")
    assert accept(database, submission, {PEOPLE[0]: ("accepted", "250", "ok")}), "unless it has the answer that nobody else knows"
    assert state(database, account, submission) == "accepted"


def test_a_late_answer_changes_nothing_once_the_person_has_decided(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    claim(database, 1000, owner="w2")
    assert send_again(database, submission, dict.fromkeys(PEOPLE, ("waiting", "", "")))
    assert not accept(database, submission, {PEOPLE[0]: ("accepted", "250", "ok")})
    assert (state(database, account, submission), set(states(database, account, submission).values())) == ("queued", {"waiting"})


def test_a_recipient_who_has_the_message_is_never_asked_again(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    accept(database, submission, {PEOPLE[0]: ("accepted", "250", "ok"), PEOPLE[1]: ("delayed", "451", "later")})
    outgoing.set_recipients(database, submission, results={PEOPLE[0]: ("waiting", "", "")})
    assert states(database, account, submission) == {PEOPLE[0]: "accepted", PEOPLE[1]: "delayed"}


def test_an_account_sends_one_after_the_other_and_waits_for_none_that_is_stuck(
    database: Database, account: Account, stranger: Account
) -> None:
    first, second = queue(database, account, "first"), queue(database, account, "second")
    other = queue(database, stranger)
    claimed = [claim(database, 11), claim(database, 11), claim(database, 11)]
    assert [each.id for each in claimed if each] == [first, other]
    assert move(database, first, "queued", "submitting")
    assert claim(database, 20) is None
    stuck = claim(database, 22)
    assert stuck is not None
    assert stuck.id == second


def test_a_clock_that_is_set_back_keeps_nothing_waiting(database: Database, account: Account) -> None:
    abandoned = queue(database, account, "abandoned")
    assert claim(database, 10**6, owner="lost") is not None
    put_off, scheduled = (
        queue(database, account, "put off", now=later(10**6), due_at=later(10**6)),
        queue(database, account, "scheduled", now=later(10**6), due_at=later(2 * 10**6), scheduled=True),
    )
    found = []
    for at in (20, 40, 60):
        found.append(claim(database, at))
    assert [each.id for each in found if each] == [abandoned, put_off]
    assert state(database, account, scheduled) == "queued"


def test_a_claim_that_is_renewed_does_not_run_out(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    assert outgoing.renew(database, submission, owner="w1", until=later(1000))
    assert not outgoing.renew(database, submission, owner="w2", until=later(9999))
    assert claim(database, 999, owner="w2") is None
    assert state(database, account, submission) == "handing_over"


def test_acceptance_keeps_every_reply_in_one_step_and_goes_on_to_filing(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    assert not accept(database, submission, {}, owner="w2")
    assert accept(database, submission, {PEOPLE[0]: ("accepted", "250", "ok"), PEOPLE[1]: ("delayed", "451", "later")})
    found = outgoing.get(database, account.id, submission)
    assert (found.state, found.transcript) == ("accepted", ("S: 250 ok",))
    assert found.recipients[1] == Recipient(PEOPLE[1], "delayed", "451", "later")
    assert claim(database, 20, owner="w2") is None, "the one who sent it files it"
    assert move(database, submission, "accepted", "filed")
    assert claim(database, 10**6) is None
    with pytest.raises(NotFound):
        outgoing.raw(database, submission)


def test_a_crash_after_acceptance_leaves_only_the_filing_to_do(database: Database, account: Account) -> None:
    submission = queue(database, account)
    hand_over(database, submission)
    accept(database, submission, {})
    found = claim(database, 12 + 120, owner="w2")
    assert found is not None
    assert (found.id, found.state) == (submission, "accepted")
    assert move(database, submission, "accepted", "accepted", owner="w2", due_at=later(500), error_code="overquota")
    assert claim(database, 499) is None
    again = claim(database, 500)
    assert again is not None
    assert (again.error_code, again.attempts) == ("overquota", 2)


def test_a_retry_asks_delayed_recipients_again(database: Database, account: Account) -> None:
    submission = queue(database, account)
    claim(database, 10)
    move(database, submission, "queued", "submitting")
    outgoing.set_recipients(
        database, submission, results={PEOPLE[0]: ("delayed", "451", "greylisted"), PEOPLE[1]: ("refused", "550", "no")}
    )
    assert move(database, submission, "submitting", "retrying", due_at=later(300), error_code="refused", server_text="451 greylisted")
    found = outgoing.get(database, account.id, submission)
    assert (found.state, found.due_at, found.error_code, found.server_text) == ("retrying", later(300), "refused", "451 greylisted")
    hand_over(database, submission, at=300)
    assert states(database, account, submission) == {PEOPLE[0]: "waiting", PEOPLE[1]: "refused"}


def test_a_move_from_another_state_or_by_another_worker_changes_nothing(database: Database, account: Account) -> None:
    submission = queue(database, account)
    claim(database, 10)
    assert not move(database, submission, "retrying", "submitting")
    assert not move(database, submission, "queued", "submitting", owner="w2")
    assert not move(database, submission, "queued", "submitting", owner="")
    assert state(database, account, submission) == "queued"
    with pytest.raises(ValueError, match="sent"):
        move(database, submission, "queued", "sent")


def test_a_person_decides_about_what_is_unclear(database: Database, account: Account) -> None:
    first, second = queue(database, account, "a"), queue(database, account, "b")
    for at, submission in ((10, first), (25, second)):
        hand_over(database, submission, at=at)
    claim(database, 1000)
    assert send_again(database, first, dict.fromkeys(PEOPLE, ("waiting", "", "")))
    assert not send_again(database, first, {})
    assert (state(database, account, first), set(states(database, account, first).values())) == ("queued", {"waiting"})
    assert outgoing.change(database, second, expect=["unclear"], to="accepted", due_at=later(1001), now=later(1001))
    claimed = [claim(database, 1001), claim(database, 1001)]
    assert [each.state for each in claimed if each] == ["queued", "accepted"]


def test_a_refused_password_stops_the_account_until_the_next_sign_in(database: Database, account: Account, stranger: Account) -> None:
    first, second, other = queue(database, account, "a"), queue(database, account, "b"), queue(database, stranger, due_at=later(50))
    claim(database, 10)
    assert move(database, first, "queued", "submitting")
    assert move(database, first, "submitting", "needs_sign_in", error_code="credentials")
    assert outgoing.hold_account(database, account.id, now=later(15)) == 1
    assert (state(database, account, second), state(database, stranger, other)) == ("needs_sign_in", "queued")
    assert claim(database, 20) is None
    assert counts(database, account) == (0, 2)
    assert not outgoing.work_due(database, account.id)
    assert outgoing.resume_account(database, account.id, now=later(30)) == 2
    assert outgoing.resume_account(database, account.id, now=later(30)) == 0
    assert counts(database, account) == (2, 0)
    assert outgoing.work_due(database, account.id)
    claimed = [claim(database, 30), claim(database, 30), claim(database, 41)]
    assert [each.id for each in claimed if each] == [first, second]


def test_what_waits_for_a_sign_in_can_be_taken_back(database: Database, account: Account) -> None:
    submission = queue(database, account)
    outgoing.hold_account(database, account.id, now=later(15))
    assert cancel(database, submission, later(1))
    assert counts(database, account) == (0, 0)


def test_a_draft_opened_again_leads_to_a_new_submission(database: Database, account: Account) -> None:
    submission = queue(database, account)
    claim(database, 10)
    move(database, submission, "queued", "failed", error_code="refused")
    assert counts(database, account) == (0, 1)
    outgoing.rekey(database, submission, new="fresh")
    found = outgoing.get(database, account.id, submission)
    assert (found.draft_key, found.reopened) == ("fresh", True)
    assert counts(database, account) == (0, 0)
    assert outgoing.by_key(database, account.id, "fresh") is None
    assert queue(database, account, "fresh") != submission
    assert queue(database, account, "k") == submission, "the old form, sent again, still sends nothing new"


def test_steps_tell_the_story_in_order(database: Database, account: Account) -> None:
    submission = queue(database, account)
    outgoing.record_step(database, submission, at=later(1), code="connected", kind="ok", values={"host": "h", "port": 587})
    outgoing.record_step(database, submission, at=later(0), code="accepted", kind="ok", values={})
    claim(database, 10)
    assert move(database, submission, "queued", "submitting", told=Told({}, transcript=["C: EHLO", "S: 250 \udcff"]))
    assert [(each.at, each.code, each.values) for each in outgoing.steps(database, submission)] == [
        (later(1), "connected", {"host": "h", "port": 587}),
        (later(0), "accepted", {}),
    ]
    assert outgoing.get(database, account.id, submission).transcript == ("C: EHLO", "S: 250 ?")


@on_sqlite
def test_looking_for_work_does_not_read_what_is_done_in_sqlite(database: Database, account: Account) -> None:
    queue(database, account)
    plan = plans(database.durable, lambda: claim(database, 0))
    assert any("ix_submissions_state_due_at" in each for each in plan)
    assert not any("SCAN" in each for each in plan), plan
