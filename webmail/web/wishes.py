"""How somebody wants to see a message: as the address of its page says, and the addresses of the same page seen otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from webmail.mail.message_pages import MessagePage, Wishes
from webmail.message import charset as charsets
from webmail.web.templating import path


def asked_wishes() -> Wishes:
    """How the message is to be shown, as the address says."""
    asked = request.args
    return Wishes(
        prefer=asked.get("show", ""),
        images=asked.get("images") == "1",
        query=asked.get("q", ""),
        charset=charsets.choice(asked.get("charset", "")),
        patient=asked.get("anyway") == "1",
        attached=tuple(asked.getlist("open")),
        original=asked.get("colours") == "original",
        full_size=asked.get("size") == "full",
    )


def looks(*, original: bool, full_size: bool) -> dict[str, str]:
    """What an address says of colours and size; nothing where they are what they are by themselves."""
    return ({"colours": "original"} if original else {}) | ({"size": "full"} if full_size else {})


def looked_at(page: MessagePage, *, original: bool, full_size: bool, place: Mapping[str, str] | None = None, at: str = "") -> str:
    """The page of a message in these looks, else as it is, with what is open in it; ``at`` the section of something in it, or its head."""
    query: dict[str, object] = {**looks(original=original, full_size=full_size)}
    query |= {"images": 1} if page.shows_images else {}
    query |= {name: value for name, value in (("q", page.query), ("charset", page.charset), ("open", _open(page))) if value}
    where = f"#part-{page.message.id}-{at}" if at else ""
    return path(f"/messages/{page.message.id}", **query, **(place or {})) + where


def _open(page: MessagePage) -> list[str]:
    return [each.section for each in page.attached if each.body]
