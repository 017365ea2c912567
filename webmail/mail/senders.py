"""Senders: who wrote a message, by its header, by the word of the server, by its links, and by what is remembered of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webmail import authentication
from webmail.address import Address
from webmail.authentication import State, Verdict
from webmail.errors import NotFound
from webmail.mail.session import MailSession, account, find_message
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message.facts import Facts
from webmail.message.lookalikes import looks_like, name_key, site
from webmail.message.sender import Mark, Severity, answered_elsewhere, marks, ordered
from webmail.message.summary import Flag, MessageSummary
from webmail.sanitize.html import Detour
from webmail.store import mailboxes, senders, signatures
from webmail.store.database import Database
from webmail.store.senders import Memory, Seen

FORGOTTEN = (SpecialUse.JUNK, SpecialUse.DRAFTS)
"""Mailboxes whose messages tell nothing of who is known."""
OUTGOING = (SpecialUse.SENT, SpecialUse.DRAFTS)
UNTRUSTED = frozenset({"several_from", "several_senders", "unclear", "no_sender", "hidden_order"})
"""What no trust in an address makes good: it is not clear whose address it is."""
LINK_WEIGHTS = {"elsewhere": Severity.DANGER, "user": Severity.DANGER, "like": Severity.DANGER, "letters": Severity.DANGER}


@dataclass(frozen=True, slots=True)
class SenderPage:
    """Who wrote a message, as its page shows it: what is doubtful, the heaviest first; what is known of the way it came.

    ``answered`` are the addresses a reply goes to where these are others than the sender's; ``first`` is ``address`` or ``site``
    for the first message from there; ``trusted`` says that the person trusts this address, so that doubts are not told;
    ``can_trust`` that this would help.
    """

    marks: tuple[Mark, ...] = ()
    verdict: Verdict | None = None
    answered: tuple[Address, ...] = ()
    first: str = ""
    site: str = ""
    trusted: bool = False
    can_trust: bool = False

    @property
    def kind(self) -> str:
        """How much the heaviest mark weighs; empty where there is none."""
        return self.marks[0].severity if self.marks else ""

    @property
    def forged(self) -> bool:
        """Whether it is probably a forgery: two dangers, or the domain it names asks to refuse what fails (mail passed on may fail too)."""
        dangers = [mark.code for mark in self.marks if mark.severity is Severity.DANGER]
        asks_to_refuse = self.verdict is not None and self.verdict.policy in ("quarantine", "reject")
        return len(dangers) > 1 or ("denied" in dangers and asks_to_refuse)


NO_SENDER = SenderPage()


def remember(database: Database, mailbox: Mailbox, summaries: Sequence[MessageSummary]) -> None:
    """Remember who wrote these messages, or in Sent to whom they went. One durable write for all of them."""
    if mailbox.special_use is SpecialUse.SENT:
        recipients = [each for one in summaries for each in (*one.envelope.to, *one.envelope.cc, *one.envelope.bcc)]
        senders.wrote(database, mailbox.account_id, recipients)
    elif mailbox.special_use not in FORGOTTEN:
        senders.remember(database, mailbox.account_id, _seen(summaries))


def _seen(summaries: Iterable[MessageSummary]) -> Iterable[Seen]:
    for each in summaries:
        if each.envelope.sender and Flag.DRAFT not in each.flags:
            elsewhere = answered_elsewhere(each.envelope)
            yield Seen(each.envelope.sender[0], each.internal_date, site(elsewhere.domain) if elsewhere else "")


def sender_page(
    session: MailSession,
    summary: MessageSummary,
    mailbox: Mailbox,
    *,
    facts: Facts,
    detours: Sequence[Detour] = (),
    asks: Sequence[str] = (),
) -> SenderPage:
    """Who wrote a message. Four look-ups by an index; nothing is asked of a server. One's own messages have no doubtful sender."""
    envelope = summary.envelope
    if mailbox.special_use in OUTGOING or Flag.DRAFT in summary.flags:
        return NO_SENDER
    if not envelope.sender:
        return SenderPage(marks=ordered([*marks(envelope, facts), *_of_links(detours, asks, own_site="")]))
    sender = envelope.sender[0]
    memory = senders.about(session.database, mailbox.account_id, sender)
    verdict = verdict_of(session, summary, facts)
    verified = verdict is not None and verdict.state is State.VERIFIED
    own = sender.addr_spec.lower() in {each.address.addr_spec.lower() for each in account(session).identities}
    first = "" if own else _first(session, summary, mailbox, memory)
    found = [*marks(envelope, facts, verified=verified), *_of_links(detours, asks, own_site=site(sender.domain) if verified else "")]
    if verdict is not None and verdict.state is State.FAILED:
        found.append(_denied(verdict, listed=bool(envelope.list_id)))
    if not own:
        found += _remembered(summary, memory, first=bool(first))
    return _told(ordered(found), verdict, summary, memory, first=first)


