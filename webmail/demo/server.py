"""The embedded mail server: IMAP and SMTP on loopback in one process, filled with sample mail at the start.

``python -m webmail.demo.server --imap-port 0 --smtp-port 0 --data DIR`` prints one line when it listens:
``ready imap=PORT smtp=PORT messages=N seconds=S``. It ends on SIGTERM and SIGINT; nothing is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from webmail.demo.delivery import Delivery
from webmail.demo.mailstore import MailStore
from webmail.demo.sample_mail import ACCOUNTS, MAILBOXES, samples

LOOPBACK = "127.0.0.1"


async def serve(*, imap_port: int, smtp_port: int, outgoing: Path, started: float) -> None:
    """Fill the mailboxes, listen, say so on standard output, and run until a signal comes. Raises OSError for a port in use."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    store = MailStore(ACCOUNTS)
    await store.open()
    count = await fill(store)
    async with AsyncExitStack() as stack:
        imap = await store.listen(LOOPBACK, imap_port, until=stack)
        smtp = await Delivery(store, outgoing).listen(LOOPBACK, smtp_port, until=stack)
        sys.stdout.write(f"ready imap={imap} smtp={smtp} messages={count} seconds={time.monotonic() - started:.2f}\n")
        sys.stdout.flush()
        await ending.wait()


async def fill(store: MailStore) -> int:
    """Put the sample mail into the mailboxes, oldest first as it would have arrived. Returns how many messages."""
    for owner, names in MAILBOXES.items():
        await store.make_mailboxes(owner, names)
    mail = sorted(samples(datetime.now().astimezone()), key=lambda sample: sample.date)
    for sample in mail:
        await store.append(sample.owner, sample.mailbox, sample.raw, date=sample.date, flags=sample.flags, recent=False)
    return len(mail)


def main() -> int:
    """Read the command line and serve. Returns the exit status: 0, or 1 with one line on standard error."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(description="The embedded mail server of the demo: loopback only, nothing is kept.")
    parser.add_argument("--imap-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--smtp-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--data", type=Path, required=True, help="folder for mail to the outside, kept in DIR/outgoing")
    options = parser.parse_args()
    outgoing: Path = options.data / "outgoing"
    shutil.rmtree(outgoing, ignore_errors=True)
    logging.basicConfig(level=logging.ERROR, format="demo mail server: %(message)s")
    try:
        asyncio.run(serve(imap_port=options.imap_port, smtp_port=options.smtp_port, outgoing=outgoing, started=started))
    except OSError as error:
        sys.stderr.write(f"demo mail server: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
