"""After a form people go back to a page of ours, whatever the form says."""

from __future__ import annotations

import pytest
from flask import Flask

from webmail.web.navigation import own_path

OWN = [
    "/",
    "/outbox",
    "/mailboxes/7",
    "/mailboxes/7?after=17-3&filter=unread",
    "/messages/4711",
    "/compose?to=a%40b.example",
    "/drafts/k-1_2",
    "/address",
]
HOSTILE = [
    "",
    "https://evil.example/",
    "http://evil.example",
    "HTTPS://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/mailboxes/7",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/ /evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/\x00/evil.example",
    "/\x0b/evil.example",
    "\t//evil.example",
    " //evil.example",
    " https://evil.example",
    "\u2028//evil.example",
    "\u3000//evil.example",
    "/\u2044/evil.example",
    "/\uff0fevil.example",
    "／／evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "mailto:evil@x.example",
    "ftp://evil.example/",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "https:evil.example/mailboxes/7",
    "evil.example",
    "evil.example/mailboxes/7",
    "mailboxes/7",
    "./mailboxes/7",
    "../mailboxes/7",
    "?next=//evil.example",
    "#//evil.example",
    "@evil.example",
    ":80//evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/../mailboxes/7",
    "/./mailboxes/7",
    "/mailboxes//7",
    "/mailboxes/7//",
    "//mailboxes/7",
    "/mailboxes/7\r\nLocation: https://evil.example",
    "/mailboxes/7\nSet-Cookie: a=b",
    "/mailboxes/seven",
    "/mailboxes/7/delete",
    "/logout",
    "/login",
    "/login?next=/outbox",
    "/static/css/mail.css",
    "/healthz",
    "/nowhere",
    "/messages/actions",
    "/undo/3",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/é",
    "/mailboxes/7?" + "x" * 3000,
]


@pytest.mark.parametrize("path", OWN)
def test_our_own_pages_are_places_to_go_back_to(pages: Flask, path: str) -> None:
    with pages.test_request_context("/"):
        assert own_path(path) == path


@pytest.mark.parametrize("path", HOSTILE)
def test_nothing_else_is(pages: Flask, path: str) -> None:
    with pages.test_request_context("/"):
        assert own_path(path) == ""


def test_sixty_hostile_forms_and_more_are_tried() -> None:
    assert len(set(HOSTILE)) >= 60