def verdict_of(session: MailSession, summary: MessageSummary, facts: Facts) -> Verdict | None:
    """What the server, and where it is asked for we ourselves, found of the sender; None where nobody has looked. One look-up."""
    if not summary.envelope.sender:
        return None
    local = tuple(authentication.Signature(*each) for each in signatures.of(session.database, summary.id))
    domain = summary.envelope.sender[0].domain
    return authentication.verdict(facts.trace, authserv_id=account(session).authserv_id, domain=domain, local=local)


def is_verified(session: MailSession, summary: MessageSummary, facts: Facts) -> bool:
    """Whether it is proven that a message comes from the domain of its sender (DKIM or DMARC, aligned)."""
    found = verdict_of(session, summary, facts)
    return found is not None and found.state is State.VERIFIED


def _told(found: tuple[Mark, ...], verdict: Verdict | None, summary: MessageSummary, memory: Memory, *, first: str) -> SenderPage:
    """The page, without what the person's trust in the address makes good."""
    sender = summary.envelope.sender[0]
    codes = {mark.code for mark in found}
    denied = verdict is not None and verdict.state is State.FAILED
    can_trust = not denied and not codes & UNTRUSTED
    trusted = memory.address.trusted and can_trust
    if "reply_changed" in codes:
        found = tuple(mark for mark in found if mark.code != "reply_elsewhere")
    shown = () if trusted else found
    answered = tuple(each for each in summary.envelope.reply_to if each.addr_spec.lower() != sender.addr_spec.lower())[:3]
    if any(mark.code.startswith("reply_") for mark in shown):
        # The note says it already.
        answered = ()
    return SenderPage(shown, verdict, answered, first, site(sender.domain), trusted, can_trust=can_trust)


def _first(session: MailSession, summary: MessageSummary, mailbox: Mailbox, memory: Memory) -> str:
    """Whether it is the first message from its address, or even its site; unknown while older ones are not in the index."""
    known = memory.address
    if known.written or (known.first_at is not None and known.first_at < summary.internal_date):
        return ""
    if not mailboxes.state(session.database, mailbox.id).complete:
        return ""
    return "address" if memory.site_since is not None and memory.site_since < summary.internal_date else "site"


def _denied(verdict: Verdict, *, listed: bool) -> Mark:
    """The domain says that it has not sent this. Mailing lists change what they pass on, which breaks what proves it."""
    by = next((each.domain for each in verdict.signatures if each.result == "pass" and each.domain), "")
    return Mark("denied", Severity.WARN if listed else Severity.DANGER, {"domain": verdict.domain, "by": by})


def _remembered(summary: MessageSummary, memory: Memory, *, first: bool) -> list[Mark]:
    sender, own = summary.envelope.sender[0], memory.address
    found = []
    if not own.written:
        found += _namesake(sender, summary, memory, first=first)
        like = looks_like(sender.domain, memory.written_sites)
        if like:
            found.append(Mark("domain_like", Severity.DANGER, {"domain": sender.domain, "like": like}))
    elsewhere = answered_elsewhere(summary.envelope)
    older = own.first_at is not None and own.first_at < summary.internal_date
    if elsewhere is not None and older and site(elsewhere.domain) != own.reply_site:
        found.append(Mark("reply_changed", Severity.WARN, {"address": elsewhere.addr_spec}))
    return found


def _namesake(sender: Address, summary: MessageSummary, memory: Memory, *, first: bool) -> list[Mark]:
    """Somebody known has this name and another address: a person written to, else one with a whole name who wrote before."""
    others = [each for each in memory.namesakes if each.site != memory.address.site]
    written = next((each for each in others if each.written), None)
    if written is not None:
        return [Mark("known_name", Severity.DANGER if first else Severity.WARN, {"name": sender.name, "address": written.addr_spec})]
    before = [each for each in others if each.first_at is not None and each.first_at < summary.internal_date]
    if first and before and " " in name_key(sender.name):
        return [Mark("other_domain", Severity.WARN, {"name": sender.name, "address": before[0].addr_spec})]
    return []


def _of_links(detours: Sequence[Detour], asks: Sequence[str], *, own_site: str) -> list[Mark]:
    """One mark for each kind of link, and for what is asked. A verified sender who names its own site may count clicks elsewhere."""
    kinds: dict[str, list[Detour]] = defaultdict(list)
    for each in detours:
        kinds["counted" if each.code == "elsewhere" and own_site and site(each.shown) == own_site else each.code].append(each)
    found = [
        Mark(
            f"link_{code}",
            Severity.INFO if code in ("counted", "international") else LINK_WEIGHTS.get(code, Severity.WARN),
            {"shown": links[0].shown, "host": links[0].host},
            len(links),
        )
        for code, links in kinds.items()
    ]
    if "password" in asks:
        found.append(Mark("asks_password", Severity.DANGER))
    elif "form" in asks:
        found.append(Mark("asks_form", Severity.WARN))
    return found


def trust(session: MailSession, message_id: int, *, trusted: bool) -> None:
    """Trust what comes from the address that wrote a message from now on, or no more. Raises NotFound if it is gone, or nobody wrote it."""
    stored, mailbox = find_message(session, message_id)
    sender = stored.summary.envelope.sender[:1]
    if not sender:
        raise NotFound("sender")
    senders.trust(session.database, mailbox.account_id, sender[0], trusted=trusted)
