"""The words of attachments: what a kind of file can do, in a tile and on the way to download it."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _


def harm_tag(harm: Sequence[str]) -> str:
    """A warning in a few words, for the tile of a file: the gravest of these codes."""
    words = {
        "disguised": _("Not what it seems"),
        "program": _("Program"),
        "page": _("Web page"),
        "macros": _("Contains programs"),
        "disk": _("Disk image"),
    }
    return next((words[code] for code in words if code in harm), "")


def harm_sentences(harm: Sequence[str]) -> list[str]:
    """What a file with these codes can do, in sentences."""
    words = {
        "disguised": _("It looks like one kind of file and is another. Files are disguised like this to deceive."),
        "program": _("It is a program, or starts one. When it is opened it can read, change and send everything you can."),
        "page": _("It opens in your browser as a page that can imitate any other, also one that asks for a password."),
        "macros": _("It is a document that can carry programs, which run when somebody allows them."),
        "disk": _("It is a disk with files inside, about which your computer will not warn you any more."),
    }
    return [words[code] for code in words if code in harm]
