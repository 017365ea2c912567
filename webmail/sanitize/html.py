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

from webmail.sanitize import breadth, colours, extent, fields, stand_ins
from webmail.sanitize.authority import authorise
from webmail.sanitize.options import FRAME_WIDTH, BodyOptions, Cleaned, Detour, ImagePolicy
from webmail.sanitize.paper import heading
from webmail.sanitize.policy import POLICY_VERSION
from webmail.sanitize.rewrite import rewrite
from webmail.sanitize.rewritten import NOTHING, Rewritten
from webmail.sanitize.structure import read_all
from webmail.sanitize.tree import Mode, mode

__all__ = ["POLICY_VERSION", "BodyOptions", "Cleaned", "Detour", "ImagePolicy", "clean", "sanitize_document"]

# What a reader must see in every message, whoever designed it.
_BASE = """html{color-scheme:light}
img:not([src]){display:inline-block;overflow:hidden;background:#f1f3f4;outline:1px dashed #c4c7cc;outline-offset:-1px;\
color:#5f6368;font-size:12px}
img:not([src])[width='0'],img:not([src])[width='1'],img:not([src])[height='0'],img:not([src])[height='1']{background:none;outline:0}"""
# A letter without a design of its own gets ours; a designed one is measured by its sender against what a browser does by itself.
LETTER = """
body{margin:12px;color:#202124;font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif;\
overflow-wrap:break-word;word-wrap:break-word}
table{font-size:inherit;line-height:inherit;color:inherit}
img{max-width:100%;height:auto}
pre{white-space:pre-wrap}
blockquote{margin:0 0 0 .5em;padding-left:.75em;border-left:2px solid #c4c7cc}
a{color:#0b57d0}"""
_DARK = f"""html{{color-scheme:dark}}
body{{background-color:{colours.PAPER};color:{colours.INK}}}
table{{color:inherit}}
img:not([src]){{background:#2a2c2f;outline-color:#5f6368;color:#a8abb0}}
blockquote{{border-color:#5f6368}}
.wm-field,.wm-button,.wm-small{{background:#33312e;color:{colours.INK}}}
a{{color:{colours.LINK}}}"""
# The frame is told of a dark screen by its page; paper is white.
_ON_DARK_SCREENS = "screen and (prefers-color-scheme:dark)"
# A browser that can fits the frame to this document without script (CSS Sizing 4, "frame-sizing"); who may frame it at all, and so
# learn its height, is said by its policy.
_META = '<meta charset="utf-8"><meta name="responsive-embedded-sizing" content="allow-origins=*">'
_DOCTYPES = {
    Mode.QUIRKS: "",
    Mode.LIMITED_QUIRKS: '<!doctype html public "-//W3C//DTD XHTML 1.0 Transitional//EN" "">\n',
    Mode.STANDARDS: "<!doctype html>\n",
}


def sanitize_document(html: str, *, options: BodyOptions = BodyOptions()) -> str:  # noqa: B008 (the default is immutable)
    """The final document for the frame. Never raises; about 0.5 ms per kilobyte, see ``clean``."""
    return clean(html, options=options).document


def clean(html: str | Sequence[str], *, options: BodyOptions = BodyOptions()) -> Cleaned:  # noqa: B008 (the default is immutable)
    """The final document for the frame, and what the page around it should say; of several pages, one below the other.

    Pure: the same message, options and ``POLICY_VERSION`` give the same document, so it may be kept. Never raises, whatever
    the message holds. Of more than 512 KB only the beginning is shown (``cut``).
    """
    pages = [html] if isinstance(html, str) else html
    reading = read_all(pages)
    if reading.root is None:
        empty = _document("", body="", style=_style(NOTHING, dark=options.dark, mode=Mode.STANDARDS), mode=Mode.STANDARDS)
        return Cleaned(empty, remote_images=0, cut=reading.cut, own_style=False)
    rewritten = rewrite(reading.root, options=options)
    seen = rewritten.seen
    # Mail without a document type is laid out by the rules its sender tried it with; a letter by ours.
    layout = mode(max(pages, key=len)) if rewritten.designed else Mode.STANDARDS
    above = heading(options.title, options.heading)
    quirks = layout is Mode.QUIRKS
    markup = authorise(above + rewritten.markup, addresses=rewritten.addresses, styles=rewritten.styles, quirks=quirks)
    style = _style(rewritten, dark=options.dark, mode=layout)
    document = _document(markup, body=rewritten.body, style=style, mode=layout)
    high, wide = extent.measured(document, width=FRAME_WIDTH)
    if wide and options.fit and not above:
        document = _document(markup, body=rewritten.body, style=f"{style}<style>{breadth.fitting(wide)}</style>\n", mode=layout)
    return Cleaned(
        document=document,
        remote_images=seen.images.total() + seen.styles.total(),
        cut=reading.cut or rewritten.cut,
        own_style=rewritten.own_style,
        designed=rewritten.designed,
        height=high,
        width=wide,
        style_images=seen.styles.total(),
        pixels=seen.pixels.total(),
        hosts=seen.hosts(),
        links=tuple(seen.links.values()),
        detours=rewritten.detours,
        asks=rewritten.asks,
    )


def _style(rewritten: Rewritten, *, dark: bool, mode: Mode) -> str:
    """All style sheets of the document: what every message gets, what letters get, the message's own, and for dark screens."""
    own = f"<style>{rewritten.sheet}</style>\n" if rewritten.sheet else ""
    darker = f"<style>@media {_ON_DARK_SCREENS}{{{_DARK}\n{rewritten.dark}}}</style>\n" if dark else ""
    boxes = (
        (fields.QUIRKS if mode is Mode.QUIRKS else "") + (fields.SHEET if rewritten.fields else "") + stand_ins.sheet(rewritten.stand_ins)
    )
    return f"<style>{_BASE}{'' if rewritten.designed else LETTER}{boxes}</style>\n{own}{darker}"


def _document(markup: str, *, body: str, style: str, mode: Mode) -> str:
    return f"{_DOCTYPES[mode]}<html><head>{_META}\n{style}</head>\n<body{body}>{markup}</body></html>"
