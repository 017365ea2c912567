"""Mail damaged on its way: real messages changed at random as disks, gateways and bad programs change them; the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_CHARSETS = (
    b"utf-8",
    b"us-ascii",
    b"iso-8859-1",
    b"utf-16",
    b"utf-7",
    b"iso-2022-jp",
    b"gb2312",
    b"big5",
    b"x-none",
    b"",
    b'"',
    b"euc-kr",
    b"utf-16le",
)
_ENCODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"binary", b"", b"base64;", b"x-none")
_TYPES = (b"text/plain", b"text/html", b"multipart/mixed", b"multipart/alternative", b"multipart/related", b"multipart/signed")
_MORE_TYPES = (b"message/rfc822", b"text", b"/", b"application/ms-tnef", b"text/calendar", b"multipart/digest", b"multipart/report")

Change = Callable[[bytes, random.Random], bytes]


def _place(octets: bytes, dice: random.Random) -> int:
    """A place to change: in the header as often as anywhere, for there little is needed to break much."""
    end = octets.find(b"\r\n\r\n") if dice.random() < 0.5 else len(octets)
    return dice.randrange(max(1, end))


def flip_bits(octets: bytes, dice: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.randrange(1, 40) if changed else 0):
        changed[_place(octets, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def put_noise(octets: bytes, dice: random.Random) -> bytes:
    place = _place(octets, dice)
    return octets[:place] + bytes(dice.randrange(256) for _ in range(dice.randrange(1, 200))) + octets[place:]


def put_8_bit(octets: bytes, dice: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.randrange(1, 60) if changed else 0):
        changed[_place(octets, dice)] |= 0x80
    return bytes(changed)


def cut_off(octets: bytes, dice: random.Random) -> bytes:
    return octets[: _place(octets, dice)]


def cut_out(octets: bytes, dice: random.Random) -> bytes:
    place = _place(octets, dice)
    return octets[:place] + octets[place + dice.randrange(1, 2_000) :]


def change_lines(octets: bytes, dice: random.Random) -> bytes:
    """Lines dropped, doubled, swapped, or split."""
    lines = octets.split(b"\r\n")
    for _ in range(dice.randrange(1, 6)):
        at, other = dice.randrange(min(len(lines), 80 if dice.random() < 0.5 else len(lines))), dice.randrange(len(lines))
        kind = dice.randrange(4)
        if kind == 0 and len(lines) > 1:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[at])
        elif kind == 2:
            lines[at], lines[other] = lines[other], lines[at]
        else:
            middle = dice.randrange(len(lines[at]) + 1)
            lines[at : at + 1] = [lines[at][:middle], lines[at][middle:]]
    return b"\r\n".join(lines)


def change_boundaries(octets: bytes, dice: random.Random) -> bytes:
    """Lines that begin with hyphens doubled, closed, opened, cut, or spelled otherwise."""
    lines = octets.split(b"\r\n")
    places = [number for number, line in enumerate(lines) if line.startswith(b"--")]
    for at in dice.sample(places, min(len(places), dice.randrange(1, 5))):
        line = lines[at]
        lines[at] = dice.choice(
            [
                b"\r\n".join([line] * dice.randrange(2, 30)),
                line + b"--",
                line.removesuffix(b"--"),
                line[:-1],
                line.swapcase(),
                line + b" x",
                b" " + line,
            ]
        )
    return b"\r\n".join(lines)


def change_header(octets: bytes, dice: random.Random) -> bytes:
    """Fields dropped, doubled, shuffled or cut; an empty line too early, or none at all."""
    head, mark, body = octets.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    kind = dice.randrange(7)
    if kind == 0:
        del fields[dice.randrange(len(fields))]
    elif kind == 1:
        fields += dice.sample(fields, min(len(fields), 3))
    elif kind == 2:
        dice.shuffle(fields)
    elif kind == 3:
        at = dice.randrange(len(fields))
        fields[at] = fields[at][: dice.randrange(len(fields[at]) + 1)]
    elif kind == 4:
        fields.insert(dice.randrange(len(fields) + 1), b"")
    elif kind == 5:
        return body
    else:
        mark = dice.choice([b"", b"\r\n", b"\r\n \r\n", b"\n\n"])
    return b"\r\n".join(fields) + mark + body


def change_labels(octets: bytes, dice: random.Random) -> bytes:
    """Charsets, encodings and types called something else; encoded words and parameters cut."""

    def other(match: re.Match[bytes]) -> bytes:
        if dice.random() < 0.5:
            return match[0]
        said = match[1].lower()
        choices = _CHARSETS if b"charset" in said else _ENCODINGS if b"encoding" in said else (*_TYPES, *_MORE_TYPES)
        return match[1] + dice.choice(choices)

    octets = re.sub(rb"(?i)(charset=\"?|content-transfer-encoding:\s*|content-type:\s*)[^\s;\"]+", other, octets)
    return octets.replace(
        *dice.choice([(b"?=", b""), (b"=?", b"=?="), (b'"', b""), (b"boundary=", b"boundary*="), (b";", b""), (b"", b"")]),
        dice.randrange(1, 4),
    )


CHANGES: tuple[Change, ...] = (
    flip_bits, put_noise, put_8_bit, cut_off, cut_out, change_lines, change_boundaries, change_header, change_labels,
)  # fmt: skip


def mutated(messages: Sequence[bytes], number: int, *, seed: int) -> bytes:
    """The damaged message of this number: a real one changed once or a few times, or the head of one on the body of another."""
    dice = random.Random(f"{seed}/{number}")
    octets = dice.choice(messages)
    if dice.random() < 0.1:
        octets = octets.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + dice.choice(messages).partition(b"\r\n\r\n")[2]
    for _ in range(dice.choice((1, 1, 2, 3, 5))):
        octets = dice.choice(CHANGES)(octets, dice)
    return octets
