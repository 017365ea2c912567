"""Kinds of files: what can do harm is named, what looks like something else is found out, and names stay names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.message import kinds
from webmail.message.parameters import safe_filename

VAGUE = "application/octet-stream"


@pytest.mark.parametrize(
    ("filename", "media_type", "codes"),
    [
        ("report.pdf", "application/pdf", ()),
        ("photo.JPG", "image/jpeg", ()),
        ("photo.png", "image/jpeg", ()),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ()),
        ("archive.tar.gz", "application/gzip", ()),
        ("version 1.2.pdf", VAGUE, ()),
        ("song.ogg", "video/ogg", ()),
        ("notes.txt", "text/html", ()),
        ("message.eml", "message/rfc822", ()),
        ("part-2", VAGUE, ()),
        ("setup.exe", VAGUE, ("program",)),
        ("SETUP.EXE", "application/x-msdownload", ("program",)),
        ("saver.scr", VAGUE, ("program",)),
        ("run.js", "text/javascript", ("program",)),
        ("run.vbs", VAGUE, ("program",)),
        ("shortcut.lnk", VAGUE, ("program",)),
        ("page.html", "text/html", ("page",)),
        ("drawing.svg", "image/svg+xml", ("page",)),
        ("budget.xlsm", VAGUE, ("macros",)),
        ("letter.docm", "application/msword", ("macros",)),
        ("films.iso", VAGUE, ("disk",)),
        ("invoice.pdf.exe", VAGUE, ("program", "disguised")),
        ("invoice.pdf .exe", VAGUE, ("program", "disguised")),
        ("photo.jpg_____.scr", VAGUE, ("program", "disguised")),
        ("statement.pdf.html", "text/html", ("page", "disguised")),
        ("photo.exe", "image/png", ("program", "disguised")),
        ("photo.jpg", "text/html", ("disguised",)),
        ("photo.jpg", "application/x-msdownload", ("disguised",)),
        ("letter.docx", "application/pdf", ("disguised",)),
    ],
)
def test_what_can_do_harm_is_named(filename: str, media_type: str, codes: tuple[str, ...]) -> None:
    assert kinds.harm(filename, media_type) == codes


@pytest.mark.parametrize(
    "written",
    [
        "invoice\u202efdp.exe",
        "invoice\u2066fdp.exe",
        "invoice.pdf\u200b.exe",
        "invoice.exe\u200f",
        "a/b/invoice.pdf.exe. . ",
        "invoice.exe::$DATA ",
    ],
)
def test_no_invisible_or_turning_character_hides_what_a_file_is(written: str) -> None:
    name = safe_filename(written)
    assert name.isprintable()
    assert "program" in kinds.harm(name, "application/pdf") or not name.endswith(".exe")
    assert "disguised" in kinds.harm(name, "application/pdf") or ".exe" not in name[-4:]


@pytest.mark.parametrize(
    ("filename", "beginning", "what"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0", ""),
        ("photo.jpg", b"\x89PNG\r\n\x1a\n", ""),
        ("letter.docx", b"PK\x03\x04", ""),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ""),
        ("paper.pdf", b"%PDF-1.7", ""),
        ("page.html", b"<!DOCTYPE html>", ""),
        ("script.sh", b"#!/bin/sh", ""),
        ("tool.rb", b"#!/usr/bin/ruby", ""),
        ("notes.txt", b"MZ is a country code", ""),
        ("photo.jpg", b"MZ\x90\x00", "program"),
        ("paper.pdf", b"\x7fELF", "program"),
        ("paper.pdf", b"L\0\0\0\x01\x14\x02\0", "program"),
        ("part-2", b"MZ\x90\x00", "program"),
        ("paper.pdf", b" \r\n<html><body>", "page"),
        ("old.doc", b"<!-- x --><script>", "page"),
        ("photo.jpg", b"<?xml version='1.0'?><svg xmlns=", "page"),
        ("photo.jpg", b"%PDF-1.7", "disguised"),
        ("paper.pdf", b"PK\x03\x04", "disguised"),
    ],
)
def test_first_octets_that_contradict_the_name_are_found_out(filename: str, beginning: bytes, what: str) -> None:
    assert kinds.disguised(filename, beginning) == what


@pytest.mark.parametrize(
    ("filename", "media_type", "how"),
    [
        ("a.png", VAGUE, "picture"),
        ("a", "image/avif", "picture"),
        ("a.svg", "image/svg+xml", "text"),
        ("a.pdf", VAGUE, "pdf"),
        ("a.csv", "text/plain", "table"),
        ("a.py", "text/x-python", "text"),
        ("a.eml", "message/rfc822", "text"),
        ("a.html", "text/html", "text"),
        ("a.exe", "text/plain", ""),
        ("a.docx", VAGUE, ""),
        ("a.zip", "application/zip", ""),
    ],
)
def test_how_a_file_can_be_looked_at(filename: str, media_type: str, how: str) -> None:
    assert kinds.preview(filename, media_type) == how


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=400))
def test_every_name_can_be_saved(written: str) -> None:
    name = kinds.saved_name(safe_filename(written))
    assert 0 < len(name.encode("utf-8")) <= 240
    assert not set(name) & set('<>:"|?*/\\\0\r\n')
    assert name.upper().partition(".")[0] not in ("CON", "PRN", "AUX", "NUL", "COM1", "LPT9")


def test_a_long_name_keeps_its_extension() -> None:
    assert kinds.saved_name("计划" * 100 + ".docx").endswith("划.docx")
    assert len(kinds.saved_name("计划" * 100 + ".docx").encode()) <= 240
    assert kinds.saved_name("com7.tar.gz") == "_com7.tar.gz"


@given(st.binary(max_size=64), st.text(max_size=20))
def test_whatever_a_file_begins_with_nothing_is_raised(beginning: bytes, filename: str) -> None:
    assert kinds.disguised(filename, beginning) in ("", "program", "page", "disguised")
