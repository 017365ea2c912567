"""What came of a message's tree: markup for the authority to judge, sheets, and what was seen on the way."""

from __future__ import annotations

from typing import NamedTuple

from webmail.sanitize.options import Detour
from webmail.sanitize.sightings import Sightings


class Rewritten(NamedTuple):
    """``addresses`` and ``styles`` are all values of ``src``, ``href``, ``background`` and ``style`` that stand in ``markup``.

    ``fields`` says that there are boxes in it that stand for fields of a form, ``stand_ins`` names the classes of what stands for
    other things. ``designed`` says that the sender chose fonts,
    grounds or a sheet, and does not leave the looks to the reader. ``dark`` is a style sheet for dark screens, to be put after
    ``sheet``.
    """

    markup: str
    body: str
    sheet: str
    addresses: frozenset[str]
    styles: frozenset[str]
    seen: Sightings
    own_style: bool
    cut: bool
    detours: tuple[Detour, ...] = ()
    asks: tuple[str, ...] = ()
    designed: bool = False
    fields: bool = False
    stand_ins: frozenset[str] = frozenset()
    dark: str = ""


NOTHING = Rewritten("", "", "", frozenset(), frozenset(), Sightings(), own_style=False, cut=False)
