"""Bills, tickets, appointments and receipts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from webmail.demo.mail.letter import CHINA, FLAGGED, ROBIN_VALE, SEEN, Attachment, Letter, Sample, When, english, page, put
from webmail.demo.mail.pictures import archive, pdf, ticket_code


def mail(when: When) -> Iterator[Sample]:
    """Everything from companies and offices."""
    yield put(_statement(when))
    yield put(_build(when))
    yield put(_library(when), FLAGGED)
    yield put(_tickets(when), SEEN, FLAGGED)
    yield put(_dentist(when))
    yield put(_opening(when), SEEN)
    yield put(_dmarc(when), SEEN)
    yield put(_bakery(when), SEEN)
    for receipt in _receipts(when):
        yield put(receipt, SEEN, mailbox="Receipts")


def _statement(when: When) -> Letter:
    due = english(when.ahead(11))
    paper = pdf(
        [
            (60, 780, 22, "Northfield Energy"),
            (60, 752, 11, "Statement for Robin Vale, Mill Lane 4, customer number 20-4471"),
            (60, 700, 12, "Electricity   148 kWh                    41.44"),
            (60, 680, 12, "Gas           112 kWh                    14.56"),
            (60, 660, 12, "Standing charge                           8.20"),
            (60, 626, 14, "Amount due                               64.20"),
            (60, 590, 11, f"It will be collected on {due}. You do not need to do anything."),
        ],
        strokes=[(60, 646, 400, 646), (60, 742, 535, 742)],
    )
    return Letter(
        name="statement",
        sender="Northfield Energy <statements@northfield-energy.example>",
        date=when.minutes(58),
        subject=f"Your {when.now:%B} statement is ready",
        text=(
            f"Dear Robin Vale,\n\nthe amount due is 64.20. It will be collected on {due}, you do not need to do "
            "anything.\n\nNorthfield Energy\n"
        ),
        html=page("statement.html", due=due),
        parts=(Attachment(f"statement-{when.now:%Y-%m}.pdf", "application/pdf", paper),),
    )


def _build(when: When) -> Letter:
    return Letter(
        name="nightly-2184",
        sender="Build server <build@northfield-tools.example>",
        date=when.minutes(161),
        subject="nightly 2184 passed",
        text=(
            "All 412 checks passed in 6 min 12 s.\n\nTwo warnings are new since nightly 2183:\n\n"
            "  tide/chart.py:88   the moon is computed twice\n  harbour/gate.py:17  unused argument 'weather'\n\n"
            "Details: https://build.northfield-tools.example/nightly/2184\n"
        ),
        fields=(("Auto-Submitted", "auto-generated"), ("X-Build-Number", "2184")),
    )


def _library(when: When) -> Letter:
    due = when.ahead(3)
    return Letter(
        name="library",
        sender="Northfield Library <desk@northfield-library.example>",
        date=when.minutes(203),
        subject=f"Two books are due on {due:%A}",
        text=(
            f"Dear reader,\n\nthese are due on {due:%A}, {english(due)}:\n\n* The Salt Roads, by H. Oduya\n"
            "* A Field Guide to Clouds (reserved by another reader)\n\n"
            "Renew online or bring them to the desk before 18:00. The second one has been asked for, so please bring it back.\n\n"
            "https://northfield-library.example/renew\n"
        ),
        html=page("library.html", due=f"{due:%A}, {english(due)}"),
    )


def _tickets(when: When) -> Letter:
    day = when.ahead(26)
    return Letter(
        name="tickets",
        sender="Coastline Rail <tickets@coastline-rail.example>",
        date=when.days(4, "19:22"),
        subject="Your tickets to Port Ellery",
        text=(
            f"Two adults, coach C, seats 41 and 42, {english(day)}, 09:14 from Northfield. Show the code on your "
            "phone or print this message.\n"
        ),
        html=page("tickets.html", day=english(day)),
        parts=(
            Attachment("code.png", "image/png", ticket_code(), cid="ticket-code"),
            Attachment(
                "tickets.pdf",
                "application/pdf",
                pdf([(60, 780, 22, "Coastline Rail"), (60, 740, 13, f"Northfield 09:14 to Port Ellery 11:52, {english(day)}")]),
            ),
        ),
    )


def _dentist(when: When) -> Letter:
    day = when.ahead(9)
    return _invitation(
        Letter(
            name="dentist",
            sender="Fenwick Dental <frontdesk@fenwick-dental.example>",
            date=when.days(3, "16:05"),
            subject=f"Appointment on {english(day)}, 10:20",
            text=(
                f"Dear Robin Vale,\n\nyour check-up is on {day:%A}, {english(day)}, at 10:20. Please arrive ten "
                "minutes early. To move it, call the front desk.\n\nFenwick Dental\n"
            ),
        ),
        day=day,
        start=time(10, 20),
        minutes=40,
        place="Fenwick Dental, Harbour Street 12",
        organizer="frontdesk@fenwick-dental.example",
    )


def _opening(when: When) -> Letter:
    day = when.ahead(40)
    return _invitation(
        Letter(
            name="opening",
            sender="周明雅 <zhou.mingya@example.net>",
            date=when.days(5, "18:00").astimezone(CHINA),
            subject="邀请：老照片展开幕",
            text="若宾：\n\n展览开幕，请你来剪彩。剪刀我准备，西装你自己准备。\n\n明雅\n",
        ),
        day=day,
        start=time(15, 0),
        minutes=120,
        place="老磨坊三楼",
        organizer="zhou.mingya@example.net",
    )


def _invitation(letter: Letter, *, day: date, start: time, minutes: int, place: str, organizer: str) -> Letter:
    """The letter with its calendar entry attached (RFC 5545, RFC 5546)."""
    begin = datetime.combine(day, start)
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Example Calendar//EN",
        "VERSION:2.0",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{letter.name}@letters.example",
        f"DTSTAMP:{letter.date.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{begin:%Y%m%dT%H%M%S}",
        f"DURATION:PT{minutes}M",
        f"SUMMARY:{letter.subject}",
        f"LOCATION:{place.replace(',', chr(92) + ',')}",
        f"ORGANIZER:mailto:{organizer}",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:demo@example.org",
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return Letter(
        name=letter.name,
        sender=letter.sender,
        date=letter.date,
        subject=letter.subject,
        text=letter.text,
        parts=(Attachment("invite.ics", "text/calendar; method=REQUEST", "\r\n".join(lines).encode("utf-8")),),
    )


def _dmarc(when: When) -> Letter:
    end = when.days(5, "00:00")
    report = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feedback><report_metadata><org_name>Example Mail</org_name>'
        f"<report_id>{end:%Y%m%d}</report_id></report_metadata><policy_published><domain>example.org</domain><p>reject</p></policy_published>"
        "<record><row><source_ip>192.0.2.25</source_ip><count>48</count><policy_evaluated><disposition>none</disposition>"
        "<dkim>pass</dkim><spf>pass</spf></policy_evaluated></row></record></feedback>\n"
    )
    return Letter(
        name="dmarc",
        sender="Postmaster <postmaster@example.com>",
        to="postmaster@example.org",
        cc=ROBIN_VALE,
        date=when.days(5, "00:10"),
        subject=f"Report domain: example.org Submitter: example.com Report-ID: {end:%Y%m%d}",
        text="48 messages, 48 aligned. The report is attached.\n",
        parts=(Attachment(f"example.com!example.org!{end:%Y%m%d}.zip", "application/zip", archive({"report.xml": report.encode()})),),
    )


def _bakery(when: When) -> Letter:
    """A receipt that is HTML and nothing else."""
    return Letter(
        name="bakery",
        sender="Flour & Feather Bakery <till@flour-and-feather.example>",
        date=when.days(2, "08:04"),
        subject="Thank you! Your receipt no. 3318",
        html=page("bakery.html"),
    )


def _receipts(when: When) -> Iterator[Letter]:
    for name, days, shop, subject, total in (
        ("bike", 16, "Chain Reaction Bikes <shop@chain-bikes.example>", "Receipt: new brake pads", "38.00"),
        ("bulbs", 24, "Garden Hall <orders@garden-hall.example>", "Order 7731: sixty tulip bulbs", "21.60"),
        ("boots", 37, "Stone Pass Outfitters <orders@stone-pass.example>", "Your order has been sent", "129.00"),
    ):
        yield Letter(
            name=f"receipt-{name}",
            sender=shop,
            date=when.days(days, "13:30"),
            subject=subject,
            text=f"Thank you for your order, Robin.\n\nTotal paid: {total}\n\nThe receipt is attached.\n",
            parts=(
                Attachment(f"receipt-{name}.pdf", "application/pdf", pdf([(60, 780, 18, "Receipt"), (60, 740, 12, f"{subject}: {total}")])),
            ),
        )
