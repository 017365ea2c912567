"""The names that senders give charsets, and the codec that reads each: the WHATWG Encoding Standard's labels and what else is in the wild.

Where a name means a small charset, its superset is taken: who says GB 2312 writes GB 18030, who says Latin-1 writes Windows-1252.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

ISO_2022 = "iso-2022"
"""Stands for every charset that changes its letters by escape sequences; see ``iso2022``."""

# Codec: its names, without the marks between letters and digits, which everybody puts elsewhere.
_TABLE = """
utf-8: utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 utf8mb3 utf8sig cp65001 65001 utf8generalci utf8unicodeci utf8bom
utf-7: utf7 unicode11utf7 unicode20utf7 xunicode20utf7 csunicode11utf7 xutf7
utf-16-le: utf16 utf16le csunicode iso10646ucs2 ucs2 unicode unicodefeff
utf-16-be: utf16be unicodefffe
cp866: 866 cp866 csibm866 ibm866
iso8859-2: csisolatin2 iso88592 isoir101 iso885921987 l2 latin2
iso8859-3: csisolatin3 iso88593 isoir109 iso885931988 l3 latin3
iso8859-4: csisolatin4 iso88594 isoir110 iso885941988 l4 latin4
iso8859-5: csisolatincyrillic cyrillic iso88595 isoir144 iso885951988
iso8859-6: arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 iso88596 iso88596e iso88596i isoir127 iso885961987
iso8859-7: csisolatingreek ecma118 elot928 greek greek8 iso88597 isoir126 iso885971987 suneugreek
iso8859-8: csiso88598e csisolatinhebrew hebrew iso88598 iso88598e isoir138 iso885981988 visual csiso88598i iso88598i logical
iso8859-10: csisolatin6 iso885910 isoir157 l6 latin6
iso8859-13: iso885913 l7 latin7
iso8859-14: iso885914 l8 latin8
iso8859-15: csisolatin9 iso885915 l9 latin9 latin0
iso8859-16: iso885916 l10 latin10
koi8-r: cskoi8r koi koi8 koi8r xkoi8r
koi8-u: koi8ru koi8u xkoi8u koi8unif
koi8-t: koi8t
mac-roman: csmacintosh mac macintosh macroman xmacroman
mac-cyrillic: maccyrillic xmaccyrillic xmacukrainian macukrainian
mac-greek: macgreek xmacgreek
mac-turkish: macturkish xmacturkish
mac-latin2: macce xmacce maccentraleurope xmaccentraleurroman maclatin2
mac-iceland: maciceland xmacicelandic xmaciceland
mac-croatian: maccroatian xmaccroatian
mac-romanian: macromanian xmacromanian
mac-arabic: macarabic xmacarabic
cp874: dos874 iso885911 tis620 tis62025330 windows874 xmacthai
cp1250: cp1250 windows1250 xcp1250
cp1251: cp1251 windows1251 xcp1251
cp1252: ansix341968 ansix341986 ascii cp819 csascii csisolatin1 ibm819 iso646us isoir100 isoir6 iso88591 iso885911987 l1 latin1 usascii \
us windows1252 cp1252 xcp1252 ansi ibm367 cp367 646 iso88591windows30latin1 iso88591windows31latin1 7bit 8bit western
cp1253: cp1253 windows1253 xcp1253
cp1254: cp1254 csisolatin5 isoir148 iso88599 iso885991989 l5 latin5 windows1254 xcp1254
cp1255: cp1255 windows1255 xcp1255 xmachebrew
cp1256: cp1256 windows1256 xcp1256
cp1257: cp1257 windows1257 xcp1257
cp1258: cp1258 windows1258 xcp1258
gb18030: chinese csgb2312 csiso58gb231280 gb2312 gb231280 gb23121980 gbk isoir58 xgbk gb18030 cp936 ms936 windows936 936 euccn xeuccn \
gb2312charset xmacchinesesimp gb cngb csgbk csgb18030
hz: hz hzgb2312 hzgb
big5hkscs: big5 big5hkscs cnbig5 csbig5 xxbig5 xbig5 cp950 windows950 950 big5eten xmacchinesetrad csbig5hkscs
euc_jp: cseucpkdfmtjapanese eucjp xeucjp xeuc ujis eucjpms cp51932
cp932: csshiftjis ms932 mskanji shiftjis sjis windows31j cswindows31j xsjis cp932 932 windows932 xmacjapanese sjiswin xmsjapan
cp949: cseuckr csksc56011987 euckr isoir149 korean ksc56011987 ksc56011989 ksc5601 ksc5601 windows949 cp949 949 uhc xwindows949 \
xmackorean xeuckr ms949 ksc56011992
johab: johab ksc56011992johab cp1361
iso-2022: iso2022jp csiso2022jp iso2022jp1 iso2022jp2 csiso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms iso2022jpext jis jisencoding \
cp50220 cp50221 cp50222 csjisencoding iso2022kr csiso2022kr iso2022cn iso2022cnext iso2022int iso2022int1 xiso2022jp
"""
_CODECS = {
    label: name
    for line in _TABLE.replace("\\\n", "").strip().split("\n")
    for name, _, labels in [line.partition(":")]
    for label in labels.split()
}
_MARKS = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9 ._:()+-]{0,59}")
_NUMBERED = re.compile(r"x?(?:windows|win|ms|ibm|cp|codepage|dos)(\d{3,5})")
_ISO = re.compile(r"(?:x|cs)?(?:iso|is0|lso)?8859(1[0-6]|[1-9])(?!\d)")
# Charsets proper. Python's registry also knows codecs that run escapes, warn, or cost more than linear time.
_CHARSET = re.compile(
    r"utf-(?:7|8|16|16-le|16-be|32|32-le|32-be)|iso8859-\d+|cp\d+|mac-\w+|koi8-\w|kz1048|ptcp154|hp-roman8|"
    r"gb18030|hz|big5hkscs|euc_j\w+|euc_kr|johab|shift_\w+|tis-620"
)


@lru_cache(maxsize=512)
def codec(declared: str) -> str:
    """The name of the codec for a declared charset, or nothing where there is none that may be used.

    Reads names in quotes, with blanks around them, with orders for iconv behind them (``utf-8//IGNORE``), after ``charset=``.
    """
    name = declared.strip().strip("\"'<>").strip().lower().removeprefix("charset").lstrip("=: \"'")
    name = re.split(r"//|[;,*\"']", name, maxsplit=1)[0].strip()
    if not _NAME.fullmatch(name.replace("_", "-")):
        return ""
    plain = _MARKS.sub("", name)
    if found := _CODECS.get(plain) or _CODECS.get(plain.removeprefix("x")):
        return found
    if part := _ISO.match(plain):
        return _CODECS.get(f"iso8859{part[1]}", "")
    if numbered := _NUMBERED.fullmatch(plain):
        return _CODECS.get(f"windows{numbered[1]}") or _python(f"cp{numbered[1]}")
    return _python(name)


def _python(name: str) -> str:
    """The codec that Python has under a name nobody else knows, if it is one of a charset."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return found if _CHARSET.fullmatch(found) else ""
