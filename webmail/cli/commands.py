"""The commands that need the application: run the worker, look after the index, and see who uses the webmail."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import click
from flask import Flask

from webmail.account import Account
from webmail.cli.doctor import doctor
from webmail.cli.starting import demo, serve
from webmail.imap.pool import Pool
from webmail.jobs import worker
from webmail.mail import wording
from webmail.mail.session import Gate
from webmail.store import accounts, credentials, fulltext, jobs, mailboxes, sessions
from webmail.store.mailboxes import MailboxState

NICENESS = 5
"""Pages go before the work that nobody waits for."""
WORKER_CONNECTIONS = 2
"""For each account, besides the one that watches it; the pages have three. Common servers allow ten."""


def register(app: Flask, gate: Gate) -> None:
    """Add every command to ``flask --app app``."""
    for each in (serve, demo, doctor, _worker(gate), _sync(gate), _index(gate), _user(gate)):
        app.cli.add_command(each)


def _worker(gate: Gate) -> click.Command:
    @click.command("worker")
    def run() -> None:
        """Deliver and index until SIGTERM; started by serve unless WEBMAIL_WORKER is external."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        os.nice(NICENESS)
        worker.run(replace(gate, imap=Pool(limit=WORKER_CONNECTIONS)), stop=stop)

    return run


def _sync(gate: Gate) -> click.Command:
    @click.command("sync")
    @click.argument("name", required=False)
    def run(name: str | None) -> None:
        """Let the worker bring the index of everybody, or of one sign-in NAME, up to date now."""
        click.echo(f"{_ask_for_sync(gate, name)} accounts wait for the worker; those without a stored password are left out.")

    return run


def _index(gate: Gate) -> click.Command:
    group = click.Group("index", help="The index, which can always be made anew from the mail server.")

    @group.command("status")
    def status() -> None:
        """Show how much of each mailbox is indexed: its headers, which lists show, and its words, which searches find."""
        for account in _accounts(gate):
            words = wording.progress(gate.database, account.id)
            click.echo(f"{account.username}  {words.percent} % of {words.total} messages can be found by their words")
            click.echo("  headers              words  folder")
            known, states = mailboxes.overview(gate.database, account.id)
            waiting = fulltext.remaining(gate.database, account.id)
            for mailbox in known:
                state = states.get(mailbox.id)
                if state is not None and state.uidvalidity:
                    click.echo(f"{_progress(state, without_words=waiting.get(mailbox.id, 0))}  {mailbox.name}{_how_followed(state)}")
                elif mailbox.selectable:
                    click.echo(f"    - %     not yet      - %  {mailbox.name}")

    @group.command("drop")
    def drop() -> None:
        """Delete the index. It grows again as mailboxes are opened."""
        gate.database.drop_index()
        click.echo("The index is empty. Mail, drafts and the outbox are not part of it.")

    @group.command("rebuild")
    def rebuild() -> None:
        """Delete the index and let the worker make it anew."""
        gate.database.drop_index()
        click.echo(f"The index is empty; the worker makes it anew for {_ask_for_sync(gate, None)} accounts.")

    return group


def _progress(state: MailboxState, *, without_words: int) -> str:
    words = 100 if not state.indexed else (state.indexed - without_words) * 100 // state.indexed
    return f"  {state.progress:>3} % {state.indexed:>7} of {state.exists:<7}{words:>3} %"


def _how_followed(state: MailboxState) -> str:
    """In which way the server tells what changes, where that is not the best one."""
    if state.tracked:
        return ""
    return "  (the server's change numbers are not true)" if state.highestmodseq < 0 else "  (the server keeps no change numbers)"


def _user(gate: Gate) -> click.Command:
    group = click.Group("user", help="The people who have signed in.")

    @group.command("list")
    def show() -> None:
        """Show everybody who has signed in, where they are signed in, and whether their mail password is stored."""
        now = datetime.now(UTC)
        for account in _accounts(gate):
            living = sessions.of_user(gate.database, account.user_id, now=now)
            kept = "password stored" if credentials.exists(gate.database, account.id) else "no password stored"
            click.echo(f"{account.username}  at {account.imap.host}  {len(living)} sessions  {kept}")

    @group.command("sign-out")
    @click.argument("name")
    def sign_out(name: str) -> None:
        """End all sessions of NAME and erase the stored password; mail that waits in the outbox waits for the next sign-in."""
        found = [account for account in _accounts(gate) if account.username == name]
        if not found:
            raise click.ClickException(f"nobody called {name} has signed in here")
        for account in found:
            ended = sessions.end_all(gate.database, account.user_id)
            credentials.erase(gate.database, account.id)
            click.echo(f"{ended} sessions of {name} at {account.imap.host} are ended, and the password is erased.")

    return group


def _accounts(gate: Gate) -> Iterator[Account]:
    return (accounts.get(gate.database, each) for each in accounts.all_ids(gate.database))


def _ask_for_sync(gate: Gate, name: str | None) -> int:
    """Put a sync of every account that can be signed in to among the due work. Returns how many."""
    found = [each for each in _accounts(gate) if name in (None, each.username) and credentials.exists(gate.database, each.id)]
    for each in found:
        jobs.put(gate.database, kind="sync", account_id=each.id, due_at=datetime.now(UTC))
    jobs.wake(gate.database)
    return len(found)
