"""Who wrote a message, and what makes that doubtful: marks with a code, a severity and values; the words are made elsewhere."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from webmail.address import Address
from webmail.message.facts import Facts
from webmail.message.header import names_another
from webmail.message.lookalikes import ascii_domain, imitates, mixes_scripts, name_mixes_scripts, site, unicode_domain
from webmail.message.summary import Envelope


class Severity(enum.StrEnum):
    """How much a mark weighs, the least first."""

    INFO = "info"
    WARN = "warn"
    DANGER = "danger"


_WEIGHT = {Severity.DANGER: 0, Severity.WARN: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to know of who wrote a message. ``values`` are text of strangers; ``count`` of how many things it is said."""

    code: str
    severity: Severity
    values: Mapping[str, str] = field(default_factory=dict)
    count: int = 1


def ordered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """The marks, the heaviest first, each once."""
    kept: list[Mark] = []
    for mark in marks:
        if mark not in kept:
            kept.append(mark)
    return tuple(sorted(kept, key=lambda mark: _WEIGHT[mark.severity]))


def marks(envelope: Envelope, facts: Facts, *, verified: bool = False) -> tuple[Mark, ...]:
    """What a header says of its sender that a reader should know, the heaviest first.

    ``verified``: the domain of the sender is known to be its own. Never raises; linear. RFC 5322 §3.6.2, UTS 39 §5.
    """
    found = [*_unclear(envelope, facts), *_letters(facts)]
    for address in envelope.sender[:1]:
        found += [*_name(address), *domain_marks(address.domain)]
    found += _reply(envelope, verified=verified)
    return ordered(found)


def _unclear(envelope: Envelope, facts: Facts) -> list[Mark]:
    doubled = [name for name in ("from", "sender", "reply-to") if name in facts.doubled]
    found = []
    if not envelope.sender:
        found.append(Mark("no_sender", Severity.DANGER if envelope.from_raw else Severity.WARN))
    elif "from" in doubled:
        found.append(Mark("several_from", Severity.DANGER))
    elif len(envelope.sender) > 1:
        others = ", ".join(address.addr_spec for address in envelope.sender[:3])
        found.append(Mark("several_senders", Severity.DANGER, {"addresses": others}))
    elif envelope.sender_doubtful and not any(map(_explained, envelope.sender)):
        found.append(Mark("unclear", Severity.DANGER))
    if doubled and "from" not in doubled:
        found.append(Mark("doubled", Severity.WARN))
    return found


def _explained(address: Address) -> bool:
    """Whether a mark of its own says why this sender is doubtful."""
    return names_another(address) or _mixed(address.domain)


def _letters(facts: Facts) -> list[Mark]:
    codes = {"order": Mark("hidden_order", Severity.DANGER), "unseen": Mark("hidden_unseen", Severity.WARN)}
    return [codes[each] for each in facts.hidden if each in codes]


def _name(address: Address) -> list[Mark]:
    found = []
    if names_another(address):
        found.append(Mark("name_address", Severity.DANGER, {"name": address.name, "address": address.addr_spec}))
    if name_mixes_scripts(address.name):
        found.append(Mark("name_scripts", Severity.WARN, {"name": address.name}))
    return found


def _mixed(domain: str) -> bool:
    return any(mixes_scripts(label) for label in unicode_domain(domain).split("."))


def domain_marks(domain: str, *, prefix: str = "") -> list[Mark]:
    """What the letters of a domain hide; both its forms are among the values. ``prefix`` goes before the codes."""
    if domain.isascii() and "xn--" not in domain.lower():
        return []
    forms = {"domain": unicode_domain(domain), "ascii": ascii_domain(domain)}
    imitated = imitates(domain)
    if imitated:
        return [Mark(f"{prefix}imitates", Severity.DANGER, forms | {"like": imitated})]
    if _mixed(domain):
        return [Mark(f"{prefix}scripts", Severity.DANGER, forms)]
    return [Mark(f"{prefix}international", Severity.INFO, forms)]


def answered_elsewhere(envelope: Envelope) -> Address | None:
    """The address at another site that a reply goes to, or None. Of a list, or to whom the message went as well, it is no surprise."""
    if not envelope.sender or not envelope.reply_to or envelope.list_id:
        return None
    theirs, recipients = site(envelope.sender[0].domain), {each.addr_spec.lower() for each in (*envelope.to, *envelope.cc)}
    return next((each for each in envelope.reply_to if site(each.domain) != theirs and each.addr_spec.lower() not in recipients), None)


def _reply(envelope: Envelope, *, verified: bool) -> list[Mark]:
    """Answers that go to another site. Newsletters do that; so it weighs by what is known of the sender."""
    elsewhere = answered_elsewhere(envelope)
    return [Mark("reply_elsewhere", Severity.INFO if verified else Severity.WARN, {"address": elsewhere.addr_spec})] if elsewhere else []
