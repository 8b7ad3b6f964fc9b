"""Documents that no reader should be hurt by, made on the spot: damaged, deceptive or far too much.

`texts()` and `pdfs()` give name, words of the refusal, and bytes; most are small, and grow when read.
"""

import random
import zlib
from collections.abc import Iterator

from tests.support.reports import ABRIDGED, ANNEX_1, ANNEX_2, report

TREE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"  # of one page
_NUMBER = "1234567890" * 100_000

BREAKING = "a bomb of streams"  # which its reader does not outlive
LONGEST = 1_500  # characters of one problem, with its next step

Hostile = tuple[str, str, bytes]


def texts() -> Iterator[Hostile]:
    """Texts that must be refused."""
    real = ABRIDGED.read_text(encoding="utf-8")
    yield "a line of 10 MB", "too large", b"a" * 10_000_000
    yield "NUL bytes", "NUL bytes", real.replace("UNTSO", "UNT\0SO").encode()
    yield "half of UTF-16", "UTF-16", real.encode("utf-16")[:-1]
    yield "invalid UTF-8", "neither UTF-8 nor", real.encode().replace("ë".encode(), b"\xc3")
    yield "100,000 annex headings", "100,000 lines", (ANNEX_2[0] + "\n").encode() * 100_000
    both = "\n".join([*ANNEX_1[:6], *ANNEX_2[:4]] * 400)
    notes = [f"{number} Voetnoot bij een missie." for number in range(1, 4_000)]
    digits = (f"UNIFIL 1 2 4 8 {_NUMBER[at : at + 99_000]}" for at in range(0, 990_000, 99_000))
    yield "9,000 annex headings", "is printed more than 200 times", (ANNEX_2[0] + "\n").encode() * 9_000
    yield "400 headings of either annex", "is printed more than 200 times", both.encode()
    yield "50,000 rows", "lines are too many", _rows(*["UNIFIL 1 2 4 8 12"] * 50_000)
    yield "9,000 rows", "lines follow this heading", _rows(*["UNIFIL 1 2 4"] * 9_000, ANNEX_2[-1])
    yield "4,000 footnotes", "lines follow this heading", _rows(*notes, *ANNEX_2[4:])
    yield "a number of a million digits", "no row of a mission", _rows(*digits)
    for name, words, mission in (
        ("right-to-left override", "turns the order", "UN\u202eTSO"),
        ("combining marks", "no mission is known", "UNTSO" + "\u0301" * 5_000),
    ):
        yield name, words, real.replace("UNTSO 12 32 32", f"{mission} 12 32 32").encode()


def _rows(*rows: str) -> bytes:
    """A report whose annex 2 has these rows."""
    return report(annex_2=[*ANNEX_2[:4], *rows]).encode()


