"""What the sheets of a message ask of its markup that does not stay there by itself: ids, kinds, attributes, states of fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lxml import etree

from webmail.sanitize import fields, policy
from webmail.sanitize.tree import unshielded
from webmail.sanitize.values import ATTRIBUTE, ID, KIND, STATE

_SELECTED_ID = re.compile(rf"\.{ID}([\w-]+)")
_SELECTED_KIND = re.compile(rf"\.{KIND}([a-z]+)")
_SELECTED_STATE = re.compile(rf"\.{STATE}([a-z-]+)")
_ASKED_ATTRIBUTE = re.compile(rf"[\[(]{ATTRIBUTE}([a-z0-9_-]+)")
_OURS = "wm-"
_MAX_VALUE = 1000


class Asked(NamedTuple):
    """The names that the sheets ask for; an element answers with classes and with copies of attributes, which do nothing."""

    ids: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()

    def classes(self, kind: str, element: etree._Element) -> list[str]:
        """The classes by which the sheets find this element."""
        found = [f"{KIND}{kind}"] if kind in self.kinds else []
        if self.states and kind in fields.STATEFUL:
            found += [f"{STATE}{state}" for state in fields.states(kind, element) if state in self.states]
        if self.ids and element.get("id") in self.ids:
            found.append(f"{ID}{element.get('id')}")
        return found

    def copies(self, given: Mapping[str, str]) -> dict[str, str]:
        """The attributes that are asked for, as the message has them; one that is a copy already stays one."""
        found = dict[str, str]()
        if not self.attributes:
            return found
        for name in sorted(self.attributes.intersection(name.removeprefix(ATTRIBUTE) for name in given)):
            copy = f"{ATTRIBUTE}{name}"
            value = unshielded(given.get(copy, given.get(name, "")))[:_MAX_VALUE]
            if name == "class" and _OURS in value and not (value := " ".join(each for each in value.split() if not each.startswith(_OURS))):
                continue
            if policy.is_copy(copy, value):
                found[copy] = value
        return found


NOTHING = Asked()


def asked(sheets: str) -> Asked:
    """What these sheets, which are clean, ask for. Linear."""
    found = Asked(
        ids=frozenset(_SELECTED_ID.findall(sheets)),
        kinds=frozenset(_SELECTED_KIND.findall(sheets)),
        attributes=frozenset(_ASKED_ATTRIBUTE.findall(sheets)),
        states=frozenset(_SELECTED_STATE.findall(sheets)),
    )
    return found if any(found) else NOTHING
