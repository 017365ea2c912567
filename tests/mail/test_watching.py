"""A mailbox that is watched costs a page no round trip, and what the server tells is on the page a moment later."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from tests.servers.watcher import Watcher, arrive, wait_until
from webmail.account import Credentials
from webmail.imap.pool import Pool
from webmail.mail import accounts, events, filing, mailboxes, wakeup, watching
from webmail.mail.pages import ActionResult
from webmail.mailbox import SpecialUse
from webmail.store import credentials, jobs, vigil
from webmail.store import mailboxes as stored
from webmail.store.mailboxes import MailboxState


def state(person: Person, name: str | SpecialUse = SpecialUse.INBOX) -> MailboxState:
    return stored.state(person.gate.database, person.mailbox(name).id)


def watched(person: Person, name: str | SpecialUse = SpecialUse.INBOX) -> bool:
    return state(person, name).watched(datetime.now(UTC))


def test_a_page_of_a_watched_mailbox_asks_the_server_nothing(behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher]) -> None:
    behind.put([letter(1), letter(2)])
    watch(behind)
    wait_until(lambda: watched(behind))
    wait_until(lambda: asks_nothing(behind, proxy))
    assert behind.subjects() == ["Letter 2", "Letter 1"]


def asks_nothing(person: Person, proxy: Proxy) -> bool:
    """Whether a page comes without a word to the server; who watches may have one with it meanwhile."""
    proxy.commands.clear()
    person.page()
    return proxy.commands == []


@pytest.mark.parametrize("notify", [True, False])
def test_what_another_client_does_is_on_the_page_a_moment_later(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], notify: bool
) -> None:
    if not notify:
        proxy.withhold("NOTIFY")
        behind.hang_up()
    behind.put([letter(1), letter(2)])
    watch(behind)
    wait_until(lambda: watched(behind))
    behind.deliver(letter(3))
    wait_until(lambda: state(behind).exists == 3 and watched(behind))
    with behind.side() as side:
        side.store("1", "+FLAGS", "(\\Seen \\Answered)")
        side.store("2", "+FLAGS", "(\\Deleted)")
        side.expunge()
    wait_until(lambda: (state(behind).exists, state(behind).unseen) == (2, 1) and watched(behind))
    page = behind.page()
    assert [(row.message.envelope.subject, row.answered) for row in page.rows] == [("Letter 3", False), ("Letter 1", True)]
    wait_until(lambda: asks_nothing(behind, proxy))
    assert watched(behind, SpecialUse.ARCHIVE) is notify


def test_every_mailbox_is_watched_where_the_server_can(person: Person, watch: Callable[[Person], Watcher]) -> None:
    person.put([letter(1)], mailbox="Archive")
    watch(person)
    wait_until(lambda: watched(person, SpecialUse.ARCHIVE))
    person.put([letter(2)], mailbox="Archive")
    wait_until(lambda: state(person, SpecialUse.ARCHIVE).exists == 2)
    with person.side() as side:
        side.create("Plans")
    wait_until(lambda: stored.by_name(person.gate.database, person.session.accounts[0].id, "Plans") is not None)
    person.put([letter(3)], mailbox="Plans")
    wait_until(lambda: person.mailbox("Plans").counts.messages == 1)


def test_events_tell_what_happened(person: Person, watch: Callable[[Person], Watcher]) -> None:
    person.put([letter(1)])
    watch(person)
    wait_until(lambda: watched(person))
    last = events.newest(person.session)
    assert events.since(person.session, last) == events.Followed((), last)
    inbox = person.mailbox().id
    with wakeup.waiter(person.gate) as waiter:
        person.deliver(letter(2))
        found = events.wait(person.session, last, waiter=waiter, seconds=10)
        assert (events.ARRIVED, inbox, {"count": 1}) in [(each.kind, each.mailbox_id, each.payload) for each in found.events]
        filing.act(person.session, "seen", ids=person.ids()[:1])
        wait_until(lambda: events.CHANGED in [each.kind for each in events.since(person.session, found.last).events])
        last = events.newest(person.session)
        with person.side() as side:
            side.create("Plans")
        wait_until(lambda: events.FOLDERS in [each.kind for each in events.since(person.session, last).events])


def test_who_followed_events_that_are_no_more_is_told_so(person: Person) -> None:
    person.put([letter(1)])
    person.page()
    last = events.newest(person.session)
    assert last > 0
    person.gate.database.drop_index()
    assert events.since(person.session, last).missed
    assert not events.since(person.session, events.newest(person.session)).missed


def test_signing_out_ends_the_watch_and_nothing_is_vouched_for_any_more(person: Person, watch: Callable[[Person], Watcher]) -> None:
    person.put([letter(1)])
    watcher = watch(person)
    wait_until(lambda: watched(person))
    accounts.sign_out(person.session, last=True)
    wait_until(lambda: watcher.job == "none", 5)
    assert not watched(person)


def test_a_refused_password_is_tried_once(behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher]) -> None:
    behind.put([letter(1)])
    behind.page()
    wrong = Credentials(behind.username, "wrong")
    credentials.save(behind.gate.database, behind.gate.database.key, account_id=behind.session.accounts[0].id, credentials=wrong)
    proxy.commands.clear()
    watcher = watch(behind)
    wait_until(lambda: watcher.job == "credentials")
    time.sleep(0.3)
    assert sum(command.startswith(("AUTHENTICATE", "LOGIN")) for command in proxy.commands) == 1
    assert mailboxes.frame(behind.session).needs_sign_in
    behind.sign_in()
    wait_until(lambda: watched(behind))


def test_a_server_that_goes_silent_is_vouched_for_no_more_and_watched_again_when_it_speaks(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "RENEW_SECONDS", 0.6)
    monkeypatch.setattr(watching, "PAUSES", (0, 0, 0, 0))
    behind.gate.imap.timeout = 1.0
    behind.put([letter(1)])
    watch(behind)
    wait_until(lambda: watched(behind))
    proxy.fall_silent()
    wait_until(lambda: not watched(behind), 5)
    proxy.behave()
    proxy.cut_all()
    behind.deliver(letter(2))
    wait_until(lambda: state(behind).exists == 2 and watched(behind), 20)


def test_silence_is_noticed_within_a_minute() -> None:
    timeout = Pool().timeout
    assert watching.RENEW_SECONDS + timeout < 60
    assert watching.RENEW_SECONDS < watching.VOUCH.total_seconds() <= 30


def test_a_cut_line_is_mended_after_a_pause(behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher]) -> None:
    behind.put([letter(1)])
    watcher = watch(behind)
    wait_until(lambda: watched(behind))
    proxy.cut_all()
    wait_until(lambda: watcher.job == "disconnected")
    assert not watched(behind)
    assert behind.page().rows[0].message.envelope.subject == "Letter 1"


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("notify", [True, False])
def test_what_was_told_while_the_line_was_cut_is_looked_for_by_the_next(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], monkeypatch: pytest.MonkeyPatch, notify: bool, moment: str
) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0,))
    proxy.withhold("NOTHING" if notify else "NOTIFY")
    behind.hang_up()
    behind.put([letter(1)])
    proxy.cut("IDLE", moment)
    watch(behind)
    if moment != "before":
        wait_until(lambda: watched(behind) and "IDLE" in proxy.commands)
    with behind.side() as side:
        side.store("1", "+FLAGS", "(\\Answered)")
    wait_until(lambda: proxy.commands.count("IDLE") > 1 and watched(behind))
    assert behind.page().rows[0].answered


@pytest.mark.parametrize(
    "words",
    [(rb"^\* STATUS INBOX \(.*", b"* STATUS INBOX (MESSAGES"), (rb"^\* STATUS INBOX", b"* STATUS Inbox")],
)
def test_what_is_told_in_strange_words_is_looked_at(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], words: tuple[bytes, bytes]
) -> None:
    behind.put([letter(1)])
    watch(behind)
    wait_until(lambda: watched(behind))
    proxy.rewrite(*words)
    with behind.side() as side:
        side.store("1", "+FLAGS", "(\\Answered)")
    wait_until(lambda: behind.page().rows[0].answered and watched(behind))


def test_a_server_that_tells_less_from_now_on_is_vouched_for_no_more(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher]
) -> None:
    behind.put([letter(1)], mailbox="Archive")
    behind.page("Archive")
    watcher = watch(behind)
    wait_until(lambda: watched(behind, SpecialUse.ARCHIVE))
    proxy.refuse("NOTIFY", "")
    proxy.rewrite(rb"^\* STATUS .*", b"* OK [NOTIFICATIONOVERFLOW] too much happens")
    behind.put([letter(2)], mailbox="Archive")
    wait_until(lambda: watcher.job == "limit")
    assert not watched(behind, SpecialUse.ARCHIVE)
    assert behind.subjects("Archive") == ["Letter 2", "Letter 1"]


def test_a_server_without_mod_sequences_tells_of_flags_in_the_inbox_only(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher]
) -> None:
    proxy.withhold("CONDSTORE", "QRESYNC")
    behind.hang_up()
    for name in ("INBOX", "Archive"):
        behind.put([letter(1)], mailbox=name)
        behind.page(name)
    watch(behind)
    wait_until(lambda: watched(behind))
    assert not watched(behind, SpecialUse.ARCHIVE)
    for name in ("INBOX", "Archive"):
        with behind.side(name) as side:
            side.store("1", "+FLAGS", "(\\Answered)")
    wait_until(lambda: behind.page().rows[0].answered)
    assert behind.page("Archive").rows[0].answered


def test_nobody_vouches_for_a_mailbox_under_the_name_it_had(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "RENEW_SECONDS", 1.0)
    with behind.side() as side:
        side.create("Plans")
        behind.put([letter(1)], mailbox="Plans")
        behind.work_all()
        behind.page("Plans")
        watch(behind)
        wait_until(lambda: watched(behind, "Plans"))
        proxy.refuse("SELECT", "Projects")
        side.rename("Plans", "Projects")
    # Whether the server tells of it or not.
    mailboxes.refresh(behind.session)
    wait_until(lambda: not watched(behind, "Projects"))


def test_what_a_dead_watcher_vouched_for_is_not_believed(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    behind.page()
    stored.watch(behind.gate.database, [behind.mailbox().id], until=datetime.now(UTC) + timedelta(seconds=30), proved=datetime.now(UTC))
    with vigil.vigil(behind.gate.database):
        proxy.commands.clear()
        behind.page()
        assert proxy.commands == []
    behind.page()
    assert proxy.commands == ["NOOP"]
    with watching.on_duty(behind.gate):
        assert not watched(behind)


def test_a_page_does_not_believe_a_watcher_that_disagrees_with_the_counts(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    behind.page()
    with vigil.vigil(behind.gate.database):
        stored.watch(behind.gate.database, [behind.mailbox().id], until=datetime.now(UTC) + timedelta(seconds=30), proved=datetime.now(UTC))
        behind.put([letter(2)])
        mailboxes.refresh(behind.session)
        assert behind.subjects() == ["Letter 2", "Letter 1"]


def test_a_server_that_cannot_be_watched_is_looked_at_as_before(plain_person: Person, watch: Callable[[Person], Watcher]) -> None:
    plain_person.put([letter(1)])
    watcher = watch(plain_person)
    wait_until(lambda: watcher.job == "due")
    assert not watched(plain_person)
    plain_person.deliver(letter(2))
    assert plain_person.subjects() == ["Letter 2", "Letter 1"]


def test_nobody_is_watched_who_is_not_here(person: Person) -> None:
    person.page()
    watching.want(person.gate.database, person.session.accounts[0].id)
    job = watching.claim(person.gate, owner="test")
    assert job is not None
    watching.watch(person.gate, job, stop=lambda: False)
    assert jobs.pending(person.gate.database, person.session.accounts[0].id, "watch") == 0


def test_an_account_is_watched_from_the_sign_in_on(person: Person) -> None:
    arrive(person)
    person.work_once()
    assert jobs.pending(person.gate.database, person.session.accounts[0].id, "watch") == 1


def test_an_account_is_watched_once_however_many_workers_there_are(person: Person, watch: Callable[[Person], Watcher]) -> None:
    watch(person)
    wait_until(lambda: watched(person))
    assert watching.claim(person.gate, owner="another") is None


@pytest.mark.parametrize("action", ["archive", "copy"])
def test_what_we_put_into_a_watched_mailbox_is_on_its_next_page(person: Person, watch: Callable[[Person], Watcher], action: str) -> None:
    person.put([letter(number) for number in (1, 2, 3)])
    ids = person.ids()
    watch(person)
    wait_until(lambda: watched(person))
    if action == "copy":
        filing.act(person.session, "copy", ids=ids[:1], target=person.mailbox().id)
        assert person.page().total == 4
    else:
        # The index does not know them in the folder they have gone to, when they come back.
        result = filing.act(person.session, "archive", ids=ids[:2])
        assert isinstance(result, ActionResult)
        assert person.subjects() == ["Letter 1"]
        time.sleep(1)  # The server tells of it a moment later.
        wait_until(lambda: watched(person))
        stored.start_over(person.gate.database, person.mailbox("Archive").id, uidvalidity=0)
        filing.undo(person.session, result.journal_id)
        assert person.subjects() == ["Letter 3", "Letter 2", "Letter 1"]
