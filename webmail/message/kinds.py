"""What kind of file an attachment is, by its first octets, its name and its declared type, and which kinds can do harm.

The lists are those of the large providers put together: what runs when it is opened, what opens in a browser as a page that
can imitate any other, documents that carry programs, and disks whose files have lost the mark of coming from a stranger.
"""

from __future__ import annotations

import re

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Pictures that browsers show and that hold no program."""


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


PROGRAMS = _set(
    "exe scr com pif cpl dll ocx sys drv msi msix msixbundle msp mst appx appxbundle application appref-ms bat cmd ps1 ps1xml ps2",
    "psc1 psm1 psd1 vb vbe vbs vbscript js jse mjs ws wsf wsc wsh hta jar jnlp class gadget inf ins isp reg rgs sct shb shs scf lnk",
    "url website webloc desktop library-ms settingcontent-ms search-ms searchconnector-ms theme themepack deskthemepack msc",
    "diagcab chm hlp xll wll ade adp mda mde mdb accdb accde rdp ica xpi crx oxt apk ipa",
    "sh bash csh zsh ksh command run out elf so dylib appimage deb rpm flatpakref snap pkg mpkg app scpt applescript workflow terminal",
    "py pyc pyw pyz",
)
PAGES = _set("html htm xhtml xht shtml dhtml mht mhtml svg svgz xsl xslt swf")
MACROS = _set("docm dotm xlsm xlsb xltm xlam xlm pptm potm ppsm ppam sldm one onepkg slk iqy")
DISKS = _set("iso img vhd vhdx vmdk udf nrg daa wim dmg toast sparseimage")

_FAMILIES = {
    "picture": "png jpg jpeg jpe gif webp avif bmp tif tiff heic heif ico",
    "pdf": "pdf",
    "sound": "mp3 wav ogg oga flac m4a aac opus wma",
    "film": "mp4 m4v mov avi mkv webm mpg mpeg wmv 3gp",
    "office": "docx xlsx pptx odt ods odp odg dotx xltx ppsx doc xls ppt dot xlt pps rtf",
    "archive": "zip 7z rar gz tgz bz2 xz zst tar",
    "text": "txt text md csv tsv log ics vcf eml json xml yml yaml ini conf cfg toml css c h cpp hpp java go rs rb pl php sql tex rst"
    " diff patch srt asc sig po ts tsx jsx kt swift lua r asm",
}
_FAMILY_OF = {extension: family for family, extensions in _FAMILIES.items() for extension in extensions.split()}
_TYPES = (
    ("image/svg", "page"),
    ("image/", "picture"),
    ("audio/", "sound"),
    ("video/", "film"),
    ("application/pdf", "pdf"),
    ("application/x-pdf", "pdf"),
    ("application/vnd.openxmlformats-officedocument.", "office"),
    ("application/vnd.oasis.opendocument.", "office"),
    ("application/msword", "office"),
    ("application/vnd.ms-excel", "office"),
    ("application/vnd.ms-powerpoint", "office"),
    ("text/html", "page"),
    ("application/xhtml", "page"),
    ("text/javascript", "program"),
    ("application/javascript", "program"),
    ("application/x-javascript", "program"),
    ("application/x-msdownload", "program"),
    ("application/x-msdos-program", "program"),
    ("application/vnd.microsoft.portable-executable", "program"),
    ("application/x-dosexec", "program"),
    ("application/x-executable", "program"),
    ("application/hta", "program"),
    ("application/x-ms-shortcut", "program"),
    ("application/x-sh", "program"),
    ("application/java-archive", "program"),
)
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF87a", "picture"),
    (b"GIF89a", "picture"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xce\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"L\0\0\0\x01\x14\x02\0", "program"),
    (b"#!", "program"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x1f\x8b", "archive"),
)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*|<!--.{0,400}?-->\s*)*<(?:!doctype\s+(?:html|svg)|html|head|body|script|iframe|svg|meta\b)",
    re.I | re.S,
)
_PADDED = re.compile(r"\.([A-Za-z0-9]{1,8})[\s._-]*\.[A-Za-z0-9-]{1,20}$")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE | re.DOTALL)
_MOST_OCTETS = 240
"""File systems take names of 255 octets; some is left for the number a browser adds to a second one."""
SNIFFED = 1024


def extension(filename: str) -> str:
    """The extension of a file name in lower case, without its dot; empty where there is none."""
    stem, dot, found = filename.rpartition(".")
    return found.strip().lower() if dot and stem else ""


def picture(beginning: bytes) -> str:
    """The media type of a picture that browsers show safely, by its first octets; else empty."""
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if beginning.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if beginning.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if beginning[4:12] in (b"ftypavif", b"ftypavis") else ""


def harm(filename: str, media_type: str) -> tuple[str, ...]:
    """What to warn about before a file of this name and declared type is opened, as codes; empty for most files.

    ``program`` runs when it is opened, ``page`` opens in a browser, ``macros`` carries programs, ``disk`` hides where its
    files are from, ``disguised`` looks like something else. Characters that turn the reading direction are gone from names.
    """
    named = extension(filename)
    found = [code for code, group in (("program", PROGRAMS), ("page", PAGES), ("macros", MACROS), ("disk", DISKS)) if named in group]
    before = _PADDED.search(filename)
    if (found and before and before[1].lower() in _FAMILY_OF) or _contradicts(named, _declared(media_type)):
        found.append("disguised")
    return tuple(found)


def _declared(media_type: str) -> str:
    return next((family for beginning, family in _TYPES if media_type.startswith(beginning)), "")


def _family(named: str) -> str:
    for family, group in (("program", PROGRAMS), ("page", PAGES), ("office", MACROS)):
        if named in group:
            return family
    return _FAMILY_OF.get(named, "")


def _contradicts(named: str, declared: str) -> bool:
    """Whether name and type speak of different things. Sound and film share formats, and source code is any kind of text."""
    family = _family(named)
    if not family or not declared or family == declared or {family, declared} in ({"sound", "film"}, {"text", "page"}):
        return False
    # Programs and pages are called what they are by their name alone; what matters is a name or a type that plays them down.
    return not (family in ("program", "page", "text") and declared in ("program", "page"))


def disguised(filename: str, beginning: bytes) -> str:
    """What a file really is where its first octets contradict its name: ``program``, ``page`` or ``disguised``; else empty."""
    family, seen = _family(extension(filename)), _seen(beginning)
    if seen == "program":
        return "" if family in ("program", "text") else "program"
    if seen == "page":
        return "" if family in ("page", "program", "text") else "page"
    if seen == "zip":
        return "disguised" if family in ("picture", "pdf", "sound", "film") else ""
    if family in ("picture", "pdf", "office", "archive") and seen in ("picture", "pdf", "office", "archive") and seen != family:
        return "disguised"
    return ""


def _seen(beginning: bytes) -> str:
    for signature, family in _SIGNATURES:
        if beginning.startswith(signature):
            return family
    if picture(beginning):
        return "picture"
    return "page" if _MARKUP.match(beginning[:SNIFFED]) else ""


def preview(filename: str, media_type: str) -> str:
    """How a file can be looked at without a program for it: ``picture``, ``pdf``, ``table``, ``text``; empty where it cannot."""
    named = extension(filename)
    if media_type in PICTURES or named in ("png", "jpg", "jpeg", "jpe", "gif", "webp", "avif"):
        return "picture"
    if named == "pdf" or (media_type == "application/pdf" and not named):
        return "pdf"
    if named in ("csv", "tsv") or (media_type in ("text/csv", "text/tab-separated-values") and not named):
        return "table"
    if _FAMILY_OF.get(named) == "text" or named in _READABLE or media_type == "message/rfc822":
        return "text"
    return "text" if media_type.startswith(("text/", "application/json", "application/xml")) and named not in PROGRAMS - _READABLE else ""


_READABLE = _set("html htm xhtml svg js mjs jse vbs bat cmd ps1 psm1 sh bash zsh csh py url desktop inf reg wsf hta xsl xslt")
"""Kinds that do harm when they are opened and none when they are read."""


def saved_name(filename: str) -> str:
    """A name that every file system takes, made of one that is safe to show: none that Windows keeps for devices, none too long."""
    name = f"_{filename}" if _RESERVED.fullmatch(filename) else filename
    if len(name.encode("utf-8", "replace")) > _MOST_OCTETS:
        stem, dot, ending = name.rpartition(".")
        tail = dot + ending if stem and len(ending.encode()) <= 24 else ""
        octets = name.removesuffix(tail).encode("utf-8", "replace")[: _MOST_OCTETS - len(tail.encode())]
        name = octets.decode("utf-8", "ignore").rstrip(". ") + tail
    return name or "file"
