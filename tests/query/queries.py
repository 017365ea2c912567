"""More than two hundred queries: every operator, alone and together, in several scripts, with mistakes. The oracle says what they find."""

from __future__ import annotations

WORDS = """
rent
RENT
dog
lemon
garden
kettle
42
1.2.3
2026-0042
"1,250.50"
l'été
ete
été
arger
Ärger
GRÜSSE
grüße
strasse
Straße
schloss
lodz
Łódź
istanbul
ışık
isik
θάλασσα
ΘΑΛΑΣΣΑ
καλημερα
ёлка
ЕЛКА
йод
п'ять
пять
п’ять
київ
北京
京大
大学
北京大学
大
学报
上海
发票
發票
京都
東京タワー
カメラ
ｶﾒﾗ
写真
서울
편지
울에
กรุงเทพ
วัน
שלום
שָׁלוֹם
السلام
c++
at&t
r2-d2
x_y_z
robin+news@example.test
cooperate
softhyphen
zerowidth
office
file
12
kg
cake
🎂cake
near
needle2
"""

PHRASES = """
"by the lake"
"the lake by"
"walk by the lake"
“by the lake”
"dog by"
"rent is due"
"欢迎来到北京"
"last words here"
"late phrase of the letter"
"the late phrase"
"夜来风雨声花落"
"晓处处闻"
"appendix zebra crossing"
"page of the manual"
"quoted words"
"e mail me at robin"
"Weekly meeting"
"meet at 7"
"garden garden"
"of the week take"
"on Monday" -"cannot come"
"""

BEGINNINGS = """
gar*
transfer*
"by the la*"
"quarterly rep*"
北京大*
"北 京 天*"
invo*
12*
"weekly mee*"
сніг* OR снег*
zeb*
θαλ*
"""

FIELDS = """
from:ann
from:"Ann Example"
from:ann@example.org
from:example.org
from:小明
from:мюллер OR from:müller
from:joerg.mueller
from:Олена
from:(ann OR mira)
from:ann*
发件人:小明
to:robin
to:board
to:undisclosed
to:mira
bcc:robin
cc:mira
cc:board@example.org
抄送:board
subject:rent
subject:"rent for"
subject:北京
subject:re
subject:(garden plan)
subject:(garden OR beans)
主题:旅行
body:rent
body:lake
body:"in room"
body:北京
body:needle1
filename:pdf
filename:"garden plan"
filename:kettle
filename:发票
filename:二月
filename:slides
filename:budget*
附件名:invoice
filename:"zebra crossing"
list:garden
list:builds.lists.example.com
list:digest
list:*
"""

STATES = """
is:unread
is:read
is:flagged
is:unflagged
is:answered
is:unanswered
is:starred is:unread
-is:unread
状态:未读
is:seen is:flagged is:answered
has:attachment
-has:attachment
包含:附件
has:attachment larger:1M
larger:100k
larger:1024
-larger:1024
smaller:1024
smaller:1.5k
smaller:1025
larger:2M
大于:1M
before:2020-01-01
after:2026-03-01
before:2026-03-01
after:2026-02-28 before:2026-03-01
after:2026/3/10
before:01.01.2025
older_than:1y
older_than:2y
newer_than:3d
newer_than:1w
newer_than:2m
after:yesterday
晚于:今天
in:inbox
in:archive
in:sent
in:junk
in:trash
in:spam
in:"garden plan"
in:projects
in:projects/garden*
in:work.reports
in:work/reports
in:旅行
in:anywhere rent
in:trash rent
-in:inbox
"""

TOGETHER = """
rent -march
rent OR lake
dog rent OR lake
(rent OR lake) -dog
lemon -recipe from:ann
lemon -(recipe OR travel)
from:ann subject:meeting
from:ann subject:meeting "in room" budget
北京 -天气
rent is:unread
lemon is:flagged
lemon (is:flagged OR is:answered)
lemon OR is:flagged
(lemon is:unread) OR (garden is:flagged)
-(lemon OR garden) has:attachment
-lemon
-from:ann -from:mira is:flagged
-(from:ann is:read)
-(lemon -from:ann)
NOT lemon AND NOT garden
build failed node*
build -subject:build
has:attachment filename:pdf seat
has:attachment -filename:pdf
is:unread newer_than:1w in:inbox
meeting before:2026-01-15 from:mira
(in:archive OR in:work.reports) meeting
in:archive lemon -is:read
larger:50k OR (smaller:700 is:flagged)
travel lisbon gate 7
list:builds is:unread -"step 3"
(北京 OR 上海) is:read
newsletter | recipe
from:ann OR (subject:travel -has:attachment)
"""

MISTAKES = """
rent OR
OR rent
(lake dog
rent)
"by the lake
form:ann
is:purple rent
before:soon rent
larger:huge lemon
subject: rent
from:
has:
-
rent AND AND due
((((rent))))
in:nowhere rent
xyzzy
"xyzzy plugh"
from:nobody@nowhere.example
北学
rent "北京"
()
"""

QUERIES = tuple(
    line for block in (WORDS, PHRASES, BEGINNINGS, FIELDS, STATES, TOGETHER, MISTAKES) for line in block.strip("\n").split("\n")
)

NOTHING_TO_SEARCH = frozenset({"from:", "has:", "-", "()", "list:*"})
"""Queries that ask for nothing; a hint says so."""
EMPTY = frozenset(
    {
        "пять",
        "学报",
        "北学",
        "xyzzy",
        "form:ann",
        "in:nowhere rent",
        "in:projects/garden*",
        "from:nobody@nowhere.example",
        '"the lake by"',
        '"garden garden"',
        '"of the week take"',
        '"北 京 天*"',
        '"xyzzy plugh"',
        'rent "北京"',
    }
)
"""Queries that are meant to find nothing."""
