"""Messages that are hard to show: old charsets, undeclared bytes, right-to-left writing, look-alike senders, endless subjects."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator
from datetime import datetime

from webmail.demo.mail.letter import JAPAN, SEEN, SERVER, Letter, Sample, When, page, put, put_raw


def mail(when: When) -> Iterator[Sample]:
    """Each of them has a reason to be here."""
    yield _japanese(when.days(2, "14:12").astimezone(JAPAN))
    yield _russian(when.days(6, "19:24"))
    yield _undeclared(when.days(7, "11:05"))
    yield put(_arabic(when))
    yield put(_hebrew(when), SEEN)
    yield _look_alike(when.minutes(97))
    yield put(_long_subject(when), SEEN)


def _head(date: datetime, *, sender: str, subject: str, name: str, charset: str, encoding: str) -> list[str]:
    """The header of a message of the old days, charset words and all."""
    return [
        f"Date: {date:%a, %d %b %Y %H:%M:%S %z}",
        f"From: {sender}",
        "To: demo@example.org",
        f"Subject: {subject}",
        f"Message-ID: <{name}@letters.example>",
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
        "",
    ]


def _word(text: str, charset: str) -> str:
    """One encoded word (RFC 2047 §2)."""
    return f"=?{charset}?B?{b2a_base64(text.encode(charset), newline=False).decode('ascii')}?="


def _japanese(date: datetime) -> Sample:
    charset = "ISO-2022-JP"
    text = (
        "ロビンさん",
        "",
        "お元気ですか。京都の森です。",
        "先日は湖の写真をありがとうございました。サギの写真は、台所の壁に貼りました。",
        "",
        "来年の春、また山小屋でお会いしましょう。今度は私がお茶を持って行きます。",
        "",
        "森 春香",
    )
    head = _head(
        date,
        sender=_word("森 春香", charset) + " <haruka.mori@example.net>",
        subject=_word("写真のお礼", charset),
        name="photos-thanks",
        charset=charset,
        encoding="7bit",
    )
    return put_raw([*head, *(line.encode("iso-2022-jp") for line in text)], date, SEEN)


def _russian(date: datetime) -> Sample:
    charset = "KOI8-R"
    text = (
        "Здравствуйте, Робин!",
        "",
        "Посылка пришла вчера, чай чудесный, кот уже спит в коробке.",
        "Скажите, пожалуйста, как правильно заваривать: сразу кипятком или немного подождать?",
        "",
        "Если будете весной в наших краях, у нас есть свободная комната с видом на реку.",
        "",
        "С тёплым приветом,",
        "Вера Лунина",
    )
    head = _head(
        date,
        sender=_word("Вера Лунина", charset) + " <vera.lunina@example.com>",
        subject=_word("Спасибо за чай", charset),
        name="tea-parcel",
        charset=charset,
        encoding="8bit",
    )
    return put_raw([*head, *(line.encode("koi8-r") for line in text)], date, SEEN)


def _undeclared(date: datetime) -> Sample:
    """No charset is named anywhere: the bytes are windows-1252, in the header as well."""
    lines = (
        f"Date: {date:%a, %d %b %Y %H:%M:%S %z}",
        "From: Café Müller <zoë@cafe-mueller.example>".replace("zoë", "zoe"),
        "To: demo@example.org",
        "Subject: Geöffnet – die Zwetschgen sind da!",
        "Message-ID: <plums@letters.example>",
        "",
        "Grüß Gott,",
        "",
        "das Café ist ab Samstag wieder geöffnet. Es gibt Zwetschgendatschi für 3,20 €,",
        "und wer „Föhn“ sagt, bekommt den zweiten Kaffee geschenkt – jedenfalls solange",
        "die große Kanne reicht.",
        "",
        "Schöne Grüße, Zoë Müller",
    )
    return put_raw([line.encode("windows-1252") for line in lines], date, SEEN)


def _arabic(when: When) -> Letter:
    return Letter(
        name="courtyard",
        sender="ليلى حداد <layla.haddad@example.net>",
        date=when.minutes(254),
        subject="دعوة إلى عشاء في الفناء",
        text=(
            "عزيزي روبن،\n\n"
            "يسعدنا أن ندعوك إلى العشاء يوم الجمعة في الساعة 7:30 مساءً، في الفناء تحت شجرة الليمون.\n\n"
            "سيأتي يوناس ومعه العود (Oud)، وستأتي ميرا ومعها الحلوى. لا تحضر شيئًا، فقط تعال جائعًا.\n\n"
            "مع أطيب التحيات،\nليلى\n"
        ),
    )


def _hebrew(when: When) -> Letter:
    return Letter(
        name="bookshop",
        sender="חנות הספרים של נועה <noa@books-by-noa.example>",
        date=when.days(8, "12:15"),
        subject='הספר שהזמנת הגיע: "מפת הרוחות" (Map of Winds)',
        text=(
            "שלום רובין,\n\nהספר שהזמנת הגיע לחנות ומחכה לך על המדף ליד הקופה.\n"
            "אנחנו פתוחים בימים א׳ עד ה׳, 9:00–19:00.\n\nלהתראות,\nנועה\n"
        ),
        html=page("bookshop.html"),
    )


def _look_alike(date: datetime) -> Sample:
    """The name in front looks like an address of the real firm; the address behind is somebody else's."""
    lines = (
        f"Authentication-Results: {SERVER}; spf=softfail; dkim=none; dmarc=fail (p=none) header.from=pennywell-login.example",
        f"Date: {date:%a, %d %b %Y %H:%M:%S %z}",
        'From: "Pennywell Pay <help@pennywell.example>" <billing@pennywell-login.example>',
        "Reply-To: <refunds@another-place.example>",
        "To: demo@example.org",
        "Subject: Action required: confirm your account",
        "Message-ID: <urgent-1@pennywell-login.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *page("look-alike.html").splitlines(),
    )
    return put_raw(lines, date)


def _long_subject(when: When) -> Letter:
    return Letter(
        name="minutes",
        sender="Mill Lane Housing <office@mill-lane.example>",
        to="All tenants <tenants@mill-lane.example>",
        date=when.days(4, "09:15"),
        subject=(
            "Minutes of the tenants' meeting concerning the bicycle room, the second bicycle room, the question "
            "whether a cargo bicycle is a bicycle, "
            "the noise of the lift between the second and third floor, the fig tree, and the election of a new keeper of the ladder"
        ),
        text=(
            "Dear tenants,\n\nthe minutes in one sentence each:\n\n- A cargo bicycle is a bicycle.\n"
            "- The lift will be oiled.\n- The fig tree stays.\n"
            "- The ladder is kept by Robin Vale, by acclamation and in absence.\n\nMill Lane Housing\n"
        ),
    )
