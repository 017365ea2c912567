"""The demonstration of ``make run``: a folder that is wiped, settings that point to the embedded mail server, a friendly box."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import IO

from webmail.settings import PREFIX, Settings

ACCOUNTS = (("demo@example.org", "demo"), ("alice@example.org", "demo"))


def claim(folder: Path, *, port: int) -> tuple[Path, IO[str]]:
    """An empty folder for one demonstration, and the open lock file that makes it ours until it is closed.

    If another demonstration runs in the folder, one beside it is taken. Everything in it is deleted.
    """
    for place in (folder, folder.with_name(f"{folder.name}-{port}")):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = place.with_name(place.name + ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if place.is_symlink():
            place.unlink()
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        return place, lock
    raise BlockingIOError(folder)


def environment(around: Mapping[str, str], folder: Path, *, imap_port: int, smtp_port: int, port: int) -> dict[str, str]:
    """The environment of the demonstration's programs.

    Every setting is named, so that neither the environment nor a webmail.toml made for real use can lead into a real mailbox.
    """
    values = {each.name: str(each.default) for each in fields(Settings)}
    values |= {
        "imap_host": "127.0.0.1",
        "imap_port": str(imap_port),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(smtp_port),
        "smtp_security": "none",
        "mail_domain": "example.org",
        "authserv_id": "mail.example.org",
        "data_dir": str(folder),
        "port": str(port),
    }
    kept = {name: value for name, value in around.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): value for name, value in values.items()}


def box(address: str) -> str:
    """The address and the sign-in names in a frame, in letters that the terminal can show."""
    lines = [f"The webmail is ready:   {address}", ""]
    lines += [f"{'Sign in as' if number == 0 else 'or as':<12}{name:<20}password  {word}" for number, (name, word) in enumerate(ACCOUNTS)]
    lines += ["", "This is a demonstration with its own mail server. Everything in it", "is forgotten at the next start. Ctrl-C ends it."]
    width = max(map(len, lines)) + 4
    corners, across, down = ("┌┐└┘", "─", "│") if _shows("┌─│") else ("++++", "-", "|")
    rows = [f"  {down}{'  ' + line:<{width}}{down}" for line in lines]
    return "\n".join(["", f"  {corners[0]}{across * width}{corners[1]}", *rows, f"  {corners[2]}{across * width}{corners[3]}", ""])


def _shows(text: str) -> bool:
    """Whether the terminal's encoding has these letters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") != "dumb"
