"""A message's HTML as a document that is safe to show: nothing in it runs, loads, sends, or leaves its frame.

The way of a body, each step bounded and each stricter than needed by itself::

    text ──tree.read──▶ lxml tree ──rewrite──▶ markup ──authority (bleach)──▶ cleaned body ─┐
                             └──── style sheets ──css (tinycss2)──▶ rebuilt sheet ──────────┴──▶ document

- ``tree`` cuts size and depth, and keeps a browser's idea of the structure.
- ``rewrite`` throws away what is not for the eye, and gives each image, link and style its safe form (``links``, ``css``).
- ``authority`` parses the result as HTML5 and lets pass only what ``policy`` lists.
- The sheet is put in front of the body here, and that is all that happens after the authority. The document is final:
  renaming, highlighting or linking words in it afterwards is how other webmails were broken. What a reader may wish is in
  ``BodyOptions``.

The document is meant for a sandboxed frame with its own Content-Security-Policy; each of the two walls holds alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from webmail.sanitize.authority import authorise
from webmail.sanitize.options import BodyOptions, Cleaned, Detour, ImagePolicy
from webmail.sanitize.paper import heading
from webmail.sanitize.policy import POLICY_VERSION
from webmail.sanitize.rewrite import rewrite
from webmail.sanitize.tree import read, read_all

__all__ = ["POLICY_VERSION", "BodyOptions", "Cleaned", "Detour", "ImagePolicy", "clean", "sanitize_document"]

# The paper is the body's, not the root's: only so does a colour that a message gives its body fill the whole frame.
_BASE = """html{color-scheme:light}
body{margin:8px;background:#fff;color:#202124;font:14px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif;\
overflow-wrap:break-word;word-wrap:break-word}
img{max-width:100%}
img:not([src]){display:inline-block;overflow:hidden;background:#f1f3f4;outline:1px dashed #c4c7cc;outline-offset:-1px;\
color:#5f6368;font-size:12px}
img:not([src])[width='0'],img:not([src])[width='1'],img:not([src])[height='0'],img:not([src])[height='1']{background:none;outline:0}
pre{white-space:pre-wrap}
blockquote{margin:0 0 0 .5em;padding-left:.75em;border-left:2px solid #c4c7cc}
a{color:#0b57d0}"""
# A letter without a design of its own gets ours; a designed one is measured by its sender.
_LETTER = """
body{margin:12px;line-height:1.5}"""
_DARK = """
html{color-scheme:dark}
body{background:#1b1c1e;color:#e3e3e6}
img:not([src]){background:#2a2c2f;outline-color:#5f6368;color:#a8abb0}
blockquote{border-color:#5f6368}
a{color:#a8c7fa}"""


def sanitize_document(html: str, *, options: BodyOptions = BodyOptions()) -> str:  # noqa: B008 (the default is immutable)
    """The final document for the frame. Never raises; about 0.5 ms per kilobyte, see ``clean``."""
    return clean(html, options=options).document


def clean(html: str | Sequence[str], *, options: BodyOptions = BodyOptions()) -> Cleaned:  # noqa: B008 (the default is immutable)
    """The final document for the frame, and what the page around it should say; of several pages, one below the other.

    Pure: the same message, options and ``POLICY_VERSION`` give the same document, so it may be kept. Never raises, whatever
    the message holds. Of more than 512 KB only the beginning is shown (``cut``).
    """
    reading = read(html) if isinstance(html, str) else read_all(html)
    if reading.root is None:
        empty = _document("", body="", sheet="", base=_base(own_style=False, dark=options.dark))
        return Cleaned(empty, remote_images=0, cut=reading.cut, own_style=False)
    rewritten = rewrite(reading.root, options=options)
    seen = rewritten.seen
    above = heading(options.title, options.heading)
    markup = authorise(above + rewritten.markup, addresses=rewritten.addresses, styles=rewritten.styles)
    base = _base(own_style=rewritten.own_style, dark=options.dark)
    return Cleaned(
        document=_document(markup, body=rewritten.body, sheet=rewritten.sheet, base=base),
        remote_images=seen.images.total() + seen.styles.total(),
        cut=reading.cut or rewritten.cut,
        own_style=rewritten.own_style,
        style_images=seen.styles.total(),
        pixels=seen.pixels.total(),
        hosts=seen.hosts(),
        links=tuple(seen.links.values()),
        detours=rewritten.detours,
        asks=rewritten.asks,
    )


def _base(*, own_style: bool, dark: bool) -> str:
    if own_style:
        return _BASE
    return _BASE + _LETTER + (_DARK if dark else "")


def _document(markup: str, *, body: str, sheet: str, base: str) -> str:
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8">\n<style>{base}</style>\n'
        f"{f'<style>{sheet}</style>' if sheet else ''}</head>\n<body{body}>{markup}</body></html>"
    )
