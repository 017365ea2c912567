"""tsvector: PostgreSQL's table of words, and everything of a search that only PostgreSQL says in this way.

A document's words are the lexemes of a tsvector, made here from our own words: no dictionary of PostgreSQL changes them. It
holds which words there are and not where they stand, because a tsvector forgets what stands behind its 16,383rd place and
behind the 256th place of one word (https://www.postgresql.org/docs/15/textsearch-limitations.html). Beside it the words stand
in their order, and of the few documents that have all words of a phrase that text decides: so a phrase is found wherever it
stands, as FTS5 finds it.

A lexeme begins with its account, so that what other people have costs nothing, and with a sign: ``1:rent`` stands anywhere in
a document of account 1, ``1=rent`` in its subject, ``1.京大`` are characters that stand together, which makes Chinese,
Japanese and Korean as quick to find as words. The lexemes of one document may have a megabyte: of one with more different
words, the last ones of the attachments are not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
)
from sqlalchemy import Text as Characters
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR

from webmail.query.syntax import And, Node, Not, Or, Text, leaves
from webmail.store.column_kinds import NAMES
from webmail.store.documents import FIELDS, MEANT, Asked, Row, documents

LIMIT = 1_000_000
"""Octets of lexemes that are kept of one document; a tsvector takes 1,048,575."""
_ANYWHERE, _TOGETHER = ":", "."
_SIGNS = {"subject": "=", "sender": "<", "recipients": ">", "cc": "+", "list": "@"}
"""The fields whose words are lexemes of their own. What stands in the others, which are long, the text decides."""
_ORDER = ("subject", "sender", "recipients", "cc", "list", "body", "files")
"""What is kept first of a document with too many words."""
_BEST = ((6, ("subject",)), (4, ("sender",)), (2, ("recipients",)))
"""Hits in the subject and of people say most."""
_EAST_ASIAN = "\u2e80"
"""From here on a word of one letter is one without blanks around it."""

words = Table(
    "words",
    MetaData(naming_convention=NAMES),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("words", TSVECTOR, nullable=False),
    # The words in their order, a line for each field, and blanks around each word.
    Column("text", Characters, nullable=False),
)
_MAKE = (
    "CREATE INDEX ix_words_words ON words USING gin (words)",
    """
    CREATE FUNCTION note_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM documents WHERE message_id = OLD.id) THEN
            INSERT INTO unwanted_documents VALUES (OLD.id) ON CONFLICT DO NOTHING;
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER messages_forgotten AFTER DELETE ON messages FOR EACH ROW EXECUTE FUNCTION note_forgotten()",
)
_HAS_LZ4 = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
_PUT = insert(words).values(words=func.array_to_tsvector(bindparam("lexemes", type_=ARRAY(Characters))))


