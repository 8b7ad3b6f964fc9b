"""Annexes in several tables, over pages, under regions: read by their own headers as one."""

from typing import Any

import pytest

from schemas.vocabulary import FIGURES
from tests.support.cases import cases
from tests.support.html import table
from tests.support.onboarding import filled
from tests.support.own_headers import (
    ABOVE,
    HEAD,
    HEADING_1,
    HEADING_2,
    MANDATES,
    REGIONS,
    RIGHT,
    ROWS,
    SOLDIERS,
    SPACED,
    TOTAL,
    asked,
    figures,
    knowing,
    of,
    read,
    refused,
)


@pytest.mark.parametrize(
    "widths", ["p:nth-of-type(4) + table { width: 150mm }", "p:nth-of-type(4) { break-after: page }", ""]
)
def test_a_table_per_region_under_a_heading_of_its_own(widths: str) -> None:
    """On one page, with columns of the same widths or not; or with one at the foot of a page."""
    found = read(
        f"<style>{widths}</style>",
        ABOVE,
        "<p>Midden-Oosten</p>",
        table(*HEAD, *ROWS[:2], name="on part"),
        "<p>Afrika</p>",
        table(*HEAD, ROWS[2], name="on part"),
        "<p>Overig</p>",
        table(*HEAD, *ROWS[3:], name="part"),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS


@pytest.mark.parametrize(
    "again",
    ["Vervolg bijlage 2 Personele inzet in 2017", "Bijlage 2 (vervolg)", "Bijlage 2 Personele inzet in 2017"],
)
def test_an_annex_goes_on_over_the_page_with_its_heading_its_header_and_its_region(again: str) -> None:
    found = read(
        ABOVE,
        table(*HEAD, "6:Midden-Oosten", ROWS[0]),
        f"<p>{again}</p>",
        table(*HEAD, "6:Midden-Oosten (vervolg)", ROWS[1], "6:Afrika", ROWS[2], "6:Overig", *ROWS[3:]),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS


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


def test_women_of_each_of_two_tables_are_none_of_the_whole() -> None:
    soldiers = [f"{row}|{more}" for row, more in zip(SOLDIERS[2:4], ("1", "8"), strict=True)]
    tables = (
        ("Missie|Kader militair|Ingezet militair|Waarvan vrouwen", *soldiers, "Totaal|13|34|9"),
        (f"{POLICE[0]}|Waarvan vrouwen", f"{POLICE[2]}|4", f"{POLICE[3]}|4"),
    )
    found = read(ABOVE, *(table(*rows, name="on") for rows in tables))
    assert [*figures(found)] == ["unifil", "untso", "minusma"]
    assert not [cell for cell in found["cells"].to_pylist() if "women" in cell["column_name"]]


def test_regions_that_head_rows_are_no_labels_beside_them() -> None:
    countries = ("Libanon", "Israël", "Mali", "Diversen")
    head = ("Land|Missie|2:Nationaal kader|3:Ingezet", f"|{HEAD[1]}")
    rows = [f"{country}|{row}" for country, row in zip(countries, ROWS, strict=False)]
    bands = ("7:Midden-Oosten", *rows[:2], "7:Afrika", rows[2], "7:Overig", rows[3])
    found = read(ABOVE, table(*head, *bands, f"Totaal|{ROWS[-1].replace('Totaal', '')}"))
    assert (figures(found), of(found, "region_as_printed")) == (RIGHT, REGIONS)
    assert [*of(found, "country_as_printed").values()] == [*countries]


def test_tables_of_soldiers_and_of_police_by_turns() -> None:
    """As for each region; of such a table at the foot of a page a person says that it ends there."""
    police = (POLICE[0], "3:Europa", "EULEX Kosovo|7|9")
    parts = (SOLDIERS[:4], police, (SOLDIERS[0], *SOLDIERS[4:-1]), POLICE[:-1])
    low = "<p style='height: 60mm'></p>"
    drawn = [ABOVE, *(table(*rows, name="on") for rows in parts[:-1]), low, table(*parts[-1], name="on")]
    (problem,) = refused(*drawn)
    (whole,) = problem.proposals
    assert (whole.kind, whole.values["annex"]) == ("absent", "totals")
    found = read(*drawn, known=knowing(filled(whole, {"reason": "seen"})))
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


@cases("above", "between", "words")
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
    above = f"{HEADING_1}{table(*mandates)}{table(*more)}"
    found = read(fixed, above, HEADING_2, table(*SOLDIERS[:4]), table(*SOLDIERS[4:]))
    assert of(found, "region_as_printed") == REGIONS


def test_sums_and_places_in_a_column_beside_the_names() -> None:
    """A country that ends in a region's name on a line of its own heads no rows; a sum there is one."""
    style = "<style>td { width: 22mm; padding: 7pt 3pt } table { table-layout: fixed; width: 200mm }</style>"
    found = read(
        style,
        ABOVE,
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
        ABOVE,
        head.replace("<td", '<td style="width: 8mm"', 1).replace("</table>", f"{body}</table>"),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed") == REGIONS
    (totals,) = found["personnel_totals"].to_pylist()
    assert totals["deployed_total"] == 219


def test_a_column_of_regions_is_known_by_what_is_in_it() -> None:
    found = read(
        HEADING_1,
        table(
            "Gebied|Missie|Rechtsgrondslag|Mandaat geldt tot|Bijdrage t/m",
            "Midden-Oosten|UNIFIL|VNVR-resolutie 2650|zolang nodig|31 december 2018",
            "Midden-Oosten|UNTSO|VNVR-resolutie 50|onbepaald|beëindigd in maart 2018",
            "Afrika|MINUSMA|Resoluties 2100 en 2480|beëindigd op 30 juni 2018|31 december 2018",
        ),
        HEADING_2,
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
    questions = asked(
        "<style>td { border: none; padding: 7pt } p { font-size: 7pt }</style>",
        HEADING_1,
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
        HEADING_2,
        table(*SPACED),
    )
    named = [(one.kind, one.values.get("printed") or one.values["id"]) for one in questions]
    assert named == [("region", "Arctisch gebied"), ("mission", "arctic-sentry")]


def test_a_country_of_several_missions_and_a_region_that_counts_its_missions() -> None:
    """Annex 1 keeps no country, so it may be printed for two rows; `(2 missies)` is not a part of a name."""
    mandates = table(
        "Missie|Land|Rechtsgrondslag|Mandaat tot|Bijdrage t/m",
        "UNIFIL|Libanon|VNVR-resolutie 2650|31 augustus 2018|31 december 2018",
        "UNTSO|VNVR-resolutie 50|onbepaald|31 december 2018",
    )
    found = read(
        HEADING_1,
        mandates.replace('<td colspan="1">Libanon', '<td rowspan="2">Libanon'),
        HEADING_2,
        table(
            "Missie|2:Kader|3:Inzet",
            "|Mil.|Niet-militair|Mil.|Niet-militair|Totaal",
            "Midden-Oosten (2 missies)|13||34||34",
            *ROWS[:2],
            "Overig|126|10|173|11|184",
            *ROWS[2:],
        ),
    )
    assert figures(found) == RIGHT
    assert of(found, "region_as_printed")["untso"] == "Midden-Oosten (2 missies)"
    assert [row["legal_basis"] for row in found["mandates"].to_pylist()] == [
        "VNVR-resolutie 2650",
        "VNVR-resolutie 50",
    ]


def test_bullets_and_codes_in_a_column_of_regions() -> None:
    """A legal basis may be a list; a code that no region is known by is asked, and not passed over."""
    mandates = (MANDATES[0], MANDATES[1].replace("VNVR-resolutie", "• VNVR-resolutie"), MANDATES[2])
    head = "Regio|Missie|Kader militair|Ingezet militair"
    rows = ("MO|UNIFIL|1|2", "MO|UNTSO|12|32", "AFR|MINUSMA|5|10", "DIV|VPD|121|163", "2:Totaal|139|207")
    parts = (HEADING_1, table(*mandates), HEADING_2)
    questions = asked(*parts, table(head, *rows))
    assert [one.values["printed"] for one in questions] == ["MO", "AFR", "DIV"]
    regions = {"MO": "Midden-Oosten", "AFR": "Afrika", "DIV": "Diversen"}
    entries = [("region", {"printed": one, "region": of_code}) for one, of_code in regions.items()]
    found = read(*parts, table(head, *rows), known=knowing(*entries))
    assert [*of(found, "region_as_printed").values()] == ["MO", "MO", "AFR", "DIV"]
    assert found["mandates"].to_pylist()[0]["legal_basis"] == "• VNVR-resolutie 2650"


def test_captions_of_tables_that_are_larger_than_these_end_none() -> None:
    head = ("Missie|2:Kader|3:Inzet", "|Mil.|Niet-militair|Mil.|Niet-militair|Totaal")
    tables = (
        ("Midden-Oosten", *ROWS[:2]),
        ("Overig", *ROWS[2:4]),
        ("Alle regio’s", ROWS[4]),
    )
    parts = [
        f"<p style='font-size: 12pt'>Tabel {at}: {rows[0]}</p>{table(*head, *rows[1:], name='on')}"
        for at, rows in enumerate(tables, start=1)
    ]
    found = read(ABOVE, *parts)
    assert figures(found) == RIGHT


def test_a_heading_that_reaches_over_its_neighbour_s_column_takes_none_of_its_cells() -> None:
    """It is centred over two columns, and stands over the second and over half of the first one's dates."""
    style = "<style>td, th { border: 0 !important; padding: 2pt } .m { margin-left: 9mm }</style>"
    head = (
        "Missie|Rechtsbasis|2:<div class=m>Internationaal mandaat</div>|<div class=m>Bijdrage tot</div>",
        "||begin|einde|",
    )
    dates = ("13.09.2004|Onbepaald|31.12.2018", "25.05.2008|18.11.2019|31.12.2018")
    rows = [f"{name}|VNVR-resolutie 50|{of}" for name, of in zip(("UNTSO", "UNIFIL"), dates, strict=True)]
    parts = (HEADING_1, table(*head, *rows), HEADING_2, table(*HEAD, *ROWS))
    found = read(style, *parts, known=knowing(("word", {"printed": "begin", "role": "ignore"})))
    printed = [row["international_mandate_as_printed"] for row in found["mandates"].to_pylist()]
    assert printed == ["Onbepaald", "18.11.2019"]
