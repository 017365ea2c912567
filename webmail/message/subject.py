"""Subjects: the marks of answering and forwarding in many languages, and what remains without them (RFC 5256 §2.1)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# What mail programs of other languages put in front of the subject of an answer, and of a forwarded message.
_ANSWER = (
    "re|r|aw|antw|antwort|sv|vs|vá|ref|rif|res|odp|odg|atb|bls|ynt|cevap|σχετ|απ|отв|ответ|"
    "回复|回覆|答复|答覆|回信|返信|답장|회신|رد|השב|תשובה|ตอบ|trả lời"
)
_FORWARD = (
    "fwd?|fw|wg|tr|rv|vb|vl|fs|pd|enc|ilt|i̇lt|πρθ|пересл|doorst|videresend|továbbítás|trs|"
    "转发|轉寄|轉發|転送|전달|إعادة توجيه|הועבר|chuyển tiếp"
)
_PREFIX = re.compile(
    rf"\s*+(?:(?P<answer>{_ANSWER})|{_FORWARD})\s?(?:\[\d{{1,4}}\]|\(\d{{1,4}}\)|\^\d{{1,4}}|\*\d{{1,4}}|\d{{1,2}})?\s?[:：]",
    re.IGNORECASE,
)
_LIST_TAG = re.compile(r"\s*+(\[[^\[\]]{1,60}\])\s*+")
_BEFORE = re.compile(r"\s?[(\[]\s?(?:was|war|vorher|früher|était|antes|era|prima|было|原|原题|旧)\s?[:：].*+\Z")
_FORWARDED = re.compile(r"\[(?:fwd?|fw)\s?:(.*)\]\Z")
_AT_THE_END = " (fwd)"


def base_subject(subject: str) -> str:
    """The subject without the marks of answering and forwarding, also behind the tag of a list. Cf. RFC 5256 §2.1."""
    tag, place = "", 0
    while True:
        if prefix := _PREFIX.match(subject, place):
            place = prefix.end()
        elif not tag and (mark := _LIST_TAG.match(subject, place)) and _PREFIX.match(subject, mark.end()):
            tag, place = f"{mark[1]} ", mark.end()
        else:
            return (tag + subject[place:].strip()).strip()


def is_reply(subject: str) -> bool:
    """Whether the first mark of a subject, maybe behind the tag of a list, is one of answering."""
    tag = _LIST_TAG.match(subject)
    prefix = _PREFIX.match(subject, tag.end() if tag else 0)
    return prefix is not None and prefix["answer"] is not None


@lru_cache(maxsize=4096)
def thread_subject(subject: str) -> str:
    """What is equal in all subjects of one thread: no marks, no tags of lists, no ``(was: …)``, no case, no width.

    Empty only where nothing but marks was there. RFC 5256 §2.1.
    """
    text = " ".join((subject if subject.isascii() else unicodedata.normalize("NFKC", subject)).casefold().split())
    before = ""
    while text != before:
        before = text
        text = text.removesuffix(_AT_THE_END)
        if inside := _FORWARDED.match(text):
            text = inside[1].strip()
        if prefix := _PREFIX.match(text):
            text = text[prefix.end() :].lstrip()
        elif tag := _LIST_TAG.match(text):
            text = text[tag.end() :] or text
    return _BEFORE.sub("", text) or text
