"""Reports as Word files: read as PDFs are, by cells that the file knows; refused where a person sees more."""

import copy
import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

docx = pytest.importorskip("docx", reason="python-docx is not installed: ./setup test installs it")

from docx.opc.constants import RELATIONSHIP_TYPE  # noqa: E402
from docx.opc.packuri import PackURI  # noqa: E402
from docx.opc.part import Part  # noqa: E402
from docx.oxml import OxmlElement, parse_xml  # noqa: E402
from docx.oxml.ns import nsdecls  # noqa: E402

from pipelines import raw  # noqa: E402
from pipelines.extract import likeness, read, tables, word_file  # noqa: E402
from pipelines.lake.decision import content_hash  # noqa: E402
from pipelines.model import Edition  # noqa: E402
from schemas import registry  # noqa: E402
from schemas.errors import JvomError, SourceError  # noqa: E402
from tests.renditions import check, word_renderer  # noqa: E402
from tests.renditions.blocks import blocks  # noqa: E402
from tests.renditions.content import Content, content  # noqa: E402
from tests.renditions.editions import registry_of  # noqa: E402
from tests.renditions.real import content_of  # noqa: E402
from tests.renditions.style import style  # noqa: E402
from tests.support.cases import cases  # noqa: E402
from tests.support.reports import abridged  # noqa: E402

pytestmark = pytest.mark.usefixtures("without_child")

REGISTRY = registry.load()
Change = Callable[[Any], None]
SPACES = nsdecls("w", "m", "w14")


def word(said: Content, seed: int) -> bytes:
    rng = random.Random(seed)
    return word_renderer.render(blocks(said, style(rng, "weasyprint", len(said.columns)), rng))


@pytest.fixture(scope="module")
def real() -> bytes:
    """The figures of 2024."""
    return word(content_of(abridged(), REGISTRY.layouts[0]), 3)


def changed(data: bytes, change: Change) -> bytes:
    document = docx.Document(io.BytesIO(data))
    change(document)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def in_process(data: bytes, known: registry.Registry = REGISTRY) -> dict[str, Any]:
    source = raw.describe(data, 2024, "report.docx")
    return tables.read(word_file.read(data, source), source, Edition(2024), known)


@pytest.mark.parametrize("seed", range(1000, 1004))
def test_random_tables_are_read_right(seed: int) -> None:
    said = content(random.Random(seed))
    assert list(check.differences(said, in_process(word(said, seed), registry_of(said)))) == []


def test_the_figures_of_2024_are_read_in_the_child_and_give_no_place_on_a_page(real: bytes) -> None:
    source = raw.describe(real, 2024, "raw/2024/report.docx")
    assert (source.format, source.fidelity) == ("docx", "full text")
    read_again = read.read_edition(real, source, Edition(2024), REGISTRY).require_tables()
    known = abridged()
    for name, ignored in (("personnel", {"inferred"}), ("personnel_totals", set()), ("mandates", set())):
        columns = [
            column for column in known[name].column_names if "line" not in column and "page" not in column
        ]
        kept = [column for column in columns if column not in ignored and column != "marker_lines"]
        assert read_again[name].select(kept).to_pylist() == known[name].select(kept).to_pylist()
    assert all(span["box"] is None for cell in read_again["cells"].to_pylist() for span in cell["spans"])
    (edition,) = read_again["editions"].to_pylist()
    assert edition["source_format"] == "docx"
    assert content_hash(read_again)


def with_footnote(document: Any) -> None:
    """A note of Word's own on the first mission of annex 2, in place of none."""
    note = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>'
        '<w:r><w:t xml:space="preserve"> Met inbegrip van de staf in Sarajevo.</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>"
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, note.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    reference = OxmlElement("w:footnoteReference")
    reference.set(docx.oxml.ns.qn("w:id"), "2")
    cell_of(document, "UNTSO").paragraphs[0].add_run()._r.append(reference)


def cell_of(document: Any, text: str) -> Any:
    """The last cell of the last table that begins with a text."""
    return [cell for row in document.tables[-1].rows for cell in row.cells if cell.text.startswith(text)][-1]


def test_a_footnote_of_words_own_is_numbered_and_read(real: bytes) -> None:
    said = in_process(changed(real, with_footnote))
    (note,) = [row for row in said["footnotes"].to_pylist() if "Sarajevo" in row["text"]]
    (row,) = [row for row in said["personnel"].to_pylist() if row["mission_id"] == "untso"]
    assert row["footnotes"] == [note["number"]]
    assert row["deployed_military"] == 32


