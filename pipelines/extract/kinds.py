"""What a file is that is not a report: by its first bytes neither PDF nor text, or a PDF around other files.

Each kind comes with its next step. Nothing is opened or unpacked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from schemas.errors import SourceError

PRINT = "open it in {}, save it as PDF (choose “PDF for printing” where it asks), and give that"
_UNPACK = "unpack it, and give the report that is in it"
_PICTURE = "ask for the PDF; a picture can be read once it is a page of a PDF, scanned at 300 dots an inch"
_MAIL = "save the report that is attached to it, and give that"
_WEB = "download the report itself again; where the page shows the report, print the page to PDF"

# The files of an archive → what the archive is, and where to open it.
_ZIPPED = (
    (b"word/document", "a Word file (.docx)", "Word"),
    (b"xl/workbook", "an Excel file (.xlsx)", "Excel"),
    (b"ppt/presentation", "a PowerPoint file (.pptx)", "PowerPoint"),
)
_OPEN_DOCUMENT = {
    b"text": "text (.odt)",
    b"spreadsheet": "spreadsheet (.ods)",
    b"presentation": "presentation (.odp)",
}
# Streams of the file format that Office had until 2007, and has around what is encrypted, named in UTF-16.
_OLD_OFFICE = (
    (
        "EncryptedPackage",
        "a file of Office that opens with a password only",
        "ask for a copy without one, or open it and save it as PDF",
    ),
    ("WordDocument", "a Word file of the old kind (.doc)", PRINT.format("Word")),
    ("Workbook", "an Excel file of the old kind (.xls)", PRINT.format("Excel")),
    ("PowerPoint Document", "a PowerPoint file of the old kind (.ppt)", PRINT.format("PowerPoint")),
    ("__substg1.0_", "an e-mail of Outlook (.msg)", _MAIL),
)
_HEADERS = rb"(?:[A-Za-z][A-Za-z-]*:[^\n]*\n(?:[ \t][^\n]*\n)*)"
_MAILED = rb"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Content-Type)"
_OPENINGS = (
    (rb"\{\\rtf", "an RTF file", PRINT.format("a word processor")),
    (rb"\x89PNG|\xff\xd8\xff|II\*\0|MM\0\*|GIF8|BM.{4}\0{4}|RIFF.{4}WEBP|.{4}ftyphei", "a picture", _PICTURE),
    (rb"\x1f\x8b|BZh\d|7z\xbc\xaf|Rar!|\xfd7zXZ|\x28\xb5\x2f\xfd", "a compressed file", _UNPACK),
    (rb".{257}ustar", "an archive", _UNPACK),
    (
        rb"(?:data:[^,]{0,99},\s*)?JVBERi0",
        "a PDF in base64, as e-mails carry it",
        "decode it, and give the PDF",
    ),
    (rb"%!PS", "a PostScript file", "convert it to PDF (ps2pdf), and give that"),
    (rb"From \S+@|" + _HEADERS + rb"{0,40}" + _MAILED + rb":", "an e-mail", _MAIL),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,200})", re.IGNORECASE)
_SEEN = 8192  # bytes at the start
_READABLE = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".txt")  # an attachment of these may be the report


def require_text(data: bytes) -> None:
    """Raises SourceError, without its file, for a file that is known to be something else."""
    what, hint = next(_kinds(data), ("", ""))
    if what:
        raise SourceError(f"this is {what}, neither a PDF nor plain text", hint=hint)


def cover(attachments: Sequence[str]) -> SourceError | None:
    """What a PDF is, whose pages are not a report, if files that may be one are attached to it."""
    names = [name for name in attachments if name.lower().endswith(_READABLE)]
    if not names:
        return None
    count = f"{len(names)} attachment{'s' if len(names) > 1 else ''}"
    listed = ", ".join(f"“{name[:80]}”" for name in names[:3]) + (" …" if len(names) > 3 else "")
    message = f"this PDF is a cover with {count}, {listed}, not the report itself"
    hint = "open it in a PDF viewer, save the attachment that is the report, and give that"
    return SourceError(message, hint=hint)


def _kinds(data: bytes) -> Iterator[tuple[str, str]]:
    head = data[:_SEEN].removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"PK\x03\x04"):
        yield from _archive(data)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        for name, what, hint in _OLD_OFFICE:
            if name.encode("utf-16-le") in data:
                yield what, hint
        yield "a file of an old Office program", PRINT.format("the program that made it")
    if _HTML.match(head):
        title = _TITLE.search(head)
        shown = " ".join(title[1].decode("utf-8", "replace").split()) if title else ""
        yield f"a web page{f' (“{shown}”)' if shown else ''}", _WEB
    if head.lstrip().startswith((b"<?xml", b"<svg")):
        yield "an XML file", "give the report as PDF, or its text"
    for opening, what, hint in _OPENINGS:
        if re.match(opening, head, re.DOTALL):
            yield what, hint


def _archive(data: bytes) -> Iterator[tuple[str, str]]:
    """A zip archive, by the names in its table of contents (in all of it, where it is cut off)."""
    end = data.rfind(b"PK\x05\x06")
    names = data[int.from_bytes(data[end + 16 : end + 20], "little") :] if end >= 0 else data
    for name, what, program in _ZIPPED:
        if name in names:
            yield what, PRINT.format(program)
    if kind := re.search(rb"mimetypeapplication/vnd\.oasis\.opendocument\.([a-z]+)", data[:200]):
        what = _OPEN_DOCUMENT.get(kind[1], "file")
        yield f"an OpenDocument {what}", PRINT.format("LibreOffice")
    yield "a zip archive", _UNPACK
