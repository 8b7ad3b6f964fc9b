"""Files that are not the report, or hold it in another way: each is named as what it is, with the next step.

What entries are proposed for is in test_onboarding.
"""

import io
import zipfile

import pikepdf
import pytest

from schemas.errors import JvomError
from tests.support import reports
from tests.support.html import ANNEX_1, MANDATES, pdf, table

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PERSONNEL = [
    ("Missie", "Militair", "Civiel/Politie", "Totaal"),
    ("UNMISS", "4", "1", "5"),
    ("VPD", "30", "", "30"),
    ("Totaal", "34", "1", "35"),
]
ANNEX_2 = "<h2>Bijlage 2 Totale inzet in 2023</h2>"
NEW_PAGE = "<p style='break-before: page'></p>"
ERRATUM = "<h2>Erratum</h2><p>In bijlage 2 moet voor UNMISS in plaats van 4 worden gelezen: 3.</p>"
FINAL = "<p>Definitief.</p>"


GROUPED = "|3:Ingezet personeel"
FIRST, SECOND = ANNEX_1 + table(*MANDATES[:2], MANDATES[3]), table(GROUPED, *PERSONNEL)


def zipped(*names: str, mimetype: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")  # of 1980, as two workers must have the same tests
    return file.getvalue()


def refused(data: bytes) -> list[JvomError]:
    problems = reports.refused(reports.read_tables, data)
    assert all(problem.file and problem.hint for problem in problems)
    assert not any("[[" in (problem.hint or "") for problem in problems)
    return problems


@pytest.mark.parametrize(
    ("data", "kind", "next_step"),
    [
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word file", "PDF for printing"),
        (zipped("_rels/.rels", "xl/workbook.xml"), "an Excel file", "save it as PDF"),
        (
            zipped(mimetype="application/vnd.oasis.opendocument.text"),
            "an OpenDocument text (.odt)",
            "LibreOffice",
        ),
        (zipped("jvom.pdf"), "a zip archive", "unpack it"),
        (zipped("word/document.xml")[:50], "a Word file", "PDF for printing"),  # cut off
        (OLE + "WordDocument".encode("utf-16-le"), "a Word file of the old kind", "PDF for printing"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a file of Office that opens with", "without one"),
        (OLE + "__substg1.0_0037".encode("utf-16-le"), "an e-mail of Outlook", "attached"),
        (b"{\\rtf1\\ansi Bijlage 1}", "an RTF file", "save it as PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture", "scanned"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "a picture", "scanned"),
        (b"\x1f\x8b\x08" + bytes(40), "a compressed file", "unpack it"),
        (b"%!PS-Adobe-3.0\n", "a PostScript file", "PDF"),
        (b"jvom.pdf".ljust(257, b"\0") + b"ustar", "an archive", "unpack it"),
        (b"JVBERi0xLjQKJdPr6eEK\n", "a PDF in base64", "decode it"),
        (b"\n<!DOCTYPE html><title>Niet\ngevonden</title>", "a web page (“Niet gevonden”)", "download"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x --><html>', "a web page", "download"),
        (b'<?xml version="1.0"?><rss/>', "an XML file", "PDF"),
        (b"From: a@b.nl\r\nSubject: x\r\n y\r\nMIME-Version: 1.0\r\n\r\nBijlage 1", "an e-mail", "attached"),
    ],
)
def test_a_file_of_another_kind_is_named_by_its_first_bytes(data: bytes, kind: str, next_step: str) -> None:
    (problem,) = refused(data)
    assert f"this is {kind}" in problem.message
    assert next_step in (problem.hint or "")


def test_a_letter_of_the_report_s_own_words_is_text() -> None:
    (problem,) = refused(
        b"Datum: 15 mei 2024\nBetreft: inzet\nGeachte voorzitter,\n<html> is hier een woord\n"
    )
    assert "this is not such a report" in problem.message


@pytest.mark.parametrize(
    "parts",
    [
        ["<p>Geachte voorzitter, hierbij bied ik u de rapportage aan.</p>"],
        ["<h1>Factuur</h1>", table(("Omschrijving", "Aantal", "Totaal"), ("Koffie", "3", "36"))],
        ["<p>Husband's Father's name</p>", table(("Husband's", "Father's"), ("Name", "Name"))],
        [
            "<h2>Bijlage 1 Overzicht budgetten</h2>",
            table(("Artikel", "Militair", "Civiel", "Totaal"), ("Landmacht", "100", "20", "120")),
            "<h2>Bijlage 2 Totale begroting 2024</h2>",
            table(("Onderdeel", "Militair", "Civiel", "Totaal"), ("Totaal", "100", "20", "120")),
        ],
    ],
    ids=["letter", "invoice", "form", "budget"],
)
def test_another_document_is_not_such_a_report(parts: list[str]) -> None:
    (problem,) = refused(pdf(*parts))
    assert "this is not such a report: no page holds a table with “Missie /" in problem.message
    assert problem.page == 1


@pytest.mark.parametrize("pinned", [False, True])
def test_a_letter_that_carries_the_report_is_a_cover(pinned: bool) -> None:
    letter = pikepdf.Pdf.open(io.BytesIO(pdf("<p>Hierbij de rapportage.</p>")))
    for name in ("jvom é.pdf", "gegevens.xml"):
        file = pikepdf.AttachedFileSpec(letter, b"%PDF-", filename=name)
        if pinned:
            note = {
                "/Type": pikepdf.Name.Annot,
                "/Subtype": pikepdf.Name.FileAttachment,
                "/Rect": [9, 9, 29, 29],
            }
            letter.pages[0].Annots = pikepdf.Array(
                [letter.make_indirect(pikepdf.Dictionary(note | {"/FS": file.obj}))]
            )
            break
        letter.attachments[name] = file
    letter.save(saved := io.BytesIO())
    (problem,) = refused(saved.getvalue())
    assert "a cover with 1 attachment, “jvom é.pdf”" in problem.message
    assert "save the attachment" in (problem.hint or "")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            [FIRST, NEW_PAGE, ANNEX_2, SECOND, NEW_PAGE, ANNEX_2, SECOND, FINAL],
            "annex 2 is here twice, on pages 2 and 3",
        ),
        (
            [FIRST, NEW_PAGE, FIRST, FINAL, NEW_PAGE, ANNEX_2, SECOND],
            "annex 1 is here twice, on pages 1 and 2",
        ),
        (
            [FIRST, ANNEX_2, SECOND, NEW_PAGE, FIRST, ANNEX_2, SECOND, FINAL],
            "the report is in this file twice",
        ),
        ([ANNEX_2, SECOND], "there is no annex 1: no line is headed “Bijlage 1”"),
        ([FIRST, NEW_PAGE, ANNEX_2, "<p>Er is geen tabel.</p>"], "it opens with “Er is geen tabel.”"),
        (
            [FIRST, NEW_PAGE, ANNEX_2, "<img width=200 height=99 src='data:image/png;base64,{}'>"],
            "page 2 holds a picture",
        ),
        (
            [FIRST, NEW_PAGE, ANNEX_2, table(GROUPED, *((*row, "x") for row in PERSONNEL))],
            "the header “x” of column 5 on page 2 has no known role",
        ),
        ([FIRST, ANNEX_2, SECOND, NEW_PAGE, ERRATUM], "“Erratum”: what follows corrects an annex"),
        ([FIRST, NEW_PAGE, ANNEX_2, SECOND, NEW_PAGE, ANNEX_2, SECOND], "page 3 says what page 2 says"),
        (
            [
                *(2 * ["<p>Omslag</p>" * 5, NEW_PAGE]),
                *(FIRST, NEW_PAGE, ANNEX_2, table(GROUPED, *((*row, "x") for row in PERSONNEL))),
            ],
            "the header “x” of column 5 on page 4 has no known role",
        ),
    ],
    ids=[
        "a draft and a final",
        "annex 1 twice",
        "the report twice",
        "one annex",
        "no table",
        "a picture",
        "a column",
        "a sheet that corrects it",
        "a page twice",
        "a column, and another page twice",
    ],
)
def test_what_is_wrong_with_an_annex_is_named(parts: list[str], words: str) -> None:
    import base64
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0aa\0aa"))
        + chunk(b"IEND", b"")
    )
    filled = [part.replace("{}", base64.b64encode(png).decode()) for part in parts]
    (problem,) = refused(pdf(*filled))
    assert words in problem.message


@pytest.mark.parametrize("mark", [" – ", ": ", ". ", " - ", "\u00a0", ".\u00a0— ", "<br>"])
def test_a_sign_after_the_annex_s_number_changes_nothing(mark: str) -> None:
    data = pdf(
        FIRST.replace("Bijlage 1 ", f"BIJLAGE 1{mark}"),
        ANNEX_2.replace("Bijlage 2 ", f"Bijlage\u00a02{mark}"),
        SECOND,
    )
    read = reports.read_tables(data)
    assert read["personnel"]["deployed_total"].to_pylist() == [5, 30]
    assert read["mandates"].num_rows == 2
