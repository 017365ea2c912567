"""Messages the IMAP tests use."""

from __future__ import annotations


def letter(number: int = 1, *, subject: str = "", body: str = "Hello.\n", message_id: str | None = None) -> bytes:
    """A plain message; ``message_id`` empty leaves the field out."""
    name = f"<{number}@example.org>" if message_id is None else message_id
    field = f"Message-ID: {name}\n" if name else ""
    return (
        f"From: Alice Example <alice@example.org>\nTo: bob@example.org\nSubject: {subject or f'Letter {number}'}\n"
        f"Date: Mon, 2 Nov 2026 10:{number % 60:02d}:00 +0100\n{field}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}"
    ).encode()


MIXED = b"""From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>
To: bob@example.org
Subject: =?utf-8?b?5rWL6K+V?=
Message-ID: <mixed@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Gr\xc3\xbc\xc3\x9fe
--inner
Content-Type: text/html; charset=utf-8

<p>Hello</p>
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--outer
Content-Type: message/rfc822

From: carol@example.org
Subject: enclosed
Content-Type: multipart/mixed; boundary=deep

--deep
Content-Type: text/plain

inside
--deep
Content-Type: image/png; name="a/b.png"
Content-Id: <picture@example.org>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--deep--
--outer--
"""
