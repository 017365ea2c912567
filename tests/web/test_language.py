"""English and Simplified Chinese: nothing is left untranslated, and the browser decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import gettext, ngettext

from tests.web.conftest import ROOT
from webmail.web import language

CATALOGUE = ROOT / "webmail" / "locale" / "zh_Hans" / "LC_MESSAGES" / "messages.po"
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def words_of_the_sources() -> set[str]:
    """Every text the pages can show, found as the translators' tool finds it."""
    with (ROOT / "webmail" / "locale" / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, directory_filter=lambda path: Path(path).name not in {".venv", "var", ".git"}
    )
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def test_every_text_has_a_chinese_translation() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    known = {message.id if isinstance(message.id, str) else message.id[0]: message for message in catalogue if message.id}
    wanted = words_of_the_sources()
    assert len(wanted) > 300
    assert sorted(wanted - known.keys()) == []
    assert sorted(known.keys() - wanted) == [], "translated, but nobody says it any more"
    assert [
        key for key, message in known.items() if not all(message.string if isinstance(message.string, tuple) else (message.string,))
    ] == []
    assert not any(message.fuzzy for message in known.values())


def test_the_catalogue_can_be_compiled() -> None:
    with CATALOGUE.open("rb") as file:
        assert [(message.id, errors) for message, errors in read_po(file).check()] == []


def test_a_translation_fills_in_the_same_values() -> None:
    with CATALOGUE.open("rb") as file:
        for message in read_po(file):
            if message.id:
                source = " ".join(message.id) if isinstance(message.id, tuple) else message.id
                target = " ".join(message.string) if isinstance(message.string, tuple) else message.string
                assert set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(str(target))), source


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_Hans"),
        ("zh", "zh_Hans"),
        ("zh-Hans", "zh_Hans"),
        ("zh_CN", "zh_Hans"),
        ("zh-TW", "zh_Hans"),
        ("en-US,en;q=0.9", "en"),
        ("en-GB", "en_GB"),
        ("de,zh;q=0.5", "zh_Hans"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("x" * 500, "en"),
        ("en;q=0.1, zh;q=0.9", "zh_Hans"),
    ],
)
def test_the_browser_chooses_the_language(pages: Flask, asked: str, given: str) -> None:
    with pages.test_request_context("/", headers={"Accept-Language": asked}):
        assert language.chosen() == given


def test_translations_reach_the_pages(pages: Flask) -> None:
    with pages.test_request_context("/", headers={"Accept-Language": "zh-CN"}):
        assert gettext("Inbox") == "收件箱"
        assert ngettext("Archived.", "%(n)s messages archived.", 3, n="3") == "3 封邮件已归档。"
        assert language.tag() == "zh-Hans"


def test_translations_are_compiled_where_they_are_missing(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_bytes(CATALOGUE.read_bytes())
    language.compile_translations(tmp_path)
    assert [path.name for path in sorted(folder.iterdir())] == ["messages.mo", "messages.po"]
    first = (folder / "messages.mo").stat().st_mtime_ns
    language.compile_translations(tmp_path)
    assert (folder / "messages.mo").stat().st_mtime_ns == first