@pytest.mark.parametrize(
    ("said", "number"), [('<w:numStart w:val="12"/>', 12), ('<w:numFmt w:val="upperRoman"/>', None)]
)
def test_footnotes_that_word_numbers_otherwise(real: bytes, said: str, number: int | None) -> None:
    def change(document: Any) -> None:
        with_footnote(document)
        document.element.body.sectPr.append(parse_xml(f"<w:footnotePr {SPACES}>{said}</w:footnotePr>"))

    data = changed(real, change)
    if number is None:
        with pytest.raises(SourceError, match="numbers its notes in a way of its own"):
            in_process(data)
    else:
        assert number in [row["number"] for row in in_process(data)["footnotes"].to_pylist()]


def nested(document: Any) -> None:
    cell_of(document, "32").add_table(1, 1)


def also(more: Mapping[str, Sequence[str]]) -> Change:
    """Something more in the cell: by its place the XML of it."""

    def change(document: Any) -> None:
        cell = cell_of(document, "32")
        places = {
            "p": cell.paragraphs[0]._p,
            "pPr": cell.paragraphs[0]._p.get_or_add_pPr(),
            "rPr": cell.paragraphs[0].runs[0]._r.get_or_add_rPr(),
            "tcPr": cell._tc.get_or_add_tcPr(),
            "trPr": cell._tc.getparent().get_or_add_trPr(),
            "body": document.element.body,
        }
        for place, xml in ((place, xml) for place, listed in more.items() for xml in listed):
            places[place].append(parse_xml(re.sub(r"(<[\w:]+)", rf"\1 {SPACES}", xml, count=1)))

    return change


def white_in_a_shaded_row(document: Any) -> None:
    document.tables[-1].style = "Medium Shading 1 Accent 1"
    cell_of(document, "32").paragraphs[0].runs[0].font.color.rgb = docx.shared.RGBColor(255, 255, 255)


def white_by_default(document: Any) -> None:
    (said,) = document.styles.element.iter(docx.oxml.ns.qn("w:rPrDefault"))
    said[0].append(parse_xml(f'<w:color {SPACES} w:val="FFFFFF"/>'))


def styled_apart(document: Any, name: str = "lastRow", look: str = "0040") -> None:
    """White letters where the style of the table says so of its last row."""
    said = f'<w:tblStylePr {SPACES} w:type="{name}"><w:rPr><w:color w:val="FFFFFF"/></w:rPr></w:tblStylePr>'
    document.styles["Table Grid"].element.append(parse_xml(said))
    properties = document.tables[-1]._tbl.tblPr
    for before in properties.findall(docx.oxml.ns.qn("w:tblLook")):
        properties.remove(before)
    properties.append(parse_xml(f'<w:tblLook {SPACES} w:val="{look}"/>'))


def without_width(document: Any) -> None:
    document.tables[-1]._tbl.tblPr.append(parse_xml(f'<w:tblLayout {SPACES} w:type="fixed"/>'))
    properties = cell_of(document, "32")._tc.get_or_add_tcPr()
    properties.insert(0, parse_xml(f'<w:tcW {SPACES} w:w="0" w:type="dxa"/>'))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (styled_apart, "letters that cannot be seen: .*: “Totaal”"),
        (partial(styled_apart, name="band1Horz", look="0000"), "letters that cannot be seen"),
        (without_width, "a column without width: “32”"),
        (white_in_a_shaded_row, "letters that cannot be seen"),
        (white_by_default, "letters that cannot be seen"),
        (nested, "a table in a cell of a table"),
    ],
)
def test_what_a_person_sees_otherwise_is_refused(real: bytes, change: Change, words: str) -> None:
    data = changed(real, change)
    with pytest.raises(SourceError, match=words) as refused:
        in_process(data)
    assert "save it as PDF" in (refused.value.hint or "")


@cases("more", "words")
def test_what_more_in_a_cell_a_person_sees_otherwise_is_refused(
    real: bytes, more: dict[str, list[str]], words: str
) -> None:
    test_what_a_person_sees_otherwise_is_refused(real, also(more), words)


def in_control(document: Any) -> None:
    """A content control around a cell, as forms have."""
    cell = cell_of(document, "32")._tc
    control = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent/></w:sdt>")
    cell.addprevious(control)
    control[0].append(cell)


def noted_by_style(document: Any) -> None:
    """A mark that is raised by its style, and one by its height."""
    style = document.styles.add_style("Mark", docx.enum.style.WD_STYLE_TYPE.CHARACTER)
    style.font.superscript = True
    for text in ("UNTSO", "32"):
        run = cell_of(document, text).paragraphs[0].add_run("7")
        run.style = style
    note = document.add_paragraph()
    note.add_run("7", style=style)
    note.add_run(" Met inbegrip van de staf.")