def pdfs() -> Iterator[Hostile]:
    """PDFs that must be refused."""
    good = pdf([TREE, _page()])
    noise = [random.Random(seed).randbytes(200_000) for seed in (1, 2, 3)]
    itself = b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9 >>"
    many = b"<< /Type /Pages /Kids [" + b"3 0 R " * 100_000 + b"] /Count 100000 >>"
    keys = b"/O <" + b"61" * 32 + b"> /U <" + b"62" * 32 + b"> >> /ID [<00><00>]"
    locked = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -44 " + keys
    nested = _page(extra=b"/X " + b"[" * 200_000 + b"]" * 200_000)
    words = b"BT /F 9 Tf 9 9 Td " + b"(a b c d e f g h i j) Tj " * 200_000 + b"ET"
    pages = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % n for n in range(3, 50_000)]
    yield "a PDF that is cut off", "cut off", good[: len(good) // 2]
    yield "a PDF without pages", "no pages", pdf([b"<< /Type /Pages /Kids [] /Count 0 >>"])
    yield "a tree of pages that holds itself", "damaged", pdf([itself])
    yield (
        "a page of a hundred kilometres",
        "not a page of a report",
        pdf([TREE, _page(box=b"0 0 300000000 300000000")]),
    )
    yield "pages without number", "100,000 pages", pdf([many, _page()])
    yield "a password", "password", pdf([TREE, _page()], trailer=locked)
    yield BREAKING, "breaks its reader", _bomb()
    yield "brackets in brackets", "pictures, or empty", pdf([TREE, nested])
    yield "states in states", "pictures, or empty", _drawn(b"q " * 2_000_000)
    yield "noise after the head of a PDF", "cut off", b"%PDF-1.7\n" + noise[0]
    end = b"\nxref\nstartxref\n9\n%%EOF\n"
    yield "noise between head and end", "damaged", b"%PDF-1.7\n" + noise[1] + end
    yield "words without end", "more than a report has", _drawn(words)
    yield "pages in pages", "damaged", pdf([*pages, _page()])
    yield "noise", "NUL bytes", noise[2]
    for name, data in _deceptive():
        yield name, "pictures, or empty", data


def _deceptive() -> Iterator[tuple[str, bytes]]:
    """PDFs whose own structure leads astray, or that carry what is not for reading."""
    contents = _page(extra=b"/Contents 4 0 R ")
    tagged = b"/MarkInfo << /Marked true >> /StructTreeRoot << /Type /StructTreeRoot /K [4 0 R] >>"
    script = b"/OpenAction << /S /JavaScript /JS (while \\(true\\) {}) >>"
    files = b"/Names << /EmbeddedFiles << /Names [(a) << /F (a) /EF << /F 5 0 R >> >>] >> >>"
    deep = [b"<< /Type /StructElem /S /Div /K [%d 0 R] >>" % number for number in range(5, 50_000)]
    carried = [TREE, contents, stream(b"BT ET"), stream(b"MZ", b"/Type /EmbeddedFile")]
    itself = stream(b"5 0 << /Type /ObjStm >>", b"/Type /ObjStm /N 1 /First 4 /Extends 4 0 R")
    endless = b"<< /Length 4 0 R >>\nstream\nBT ET\nendstream"
    round_about = b"<< /Type /StructElem /S /Div /K [4 0 R 4 0 R] >>"
    yield "a program in it", pdf([TREE, _page()], catalog=script)
    yield "files in it", pdf(carried, catalog=files)
    yield "an object stream that extends itself", pdf([TREE, contents, itself])
    yield "a length that is its own", pdf([TREE, contents, endless])
    yield "tags in tags", pdf([TREE, _page(), *deep, b"<< /Type /StructElem /S /P >>"], catalog=tagged)
    yield "tags that hold themselves", pdf([TREE, _page(), round_about], catalog=tagged)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(data, 9)
    head = b"<< " + entries + b" /Filter /FlateDecode /Length %d >>" % len(packed)
    return head + b"\nstream\n" + packed + b"\nendstream"


def pdf(objects: list[bytes], trailer: bytes = b"", catalog: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 2: the first is the tree of pages."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate([b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>", *objects], 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R " % (len(places) + 1) + trailer
    return bytes(out + b" >>\nstartxref\n%d\n%%%%EOF\n" % start)


def _page(box: bytes = b"0 0 595 842", extra: bytes = b"") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [" + box + b"] " + extra + b" >>"


def _drawn(content: bytes) -> bytes:
    font = b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    return pdf([TREE, _page(extra=b"/Contents 4 0 R " + font), stream(content)])


def _bomb() -> bytes:
    """A page whose content is 4 GB of blanks, deflated twice over."""
    packed = zlib.compress(zlib.compress(b" " * 2**26, 9), 9)
    head = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n" % len(packed)
    contents = b" ".join(b"%d 0 R" % number for number in range(4, 68))
    page = _page(extra=b"/Contents [" + contents + b"]")
    return pdf([TREE, page, *[head + packed + b"\nendstream"] * 64])
