"""Upkeep: what cannot be done waits, and nothing else waits for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.account import Credentials
from webmail.mail import accounts, mailboxes, upkeep
from webmail.mailbox import SpecialUse
from webmail.store import credentials, jobs
from webmail.store import mailboxes as stored
from webmail.store.standing import standing


def make_due(person: Person) -> None:
    """Let every pause be over."""
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET due_at = 0")


def kinds(person: Person) -> frozenset[str]:
    return standing(person.gate.database, person.session.accounts[0].id).jobs


def test_every_folder_is_indexed_without_being_opened(person: Person) -> None:
    person.put([letter(number) for number in range(1, 61)], mailbox="Archive")
    person.work()
    state = stored.state(person.gate.database, person.mailbox(SpecialUse.ARCHIVE).id)
    assert (state.complete, state.indexed) == (True, 60)


def test_a_folder_that_cannot_be_read_does_not_keep_the_others_waiting(person: Person) -> None:
    with person.side() as side:
        side.create("Aardvark")
    person.put([letter(1), letter(2)], mailbox="Aardvark")
    person.put([letter(3)], mailbox="Sent")
    inside = person.dovecot.folder / "mail" / person.username / "Maildir" / ".Aardvark"
    victim = sorted([*(inside / "cur").iterdir(), *(inside / "new").iterdir()])[0]
    if os.getuid() == 0:
        os.chown(victim, 0, 0)
    victim.chmod(0)
    for leftover in inside.glob("dovecot.index.cache*"):
        leftover.unlink()
    person.work()
    assert stored.state(person.gate.database, person.mailbox(SpecialUse.SENT).id).complete
    broken = person.mailbox("Aardvark")
    assert not stored.state(person.gate.database, broken.id).complete
    account = person.session.accounts[0].id
    assert jobs.keys(person.gate.database, account, "backfill") == {str(broken.id)}
    make_due(person)
    person.work()
    assert jobs.keys(person.gate.database, account, "backfill") == {str(broken.id)}
    victim = next(inside.glob(f"*/{victim.name.partition(',')[0]}*"))
    if os.getuid() == 0:
        owner = inside.stat()
        os.chown(victim, owner.st_uid, owner.st_gid)
    victim.chmod(0o600)
    make_due(person)
    person.work()
    assert stored.state(person.gate.database, broken.id).complete
    assert jobs.keys(person.gate.database, account, "backfill") == frozenset()


def test_a_refused_password_is_tried_once_and_all_work_waits_for_the_next_sign_in(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    account = behind.session.accounts[0].id
    for kind in ("sync", "backfill"):
        jobs.put(behind.gate.database, kind=kind, account_id=account, due_at=datetime.now(UTC))
    wrong = Credentials(behind.username, "wrong")
    credentials.save(behind.gate.database, behind.gate.database.key, account_id=account, credentials=wrong)
    behind.hang_up()
    proxy.commands.clear()
    for _ in range(3):
        behind.work()
        make_due(behind)
        mailboxes.frame(behind.session)
    assert sum(command.startswith(("AUTHENTICATE", "LOGIN")) for command in proxy.commands) == 1
    assert mailboxes.frame(behind.session).needs_sign_in
    assert {"sync", "backfill"} <= kinds(behind)
    behind.sign_in()
    assert not mailboxes.frame(behind.session).needs_sign_in
    assert accounts.SIGN_IN not in kinds(behind)
    behind.work()
    assert stored.state(behind.gate.database, behind.mailbox().id).complete


def test_the_work_of_an_account_nobody_uses_ends_and_begins_again_with_the_next_page(person: Person) -> None:
    person.work()
    assert kinds(person) == frozenset()
    assert upkeep.claim(person.gate, owner="test") is None
    mailboxes.frame(person.session)
    assert kinds(person) == {"sync"}
    person.work()
    assert kinds(person) == frozenset()


def test_a_page_asks_for_no_second_look_while_one_is_waiting(person: Person) -> None:
    account = person.session.accounts[0].id
    person.work()
    soon = datetime(2199, 1, 1, tzinfo=UTC)
    jobs.put(person.gate.database, kind="sync", account_id=account, due_at=soon)
    mailboxes.frame(person.session)
    assert upkeep.claim(person.gate, owner="test") is None
