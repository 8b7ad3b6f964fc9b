"""Sections: which lines are headings, where subheadings belong, which missions they speak of."""

from pathlib import Path
from typing import Any

from tests.support.reports import ANNEX_2, BODY, FULL, either_text, golden, needs_full, read_tables, report

GOLDEN = {str(row["section_id"]): row for row in golden("sections")}
Row = dict[str, Any]


def sections(text: str | bytes) -> dict[str, Row]:
    return {row["section_id"]: row for row in read_tables(text)["sections"].to_pylist()}


def headings(*body: str) -> list[tuple[str, str | None]]:
    """Id and parent of every section of a report with this running text, its annexes aside."""
    found = sections(report(body=[*body]))
    return [(key, row["parent_id"]) for key, row in found.items() if not key.startswith("bijlage")]


@either_text
def test_the_real_sections(path: Path) -> None:
    found = sections(path.read_bytes())
    assert list(found) == list(GOLDEN)
    for key, row in found.items():
        wanted = GOLDEN[key]
        assert row["number"] == (key if wanted["number"] else None)
        assert row["parent_id"] == (str(wanted["parent_id"]) if wanted["parent_id"] else None)
        assert row["source_line"] == wanted["source_line"]
        assert row["mission_ids"] == (wanted["mission_ids"] or "").split()
    assert [found[key]["source_line_end"] for key in ("bijlage-1", "bijlage-2")] == [1414, 1668]
    assert found["2"]["heading"].endswith("civiele experts en politiefunctionarissen")
    assert found["2"]["source_line_end"] == 87
    assert found["2.2.3"]["heading"] == "UNTSO (Israël, Libanon en de Golan)"
    assert found["2.3/somalie"]["heading"] == "Somalië"
    assert found["2.1"]["source_line_end"] == 167
    assert found["2.2.2"]["text"] == ""
    assert "Pagina 14" not in " ".join(row["text"] for row in found.values())
    assert found["bijlage-1"]["text"] == ""
    assert found["bijlage-1"]["heading"] == "Bijlage 1 Rechtsbasis, mandaten en nationale kaders"
    assert "3454" in found["bijlage-2"]["text"]


@needs_full
def test_every_line_of_the_full_text_is_in_one_section() -> None:
    """Of the running text: headings, footnotes, tables and the page number aside, all words are there."""
    tables = read_tables(FULL.read_bytes())
    found = tables["sections"].to_pylist()
    words = sum(len(row["text"].split()) + len(row["heading"].split()) + bool(row["number"]) for row in found)
    notes = tables["footnotes"].to_pylist()
    words += sum(len(row["text"].split()) + 1 for row in notes if row["scope"] == "document")
    body, rest = FULL.read_text(encoding="utf-8").split(" Bijlage 1 ")
    after = rest[rest.index("3473") + len("3473") :]
    annexes = (
        "Bijlage 1 Rechtsbasis, mandaten en nationale kaders Bijlage 2 Totale inzet mei 2023 t/m april 2024"
    )
    page_number = 4
    assert words == len(body.split()) - page_number + len(annexes.split()) + len(after.split())


def test_numbers_must_follow_each_other() -> None:
    found = headings(
        "1 Inleiding",
        "Er waren drie missies.",
        "3 Schepen voeren uit en dat",
        "was alles.",
        "2 Inzet",
        "2.1 Samenhang",
        "Tekst.",
        "2.3 Afrika",
        "Tekst.",
        "2.2 Niet terug",
        "Tekst.",
        "3 Slot",
        "Tekst.",
    )
    assert found == [("1", None), ("2", None), ("2.1", "2"), ("2.3", "2"), ("3", None)]


def test_a_heading_over_several_lines() -> None:
    long = "2 Expeditionaire inzet van militairen, civiele experts en"
    text = report(
        body=[*BODY[:2], long, "politiefunctionarissen", "Een zin die hier begint en ook hier eindigt."]
    )
    assert sections(text)["2"]["heading"] == f"{long[2:]} politiefunctionarissen"
    assert sections(text)["2"]["text"].startswith("Een zin")


def test_a_table_of_contents_is_front_matter() -> None:
    contents = ["Inhoud", "1 Inleiding 2", "2 Slot 3", "Bijlage 2 Totale inzet mei 2023 t/m april 2024"]
    found = sections(report(body=[*contents, *BODY]))
    assert list(found) == ["front", "1", "2", "bijlage-1", "bijlage-2"]
    assert found["front"]["heading"] == "Inhoud"
    assert found["1"]["heading"] == "Inleiding"


