"""Messages to search in: hand-written ones in many scripts, and some hundreds put together from a few words by a fixed chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from webmail.address import Address
from webmail.mailbox import ListedMailbox, SpecialUse

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """A message as its reader sees it, and where it is: ``owner`` 0 and 1 are two accounts of one person, 2 is somebody else."""

    subject: str
    body: str = ""
    sender: str = "Ann Example <ann@example.org>"
    to: tuple[str, ...] = ("Robin Vale <robin@example.test>",)
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    list_id: str = ""
    flags: frozenset[str] = frozenset()
    at: datetime = NOW
    size: int = 2_000
    owner: int = 0
    mailbox: str = "INBOX"


MAILBOXES: tuple[tuple[ListedMailbox, ...], ...] = (
    (
        ListedMailbox("INBOX", "/", SpecialUse.INBOX),
        ListedMailbox("Archive", "/", SpecialUse.ARCHIVE),
        ListedMailbox("Sent", "/", SpecialUse.SENT),
        ListedMailbox("Junk", "/", SpecialUse.JUNK),
        ListedMailbox("Trash", "/", SpecialUse.TRASH),
        ListedMailbox("Projects", "/"),
        ListedMailbox("Projects/Garden plan", "/"),
        ListedMailbox("旅行", "/"),
    ),
    (ListedMailbox("INBOX", ".", SpecialUse.INBOX), ListedMailbox("Work.Reports", "."), ListedMailbox("Trash", ".", SpecialUse.TRASH)),
    (ListedMailbox("INBOX", "/", SpecialUse.INBOX),),
)
"""What each account has."""


def address(text: str) -> Address:
    """An address as it is written: ``Name <addr-spec>`` or the addr-spec alone."""
    name, _, rest = text.rpartition("<")
    return Address(name.strip(), rest.rstrip(">").strip())


_SEEN, _FLAGGED, _ANSWERED = r"\Seen", r"\Flagged", r"\Answered"


def _day(days: float, *, hour: int = 12) -> datetime:
    return NOW.replace(hour=hour, minute=0) - timedelta(days=days)


_LONG = " ".join(f"filler{number}" for number in range(9_000))

_BY_HAND = (
    Written("Rent for March", "The rent is due on the first. Please transfer 1,250.50 EUR to the usual account.", at=_day(1)),
    Written("Rent for April", "No rent due before the fifth, thank you.", flags=frozenset({_SEEN}), at=_day(2)),
    Written("Re: Rent for March", "Done, thank you!", sender="Robin Vale <robin@example.test>", to=("ann@example.org",), mailbox="Sent"),
    Written("A walk by the lake", "Shall we take a walk by the lake on Sunday? Bring the dog.", flags=frozenset({_FLAGGED}), at=_day(3)),
    Written("Lake house", "The house by the lake is free. The dog may come.", at=_day(3), cc=("Mira Kestrel <mira@example.net>",)),
    Written("Dog by the house", "by the lake the dog", flags=frozenset({_SEEN, _ANSWERED}), at=_day(4)),
    Written("Invoice 2026-0042", "See the file.", files=(("invoice-2026-0042.pdf", "Total 99 dollars kettle"),), size=180_000, at=_day(5)),
    Written("Fotos vom Ausflug", "Schöne Grüße aus Köln! Ärger gab es keinen.", sender="Jörg Müller <joerg.mueller@beispiel.example>"),
    Written("Straße gesperrt", "Die Straße zum Schloß ist bis Dienstag gesperrt.", sender="Übersicht <news@stadt.example>", at=_day(6)),
    Written("Été à la mer", "Le garçon est arrivé; l’été sera chaud, n'est-ce pas? Cœur et âme.", sender="Zoé <zoe@exemple.example>"),
    Written("Łódź und Kraków", "Zażółć gęślą jaźń", sender="Łukasz <lukasz@przyklad.example>", at=_day(7)),
    Written("İstanbul'dan", "ışık ve deniz", sender="Işıl <isil@ornek.example>", at=_day(8)),
    Written("Καλημέρα", "Η ΘΆΛΑΣΣΑ είναι ήρεμη σήμερα, φίλε μου.", sender="Νίκος <nikos@paradeigma.example>", at=_day(9)),
    Written("θαλασσα χωρίς τόνους", "ηρεμη", at=_day(10)),
    Written("Добрый день", "Ёлка уже стоит, а снег идёт. Мой йод.", sender="Анна Иванова <anna@primer.example>", at=_day(11)),
    Written("елка", "без точек", at=_day(12)),
    Written("Київ і Львів", "п'ять днів у Києві", sender="Олена <olena@priklad.example>", at=_day(13)),
    Written("北京大学的来信", "亲爱的同学：欢迎来到北京大学。请于九月一日报到。", sender="招生办公室 <admission@pku.example>", at=_day(14)),
    Written("北京的天气", "北京今天下雨，大学放假。", sender="小明 <xiaoming@example.cn>", mailbox="旅行", at=_day(15)),
    Written("大阪旅行", "我们去大阪和京都。酒店发票见附件。", files=(("发票.pdf", "金额 一千元"),), mailbox="旅行", at=_day(16)),
    Written("發票與收據", "繁體中文的發票在附件裡。", files=(("發票 二月.pdf", ""),), at=_day(17)),
    Written("東京タワーの写真", "きのう東京タワーに行きました。カメラで写真をとりました。", sender="田中 <tanaka@example.jp>", at=_day(18)),
    Written("ｶﾒﾗの修理", "半角のｶﾒﾗとＦＵＬＬ　ＷＩＤＴＨ", at=_day(19)),
    Written(
        "서울에서 보낸 편지", "안녕하세요, 서울은 지금 눈이 옵니다. 회의는 월요일입니다.", sender="김민수 <minsu@example.kr>", at=_day(20)
    ),
    Written("ข่าวจากกรุงเทพ", "สวัสดีครับ วันนี้อากาศร้อนมาก", sender="สมชาย <somchai@example.th>", at=_day(21)),
    Written("שלום מתל אביב", "שָׁלוֹם לכולם", sender="דנה <dana@example.il>", at=_day(22)),
    Written("رسالة من القاهرة", "السَّلامُ عليكم ورحمة الله", sender="ليلى <layla@example.eg>", at=_day(23)),
    Written(
        "[garden] Planting beans", "Plant the beans in May. Compost first.", list_id="Gardeners <garden.lists.example.org>", at=_day(24)
    ),
    Written("[garden] Re: Planting beans", "> Plant the beans in May.\nJune is fine too.", list_id="Gardeners <garden.lists.example.org>"),
    Written("Digest", "Everything of the week: beans, peas, compost.", list_id="<digest.lists.example.net>", flags=frozenset({_SEEN})),
    Written("Garden plan", "Beds one to four.", files=(("garden plan v2.ODT", "raised beds and gravel"),), mailbox="Projects/Garden plan"),
    Written("Budget", "Numbers in the sheet.", files=(("budget_2026.xlsx", "kettle 40 gravel 300"),), mailbox="Projects", size=2_400_000),
    Written("Cheap pills", "You have won! Click here. Rent a yacht.", sender="WIN <win@spam.example>", mailbox="Junk", at=_day(2)),
    Written("Old rent receipt", "rent paid", mailbox="Trash", flags=frozenset({_SEEN}), at=_day(400)),
    Written(
        "Quarterly report",
        "The quarterly report is ready for review.",
        owner=1,
        mailbox="Work.Reports",
        flags=frozenset({_SEEN}),
        size=900_000,
    ),
    Written("Rent of the office", "The rent of the office goes up.", owner=1, sender="Landlord <office@landlord.example>", at=_day(30)),
    Written("Lunch?", "Noodles at noon?", owner=1, sender="Ann Example <ann@work.example>", to=("robin@work.example",), at=_day(1)),
    Written("Rent secret of a stranger", "rent rent rent 北京 beans", owner=2),
    Written("Secret copy", "You are in Bcc.", to=("undisclosed@example.org",), bcc=("Robin Vale <robin@example.test>",), at=_day(40)),
    Written("Copy to the board", "For your files.", cc=("Board <board@example.org>", "Mira Kestrel <mira@example.net>"), at=_day(41)),
    Written("C++ and C#", "C++ is not C#. AT&T, R2-D2; e-mail me at robin+news@example.test or x_y_z.", at=_day(42)),
    Written("Numbers ４２ and ٤٢", "Room 42, call +49 30 123456, version 1.2.3.", at=_day(43)),
    Written("soft\u00adhyphen", "zero\u200bwidth and co\u00adop\u00aderate", at=_day(44)),
    Written("ligature ﬁle", "oﬃce ﬂat ①②③ ㎏", at=_day(45)),
    Written("emoji 🎉 party", "🎂cake🎂 at eight", at=_day(46)),
    Written("", "no subject at all, only words", at=_day(47)),
    Written("only a subject", "", flags=frozenset({_SEEN, _FLAGGED, _ANSWERED}), at=_day(48)),
    Written("and or not", 'AND OR NOT near "quoted words" (in brackets) a:b', at=_day(49)),
    Written(
        "Very long letter",
        f"needle1 {_LONG} needle2 last words here " + "the " * 400 + "late phrase of the letter",
        size=120_000,
        at=_day(50),
    ),
    Written("长信", "春眠不觉晓处处闻啼鸟" * 1_800 + "夜来风雨声花落知多少", size=150_000, at=_day(51)),
    Written(
        "Big file",
        "see inside",
        files=(("manual.txt", "intro " + "page of the manual " * 12_000 + "appendix zebra crossing"),),
        at=_day(52),
    ),
    Written("Year ago", "a message from last spring", at=_day(365), flags=frozenset({_SEEN})),
    Written("Two years ago", "older still", at=_day(730), flags=frozenset({_SEEN})),
    Written("From 1999", "the last century", at=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), flags=frozenset({_SEEN})),
    Written("Midnight", "on the border of two days", at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
    Written("Just before midnight", "on the border of two days", at=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)),
    Written("Exactly a kibibyte", "size", size=1_024, at=_day(60)),
    Written("One octet more", "size", size=1_025, at=_day(61)),
    Written("One octet less", "size", size=1_023, at=_day(62)),
    Written("Forged", "from a doubtful sender", sender="ann@example.org via <mailer@bulk.example>", flags=frozenset({"$Junk", _SEEN})),
    Written("Answered elsewhere", "keyword", flags=frozenset({r"\AnsweredByRobot", "Answered"}), at=_day(63)),
)

_PEOPLE = (
    "Ann Example <ann@example.org>",
    "Mira Kestrel <mira@example.net>",
    "Jörg Müller <joerg.mueller@beispiel.example>",
    "小明 <xiaoming@example.cn>",
    "Build robot <ci+webmail@builds.example.com>",
    "Олена <olena@priklad.example>",
)
_TOPICS = (
    ("Weekly meeting", "We meet on {day} at {hour} in room {room}. Agenda: budget, garden, travel."),
    ("Build {room} failed", "Step {hour} of {room} failed: disk full on node{day}. See https://builds.example.com/{room}."),
    ("Recipe of the week", "Take {hour} eggs, flour and a lemon; bake it {room} minutes. Für die Soße: Öl."),
    ("周报 {room}", "本周完成了{hour}项工作。下周计划去上海开会。"),
    ("Звіт {room}", "Звіт за тиждень: {hour} завдань, {room} годин."),
    ("Travel to Lisbon", "Flight TP{room} leaves on {day}, gate {hour}. Hotel by the sea; breakfast with lemon cake."),
    ("Re: Weekly meeting", "I cannot come on {day}. Could we meet at {hour}?"),
    ("Newsletter {room}", "This week: lemon trees, garden tools, and a travel report from Köln."),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def _by_chance(count: int) -> Iterator[Written]:
    chance = random.Random(20260315)
    for number in range(count):
        subject, body = chance.choice(_TOPICS)
        filled = {"day": chance.choice(_DAYS), "hour": chance.randrange(1, 13), "room": chance.randrange(100, 140)}
        owner = 0 if chance.random() < 0.8 else 1
        names = [each.name for each in MAILBOXES[owner] if each.special_use is not SpecialUse.SENT]
        files = (("slides final.pptx", "lemon chart"), ("photo.jpg", ""), ("ticket.pdf", "seat 12A"))
        yield Written(
            subject.format(**filled),
            body.format(**filled),
            sender=chance.choice(_PEOPLE),
            cc=(chance.choice(_PEOPLE),) if chance.random() < 0.2 else (),
            files=(chance.choice(files),) if chance.random() < 0.2 else (),
            list_id="Builds <builds.lists.example.com>" if subject.startswith("Build") else "",
            flags=frozenset(each for each, share in ((_SEEN, 0.7), (_FLAGGED, 0.1), (_ANSWERED, 0.2)) if chance.random() < share),
            # Several in one second, as a server delivers them.
            at=_day(chance.randrange(200) / 2).replace(second=number % 2),
            size=chance.randrange(600, 60_000),
            owner=owner,
            mailbox=chance.choice(names),
        )


@cache
def written(*, by_chance: int = 340) -> tuple[Written, ...]:
    """All messages, the same every time."""
    return (*_BY_HAND, *_by_chance(by_chance))