def create(connection: Connection) -> None:
    """Make the table beside the tables of the index."""
    words.create(connection, checkfirst=False)
    if connection.exec_driver_sql(_HAS_LZ4).scalar():
        # Hits are unpacked to be looked at: what takes a little more room and a tenth of the time is better.
        connection.exec_driver_sql("ALTER TABLE words ALTER words SET COMPRESSION lz4, ALTER text SET COMPRESSION lz4")
    for statement in _MAKE:
        connection.exec_driver_sql(statement)


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Put words in. Their ids must be free."""
    if rows:
        connection.execute(
            _PUT, [{"id": row_id, "lexemes": _lexemes(account, texts), "text": _text(texts)} for row_id, account, texts in rows]
        )


def take(connection: Connection, rows: Sequence[Row]) -> None:
    """Take words out."""
    if rows:
        connection.execute(delete(words).where(words.c.id.in_([row[0] for row in rows])))


def merge(connection: Connection) -> bool:
    """Put what was written last in its place, so that searches need not look through it; there is never more to do."""
    connection.exec_driver_sql("SELECT gin_clean_pending_list('ix_words_words')")
    return False


def _lexemes(account: int, texts: Sequence[str]) -> list[str]:
    """The lexemes of a document, as many as fit."""
    found: dict[str, None] = {}
    by_name = dict(zip(FIELDS, texts, strict=True))
    for name in _ORDER:
        here = by_name[name].split()
        found |= dict.fromkeys(f"{account}{_ANYWHERE}{word}" for word in here)
        found |= dict.fromkeys(f"{account}{_TOGETHER}{pair}" for pair in _pairs(here))
        if name in _SIGNS:
            found |= dict.fromkeys(f"{account}{_SIGNS[name]}{word}" for word in here)
    return list(_fitting(found))


def _fitting(lexemes: Iterable[str]) -> Iterator[str]:
    room = LIMIT
    for each in lexemes:
        # One more octet, because each may be filled up to an even number.
        room -= len(each.encode()) + 1
        if room < 0:
            return
        yield each


def _pairs(found: Sequence[str]) -> Iterator[str]:
    """Letters that stand together, of scripts without blanks."""
    for one, other in pairwise(found):
        if len(one) == len(other) == 1 and one >= _EAST_ASIAN and other >= _EAST_ASIAN:
            yield one + other


def _text(texts: Sequence[str]) -> str:
    return "\n".join(f" {text} " for text in texts)


def ask(node: Node, accounts: Sequence[int]) -> Asked:
    """A tree that asks for words only, limited to the accounts."""
    ranks = [_rank(leaf, accounts) for leaf, wanted in leaves(node) if wanted and isinstance(leaf, Text)]
    best = (sum(ranks[1:], ranks[0]).desc(),) if ranks else ()
    return Asked(
        words,
        words.c.id,
        _condition(node, accounts),
        best=(*best, words.c.id.desc()),
        # Lexemes tell the account of what is wanted, and nothing of what is only not to be there.
        also=(documents.c.account_id.in_(accounts),),
        candidates=_candidates(node, accounts),
    )


def _candidates(node: Node, accounts: Sequence[int]) -> ColumnElement[bool] | None:
    """What the index of lexemes tells by itself; None where it tells nothing."""
    match node:
        case And(parts):
            told = [each for each in (_candidates(part, accounts) for part in parts) if each is not None]
            return and_(*told) if told else None
        case Or(parts):
            some = [_candidates(part, accounts) for part in parts]
            known = [each for each in some if each is not None]
            return or_(*known) if len(known) == len(some) else None
        case Text(found, field, prefix):
            return _matches(found, MEANT[field], accounts, prefix=prefix)
    return None


def _condition(node: Node, accounts: Sequence[int]) -> ColumnElement[bool]:
    match node:
        case And(parts):
            return and_(*[_condition(each, accounts) for each in parts])
        case Or(parts):
            return or_(*[_condition(each, accounts) for each in parts])
        case Not(part):
            return not_(_condition(part, accounts))
        case Text(found, field, prefix):
            return _stands(found, MEANT[field], accounts, prefix=prefix)
    raise TypeError(node)


def _rank(leaf: Text, accounts: Sequence[int]) -> ColumnElement[int]:
    """What a hit is worth by the best field the words stand in."""
    best = [(_matches(leaf.words, fields, accounts, prefix=leaf.prefix), literal_column(str(worth), Integer)) for worth, fields in _BEST]
    return case(
        *best, (_matches(leaf.words, (), accounts, prefix=leaf.prefix), literal_column("1", Integer)), else_=literal_column("0", Integer)
    )


def _stands(found: Sequence[str], fields: Sequence[str], accounts: Sequence[int], *, prefix: bool) -> ColumnElement[bool]:
    """Whether words follow each other in one of these fields, or in any."""
    there = _matches(found, fields, accounts, prefix=prefix)
    pair = len(found) == 2 and not prefix and not fields and any(_pairs(found))
    if pair or (len(found) == 1 and all(name in _SIGNS for name in fields)):
        return there
    sought = literal(f" {' '.join(found)}" + ("" if prefix else " "), Characters)
    texts: list[ColumnElement[str]] = [func.split_part(words.c.text, "\n", FIELDS.index(name) + 1) for name in fields] or [words.c.text]
    return and_(there, or_(*[func.strpos(text, sought) > 0 for text in texts]))


def _matches(found: Sequence[str], fields: Sequence[str], accounts: Sequence[int], *, prefix: bool) -> ColumnElement[bool]:
    """Whether all words are lexemes of a document: of one of these fields, or anywhere."""
    signs = dict.fromkeys(_SIGNS.get(name, _ANYWHERE) for name in fields) or (_ANYWHERE,)
    queries = [" & ".join(_wanted(found, f"{account}", sign, prefix=prefix)) for account in accounts for sign in signs]
    query = " | ".join(f"({each})" for each in queries)
    return words.c.words.op("@@", return_type=Boolean())(cast(literal(query, Characters), TSQUERY))


def _wanted(found: Sequence[str], account: str, sign: str, *, prefix: bool) -> Iterator[str]:
    whole = found[:-1] if prefix else found
    for word in dict.fromkeys(whole):
        yield _quoted(f"{account}{sign}{word}")
    for pair in dict.fromkeys(_pairs(whole)):
        yield _quoted(f"{account}{_TOGETHER}{pair}")
    if prefix:
        yield _quoted(f"{account}{sign}{found[-1]}") + ":*"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
