"""Frozen values as JSON and back, for the pipe between two processes of ours."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, cast

CALL = {"call": True}
"""What stands for a function: it stays where it is, and is asked from there."""
_Value = TypeVar("_Value")


def plain(value: Any) -> Any:
    """A value as JSON can write it: fields and keys by name, enumerations by value, functions as ``CALL``."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [plain(each) for each in value]
    return CALL if callable(value) else value


def made_of(kind: type[_Value], said: Any) -> _Value:
    """The value of this kind, a dataclass of plain fields, tuples, enumerations and dataclasses, that ``plain`` wrote."""
    return cast("_Value", _made(kind, said))


def _made(kind: Any, said: Any) -> Any:
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return cast("Any", kind)(**{each.name: _made(hints[each.name], said[each.name]) for each in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(said)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        items = [arguments[0]] * len(said) if arguments[-1] is Ellipsis else arguments
        return tuple(_made(item, each) for item, each in zip(items, said, strict=True))
    if typing.get_origin(kind) in (frozenset, set):
        return frozenset(_made(arguments[0], each) for each in said)
    if isinstance(kind, types.UnionType) and said is not None:
        some = [each for each in arguments if each is not types.NoneType]
        return _made(some[0], said) if len(some) == 1 else said
    return said