def noted_by_sign(document: Any) -> None:
    cell_of(document, "32").paragraphs[0].add_run("⁷")
    document.add_paragraph("⁷ Met inbegrip van de staf.")


def coded(document: Any) -> None:
    """A field, of which the code is not shown and the result is."""
    run = cell_of(document, "32").paragraphs[0].runs[0]._r
    signs = [
        f'<w:r {SPACES}><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    ]
    begin, separate, end = map(parse_xml, signs)
    for one in (begin, parse_xml(f"<w:r {SPACES}><w:t>9</w:t></w:r>"), separate):
        run.addprevious(one)
    run.addnext(end)


def shaded(document: Any) -> None:
    """A style that colours rows, with white letters in the dark first one."""
    document.tables[-1].style = "Medium Shading 1 Accent 1"
    for cell in document.tables[-1].rows[0].cells:
        for run in cell.paragraphs[0].runs:
            run.font.color.rgb = docx.shared.RGBColor(255, 255, 255)


def shaded_by_hand(document: Any) -> None:
    """White letters on a dark mark, by a style of the table that is not shown."""
    styled_apart(document, look="0600")
    run = cell_of(document, "32").paragraphs[0].runs[0]
    run.font.color.rgb, run.font.highlight_color = docx.shared.RGBColor(255, 255, 255), 9


def in_two_tables(document: Any) -> None:
    """With nothing between them, as Word writes a table that was put together."""
    first = document.tables[-1]._tbl
    second, rows = copy.deepcopy(first), first.tr_lst
    for row in [*second.tr_lst[:6], *rows[6:]]:
        row.getparent().remove(row)
    first.addnext(second)


restyled = also({"rPr": ['<w:rPrChange w:id="1"><w:rPr><w:strike/></w:rPr></w:rPrChange>']})


@pytest.mark.parametrize(
    "change",
    [
        *(in_control, noted_by_style, noted_by_sign, coded, shaded, shaded_by_hand, in_two_tables, restyled),
    ],
)
def test_what_is_written_in_another_way_is_read_alike(real: bytes, change: Change) -> None:
    rows = in_process(changed(real, change))["personnel"].to_pylist()
    assert [row["deployed_military"] for row in rows if row["mission_id"] == "untso"] == [32]


def hidden(document: Any) -> None:
    cell_of(document, "32").paragraphs[0].add_run("9").font.hidden = True


def test_hidden_text_does_not_count(real: bytes) -> None:
    rows = in_process(changed(real, hidden))["personnel"].to_pylist()
    assert [row["deployed_military"] for row in rows if row["mission_id"] == "untso"] == [32]


def merged(document: Any) -> None:
    row = [row for row in document.tables[-1].rows if row.cells[0].text.startswith("UNTSO")][-1]
    row.cells[1].merge(row.cells[2])


def test_a_merged_cell_of_figures_is_refused(real: bytes) -> None:
    with pytest.raises(JvomError) as refused:
        in_process(changed(real, merged))
    assert "UNTSO" in str(refused.value)


def retitled(document: Any) -> None:
    """Headings that no layout knows; the tables' headers are known words."""
    for paragraph in document.paragraphs:
        if paragraph.text.startswith("Bijlage"):
            one = paragraph.text.startswith("Bijlage 1")
            paragraph.text = "Bijlage B Grondslagen" if one else "Bijlage C Inzet, mei 2023 t/m april 2024"


def test_a_fetch_finds_an_edition_by_its_own_headers(real: bytes) -> None:
    data = changed(real, retitled)
    for year, fits in ((2025, True), (2021, False)):
        judged = likeness.judge(data, raw.describe(data, year, "report.docx"), REGISTRY)
        assert judged.fits == fits, judged.reasons


def test_a_file_of_another_kind_of_word_is_named_as_such(real: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(real)) as parts, zipfile.ZipFile(made, "w") as others:
        for name in parts.namelist():
            others.writestr(name, parts.read(name).replace(b"document.main+xml", b"template.main+xml"))
    with pytest.raises(SourceError, match="is a template, has macros"):
        in_process(made.getvalue())


def test_a_damaged_file_is_named_as_such() -> None:
    with pytest.raises(SourceError, match=r"a Word file .* that is damaged"):
        in_process(b"PK\x03\x04 word/document.xml and nothing else")
