"""Cards: every one of the corpus is read, of every version, and what they say is text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from webmail.formats import vcard
from webmail.formats.content_lines import sniffed
from webmail.formats.vcard import Labelled
from webmail.message import charset

CARD = """BEGIN:VCARD
VERSION:4.0
FN:Mira Kestrel
N:Kestrel;Mira;;Dr.;
ORG:Ridge Huts;Bookings
TITLE:Warden
item1.EMAIL;TYPE=work;PREF=1:mira@example.net
EMAIL;TYPE=home:mailto:mira@home.example
TEL;VALUE=uri;TYPE="voice,cell":tel:+49-30-1
ADR;TYPE=work:;;14 Miller's Row;Oldtown;;12345;Germany
URL:https://example.net/
BDAY:--0203
NOTE:First\\nsecond
END:VCARD
"""


def only(text: str) -> vcard.Card:
    found, more = vcard.cards(text)
    assert (len(found), more) == (1, 0)
    return found[0]


def test_a_card_says_who_and_how_to_reach_them() -> None:
    found = only(CARD)
    assert (found.name, found.organization, found.title, found.birthday) == ("Mira Kestrel", "Ridge Huts, Bookings", "Warden", "--0203")
    assert found.emails == (Labelled("mira@example.net", ("work",)), Labelled("mira@home.example", ("home",)))
    assert found.phones == (Labelled("+49-30-1", ("voice", "cell")),)
    assert found.addresses == (Labelled("14 Miller's Row, Oldtown, 12345, Germany", ("work",)),)
    assert found.note == "First\nsecond"


EXPECTED = {
    "apple.vcf": ["Apple Computer AG"],
    "photo.vcf": ["Apple Computer AG"],
    "johndoe.vcf": ["John Doë"],
    "utf-16_sample.vcf": ["Ǽgean ĽdaMonté"],
    "Csv2vcard_gmail.vcf": ["Prefix Firstname Middle Lastname Suffix"],
    "Csv2vcard_email.vcf": ["test1@domain.tld", "test2@domain.tld", "test3@domain.tld", "test4@domain.tld"],
    "issue153.vcf": ["Test Benutzer"],
    "issue64.vcf": [""],
}


def cards_of(corpus_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((corpus_dir / "vcard").rglob("*.vcf"))}


def read(octets: bytes) -> tuple[vcard.Card, ...]:
    return vcard.cards(charset.decode(octets, sniffed(octets))[0])[0]


def test_every_card_of_the_corpus_names_somebody(corpus_dir: Path) -> None:
    files = cards_of(corpus_dir)
    assert len(files) >= 13
    for name, octets in files.items():
        found = read(octets)
        assert found, name
        assert name == "issue64.vcf" or all(card.name for card in found), name
        if name in EXPECTED:
            assert [card.name for card in found] == EXPECTED[name]


def test_damaged_cards_raise_nothing(corpus_dir: Path) -> None:
    dice = random.Random(5)
    for octets in cards_of(corpus_dir).values():
        for _ in range(50):
            copy = bytearray(octets)
            for _ in range(20):
                copy[dice.randrange(len(copy))] = dice.randrange(256)
            read(bytes(copy))


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("N:Kestrel;Mira", "Mira Kestrel"),
        ("ORG:Ridge Huts", "Ridge Huts"),
        ("EMAIL:mira@example.net", "mira@example.net"),
        ("TEL:+49 1", "+49 1"),
        ("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=\n=BCller", "Müller"),
        ("FN;CHARSET=windows-1251;QUOTED-PRINTABLE:=CF=F0=E8=E2=E5=F2", "Привет"),
        ("FN;CHARSET=nonsense;ENCODING=QUOTED-PRINTABLE:=C3=BC", "ü"),
        ("nonsense\n:::\nFN:Mira\n;;;", "Mira"),
        ("NOTE:nobody", ""),
    ],
)
def test_whoever_has_no_name_is_called_by_what_there_is(lines: str, name: str) -> None:
    assert only(f"BEGIN:VCARD\n{lines}\nEND:VCARD").name == name


def test_a_book_of_addresses_is_counted_and_its_beginning_read() -> None:
    found, more = vcard.cards(CARD * 200)
    assert (len(found), more) == (50, 150)


def test_what_fields_hold_is_text() -> None:
    found = only("BEGIN:VCARD\nFN:<script>alert(1)</script>\u202e\x00\nURL:javascript:alert(1)\nEND:VCARD")
    assert found.name == "<script>alert(1)</script>"
    assert found.links == (Labelled("javascript:alert(1)"),)
