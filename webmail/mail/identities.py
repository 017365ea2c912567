"""Identities: the addresses a person writes from, the one an answer is written from, and what belongs to each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from webmail.account import Identity, IdentityId
from webmail.address import Address, parse_address_list, valid_addr_spec
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.mail.session import MailSession, account
from webmail.store import identities, jobs

LONGEST_SIGNATURE = 20_000
MOST = 100


@dataclass(frozen=True, slots=True)
class IdentityFields:
    """The form of an identity as it came."""

    name: str = ""
    address: str = ""
    reply_to: str = ""
    signature: str = ""
    signature_html: str = ""


@dataclass(frozen=True, slots=True)
class IdentitiesPage:
    """All identities, the usual one first, and the ``form`` of one of them or of a new one (``edited`` is 0)."""

    identities: tuple[Identity, ...]
    form: IdentityFields
    edited: int = 0


def page(session: MailSession, edited: int = 0, *, form: IdentityFields | None = None) -> IdentitiesPage:
    """The identities of the account shown, with the form of one of them. Raises NotFound."""
    mine = account(session).identities
    chosen = next((each for each in mine if each.id == edited), None)
    if edited and chosen is None:
        raise NotFound("identity")
    shown = form or IdentityFields()
    if form is None and chosen is not None:
        shown = IdentityFields(chosen.address.name, chosen.address.addr_spec, chosen.reply_to, chosen.signature, chosen.signature_html)
    return IdentitiesPage(mine, shown, edited)


def put(session: MailSession, edited: int, form: IdentityFields) -> None:
    """Keep an identity, a new one where ``edited`` is 0. Raises InvalidInput for a field that cannot be used, and NotFound."""
    mine = account(session)
    if edited and all(each.id != edited for each in mine.identities):
        raise NotFound("identity")
    address = _address(form)
    _check_reply_to(form.reply_to)
    for name in ("signature", "signature_html"):
        if "\0" in getattr(form, name) or len(getattr(form, name)) > LONGEST_SIGNATURE:
            raise InvalidInput("signature", field=name)
    if not edited and len(mine.identities) >= MOST:
        raise InvalidInput("too_many", field="address", limit=MOST)
    identities.put(
        session.database,
        mine.id,
        IdentityId(edited) if edited else None,
        address=address,
        reply_to=form.reply_to.strip(),
        signature=form.signature.replace("\r\n", "\n").strip("\n"),
        signature_html=form.signature_html.strip(),
    )
    # Whose mail it is that names this person has changed (see ``to_me``).
    jobs.put(session.database, kind="to_me", account_id=mine.id, due_at=datetime.now(UTC))
    jobs.wake(session.database)


def _address(form: IdentityFields) -> Address:
    for name in ("name", "address", "reply_to"):
        if any(character in getattr(form, name) for character in "\r\n\0"):
            raise InvalidInput("line_break", field=name)
    found = parse_address_list(form.address)
    if len(found.addresses) != 1 or found.invalid or not valid_addr_spec(found.addresses[0].addr_spec):
        raise InvalidInput("address", field="address", value=form.address)
    return Address(form.name.strip() or found.addresses[0].name, found.addresses[0].addr_spec)


def _check_reply_to(text: str) -> None:
    parsed = parse_address_list(text)
    wrong = [*parsed.invalid, *(each.addr_spec for each in parsed.addresses if not valid_addr_spec(each.addr_spec))]
    if wrong or parsed.cut:
        raise InvalidInput("address", field="reply_to", value=", ".join(wrong[:5]))


def make_first(session: MailSession, identity_id: int) -> None:
    """Make an identity the one that new messages are written as. Raises NotFound."""
    identities.make_first(session.database, account(session).id, IdentityId(identity_id))


def remove(session: MailSession, identity_id: int) -> None:
    """Forget an identity. Raises NotFound, and Conflict("last_identity") for the last one: somebody must write."""
    mine = account(session)
    if [each.id for each in mine.identities] == [identity_id]:
        raise Conflict("last_identity")
    identities.remove(session.database, mine.id, IdentityId(identity_id))


def without_detail(addr_spec: str) -> str:
    """An addr-spec in lower case without what stands behind a plus sign in it (RFC 5233 §4)."""
    local, _, domain = addr_spec.lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def of_address(session: MailSession, addr_spec: str) -> Identity | None:
    """The identity that writes from an address: the one of that very address, else the one whose plus-address it is."""
    mine, wanted = account(session).identities, addr_spec.lower()
    same = next((each for each in mine if each.address.addr_spec.lower() == wanted), None)
    if same is not None or "+" not in wanted.partition("@")[0]:
        return same
    return next((each for each in mine if each.address.addr_spec.lower() == without_detail(wanted)), None)


def named(session: MailSession, text: str) -> Identity | None:
    """The identity that an address of a form names, as people write it; None where it names none."""
    found = parse_address_list(text).addresses
    return of_address(session, found[0].addr_spec) if found else None


def own_among(session: MailSession, addresses: Iterable[Address]) -> set[str]:
    """The addr-specs, in lower case, of all identities and of those addresses that mean the same person."""
    mine = {each.address.addr_spec.lower() for each in account(session).identities}
    username = account(session).username.lower()
    mine |= {username} if "@" in username else set()
    return mine | {each.addr_spec.lower() for each in addresses if of_address(session, each.addr_spec) is not None}


def answering(session: MailSession, addresses: Iterable[str]) -> Address | None:
    """The address an answer is written from: the first of these, to which the message came, that is one's own; None if none is."""
    for each in addresses:
        found = of_address(session, each)
        if found is not None:
            same = found.address.addr_spec.lower() == each.lower()
            return found.address if same else Address(found.address.name, each)
    return None
