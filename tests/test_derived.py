"""A report that fits no declared layout is read by its own headers: its columns, annexes and tables."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines import validate as validated
from pipelines.model import Edition
from schemas import registry
from schemas.errors import JvomError
from schemas.registry import Facts, Registry
from schemas.vocabulary import FIGURES
from tests.renditions import of_html
from tests.support import reports
from tests.support.html import ANNEX_1, table
from tests.support.html import MANDATES as KNOWN
from tests.support.rendering import REGISTRY

STYLE = """<style>@page { size: 297mm 210mm; margin: 15mm } body { font: 9pt sans-serif }
table { border-collapse: collapse; break-after: page; margin-bottom: 4mm } table.on { break-after: auto }
table.part { table-layout: fixed; width: 220mm }
td, th { border: 0.5pt solid #444; padding: 2pt 6pt; text-align: left; vertical-align: top }</style>"""
MANDATES = (
    "Missie|Rechtsgrondslag|Mandaat tot|Bijdrage t/m",
    "UNIFIL|VNVR-resolutie 2650|31 augustus 2018|31 december 2018",
    "UNTSO|VNVR-resolutie 50|onbepaald|31 december 2018",
)
RIGHT = {
    "unifil": [1, None, 2, None, 2],
    "untso": [12, None, 32, None, 32],
    "minusma": [5, 10, 10, 11, 21],
    "vpd": [121, None, 163, None, 163],
}
TOTAL = [139, 10, 207, 11, 218]
REGIONS = {
    "unifil": "Midden-Oosten",
    "untso": "Midden-Oosten",
    "minusma": "Afrika",
    "vpd": "Overig",
}


def read(*parts: str, known: Registry = REGISTRY, year: int = 2018) -> dict[str, Any]:
    """The tables of a PDF of these parts, which keep their contracts."""
    found = reports.read_tables(of_html(STYLE + "".join(parts)), Edition(year), known)
    assert not validated.failures(found, [mission.id for mission in known.missions])
    return found


refused = partial(reports.refused, read)


def figures(found: dict[str, Any]) -> dict[str, list[int | None]]:
    return {row["mission_id"]: [row[name] for name in FIGURES] for row in found["personnel"].to_pylist()}


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {row["mission_id"]: row[name] for row in found["personnel"].to_pylist() if row[name] is not None}


ASIDE = (
    "Land of gebied|Operatie|3:Uitgezonden|2:Kader|Sterkte op 31 december 2017|Opmerkingen",
    "||Totaal|Mil.|Civ./pol.|Mil.|Civ./pol.||",
    "Libanon|UNIFIL|2|2||1||1|",
    "Israël, Libanon|UNTSO|32|32||12||11|vanaf 1 juli twee meer dan de jaren daarvoor",
    "Mali|MINUSMA|21|10|11|5|10|9|",
    "diverse|VPD|163|163||121||40|32 transporten",
    "|Totaal|218|207|11|139|10|61|",
)


def test_columns_stand_in_any_order_with_others_beside_them() -> None:
    found = read(
        "<p>Bijlage II Personele inzet 1 januari t/m 31 december 2017</p>",
        table(*ASIDE),
        "<p>Bijlage I Mandaten</p>",
        table(*MANDATES),
    )
    assert figures(found) == RIGHT
    (totals,) = found["personnel_totals"].to_pylist()
    assert [totals[name] for name in FIGURES] == TOTAL
    assert of(found, "country_as_printed")["untso"] == "Israël, Libanon"
    assert of(found, "remark") == {
        "untso": "vanaf 1 juli twee meer dan de jaren daarvoor",
        "vpd": "32 transporten",
    }
    assert of(found, "strength_on_day") == {"unifil": 1, "untso": 11, "minusma": 9, "vpd": 40}
    assert {str(day) for day in of(found, "strength_date").values()} == {"2017-12-31"}
    (edition,) = found["editions"].to_pylist()
    assert dict(edition["annexes"]) == {"mandates": "Bijlage I", "personnel": "Bijlage II"}
    assert (str(edition["period_start"]), edition["layout"]) == ("2017-01-01", "header")
    mandates = {row["mission_id"]: row for row in found["mandates"].to_pylist()}
    assert str(mandates["unifil"]["international_mandate_end"]) == "2018-08-31"


def test_a_note_ends_before_a_paragraph_that_is_set_apart() -> None:
    rows = [line.replace("|VPD|", "|VPD<sup>1</sup>|") for line in ASIDE]
    note = "<p style='margin:0 0 7pt'><sup>1</sup> Hoogstens elf tegelijk.</p>"
    below = "<p style='margin:0'>Per missie de nationale kaders<br>en wie er ging.</p>"
    heading = "<p>Bijlage II Personele inzet 1 januari t/m 31 december 2017</p>"
    found = read(heading, table(*rows, name="on"), note, below, "<p>Bijlage I Mandaten</p>", table(*MANDATES))
    assert found["footnotes"]["text"].to_pylist() == ["Hoogstens elf tegelijk."]


@pytest.mark.parametrize(
    ("remark", "own"),
    [
        ("Separate VGR; excl. 4 detacheringen", True),
        ("32 transporten, separate VGR", True),
        ("geen separate VGR", False),
    ],
)
def test_a_remark_may_say_that_a_mission_has_a_report_of_its_own(remark: str, own: bool) -> None:
    heading = "<p>Bijlage II Personele inzet 1 januari t/m 31 december 2017</p>"
    rows = [line.replace("32 transporten", remark) for line in ASIDE]
    found = read(heading, table(*rows), "<p>Bijlage I Mandaten</p>", table(*MANDATES))
    assert of(found, "separate_report") == {"unifil": False, "untso": False, "minusma": False, "vpd": own}


@pytest.mark.parametrize(
    "widths", ["p:nth-of-type(4) + table { width: 150mm }", "p:nth-of-type(4) { break-after: page }", ""]
)
def test_a_table_per_region_under_a_heading_of_its_own(widths: str) -> None:
    """On one page, with columns of the same widths or not; or with one at the foot of a page."""
    head = ("Missie|2:Nationaal kader|3:Ingezet", "|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal")
    found = read(
        f"<style>{widths}</style>",
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        "<p>Midden-Oosten</p>",
        table(*head, "UNIFIL|1||2||2", "UNTSO|12||32||32", name="on part"),
        "<p>Afrika</p>",
        table(*head, "MINUSMA|5|10|10|11|21", name="on part"),
        "<p>Overig</p>",
        table(*head, "VPD|121||163||163", "Totaal|139|10|207|11|218", name="part"),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS


@pytest.mark.parametrize(
    "again",
    ["Vervolg bijlage 2 Personele inzet in 2017", "Bijlage 2 (vervolg)", "Bijlage 2 Personele inzet in 2017"],
)
def test_an_annex_goes_on_over_the_page_with_its_heading_its_header_and_its_region(again: str) -> None:
    head = ("Missie|2:Nationaal kader|3:Ingezet", "|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal")
    found = read(
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(*head, "6:Midden-Oosten", "UNIFIL|1||2||2"),
        f"<p>{again}</p>",
        table(
            *head,
            "6:Midden-Oosten (vervolg)",
            "UNTSO|12||32||32",
            "6:Afrika",
            "MINUSMA|5|10|10|11|21",
            "6:Overig",
            "VPD|121||163||163",
            "Totaal|139|10|207|11|218",
        ),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS


ABOVE = "<p>Bijlage 1 Mandaten</p>" + table(*MANDATES) + "<p>Bijlage 2 Personele inzet in 2017</p>"
SOLDIERS = (
    "Missie|Kader militair|Ingezet militair",
    "3:Midden-Oosten",
    "UNIFIL|1|2",
    "UNTSO|12|32",
    "3:Afrika",
    "MINUSMA|5|10",
    "3:Overig",
    "VPD|121|163",
    "Totaal|139|207",
)
OTHERS = (
    "Missie|Kader civiel/politie|Ingezet civiel/politie|Ingezet totaal",
    "4:Midden-Oosten",
    "UNIFIL|||2",
    "UNTSO|||32",
    "4:Afrika",
    "MINUSMA|10|11|21",
    "4:Overig",
    "VPD|||163",
    "Totaal|10|11|218",
)
POLICE = ("Missie|Kader civiel/politie|Ingezet civiel/politie", "3:Afrika", "MINUSMA|10|11", "Totaal|10|11")


def test_columns_that_go_on_over_the_page() -> None:
    """Every row is on both pages; what the second one has of it is at its place there."""
    found = read(ABOVE, table(*SOLDIERS), table(*OTHERS), "<p>* Zonder staf.</p>")
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS
    (totals,) = found["personnel_totals"].to_pylist()
    assert [totals[name] for name in FIGURES] == TOTAL
    pages = {
        cell["column_name"]: {span["page"] for span in cell["spans"]}
        for cell in found["cells"].to_pylist()
        if (cell["row_key"], cell["table_name"]) == ("minusma", "personnel")
    }
    first = pages["frame_military"]
    assert pages["deployed_total"] == {page + 1 for page in first} != first


def test_soldiers_in_one_table_and_police_in_another() -> None:
    """What has no row in one of them is empty there, and said to be inferred."""
    more = ("EULEX Kosovo|7|9", *POLICE[1:-1], "Totaal|17|20")
    found = read(ABOVE, table(*SOLDIERS, name="on"), table(POLICE[0], "3:Europa", *more, name="on"))
    columns = ("frame_military", "frame_civil_police", "deployed_military", "deployed_civil_police")
    rows = {row["mission_id"]: row for row in found["personnel"].to_pylist()}
    assert [rows["minusma"][name] for name in columns] == [5, 10, 10, 11]
    assert [rows["eulex-kosovo"][name] for name in columns] == [None, 7, None, 9]
    assert [*rows] == ["unifil", "untso", "minusma", "vpd", "eulex-kosovo"]
    assert rows["eulex-kosovo"]["region_as_printed"] == "Europa"
    (blank,) = (
        cell
        for cell in found["cells"].to_pylist()
        if (cell["row_key"], cell["column_name"]) == ("vpd", "frame_civil_police")
    )
    assert (blank["as_printed"], blank["derivation"]) == (None, ["empty by inference"])


def test_tables_of_soldiers_and_of_police_by_turns() -> None:
    """As for each region; of such a table at the foot of a page a person says that it ends there."""
    police = (POLICE[0], "3:Europa", "EULEX Kosovo|7|9")
    parts = (SOLDIERS[:4], police, (SOLDIERS[0], *SOLDIERS[4:-1]), POLICE[:-1])
    low = "<p style='height: 60mm'></p>"
    drawn = [ABOVE, *(table(*rows, name="on") for rows in parts[:-1]), low, table(*parts[-1], name="on")]
    (problem,) = refused(*drawn)
    (whole,) = problem.proposals
    assert (whole.kind, whole.values["annex"]) == ("absent", "totals")
    found = read(
        *drawn, known=Facts.of(Path(registry.__file__).parent).extended([("absent", whole.values)]).registry()
    )
    assert figures(found)["minusma"] == [5, 10, 10, 11, None]
    assert [*figures(found)] == ["unifil", "untso", "eulex-kosovo", "minusma", "vpd"]


def test_what_is_beside_a_region_or_twice_in_a_column_is_not_lost() -> None:
    head = "Missie|Kader militair|Ingezet militair|Waarvan vrouwen|Opmerkingen"
    rows = (head, "Afrika||||zie ook de Sahel", "MINUSMA|5|10|2|", "Totaal|5|10|2|")
    found = read(ABOVE, table(*rows))
    texts = [one["as_printed"] for one in found["cells"].to_pylist() if one["column_name"] == "text"]
    assert texts == ["zie ook de Sahel"]
    shown = str(refused(ABOVE, table(*rows[:2], "MINUSMA|5|10|2 3%|", rows[-1])))
    assert "“2 3%” of “MINUSMA” is more than one figure" in shown


def captioned(*captions: str) -> list[str]:
    """Tables of soldiers and of police under one header, with the lines above them."""
    head = "Missie|Nationaal kader|Ingezet"
    tables = ((head, *SOLDIERS[1:]), (head, *POLICE[1:]))
    return [f"<p>{text}</p>{table(*rows, name='on')}" for text, rows in zip(captions, tables, strict=True)]


def test_lines_above_two_tables_say_of_whom_they_are() -> None:
    found = read(ABOVE, *captioned("2a. Militair personeel", "Tabel 2b: Civielen en politie"))
    assert figures(found)["minusma"] == [5, 10, 10, 11, None]
    assert figures(found)["vpd"] == [121, None, 163, None, None]
    for captions in (
        ("2a. Militair personeel", "2b. Overigen"),
        ("Civielen</p><p>Militairen", "2b. Politie"),
    ):
        assert "two tables have the same header" in str(refused(ABOVE, *captioned(*captions)))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((SOLDIERS, (*POLICE[:-2], "MINUSMA|10|11", "MINUSMA|3|4")), "which is on line 7 already"),
        ((SOLDIERS, (POLICE[0], "3:Overig", *POLICE[2:])), "its region is “Afrika” and “Overig”"),
        ((SOLDIERS, POLICE, SOLDIERS[:3]), "which is on line 4 already"),
        ((SOLDIERS, POLICE, OTHERS), "a second table with columns that the first has too"),
        ((SOLDIERS, POLICE, ("Missie|Ingezet militair", "MINUSMA|9")), "in columns below the table"),
        ((SOLDIERS, ("Ingezet totaal", "2", "32", "21", "163", "218")), "in columns below the table"),
        (
            (SOLDIERS, [POLICE[0].replace("Ingezet", "Ingezet 2016"), *POLICE[1:]]),
            "is of 2016, and the heading",
        ),
        ((SOLDIERS, [OTHERS[0].replace("civiel", "blauwhelm"), *OTHERS[1:]]), "“Kader blauwhelm/politie” of"),
        ([(*SOLDIERS[:1], "UNIFIL|1|2")] * 2, "two tables stand beside each other"),
    ],
)
def test_tables_of_which_one_contradicts_another_are_refused(parts: Any, words: str) -> None:
    row = "<style>body { display: flex; flex-flow: row wrap } p { width: 100% }</style>"
    beside = row if "beside" in words else ""
    assert words in str(refused(beside, ABOVE, *(table(*part, name="on") for part in parts)))


@pytest.mark.parametrize(
    ("above", "between", "words"),
    [
        ("", "2b. Ter vergelijking: 2016", "above a table of annex 2 is of another year"),
        ("Stand mei 2015 – april 2016", "", "above a table of annex 2 is of another year"),
        ("", "2b. Het jaar daarvoor", "above a table of annex 2 is of another year"),
        ("", "Bijlage 2 Personele inzet in 2016", "of another year than “Bijlage 2 Personele inzet in 2017”"),
    ],
)
def test_a_table_under_a_line_of_the_year_before_is_refused(above: str, between: str, words: str) -> None:
    parts = (f"<p>{text}</p>{table(*rows)}" for text, rows in ((above, SOLDIERS), (between, OTHERS)))
    assert words in str(refused(ABOVE, *parts))
    (problem,) = refused(ABOVE, table(*SOLDIERS[:4], "3:Het jaar daarvoor", *SOLDIERS[4:]))
    assert not problem.proposals
    assert figures(read(ABOVE, table(*SOLDIERS), "<p>* Sinds 2012 zonder staf</p>", table(*OTHERS))) == RIGHT


def test_a_region_that_heads_a_page_of_each_table_is_no_running_head() -> None:
    found = read(
        ABOVE,
        *(table(*half) for whole in (SOLDIERS, OTHERS) for half in (whole[:4], (whole[0], *whole[4:]))),
        "<style>td { width: 40mm }</style>",
    )
    assert (figures(found), of(found, "region_as_printed")) == (RIGHT, REGIONS)
    mandates = (MANDATES[0], "4:Midden-Oosten", *MANDATES[1:])
    more = ("4:Afrika", "MINUSMA|VNVR-resolutie 2423|30 juni 2019|1 mei 2019")  # no header above it again
    fixed = "<style>table { table-layout: fixed; width: 220mm }</style>"
    above = f"<p>Bijlage 1 Mandaten</p>{table(*mandates)}{table(*more)}"
    heading = "<p>Bijlage 2 Personele inzet in 2017</p>"
    found = read(fixed, above, heading, table(*SOLDIERS[:4]), table(*SOLDIERS[4:]))
    assert of(found, "region_as_printed") == REGIONS


def years(*of: str) -> list[str]:
    """A table whose figures stand beside those of the year before, or behind them."""
    old = {"UNIFIL": "4", "UNTSO": "33", "MINUSMA": "41", "VPD": "8", "Totaal": "86"}
    rows = ["UNIFIL|1||2", "UNTSO|12||32", "MINUSMA|5|10|21", "VPD|121||163", "Totaal|139|10|218"]
    made = []
    for row in rows:
        name, *frames, now = row.split("|")
        both = dict(zip(of, (old[name], now) if of[1] > of[0] else (now, old[name]), strict=True))
        made.append("|".join([name, *frames, *both.values()]))
    head = ("Missie|2:Nationaal kader|2:Ingezet", "|Militair|Civiel/Politie|2:Totaal", f"|||{of[0]}|{of[1]}")
    return [*head, *made]


@pytest.mark.parametrize("of", [("2016", "2017"), ("2017", "2016")])
def test_the_year_before_beside_this_one(of: tuple[str, str]) -> None:
    found = read(ABOVE, table(*years(*of)))
    assert {name: row[-1] for name, row in figures(found).items()} == {
        "unifil": 2,
        "untso": 32,
        "minusma": 21,
        "vpd": 163,
    }
    shown = str(refused(ABOVE.replace("2017", "2016"), table(*years(*of))))
    assert "parted by years up to 2017" in shown
    assert "another period" in shown


def test_groups_of_columns_of_two_years() -> None:
    head = ("Missie|Kader militair|2:Ingezet in 2016|2:Ingezet in 2017", "||Militair|Totaal|Militair|Totaal")
    rows = ("UNIFIL|1|4|4|2|2", "UNTSO|12|33|33|32|32", "Totaal|13|37|37|34|34")
    right = {"unifil": [1, None, 2, None, 2], "untso": [12, None, 32, None, 32]}
    assert figures(read(ABOVE, table(*head, *rows))) == right
    other = ABOVE.replace("in 2017", "mei 2016 t/m april 2017")  # both may be of this edition
    (problem,) = refused(other, table(*head, *rows))
    assert [one.values["printed"] for one in problem.proposals] == [
        "Ingezet in 2016 / Militair",
        "Ingezet in 2016 / Totaal",
    ]
    facts = Facts.of(Path(registry.__file__).parent)
    answers = [("word", {**one.values, "role": "ignore"}) for one in problem.proposals]
    assert figures(read(other, table(*head, *rows), known=facts.extended(answers).registry())) == right


def test_how_many_were_there_month_by_month() -> None:
    head = ("Missie|Kader militair|3:Aanwezig per maand|Ingezet militair|Ingezet totaal", "||okt|nov|dec||")
    rows = ("UNIFIL|1|1|1|2|2|2", "UNTSO|12|13|9|12|32|32", "Totaal|13|14|10|14|34|34")
    found = read(ABOVE, table(*head, *rows))
    assert figures(found) == {"unifil": [1, None, 2, None, 2], "untso": [12, None, 32, None, 32]}
    of_months = (head[0].replace("Aanwezig", "Ingezet"), *head[1:], *rows)
    assert "Ingezet per maand" in str(refused(ABOVE, table(*of_months)))
    beside = ("Missie|Kader militair|Aanwezig per maand|Ingezet militair|", "||okt|nov|dec", *rows)
    assert refused(ABOVE, table(*beside))  # no heading may be over a month that is not its own


def test_an_absent_annex_is_declared_and_what_a_header_does_not_say_is_asked() -> None:
    title = "<p>Bijlage 3 Militaire sterkte in 2017</p>"
    one_row = (
        "Operatie|Maximum|Ingezet militairen|Sterkte op 31 december 2017",
        "UNIFIL|1|2|1",
        "UNTSO|12|32|11",
        "VPD|121|163|40",
        "Totaal|134|197|52",
    )
    problems = refused(title, table(*one_row))
    (word,) = (one for problem in problems for one in problem.proposals)
    assert (word.kind, word.values["printed"]) == ("word", "Maximum")
    assert word.values["role"] == "frame_military"  # as all others who are counted
    facts = Facts.of(Path(registry.__file__).parent)
    answered = facts.extended([("word", {"printed": "Maximum", "role": "frame_military"})])
    with pytest.raises(JvomError) as caught:
        read(title, table(*one_row), known=answered.registry())
    (absent,) = caught.value.proposals
    assert absent.kind == "absent"
    found = read(title, table(*one_row), known=answered.extended([("absent", absent.values)]).registry())
    assert figures(found) == {
        "unifil": [1, None, 2, None, None],
        "untso": [12, None, 32, None, None],
        "vpd": [121, None, 163, None, None],
    }
    assert found["mandates"].num_rows == 0
    assert dict(found["editions"].to_pylist()[0]["annexes"]) == {"mandates": None, "personnel": "Bijlage 3"}


LAYOUT = """
[[layout]]
id = "colours"
mandates = "2024"
[layout.personnel]
heading = "Bijlage 2 Totale inzet <period>"
mission = "Missie"
[[layout.personnel.groups]]
printed = "Toegestaan"
columns = { "Groen" = "frame_military" }
[[layout.personnel.groups]]
printed = "Gezonden"
columns = { "Groen" = "deployed_military", "Blauw" = "deployed_civil_police", "Totaal" = "deployed_total" }
[layout.personnel.sums]
deployed_total = ["deployed_military", "deployed_civil_police"]
"""


def test_a_declared_layout_says_what_the_words_of_a_header_do_not(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(Path(registry.__file__).parent, tmp_path / "schemas"))
    with (folder / "layouts.toml").open("a", encoding="utf-8") as file:
        file.write(LAYOUT)
    found = read(
        ANNEX_1
        + table("Locatie|Inzet|Rechtsbasis|Duur internationaal mandaat|Duur nationaal kader", KNOWN[3]),
        "<p>Bijlage 2 Totale inzet in 2017</p>",
        table("Missie|Toegestaan|3:Gezonden", "|Groen|Groen|Blauw|Totaal", "VPD|1|2|3|5", "Totaal|1|2|3|5"),
        known=registry.load(folder),
    )
    assert found["editions"]["layout"].to_pylist() == ["colours"]
    assert figures(found) == {"vpd": [1, None, 2, 3, 5]}


def test_a_header_that_nearly_every_row_contradicts_is_refused() -> None:
    swapped = ("Missie|2:Kader|3:Ingezet", "|Mil.|Civ./pol.|Totaal|Mil.|Civ./pol.")
    rows = ("MINUSMA|5|10|10|11|21", "USSC|4|3|8|2|10", "UNTSO|12||32||32", "Totaal|21|13|50|13|63")
    (problem,) = refused(
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Overzicht van 2017</p>",
        table(*swapped, *rows),
    )
    assert "does not add up" in problem.message


SPACED = (
    "Missie|Gebied|2:Afgesproken kader|3:Inzet gedurende het jaar",
    "||Krijgsmacht|Niet-militair|Krijgsmacht|Niet-militair|Opgeteld",
    "UNIFIL|Libanon|1||2||2",
    "UNTSO|Israël, Libanon en het hele Midden-Oosten|12||32||32",
    "|Totaal Midden-Oosten|13||34||34",
    "MINUSMA|Mali en elders in de Sahel en West-Afrika|5|10|10|11|21",
    "VPD|diverse|121||163||163",
    "Alle operaties||139|10|207|11|218",
)


def test_sums_and_places_in_a_column_beside_the_names() -> None:
    """A country that ends in a region's name on a line of its own heads no rows; a sum there is one."""
    style = "<style>td { width: 22mm; padding: 7pt 3pt } table { table-layout: fixed; width: 200mm }</style>"
    found = read(
        style,
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(*SPACED),
    )
    assert figures(found) == RIGHT
    assert of(found, "country_as_printed")["untso"] == "Israël, Libanon en het hele Midden-Oosten"
    assert of(found, "country_as_printed")["minusma"] == "Mali en elders in de Sahel en West-Afrika"
    assert of(found, "region_as_printed") == {}


@pytest.mark.parametrize("turned", [True, False], ids=["rotated", "upright"])
def test_labels_of_regions_under_no_heading(turned: bool) -> None:
    """They head rows, the totals row aside, also where its printed total contradicts rows and itself."""
    narrow = "width: 30mm; margin: 0 -11mm; text-align: center; transform: rotate(-90deg)"
    label = narrow if turned else ""
    rows = [
        ("Midden-Oosten", 2, "UNIFIL|1||2||2"),
        ("", 0, "UNTSO|12||32||32"),
        ("Afrika", 1, "MINUSMA|5|10|10|11|21"),
        ("Overig", 1, "VPD|121||163||163"),
        ("", 1, "Totaal|139|10|207|11|219"),
    ]
    head = table(
        "|Missie|2:Nationaal kader|3:Ingezet", "||Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal"
    )
    body = "".join(
        "<tr>"
        + (
            f'<td rowspan="{span}" style="vertical-align: middle"><div style="{label}">{name}</div></td>'
            * (span > 0)
        )
        + "".join(f'<td style="padding: 14pt 6pt">{cell}</td>' for cell in row.split("|"))
        for name, span, row in rows
    )
    found = read(
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        head.replace("<td", '<td style="width: 8mm"', 1).replace("</table>", f"{body}</table>"),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS
    (totals,) = found["personnel_totals"].to_pylist()
    assert totals["deployed_total"] == 219


def test_a_column_of_regions_is_known_by_what_is_in_it() -> None:
    found = read(
        "<p>Bijlage 1 Mandaten</p>",
        table(
            "Gebied|Missie|Rechtsgrondslag|Mandaat geldt tot|Bijdrage t/m",
            "Midden-Oosten|UNIFIL|VNVR-resolutie 2650|zolang nodig|31 december 2018",
            "Midden-Oosten|UNTSO|VNVR-resolutie 50|onbepaald|beëindigd in maart 2018",
            "Afrika|MINUSMA|Resoluties 2100 en 2480|beëindigd op 30 juni 2018|31 december 2018",
        ),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(*SPACED),
    )
    mandates = {row["mission_id"]: row for row in found["mandates"].to_pylist()}
    regions = [mandates[one]["region_as_printed"] for one in ("unifil", "untso", "minusma")]
    assert regions == ["Midden-Oosten", "Midden-Oosten", "Afrika"]
    assert str(mandates["minusma"]["international_mandate_end"]) == "2018-06-30"
    assert mandates["untso"]["national_frame_end"] is None
    assert str(mandates["untso"]["national_frame_to"]) == "2018-03-31"


def test_regions_of_one_table_for_both_annexes_above_blank_cells_that_are_ruled_off() -> None:
    """A narrow column breaks the name of one; a country is beside it, the totals reach into its column."""
    found = read(
        "<p style='margin-bottom: 15mm'>Bijlage 2 Overzicht van 2017</p>",
        table(
            "Gebied|Missie (operatie)|Land|Rechtsgrondslag|Mandaat tot|Kader mil.|Ingezet mil.",
            "Midden-Oos<br>ten|UNIFIL|Libanon|VNVR-resolutie 2650|31 mei 2019 (31 mei 2018)|1|2",
            "|UNTSO|Israël|VNVR-resolutie 50|permanent|12|32",
            "Afrika|MINUSMA|Mali|VNVR-resolutie 2480|lopend|5|10",
            "|UNMISS|Zuid-Soedan|VNVR-resolutie 2514|31 mei 2019|7|9",
            "5:Totaal|25|53",
        ),
    )
    regions = [row["region_as_printed"].replace(" ", "") for row in found["personnel"].to_pylist()]
    assert regions == ["Midden-Oosten"] * 2 + ["Afrika"] * 2
    ends = [row["international_mandate_status"] for row in found["mandates"].to_pylist()]
    assert ends == ["several", "indefinite", "continuous", "until"]
    kinds = {(row["table_name"], row["column_name"]) for row in found["cells"].to_pylist()}
    assert ("personnel", "legal_basis") not in kinds


def test_a_region_that_nobody_knows_is_no_part_of_the_name_below_it() -> None:
    """No rule parts them: it is set as the known regions are. A raised letter is the mark of a note."""
    problems = refused(
        "<style>td { border: none; padding: 7pt } p { font-size: 7pt }</style>",
        "<p>Bijlage 1 Mandaten</p>",
        table(
            MANDATES[0],
            "<b>Midden-Oosten</b>|||",
            *MANDATES[1:],
            "<b>Arctisch gebied</b>|||",
            "Arctic Sentry<sup>a</sup>|NAVO-besluit|n.v.t.|31 december 2018",
            "<b>Afrika</b>|||",
            "MINUSMA|VNVR-resolutie 2480|30 juni 2018|31 december 2018",
        ),
        "<p><sup>a</sup> Vanaf mei.</p>",
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(*SPACED),
    )
    proposals = [one for problem in problems for one in problem.proposals]
    asked = [(one.kind, one.values.get("printed") or one.values["id"]) for one in proposals]
    assert asked == [("region", "Arctisch gebied"), ("mission", "arctic-sentry")]


def test_lines_that_each_have_a_basis_and_a_date_are_rows() -> None:
    """Of missions that nobody knows: together they would be one name that is unknown, and not three."""
    rows = [
        f"{name}|VNVR-resolutie 2480|30 juni 2018|1 mei 2019" for name in ("ARAX", "UNDOF", "BELOM", "CIRA")
    ]
    above = f"<style>td {{ border: none; padding: 0 9pt }}</style><p>Bijlage 1</p>{table(MANDATES[0], *rows)}"
    problems = refused(above, "<p>Bijlage 2 Personele inzet in 2017</p>", table(*SOLDIERS))
    asked = [one.values["name"] for problem in problems for one in problem.proposals]
    assert asked == ["ARAX", "BELOM", "CIRA"]


def test_lines_between_two_rules_are_one_name() -> None:
    """Though two of three lines are a known one: the rows beside it have rules between them."""
    rows = [row.replace("MINUSMA", "EUCAP<br>Sahel<br>Niger") for row in SOLDIERS]
    (problem,) = refused(ABOVE, table(*rows))
    assert [one.values["spelling"] for one in problem.proposals] == ["EUCAP Sahel Niger"]


def test_words_of_a_header_are_asked_whole() -> None:
    rows = [row.replace("Niet-militair", "Niet-Strijdmacht").replace("Krijgsmacht", "Mil.") for row in SPACED]
    problems = refused(
        "<p>Bijlage 1 Mandaten</p>", table(*MANDATES), "<p>Bijlage 2 In 2017</p>", table(*rows)
    )
    asked = {str(one.values["printed"]) for problem in problems for one in problem.proposals}
    assert asked == {"Niet-Strijdmacht"}


def test_a_country_of_several_missions_and_a_region_that_counts_its_missions() -> None:
    """Annex 1 keeps no country, so it may be printed for two rows; `(2 missies)` is not a part of a name."""
    mandates = table(
        "Missie|Land|Rechtsgrondslag|Mandaat tot|Bijdrage t/m",
        "UNIFIL|Libanon|VNVR-resolutie 2650|31 augustus 2018|31 december 2018",
        "UNTSO|VNVR-resolutie 50|onbepaald|31 december 2018",
    )
    found = read(
        "<p>Bijlage 1 Mandaten</p>",
        mandates.replace('<td colspan="1">Libanon', '<td rowspan="2">Libanon'),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(
            "Missie|2:Kader|3:Inzet",
            "|Mil.|Niet-militair|Mil.|Niet-militair|Totaal",
            "Midden-Oosten (2 missies)|13||34||34",
            "UNIFIL|1||2||2",
            "UNTSO|12||32||32",
            "Overig|126|10|173|11|184",
            "MINUSMA|5|10|10|11|21",
            "VPD|121||163||163",
            "Totaal|139|10|207|11|218",
        ),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed")["untso"] == "Midden-Oosten (2 missies)"
    assert [row["legal_basis"] for row in found["mandates"].to_pylist()] == [
        "VNVR-resolutie 2650",
        "VNVR-resolutie 50",
    ]


@pytest.mark.parametrize(
    ("counted", "region"),
    [("{0}|{1}", ""), ("{0}. {1}", ""), ("1.{0} {1}", "1. Midden-Oosten")],
    ids=["column", "name", "region"],
)
def test_numbers_that_count_rows_are_no_part_of_their_names(counted: str, region: str) -> None:
    first = "|Missie" if "|" in counted else "Missie"
    blank = "|" * ("|" in counted)
    rows = ("UNIFIL|1||2||2", "UNTSO|12||32||32", "MINUSMA|5|10|10|11|21", "VPD|121||163||163")
    found = read(
        "<p>Bijlage 1 Mandaten</p>",
        table(*MANDATES),
        "<p>Bijlage 2 Personele inzet in 2017</p>",
        table(
            f"{first}|2:Nationaal kader|3:Ingezet",
            f"{blank}|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal",
            *([f"6:{region}"] if region else []),
            *(counted.format(number, row) for number, row in enumerate(rows, 1)),
            f"{blank}Totaal|139|10|207|11|218",
        ),
    )
    assert figures(found) == RIGHT
    assert [row["mission_as_printed"] for row in found["personnel"].to_pylist()] == [
        row.partition("|")[0] for row in rows
    ]
    assert {row["region_as_printed"] for row in found["personnel"].to_pylist()} == {region[3:] or None}


def test_sums_tell_of_whom_a_column_is_that_does_not_say_it() -> None:
    """Only as soldiers the column makes the totals; where rows do not add up it is asked."""
    head = "Missie|Kader militair|Kader civiel/politie|Ingezet|Ingezet civiel/politie|Totaal"
    rows = ["UNIFIL|1||2|1|3", "UNTSO|12||32|4|36", "MINUSMA|5|10|10|11|21", "VPD|121||163||163"]
    found = read(ABOVE, table(head, *rows))
    assert [row[2:4] for row in figures(found).values()] == [[2, 1], [32, 4], [10, 11], [163, None]]
    (problem,) = refused(ABOVE, table(head, *(row[:-1] + "9" for row in rows)))
    assert "“Ingezet” of column 4" in problem.message


def test_what_rules_are_drawn_around_heads_the_columns_below_it() -> None:
    """`Totaal` is of the soldiers that the text above says, however far from it; so are parts of them."""
    facts = Facts.of(Path(registry.__file__).parent)
    words = [("word", {"printed": one, "role": "ignore"}) for one in ("CZSK", "CLAS", "CLSK")]
    head = ("Missie|Kader militair|5:Ingezet militairen", "||CZSK|CLAS|CLSK|vrouwen|Totaal")
    rows = (
        "UNIFIL|1|1|1||1|2",
        "UNTSO|12||30|2|4|32",
        "VPD|121|60|3|100|20|163",
        "Totaal|134|61|34|102|25|197",
    )
    found = read(ABOVE, table(*head, *rows), known=facts.extended(words).registry())
    assert [row[2:] for row in figures(found).values()] == [
        [2, None, None],
        [32, None, None],
        [163, None, None],
    ]


def test_a_frame_around_a_table_heads_no_columns() -> None:
    frame = "<style>table.on { border: 0.5pt solid; width: 200mm } table.on td { border: 0 }</style>"
    head = ("|3:Ingezet personeel", "Missie|Militair|Civiel/politie|Totaal")
    rows = ("UNIFIL|2||2", "UNTSO|32|4|36", "MINUSMA|10|11|21", "VPD|163||163", "Totaal|207|15|222")
    found = read(frame, ABOVE, table(*head, *rows, name="on"))
    assert [row[2:] for row in figures(found).values()] == [
        [2, None, 2],
        [32, 4, 36],
        [10, 11, 21],
        [163, None, 163],
    ]


def test_a_mark_that_is_far_from_its_heading_is_not_a_column() -> None:
    far = 'Bijdrage t/m<sup style="margin-left: 12mm; font-size: 5pt">1</sup>'
    mandates = table("|".join(("Missie", "Rechtsgrondslag", "Mandaat tot", far)), *MANDATES[1:], name="on")
    head = "Missie|Kader militair|Ingezet militair"
    rows = ("UNIFIL|1|2", "UNTSO|12|32", "MINUSMA|5|10", "VPD|121|163", "Totaal|139|207")
    note = "<p><sup>1</sup> Zonder verlenging.</p>"
    parts = ("<p>Bijlage 1 Mandaten</p>", mandates, note, "<p>Bijlage 2 Personele inzet in 2017</p>")
    assert figures(read(*parts, table(head, *rows)))["untso"] == [12, None, 32, None, None]


def test_bullets_and_codes_in_a_column_of_regions() -> None:
    """A legal basis may be a list; a code that no region is known by is asked, and not passed over."""
    mandates = (MANDATES[0], MANDATES[1].replace("VNVR-resolutie", "• VNVR-resolutie"), MANDATES[2])
    head = "Regio|Missie|Kader militair|Ingezet militair"
    rows = ("MO|UNIFIL|1|2", "MO|UNTSO|12|32", "AFR|MINUSMA|5|10", "DIV|VPD|121|163", "2:Totaal|139|207")
    parts = ("<p>Bijlage 1 Mandaten</p>", table(*mandates), "<p>Bijlage 2 Personele inzet in 2017</p>")
    asked = [one for problem in refused(*parts, table(head, *rows)) for one in problem.proposals]
    assert [one.values["printed"] for one in asked] == ["MO", "AFR", "DIV"]
    regions = {"MO": "Midden-Oosten", "AFR": "Afrika", "DIV": "Diversen"}
    entries = [("region", {"printed": one, "region": of_code}) for one, of_code in regions.items()]
    facts = Facts.of(Path(registry.__file__).parent)
    found = read(*parts, table(head, *rows), known=facts.extended(entries).registry())
    assert [*of(found, "region_as_printed").values()] == ["MO", "MO", "AFR", "DIV"]
    assert found["mandates"].to_pylist()[0]["legal_basis"] == "• VNVR-resolutie 2650"


def test_a_column_that_counts_nobody_is_taken_for_none() -> None:
    """Its head is unknown, and marks or differences are below it: to go on with it is ignored."""
    head = "Missie|Kader militair|Ingezet militair|Ingezet civiel|Art. 100|Groei"
    rows = ("UNIFIL|1|2|1|x|+1", "UNTSO|12|32|4|x|−3", "MINUSMA|5|10|11||+2", "VPD|121|163|||−7")
    asked = [one for problem in refused(ABOVE, table(head, *rows)) for one in problem.proposals]
    assert [(one.values["printed"], one.assumed) for one in asked] == [
        ("Art", {"role": "ignore"}),
        ("Groei", {"role": "ignore"}),
    ]
    assert all(one.others[0].values["role"] == "ignore" for one in asked)


def test_columns_named_by_letters_are_asked() -> None:
    """`K-mil` says of whom it counts, which is enough to ask what `K` is."""
    head = "Missie|K-mil|K-civ/pol|I-mil|I-civ/pol|I-tot"
    rows = ("UNIFIL|1||2||2", "UNTSO|12||32||32", "MINUSMA|5|10|10|11|21", "VPD|121||163||163")
    asked = [one for problem in refused(ABOVE, table(head, *rows)) for one in problem.proposals]
    assert {str(one.values["printed"])[0] for one in asked} == {"K", "I"}
    words = [("word", {"printed": "K", "role": "frame"}), ("word", {"printed": "I", "role": "deployed"})]
    facts = Facts.of(Path(registry.__file__).parent)
    assert figures(read(ABOVE, table(head, *rows), known=facts.extended(words).registry())) == RIGHT


def test_a_word_of_a_header_that_a_hyphen_breaks_is_asked_whole() -> None:
    head = "Missie|Kader militair|Ingezet militair|Ingezet reser-<br>visten"
    rows = ("UNIFIL|1|2|1", "UNTSO|12|32|2", "VPD|121|163|", "Totaal|134|197|3")
    asked = [one for problem in refused(ABOVE, table(head, *rows)) for one in problem.proposals]
    assert [one.values["printed"] for one in asked] == ["reservisten"]


def test_a_country_that_is_printed_once_is_that_of_each_of_its_missions() -> None:
    rows = [line.replace("Libanon|", '<td rowspan="2">Libanon|', 1) for line in ASIDE]
    rows[3] = ASIDE[3].removeprefix("Israël, Libanon|")
    found = read(ABOVE, table(*rows))
    assert figures(found) == RIGHT
    assert of(found, "country_as_printed") == {
        "unifil": "Libanon",
        "untso": "Libanon",
        "minusma": "Mali",
        "vpd": "diverse",
    }


def test_captions_of_tables_that_are_larger_than_these_end_none() -> None:
    head = ("Missie|2:Kader|3:Inzet", "|Mil.|Niet-militair|Mil.|Niet-militair|Totaal")
    tables = (
        ("Midden-Oosten", "UNIFIL|1||2||2", "UNTSO|12||32||32"),
        ("Overig", "MINUSMA|5|10|10|11|21", "VPD|121||163||163"),
        ("Alle regio’s", "Totaal|139|10|207|11|218"),
    )
    parts = [
        f"<p style='font-size: 12pt'>Tabel {at}: {rows[0]}</p>{table(*head, *rows[1:], name='on')}"
        for at, rows in enumerate(tables, start=1)
    ]
    found = read(ABOVE, *parts)
    assert figures(found) == RIGHT


@pytest.mark.parametrize("above", ["7:Personeel", "7:Nederlandse functionarissen"])
def test_a_header_of_three_rows(above: str) -> None:
    found = read(
        ABOVE,
        table(
            f"<td rowspan=3>Missie|{above}",
            "3:Nationaal kader|4:Daadwerkelijke inzet",
            "Militair|Civiel|Politie|Militair|Civiel|Politie|Totaal",
            "UNIFIL|1|||2|||2",
            "UNTSO|12|||32|||32",
            "MINUSMA|5|3|7|10|4|7|21",
            "VPD|121|||163|||163",
            "Totaal|139|3|7|207|4|7|218",
        ),
    )
    assert figures(found) == RIGHT


def test_women_of_a_table_of_soldiers_alone_are_all_women_there() -> None:
    rows = ("UNIFIL|1|2|", "UNTSO|12|32|3", "MINUSMA|5|10|", "VPD|121|163|10", "Totaal|139|207|13")
    found = read(
        ABOVE, table("Missie|Kader militair|2:Uitgezonden militairen", "||totaal|w.v. vrouwen", *rows)
    )
    women = {
        cell["row_key"]: cell["value_integer"]
        for cell in found["cells"].to_pylist()
        if cell["column_name"] == "deployed_women"
    }
    assert women == {"untso": 3, "vpd": 10, "total": 13}


def test_a_day_is_no_period() -> None:
    head = "Missie|Kader militair|Ingezet militair"
    rows = ("UNIFIL|1|2", "UNTSO|12|32", "Totaal|13|34")
    for heading, period in (
        ("Bijlage 2 Militairen op 1 mei 2018", ("None", "None")),
        ("Bijlage 2 Militairen 1 May 2017 to 30 April 2018", ("2017-05-01", "2018-04-30")),
    ):
        above = ABOVE.replace("Bijlage 2 Personele inzet in 2017", heading)
        (edition,) = read(above, table(head, *rows))["editions"].to_pylist()
        assert (str(edition["period_start"]), str(edition["period_end"])) == period


def test_a_frame_that_is_a_strength_and_words_that_a_narrow_column_breaks() -> None:
    head = (
        "Missie|2:Toegestane sterkte|3:Ontplooid",
        "|Mil.|Niet-militair|Milita<br>ir|Niet-mili<br>tair|Totaa<br>l",
    )
    rows = ("UNIFIL|1||2||2", "UNTSO|12||32||32", "MINUSMA|5|10|10|11|21", "VPD|121||163||163")
    above = ("Totaal|139|10|207|11|218", *rows, "Totaal|139|10|207|11|218")
    assert figures(read(ABOVE, table(*head, *above))) == RIGHT


def test_lines_of_a_remark_for_several_rows_are_each_ones() -> None:
    rows = [f"{line}|" for line in ("Missie|Kader militair|Ingezet militair", "UNIFIL|1|2", "UNTSO|12|32")]
    rows[0] += "Opmerkingen"
    rows[1] = rows[1].removesuffix("|") + '|<td rowspan="2" style="width: 30mm">Samen met de Ieren in Libanon'
    found = read(ABOVE, table(*rows[:2], rows[2].removesuffix("|"), "MINUSMA|5|10|", "Totaal|18|44|"))
    assert of(found, "remark") == dict.fromkeys(("unifil", "untso"), "Samen met de Ieren in Libanon")


def test_a_group_of_a_group() -> None:
    found = read(
        ABOVE,
        table(
            "<td rowspan=3>Missie|2:Nationale kaders|5:Ingezet personeel",
            "|".join(f"<td rowspan=2>{one}" for one in ("Militair", "Niet-militair"))
            + "|3:Militair|<td rowspan=2>Niet-militair|<td rowspan=2>Totaal",
            "man|vrouw|totaal",
            "UNIFIL|1||2||2||2",
            "UNTSO|12||30|2|32||32",
            "MINUSMA|5|10|9|1|10|11|21",
            "VPD|121||160|3|163||163",
            "Totaal|139|10|201|6|207|11|218",
        ),
    )
    assert figures(found) == RIGHT
