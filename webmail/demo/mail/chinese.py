"""Letters and notices in Chinese."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator

from webmail.demo.mail.letter import ANSWERED, CHINA, FLAGGED, SEEN, Attachment, Letter, Sample, When, chinese, put, put_raw

MINGYA = "周明雅 <zhou.mingya@example.net>"
JIANG = "江南 <jiangnan@yunqi.example>"
OURSELVES = "林若宾 <demo@example.org>"

NOTES = """会议记录

时间：周二下午两点
地点：三楼东侧会议室
参加：周明雅、江南、林若宾、唐欧文

一、展览开幕改到下个月第一个周六，请柬由明雅重新设计。
二、灯光方案采用暖色，预算不超过两万四千元。
三、志愿者还差三位，若宾负责在邮件列表里询问。
四、下次会议请带上样张，不要带上猫。
"""


def mail(when: When) -> Iterator[Sample]:
    """Everything in Chinese that is not a newsletter."""
    yield put(_notes(when))
    yield put(_tea(when), SEEN, ANSWERED)
    yield put(_tea_reply(when), SEEN, mailbox="Sent")
    yield put(_parcel(when), SEEN)
    yield _old_friend(when)
    for letter in _project(when):
        yield put(letter, SEEN, mailbox="项目")
    yield put(_lights(when), SEEN, FLAGGED, mailbox="项目/展览")


def _notes(when: When) -> Letter:
    """An attachment whose name is Chinese."""
    return Letter(
        name="exhibition-notes",
        sender=MINGYA,
        to=OURSELVES,
        cc=JIANG,
        date=when.minutes(71).astimezone(CHINA),
        subject="展览筹备会的记录",
        text=(
            "若宾，你好：\n\n"
            "昨天会议的记录在附件里，请看看有没有遗漏。灯光那一条江南还在和厂家商量，数字可能会变。\n\n"
            f"开幕的日子定在{chinese(when.ahead(40))}。如果你那天不在，请早一点告诉我。\n\n"
            "明雅\n"
        ),
        parts=(Attachment("会议记录.txt", "text/plain", NOTES.encode("utf-8")),),
    )


def _tea(when: When) -> Letter:
    return Letter(
        name="tea-1",
        sender=JIANG,
        to=OURSELVES,
        date=when.days(3, "16:08").astimezone(CHINA),
        subject="周末来喝茶吗？",
        text="若宾：\n\n家里新到了一包武夷山的茶，一个人喝太可惜。周日下午三点，老地方，记得带上次没下完的那盘棋。\n\n江南\n",
    )


def _tea_reply(when: When) -> Letter:
    return Letter(
        name="tea-2",
        sender=OURSELVES,
        to=JIANG,
        date=when.days(3, "18:26"),
        subject="回复：周末来喝茶吗？",
        answers=("tea-1",),
        text="一定到。棋盘我拍了照片，一个子都不会错。\n\n若宾\n\n江南写道：\n> 家里新到了一包武夷山的茶，一个人喝太可惜。\n",
    )


def _parcel(when: When) -> Letter:
    return Letter(
        name="parcel",
        sender="青鸟速递 <notice@qingniao.example>",
        to=OURSELVES,
        date=when.days(2, "09:35").astimezone(CHINA),
        subject="您的包裹已到达取件点（取件码 7-3-0418）",
        text=(
            "林若宾 您好：\n\n您的包裹已到达“磨坊巷 4 号”取件点，取件码 7-3-0418，请在三天之内领取。\n\n"
            "取件时间：每天 8:00 到 21:00\n查询：https://qingniao.example/track?no=QN20260418\n\n此邮件由系统发出，请勿直接回复。\n"
        ),
        fields=(("Auto-Submitted", "auto-generated"),),
    )


def _old_friend(when: When) -> Sample:
    """A letter in GB18030, as an old mail program writes it."""
    date = when.days(10, "20:17").astimezone(CHINA)
    text = (
        "若宾：",
        "",
        "好久没有写信了。昨天整理书架，翻出你二十年前借给我的那本《山海经》，里面还夹着一张去青岛的火车票。",
        "",
        "书我一直没有还，因为还了就没有理由再见面。现在理由有了：下个月我到你们那里开会，请你吃饭，顺便还书。",
        "",
        "这台老电脑还在用，字如果显示不出来，请打电话给我。",
        "",
        "唐欧文",
    )
    return put_raw(
        [
            f"Date: {date:%a, %d %b %Y %H:%M:%S %z}",
            "From: =?GB2312?B?" + _base64("唐欧文") + "?= <tang@qingniao.example>",
            "To: demo@example.org",
            "Subject: =?GB2312?B?" + _base64("那本《山海经》") + "?=",
            "Message-ID: <old-friend@letters.example>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=GB18030",
            "Content-Transfer-Encoding: 8bit",
            "",
            *(line.encode("gb18030") for line in text),
        ],
        date,
        SEEN,
    )


def _base64(text: str) -> str:
    return b2a_base64(text.encode("gb18030"), newline=False).decode("ascii")


def _project(when: When) -> Iterator[Letter]:
    yield Letter(
        name="project-1",
        sender=MINGYA,
        to=OURSELVES,
        date=when.days(20, "10:12").astimezone(CHINA),
        subject="项目启动：磨坊里的老照片",
        text="各位：\n\n老磨坊答应借给我们整整一层楼。第一步是把照片扫描出来，大约四百张，请每人认领一盒。\n\n明雅\n",
    )
    yield Letter(
        name="project-2",
        sender=JIANG,
        to=OURSELVES,
        date=when.days(18, "11:40").astimezone(CHINA),
        subject="回复：项目启动：磨坊里的老照片",
        answers=("project-1",),
        text="我认领第三盒，里面有一张是我奶奶。\n\n江南\n\n> 第一步是把照片扫描出来，大约四百张，请每人认领一盒。\n",
    )


def _lights(when: When) -> Letter:
    return Letter(
        name="lights",
        sender=JIANG,
        to=OURSELVES,
        date=when.days(12, "14:20").astimezone(CHINA),
        subject="灯光方案和报价",
        text="报价在附件里，暖色的便宜一些。老照片怕强光，建议每盏不超过五十勒克斯。\n\n江南\n",
        parts=(Attachment("灯光报价.csv", "text/csv", "名称,数量,单价（元）\n轨道灯,18,420\n导轨,6,260\n调光器,2,880\n".encode()),),
    )
