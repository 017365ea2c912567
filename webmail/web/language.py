"""Which language and which regional forms a reader gets, chosen by what the browser asks for."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import cast

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_domain, get_locale
from markupsafe import Markup

logger = logging.getLogger(__name__)
TRANSLATIONS = Path(__file__).resolve().parent.parent / "locale"
CHINESE = "zh_Hans"
ENGLISH = "en"
_code: ContextVar[str] = ContextVar("locale_code", default="")
REGIONS = {"au": "en_AU", "ca": "en_CA", "gb": "en_GB", "ie": "en_IE", "in": "en_IN", "nz": "en_NZ", "za": "en_ZA"}
"""Regions whose English writes dates and times in another way than the United States."""


def chosen() -> str:
    """The locale for this request: the first language of the browser that we speak, else English."""
    if not has_request_context():
        return ENGLISH
    for tag, _ in request.accept_languages:
        language, _, rest = tag.lower().replace("_", "-").partition("-")
        if language == "zh":
            return CHINESE
        if language == "en":
            return REGIONS.get(rest, ENGLISH)
    return ENGLISH


def locale() -> Locale:
    """The locale of this request, for numbers and dates."""
    return get_locale() or Locale.parse(ENGLISH)


def code() -> str:
    """The locale's name, for caches: found once a request, since a page asks for it a hundred times."""
    return _code.get() or str(locale())


def _remember() -> None:
    _code.set(str(locale()))


def _forget(_error: BaseException | None) -> None:
    _code.set("")


def _translations() -> NullTranslations:
    """The catalogue of this request; Flask-Babel finds it anew for each of the hundreds of words of a page."""
    if "translations" not in g:
        g.translations = get_domain().get_translations()
    return cast(NullTranslations, g.translations)


def words(text: str, /, **variables: object) -> str:
    """A text in the reader's language with its variables filled in, at a fifth of the price of Flask-Babel's ``gettext``."""
    found = _said(code(), text)
    return found % variables if variables else found


@lru_cache(maxsize=4096)
def _said(locale_code: str, text: str) -> str:  # noqa: ARG001 - the locale is what the cache tells apart
    return _translations().gettext(text)


def template_words(text: str, /, **variables: object) -> Markup:
    """``_`` of the templates: a text in the reader's language, with its variables escaped and filled in.

    Does what Jinja's own does, at a fifth of the price: a page asks a hundred times.
    """
    if variables:
        return Markup(words(text)) % variables  # noqa: S704 - our own words; what is filled in is escaped
    return _filled(code(), text)


@lru_cache(maxsize=4096)
def _filled(locale_code: str, text: str) -> Markup:  # noqa: ARG001 - the locale is what the cache tells apart
    return Markup(words(text)) % {}  # noqa: S704 - our own words


def counted_words(singular: str, plural: str, count: int) -> str:
    """A text that counts, in the reader's language, for templates."""
    return _translations().ngettext(singular, plural, count)


def tag() -> str:
    """The language tag for ``<html lang>`` (RFC 5646)."""
    return "zh-Hans" if locale().language == "zh" else code().replace("_", "-")


def compile_translations(folder: Path = TRANSLATIONS) -> None:
    """Make the catalogues that gettext reads out of the translations, where they are missing or older.

    They are made in place and swapped in whole, so several processes may do it at once. A folder that cannot be written
    leaves what is there.
    """
    for source in folder.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file)
        try:
            with NamedTemporaryFile(dir=target.parent, suffix=".new", delete=False) as made:
                write_mo(made, catalogue)
            Path(made.name).chmod(0o644)
            Path(made.name).replace(target)
        except OSError as error:
            logger.warning("translations cannot be compiled: %s", error)


def init(app: Flask) -> None:
    """Install translation for views and templates."""
    compile_translations()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=chosen)
    app.jinja_env.install_gettext_callables(words, counted_words, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    app.before_request(_remember)
    app.teardown_request(_forget)
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"] = template_words
