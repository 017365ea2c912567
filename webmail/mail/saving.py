"""Saving: attachments put where a person keeps their files, a folder on a WebDAV server that they have named."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from typing import BinaryIO
from urllib.parse import urlsplit

from webmail.account import AccountId, Credentials
from webmail.errors import InvalidInput, NotFound
from webmail.imageproxy import webdav
from webmail.imageproxy.network import Network
from webmail.imageproxy.webdav import Folder
from webmail.mail import parts
from webmail.mail.file_pages import SavePage
from webmail.mail.session import Gate, MailSession
from webmail.message.mime import safe_filename
from webmail.store import preferences, sealed
from webmail.tls import verifying_context

NAME = "save_to"
PURPOSE = "files of a person"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Folder
    credentials: Credentials


def page(session: MailSession) -> SavePage:
    """Where attachments are saved to; empty where nothing was named."""
    kept = _kept(session)
    return SavePage(kept.folder.address, kept.credentials.username, kept=True) if kept else SavePage()


def place(session: MailSession) -> str:
    """The host that attachments can be saved to; empty for none. One look-up."""
    kept = _kept(session)
    return kept.folder.host if kept else ""


def keep(session: MailSession, gate: Gate, *, address: str, username: str, password: str) -> None:
    """Remember a folder, once it was found to open with this password. An empty password means the one that is kept for it.

    One visit to its server. Raises InvalidInput for what cannot be used, and what ``webdav.check`` raises; then nothing has changed.
    """
    folder = webdav.folder_of(address[:2000], named=gate.save_hosts)
    before = _kept(session)
    if not password and before is not None and (before.folder.host, before.credentials.username) == (folder.host, username):
        # Only to the server it was meant for: whoever finds this page open must not have it sent elsewhere.
        password = before.credentials.password if before.folder.port == folder.port else ""
    for field, text in (("username", username), ("password", password)):
        if not text or len(text) > LONGEST:
            raise InvalidInput("required" if not text else "filter_long", field=field, limit=LONGEST)
        if any(each in text for each in "\r\n\0") or (field == "username" and ":" in text):
            raise InvalidInput("control_character", field=field)
    given = Credentials(username, password)
    webdav.check(folder, given, _network(gate, folder))
    content = {"address": folder.address, "username": username, "password": _sealed(session, password)}
    preferences.put(session.database, session.user.id, NAME, json.dumps(content))


def forget(session: MailSession) -> None:
    """Forget the folder and its password."""
    preferences.put(session.database, session.user.id, NAME, "")


def save(session: MailSession, gate: Gate, message_id: int, *, section: str) -> str:
    """Save an attachment under its name, or under one with a number; returns the name it has there.

    It goes by way of a file without a name in the data folder, since a server wants to know its size first and may ask for another
    name. Raises NotFound (``save_place``, ``part``, ``message``) and what ``webdav.put`` raises.
    """
    kept = _kept(session)
    if kept is None:
        raise NotFound("save_place")
    stream = parts.part(session, message_id, section=section)
    with tempfile.TemporaryFile(dir=session.database.data_dir, prefix="saving-") as waiting:
        size = sum(waiting.write(piece) for piece in stream.chunks)
        return _put(kept, safe_filename(stream.filename) or "file", waiting, size=size, network=_network(gate, kept.folder))


def _put(kept: _Kept, name: str, content: BinaryIO, *, size: int, network: Network) -> str:
    return webdav.put(kept.folder, name, content, size=size, credentials=kept.credentials, network=network)


def _network(gate: Gate, folder: Folder) -> Network:
    """The way out: to public addresses, and wherever a host leads that the operator has named, whose private authority counts too."""
    if folder.host not in gate.save_hosts:
        return gate.network
    return replace(gate.network, permitted=lambda _address: True, context=lambda: verifying_context(gate.imap_server))


def _kept(session: MailSession) -> _Kept | None:
    """What is remembered; None for nothing, and where its password cannot be read any more."""
    text = preferences.get(session.database, session.user.id, NAME)
    if not text:
        return None
    content = json.loads(text)
    password = sealed.unseal(session.database.key, content["password"], purpose=PURPOSE, account_id=_whose(session))
    if password is None:
        return None
    named = frozenset({urlsplit(content["address"]).hostname or ""})
    return _Kept(webdav.folder_of(content["address"], named=named), Credentials(content["username"], password))


def _sealed(session: MailSession, password: str) -> str:
    return sealed.seal(session.database.key, password, purpose=PURPOSE, account_id=_whose(session))


def _whose(session: MailSession) -> AccountId:
    """What the seal is bound to: the person, whichever of their accounts is shown."""
    return AccountId(session.user.id)
