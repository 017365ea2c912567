"""Compare what we read of every message of the corpus with what the independent parser reads; fail where a difference is not explained.

Needs node and the packages of the lock file (``make crosscheck``), and the corpora in ``WEBMAIL_CORPUS``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.crosscheck.others import HERE, PARSERS
from tests.crosscheck.reading import FIELDS, differing, ours, theirs
from tests.servers.dovecot import Dovecot
from tests.test_corpus import canonical
from webmail.account import Credentials, Security, Server
from webmail.imap import fetch
from webmail.imap.connection import connect

Differences = set[tuple[str, str]]
"""Messages and the fields of them in which two readers differ."""


def differences(folder: Path, paths: list[Path]) -> dict[str, Differences]:
    """The fields in which we differ from each of the independent parsers, message by message."""
    others = theirs(paths)
    server = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-crosscheck-")))
    found: dict[str, Differences] = {parser: set() for parser in PARSERS}
    try:
        username = server.new_user("secret")
        server.fill(username, [canonical(path.read_bytes()) for path in paths])
        connection = connect(Server("127.0.0.1", server.imap, Security.NONE))
        connection.authenticate(Credentials(username, "secret"))
        connection.select("INBOX")
        summaries = fetch.summaries_between(connection, 1, None)
        assert len(summaries) == len(paths)
        for path, summary in zip(paths, summaries, strict=True):
            mine, name = ours(connection, summary), str(path.relative_to(folder))
            for parser in PARSERS:
                found[parser] |= {(name, field) for field in differing(mine, others[parser][path])}
        return found
    finally:
        server.stop()


def explained() -> dict[tuple[str, str], str]:
    """The table of differences that somebody looked at."""
    lines = [line.split(" | ") for line in (HERE / "differences.txt").read_text().splitlines() if not line.startswith("#")]
    return {(path, field): why for path, field, why in lines}


def agreement(paths: list[Path], found: dict[str, Differences], known: dict[tuple[str, str], str]) -> Iterator[str]:
    """A table of how many messages we read as the first parser, as the second, and as one of the two.

    The last column leaves out what differs from the first because, as somebody found who looked at the message, ours is right.
    """
    first = found[PARSERS[0]]
    columns = {**found, "either": set.intersection(*found.values())}
    columns["first or right"] = {each for each in first if not known.get(each, "").startswith("ours:")}
    yield f"{len(paths)} messages  " + "".join(f"{name:>16}" for name in columns)
    for field in FIELDS:
        agreed = [len(paths) - sum(each == field for _, each in column) for column in columns.values()]
        yield f"{field:15}" + "".join(f"{100 * count / len(paths):14.2f} %" for count in agreed)
    shares = [100 * (1 - len(column) / (len(paths) * len(FIELDS))) for column in columns.values()]
    yield f"{'all':15}" + "".join(f"{share:14.2f} %" for share in shares)


def main() -> int:
    folder = Path(os.environ["WEBMAIL_CORPUS"]) / "mime"
    paths = sorted(folder.rglob("*.eml"))
    apart, known = differences(folder, paths), explained()
    print("\n".join(agreement(paths, apart, known)))
    # What the first parser reads otherwise is explained, whatever the second says.
    found = apart[PARSERS[0]]
    for who, count in Counter(known[each].partition(":")[0] for each in found if each in known).most_common():
        print(f"{who}: {count}")
    unexplained, gone = sorted(found - known.keys()), sorted(known.keys() - found)
    for path, field in unexplained:
        print(f"not explained: {path} | {field}{'' if (path, field) in apart[PARSERS[1]] else ' (the second parser agrees with us)'}")
    for path, field in gone:
        print(f"explained, but they agree: {path} | {field}")
    return 1 if unexplained or gone else 0


if __name__ == "__main__":
    sys.exit(main())