def test_subheadings_by_place_and_form() -> None:
    full = "Deze regel is zo lang als een volle regel van de lopende tekst maar kan zijn."
    found = headings(
        "1 Inleiding",
        full,
        "Over de missie",  # no: the line before goes on
        "en dit is het einde.",
        "Over de missie",
        full.replace(" zijn.", ""),
        "zijn, zoals gezegd.",
        "over kleine letters",  # no
        "Met een punt.",  # no
        "Voortgang",
        "gaat door in kleine letters.",  # so the line before is not a heading
        "Over de missie",
        full,
    )
    assert found == [("1", None), ("1/over-de-missie", "1"), ("1/over-de-missie-2", "1")]


def test_an_empty_paragraph_parts_a_subheading_from_the_text_before() -> None:
    long = "Een lange regel zonder einde die een volle regel van de tekst beslaat"
    assert headings(
        "1 Inleiding", long, " ", "Vervolg", "Dit is de tekst daaronder, en die is lang genoeg."
    ) == [
        ("1", None),
        ("1/vervolg", "1"),
    ]


def test_a_heading_of_a_group_belongs_above_the_numbered_section() -> None:
    text = "Dit is een gewone regel tekst die lang genoeg is om er een te zijn."
    found = headings(
        "1 Regio",
        "1.1 UNIFIL",
        text,
        "Golfregio",
        "Rationale",
        text,
        "1.2 CMF",
        "Over de missies",
        "Operatie Aspides",
        text,
    )
    assert found == [
        ("1", None),
        ("1.1", "1"),
        ("1/golfregio", "1"),
        ("1/rationale", "1"),
        ("1.2", "1"),
        ("1.2/over-de-missies", "1.2"),
        ("1.2/operatie-aspides", "1.2"),
    ]


def test_the_longest_spelling_names_the_mission() -> None:
    body = ["1 CMF (incl OP ‘Prosperity Guardian’) en UNIFIL", "Tekst.", "2 UNIFILX en XCMF", "Tekst."]
    found = sections(report(body=body))
    assert found["1"]["mission_ids"] == ["cmf", "unifil"]
    assert found["2"]["mission_ids"] == []


def test_other_annexes_are_sections() -> None:
    other = [
        " Bijlage 3 Begrippen",
        "Een begrip is een woord met een eigen betekenis in dit verslag.",
        "Missies",
    ]
    found = sections(report(annex_2=[*ANNEX_2, "Tekst onder de tabel.", *other, "Zie Bijlage 2."]))
    assert found["bijlage-2"]["text"] == "Tekst onder de tabel."
    assert found["bijlage-3"]["heading"] == "Bijlage 3 Begrippen"
    assert found["bijlage-3/missies"]["parent_id"] == "bijlage-3"


def test_a_report_without_headings_is_front_matter() -> None:
    found = sections(report(body=["Een verslag", "zonder koppen."]))
    assert (found["front"]["heading"], found["front"]["text"]) == ("Een verslag", "zonder koppen.")


def test_headings_without_a_number_part_the_text_too() -> None:
    """A letter's head is none of them, and what a mission's heading stands above is of that mission alone."""
    found = sections(
        report(
            body=[
                "Ministerie van Defensie",
                "Datum 17 mei 2024",
                "Betreft Jaarlijkse voortgangsrapportage",
                "Inleiding",
                "Met deze rapportage informeert het kabinet de Kamer over de bijdragen aan missies en",
                "operaties in de afgelopen periode.",
                "Midden-Oosten",
                "UNIFIL",
                "De bijdrage bestaat uit een stafofficier.",
                "Overig",
                "Over de overige missies is niets te melden.",
            ]
        )
    )
    named = [
        (key, row["parent_id"], row["mission_ids"]) for key, row in found.items() if "bijlage" not in key
    ]
    assert named == [
        ("front", None, []),
        ("inleiding", None, []),
        ("midden-oosten", None, []),
        ("unifil", None, ["unifil"]),
        ("overig", None, []),
    ]
    assert found["unifil"]["text"] == "De bijdrage bestaat uit een stafofficier."
