"""Writing: how a person likes to write, chosen once, and the words that a new message or an answer begins with."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.account import Identity
from webmail.errors import InvalidInput
from webmail.mail.session import MailSession
from webmail.store import preferences

FORMATS = ("plain", "markdown")
"""How new messages are written; a draft may also be ``html``."""
QUOTES = ("above", "below", "none")
"""Where one answers: above what is quoted, below it, or without quoting."""
SIGNATURES = ("above", "below", "none")
"""Where the signature stands in an answer: above what is quoted or below it; it may be left out of answers."""
FORMAT, QUOTE, SIGNATURE = "write_format", "write_quote", "write_signature"
MARK = "-- \n"


@dataclass(frozen=True, slots=True)
class WritingPage:
    """What was chosen; see ``FORMATS``, ``QUOTES`` and ``SIGNATURES``."""

    format: str = "plain"
    quote: str = "above"
    signature: str = "above"


def choices(session: MailSession) -> WritingPage:
    """How the person likes to write. Three look-ups."""
    chosen = {
        field: preferences.get(session.database, session.user.id, name, default=getattr(WritingPage(), field))
        for field, name in (("format", FORMAT), ("quote", QUOTE), ("signature", SIGNATURE))
    }
    return WritingPage(**chosen)


def choose(session: MailSession, page: WritingPage) -> None:
    """Remember how the person likes to write. Raises InvalidInput for what cannot be chosen."""
    for name, field, known in ((FORMAT, "format", FORMATS), (QUOTE, "quote", QUOTES), (SIGNATURE, "signature", SIGNATURES)):
        value = getattr(page, field)
        if value not in known:
            raise InvalidInput("choice", field=field, value=value)
        preferences.put(session.database, session.user.id, name, value)


def signature_block(identity: Identity | None) -> str:
    """The signature of an identity behind the mark that readers know it by; empty where it has none (RFC 3676 §4.3)."""
    return MARK + identity.signature if identity is not None and identity.signature else ""


def new_text(text: str, signature: str) -> str:
    """A new message: what it begins with, and the signature below."""
    return f"{text}\n\n{signature}" if signature else text


def answer_text(quoted: str, signature: str, chosen: WritingPage) -> str:
    """The text of an answer: room for words, what is quoted, and the signature, in the order that was chosen."""
    signature = signature if chosen.signature != "none" else ""
    if chosen.quote == "none" or not quoted:
        return f"\n\n{signature}" if signature else ""
    if chosen.quote == "below":
        return f"{quoted}\n" + (f"\n\n{signature}" if signature else "")
    if not signature:
        return f"\n\n{quoted}"
    return f"\n\n{signature}\n\n{quoted}" if chosen.signature == "above" else f"\n\n{quoted}\n{signature}"


def signed_anew(text: str, *, old: Identity | None, new: Identity | None) -> str:
    """The text with the signature of another identity in place of the one it has; one that was changed by hand stays."""
    before, after = signature_block(old), signature_block(new)
    if before == after:
        return text
    if before and before in text:
        return text.replace(before, after, 1) if after else text.replace(before, "", 1).rstrip("\n")
    return f"{text}\n\n{after}" if not before and after and MARK not in text else text
