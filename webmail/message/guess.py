"""What charset undeclared 8-bit bytes most likely are in: the one in whose language they read most likely.

Each candidate reads the bytes; of the letters that come out, their likelihood in a language is added up, by tables of letters in
the order of how often texts use them. The sums are comparable, since all candidates read the same bytes: the best wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

SAMPLE = 3_000
"""Octets that are looked at."""
_NEVER = log(1e-5)
_COMMON = log(0.012)
_CASE = 4.0
"""What a capital behind a small letter costs."""
_ALONE = 3.5
"""What a letter of another script costs beside an ASCII letter, and an accented one beside another."""
_PUNCTUATION = frozenset("«»„“”‘’–—…•№§°·€‚‹›¢£¥©®™±½²")
_SPACE = log(0.15)
"""Spaces that do not break are as likely as a common letter: pages are laid out with rows of them."""


@dataclass(frozen=True, slots=True)
class _Script:
    """The letters of a language by how often they are used, and how their frequency falls from one to the next."""

    letters: str
    falls: float
    first: float
    codecs: tuple[str, ...]
    latin: bool = False


_CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic")
_CENTRAL = ("cp1250", "iso8859-2")
_SCRIPTS = (
    _Script("éèàêçùôâîûëïœ", 0.72, 0.45, ("cp1252",), latin=True),
    _Script("üäößé", 0.75, 0.35, ("cp1252",), latin=True),
    _Script("óáíñéúüç¿¡", 0.82, 0.25, ("cp1252",), latin=True),
    _Script("ãçáéíóêõâúàôü", 0.82, 0.22, ("cp1252",), latin=True),
    _Script("àèòùìé", 0.75, 0.35, ("cp1252",), latin=True),
    _Script("äöåéü", 0.65, 0.45, ("cp1252",), latin=True),
    _Script("øåæéäöü", 0.65, 0.4, ("cp1252",), latin=True),
    _Script("áíðþóéöúýæ", 0.85, 0.17, ("cp1252",), latin=True),
    _Script("éëïóöüèàêçá", 0.72, 0.35, ("cp1252",), latin=True),
    _Script("łąężóśćńź", 0.85, 0.19, _CENTRAL, latin=True),
    _Script("áíéěčřžýůšúóťňď", 0.87, 0.16, _CENTRAL, latin=True),
    _Script("áíčéžýšúťľôňäóďŕĺ", 0.87, 0.16, _CENTRAL, latin=True),
    _Script("áéöőóüíúű", 0.83, 0.25, _CENTRAL, latin=True),
    _Script("ăîţşâșț", 0.8, 0.3, (*_CENTRAL, "iso8859-16"), latin=True),
    _Script("čšžćđ", 0.78, 0.3, _CENTRAL, latin=True),
    _Script("ışıüğçöâîi̇", 0.83, 0.22, ("cp1254",), latin=True),
    _Script("ėšųžįąčūę", 0.86, 0.2, ("cp1257", "iso8859-13"), latin=True),
    _Script("āīēšņļžūčģķ", 0.82, 0.25, ("cp1257", "iso8859-13"), latin=True),
    _Script("õäöüšž", 0.72, 0.4, ("cp1252", "cp1257"), latin=True),
    _Script("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", 0.9, 0.11, _CYRILLIC),
    _Script("оаинвіертлскмудпязьбгйчхцїюжєшщфґё", 0.9, 0.11, ("cp1251", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic")),
    _Script("аиоетнрсвлкдпмзуъбгяжщцчхшйюфь", 0.9, 0.11, _CYRILLIC),
    _Script("аоиенртсуквјдмплзбгчљшцћњхжђџф", 0.9, 0.11, ("cp1251", "iso8859-5", "mac-cyrillic")),
    _Script("αοιετσνηυρπκμςλωόίάγέδήθχφύβώξζψϊϋ", 0.9, 0.11, ("cp1253", "iso8859-7")),
    _Script("יוהלארתבמשנדעחפקכםסגטןצזךףץ", 0.9, 0.11, ("cp1255", "iso8859-8")),
    _Script("اليمنوترهبدعسفكقحةجأصطشىضخذئإثزظغءؤآ،", 0.9, 0.12, ("cp1256", "iso8859-6")),
    _Script("านรอกเง่มยล้วดทสตัะปบคิีจพุห์ใไแชขโผูถธศซณฟึืภำๆษญฐฎฉฬฏฒ", 0.94, 0.065, ("cp874",)),
    _Script("ạảấầậăâđêôơưáàéèíìóòúùýộệếềồốờớ", 0.92, 0.09, ("cp1258",), latin=True),
)
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都"
    "同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问"
    "很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处"
    "走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展"
    "马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"
    "请您谢邮件客户送"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都"
    "同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問"
    "很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處"
    "走義各入幾口認條平系氣題活更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指許統區保至隊形社便空決治展"
    "請您謝郵件客戶灣臺台"
)
_KANA = (
    "のいるにとたしをはでがてなかられこすりまもうっんきさあくだけそどえよおつせわみじ"
    "ばちろやめごほひふへむずぶべぎげねびざぜぐぬゆぞづぼぽゃゅょ"
)
_KATAKANA = (
    "ーンスルトリアイラクシドレジタプロフコマテサグデバメキニカツュョブミチャパオッィハエモウムナェソセダネヤワケホァポベビゴズピボヒガノュ"
)
_JOUYOU = (
    "日一人年大国本中会出事者社時上自分行月見合前生場田部間後員立手対新業方同発高地定今市長問小学内入家取用体力理回多物車京電明書名話気東化"
)
_SYLLABLES = (
    "이다는에의고을가하지은도를한로기나사어인아자리서그있대시으라일해만정수보과부게면들것여안스주성구전제상니들있장었요원거없습까내경말위중생관소동"
    "신연회치마무비유선문물개우조공간오용적메"
)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A charset of two octets a letter: how likely are its letters, those listed by how often they are used, and the others."""

    codec: str
    likely: Mapping[str, float]
    others: str
    """Where its other usual letters stand: ``gb``, ``big5``, ``jis`` or ``ks``."""


