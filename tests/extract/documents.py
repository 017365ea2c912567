"""Documents for tests, built by hand: the smallest that programs of the kind would open, and some that nobody should."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
}


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target.getvalue()


def docx(*paragraphs: str, header: str = "") -> bytes:
    """A Word document; each word of a paragraph stands in a run of its own, as an editor leaves them."""
    body = "".join("<w:p>" + "".join(f"<w:r><w:t>{escape(word)} </w:t></w:r>" for word in each.split()) + "</w:p>" for each in paragraphs)
    members = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{body}'
        "<w:instrText>PAGEREF</w:instrText></w:body></w:document>",
    }
    if header:
        members["word/header1.xml"] = f'<w:hdr xmlns:w="{WORD}"><w:p><w:r><w:t>{escape(header)}</w:t></w:r></w:p></w:hdr>'
    return archive(members)


def xlsx(strings: Sequence[str], numbers: Sequence[float], *, sheet: str = "Budget", inline: str = "") -> bytes:
    """A workbook of one sheet: shared strings, numbers, and a string in its cell."""
    shared = "".join(f"<si><t>{escape(each)}</t></si>" for each in strings)
    cells = "".join(f'<c t="s"><v>{number}</v></c>' for number in range(len(strings))) + "".join(
        f"<c><v>{each}</v></c>" for each in numbers
    )
    cells += f'<c t="inlineStr"><is><t>{escape(inline)}</t></is></c>' if inline else ""
    return archive(
        {
            "xl/workbook.xml": f'<workbook xmlns="{SHEET}"><sheets><sheet name="{sheet}" sheetId="1"/></sheets></workbook>',
            "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{shared}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}"><sheetData><row>{cells}</row></sheetData></worksheet>',
        }
    )


def pptx(*slides: str) -> bytes:
    """A presentation, one line of text a slide."""
    page = '<p:sld xmlns:p="urn:p" xmlns:a="{}"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sld>'
    return archive({f"ppt/slides/slide{number}.xml": page.format(DRAWING, escape(text)) for number, text in enumerate(slides, 1)})


def odt(*paragraphs: str, deleted: str = "") -> bytes:
    """An OpenDocument text; ``deleted`` is what its author took out while changes were recorded."""
    body = "".join(f"<text:p><text:span>{escape(each)}</text:span></text:p>" for each in paragraphs)
    gone = f"<text:tracked-changes><text:p>{escape(deleted)}</text:p></text:tracked-changes>" if deleted else ""
    return archive(
        {
            "mimetype": TYPES["odt"],
            "content.xml": '<office:document-content xmlns:office="urn:o" xmlns:text="urn:t"><office:body>'
            f"<office:text>{gone}{body}</office:text></office:body></office:document-content>",
        }
    )


def pdf(*pages: str | bytes, packed: bool = True) -> bytes:
    """A PDF file with a line of text on each page, or with a page made of the given octets."""
    contents = [each if isinstance(each, bytes) else b"BT /F1 12 Tf 72 700 Td (%s) Tj ET" % each.encode("latin-1") for each in pages]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {5 + 2 * number} 0 R/Resources<</Font<</F1 3 0 R>>>>>>".encode()
        )
        stream = zlib.compress(content) if packed else content
        filtered = b"/Filter/FlateDecode" if packed else b""
        objects.append(b"<</Length %d%s>>stream\n%s\nendstream" % (len(stream), filtered, stream))
    return assembled(objects)


def assembled(objects: Sequence[bytes]) -> bytes:
    """A PDF file of numbered objects, of which the first is the catalogue."""
    target, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        offsets.append(len(target))
        target += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(target)
    target += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    target += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(target + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def zip_bomb() -> bytes:
    """A Word document of a hundred kilobytes that unpacks to a hundred megabytes without a word."""
    filling = f'<w:x w:y="{"again " * 10_000}"/>'
    return archive({"word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>' + filling * 1700 + "</w:body></w:document>"})


def billion_laughs() -> bytes:
    """A Word document whose one word is a thousand million others."""
    entities = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "laugh ">{entities}]>'
    document = f'{head}<w:document xmlns:w="{WORD}"><w:p><w:t>&l9;</w:t></w:p></w:document>'
    return archive({"word/document.xml": document})


def endless_pages() -> bytes:
    """A PDF file whose tree of pages is a circle."""
    return assembled(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 9999999>>", b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 9999999>>"]
    )


def deep_pdf() -> bytes:
    """A PDF file that is nothing but opening brackets."""
    return assembled([b"[" * 400_000])


def laborious_pdf() -> bytes:
    """A PDF file whose page after the first takes minutes to read."""
    return pdf("easily read", b"BT /F1 12 Tf " + b"(x) Tj 1 0 0 1 0 0 cm " * 400_000 + b"ET")
