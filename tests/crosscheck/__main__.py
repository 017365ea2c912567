"""Compare what we read of every message of the corpus with what the independent parser reads; fail where a difference is not explained.

Needs node and the packages of the lock file (``make crosscheck``), and the corpora in ``WEBMAIL_CORPUS``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.crosscheck.reading import FIELDS, HERE, differing, ours, theirs
from tests.servers.dovecot import Dovecot
from tests.test_corpus import canonical
from webmail.account import Credentials, Security, Server
from webmail.imap import fetch
from webmail.imap.connection import connect


def differences(folder: Path, paths: list[Path]) -> set[tuple[str, str]]:
    """The fields in which the two readers differ, message by message."""
    others = theirs(paths)
    server = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-crosscheck-")))
    try:
        username = server.new_user("secret")
        server.fill(username, [canonical(path.read_bytes()) for path in paths])
        connection = connect(Server("127.0.0.1", server.imap, Security.NONE))
        connection.authenticate(Credentials(username, "secret"))
        connection.select("INBOX")
        summaries = fetch.summaries_between(connection, 1, None)
        assert len(summaries) == len(paths)
        return {
            (str(path.relative_to(folder)), field)
            for path, summary in zip(paths, summaries, strict=True)
            for field in differing(ours(connection, summary), others[path])
        }
    finally:
        server.stop()


def explained() -> dict[tuple[str, str], str]:
    """The table of differences that somebody looked at."""
    lines = [line.split(" | ") for line in (HERE / "differences.txt").read_text().splitlines() if not line.startswith("#")]
    return {(path, field): why for path, field, why in lines}


def main() -> int:
    folder = Path(os.environ["WEBMAIL_CORPUS"]) / "mime"
    paths = sorted(folder.rglob("*.eml"))
    found, known = differences(folder, paths), explained()
    for field in FIELDS:
        agreed = len(paths) - sum(each == field for _, each in found)
        print(f"{field:8} {agreed} of {len(paths)} agree, {100 * agreed / len(paths):.2f} %")
    print(f"all      {100 * (1 - len(found) / (len(paths) * len(FIELDS))):.2f} %")
    for who, count in Counter(known[each].partition(":")[0] for each in found if each in known).most_common():
        print(f"{who}: {count}")
    unexplained, gone = sorted(found - known.keys()), sorted(known.keys() - found)
    for path, field in unexplained:
        print(f"not explained: {path} | {field}")
    for path, field in gone:
        print(f"explained, but they agree: {path} | {field}")
    return 1 if unexplained or gone else 0


if __name__ == "__main__":
    sys.exit(main())