def _falling(letters: str, first: float, power: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for rank, letter in enumerate(letters):
        found.setdefault(letter, log(first) - power * log(rank + 1))
    return found


_CJK_MARKS = dict.fromkeys("，。、：；？！（）《》「」“”‘’\u3000…—", log(0.02))
_JAPANESE = {
    **_falling(_JOUYOU, 0.006, 0.3),
    **_falling(_KATAKANA, 0.02, 0.5),
    **_falling(_KANA, 0.07, 0.55),
    **_CJK_MARKS,
    "。": log(0.03),
    "、": log(0.03),
}
_PAIRED = (
    _Pairs("gb18030", {**_falling(_SIMPLIFIED, 0.03, 0.5), **_CJK_MARKS}, "gb"),
    _Pairs("big5hkscs", {**_falling(_TRADITIONAL, 0.03, 0.5), **_CJK_MARKS}, "big5"),
    _Pairs("cp932", _JAPANESE, "jis"),
    _Pairs("euc_jp", _JAPANESE, "jis"),
    _Pairs("cp949", {**_falling(_SYLLABLES, 0.04, 0.5), **_CJK_MARKS}, "ks"),
)
_USUAL = {"gb": ("gb2312", 0xB0, 0xD7), "big5": ("big5", 0xA4, 0xC6), "jis": ("euc_jp", 0xB0, 0xCF), "ks": ("euc_kr", 0xB0, 0xC8)}
_OCTETS = re.compile(rb"[\x80-\xff]")
_UNICODE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ENOUGH, _LOOKED_THROUGH = 20, 1 << 18
_BESIDE_ASCII = re.compile(r"[A-Za-z][^\x00-\xbf]|[^\x00-\xbf][A-Za-z]")
_CAPITALS = "".join(chr(code) for code in range(0x80, 0x600) if chr(code).isupper())
_SMALL = "".join(chr(code) for code in range(0x61, 0x600) if chr(code).islower())
_CAPITAL = re.compile(f"(?<=[{_SMALL}])[{_CAPITALS}]")
_PRIOR = {"cp1252": 2.0, "cp866": -2.0, "mac-cyrillic": -4.0, "iso8859-5": -2.0, "cp1258": -2.0, "iso8859-6": -1.0, "iso8859-16": -3.0}
"""How usual a charset is, where the letters alone do not say."""
_TWO_ACCENTS = re.compile(r"[^\W\d_a-zA-Z](?=[^\W\d_a-zA-Z])")


def guess(data: bytes) -> str:
    """The codec in which these bytes, which are not all UTF-8, read most likely. Never raises; some milliseconds at most."""
    return "utf-8" if _nearly_unicode(data[:_LOOKED_THROUGH]) else _guessed(_sample(data))


def _nearly_unicode(data: bytes) -> bool:
    """Whether this is UTF-8 with some octets of another hand in it, as a digest or a quoted line brings them."""
    whole = sum(map(len, _UNICODE.findall(data)))
    return whole >= _ENOUGH and len(_OCTETS.findall(data)) - whole <= whole // 8


@lru_cache(maxsize=512)
def _guessed(sample: bytes) -> str:
    """The same of a sample. Remembered, because the fields of a header are read more than once."""
    best, name = float("-inf"), "cp1252"
    for codec in _candidates():
        text = _read(sample, codec)
        if text is None:
            continue
        found = _fit(text, codec) + _PRIOR.get(codec, 0.0)
        # Of equals the usual one: letters that several charsets share are most likely Windows'.
        if found > best + (0.5 if best > float("-inf") else 0.0):
            best, name = found, codec
    return name


@lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    single = dict.fromkeys(codec for script in _SCRIPTS for codec in script.codecs)
    return (*single, *(each.codec for each in _PAIRED))


@lru_cache(maxsize=64)
def _by_codec(codec: str) -> tuple[_Script, ...]:
    return tuple(script for script in _SCRIPTS if codec in script.codecs)


def _sample(data: bytes) -> bytes:
    """The lines that have high bytes, as many as are looked at."""
    first = _OCTETS.search(data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    part = data[start : start + SAMPLE]
    end = part.rfind(b"\n")
    return part[:end] if len(part) == SAMPLE and end > SAMPLE // 2 else part


def _read(sample: bytes, codec: str) -> str | None:
    """What a candidate reads; None where more than a slip of it cannot be read."""
    text = sample.decode(codec, "replace")
    return None if text.count("\ufffd") > 1 + len(text) // 100 else text


def _fit(text: str, codec: str) -> float:
    """How likely these letters are in the language of this charset in which they are likeliest."""
    letters = [(letter, count) for letter, count in Counter(text).items() if letter >= "\x80"]
    scripts = _by_codec(codec)
    if not scripts:
        pairs = next(each for each in _PAIRED if each.codec == codec)
        return sum(count * (pairs.likely.get(letter) or _of_other(letter, pairs.others)) for letter, count in letters)
    # In a Latin language accented letters stand among others, in one of another script ASCII letters stand apart.
    together = _ALONE * len(_TWO_ACCENTS.findall(text)) if any(each.latin for each in scripts) else 0.0
    beside = _ALONE * len(_BESIDE_ASCII.findall(text)) if any(not each.latin for each in scripts) else 0.0
    best = max(
        sum(count * _of_letter(letter, each) for letter, count in letters) - (together if each.latin else beside) for each in scripts
    )
    return best - _CASE * len(_CAPITAL.findall(text))


@lru_cache(maxsize=20_000)
def _of_letter(letter: str, script: _Script) -> float:
    likely, small = _likelihood(script), letter.lower()
    if small in likely:
        return likely[small] - (0.0 if small == letter else 1.5)
    if letter == "\xa0":
        return _SPACE
    if letter in _PUNCTUATION:
        return _COMMON
    if script.latin and letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN"):
        return log(0.0008)
    if "\u05b0" <= letter <= "\u05c7" or "\u064b" <= letter <= "\u0652":
        return log(0.002)
    return _NEVER if letter >= "\xa0" else 2 * _NEVER


@lru_cache(maxsize=64)
def _likelihood(script: _Script) -> dict[str, float]:
    found: dict[str, float] = {}
    for rank, letter in enumerate(script.letters):
        found.setdefault(letter, log(script.first) + rank * log(script.falls))
    return found


@lru_cache(maxsize=20_000)
def _of_other(letter: str, others: str) -> float:
    """A letter of two octets that is not among the most used: usual, rare, or of another script."""
    name, low, high = _USUAL[others]
    try:
        octets = letter.encode(name)
    except UnicodeEncodeError:
        return log(2e-7)
    if len(octets) == 2 and low <= octets[0] <= high:
        return log(0.35 / 3500)
    return log(4e-6)
