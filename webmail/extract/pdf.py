"""The text of a PDF file, page by page (ISO 32000-2)."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from io import BytesIO

import pypdf
from pypdf import PdfReader

MOST_PAGES = 2000


def prepare() -> None:
    """Load every module of the library, which loads some of them when it first needs them."""
    for module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with contextlib.suppress(ImportError):  # What needs a package that is not there.
            importlib.import_module(module.name)


def pieces(data: bytes) -> Iterator[str]:
    """The text of each page. A page that cannot be read costs itself only; raises anything where the whole file cannot."""
    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return  # It needs a password.
    for number in range(min(len(reader.pages), MOST_PAGES)):
        try:
            yield reader.pages[number].extract_text() + "\n"
        except MemoryError:
            raise
        except Exception:  # noqa: S112 - Files break in every way; the next page may be whole.
            continue
