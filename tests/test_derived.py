"""A report that fits no declared layout is read by its own headers: what columns there are, and of whom."""

import shutil
from pathlib import Path

import pytest

from schemas import registry
from schemas.errors import JvomError
from schemas.vocabulary import FIGURES
from tests.support.cases import cases
from tests.support.html import ANNEX_1, table
from tests.support.html import MANDATES as KNOWN
from tests.support.onboarding import filled
from tests.support.own_headers import (
    ABOVE,
    HEADING_1,
    HEADING_2,
    MANDATES,
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

HEADING_II = "<p>Bijlage II Personele inzet 1 januari t/m 31 december 2017</p>"
BELOW = "<p>Bijlage I Mandaten</p>" + table(*MANDATES)
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
    found = read(HEADING_II, table(*ASIDE), BELOW)
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
    found = read(HEADING_II, table(*rows, name="on"), note, below, BELOW)
    assert found["footnotes"]["text"].to_pylist() == ["Hoogstens elf tegelijk."]


@cases("remark", "own")
def test_a_remark_may_say_that_a_mission_has_a_report_of_its_own(remark: str, own: bool) -> None:
    rows = [line.replace("32 transporten", remark) for line in ASIDE]
    found = read(HEADING_II, table(*rows), BELOW)
    assert of(found, "separate_report") == {"unifil": False, "untso": False, "minusma": False, "vpd": own}


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
    answers = [("word", {**one.values, "role": "ignore"}) for one in problem.proposals]
    assert figures(read(other, table(*head, *rows), known=knowing(*answers))) == right


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
    (word,) = asked(title, table(*one_row))
    assert (word.kind, word.values["printed"]) == ("word", "Maximum")
    assert word.values["role"] == "frame_military"  # as all others who are counted
    answer = ("word", {"printed": "Maximum", "role": "frame_military"})
    with pytest.raises(JvomError) as caught:
        read(title, table(*one_row), known=knowing(answer))
    (absent,) = caught.value.proposals
    assert absent.kind == "absent"
    found = read(title, table(*one_row), known=knowing(answer, filled(absent, {"reason": "seen"})))
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
        ABOVE,
        table(*swapped, *rows),
    )
    assert "does not add up" in problem.message


def test_lines_that_each_have_a_basis_and_a_date_are_rows() -> None:
    """Of missions that nobody knows: together they would be one name that is unknown, and not three."""
    rows = [
        f"{name}|VNVR-resolutie 2480|30 juni 2018|1 mei 2019" for name in ("ARAX", "UNDOF", "BELOM", "CIRA")
    ]
    above = f"<style>td {{ border: none; padding: 0 9pt }}</style><p>Bijlage 1</p>{table(MANDATES[0], *rows)}"
    questions = asked(above, HEADING_2, table(*SOLDIERS))
    assert [one.values["name"] for one in questions] == ["ARAX", "BELOM", "CIRA"]


def test_lines_between_two_rules_are_one_name() -> None:
    """Though two of three lines are a known one: the rows beside it have rules between them."""
    rows = [row.replace("MINUSMA", "EUCAP<br>Sahel<br>Niger") for row in SOLDIERS]
    (problem,) = refused(ABOVE, table(*rows))
    assert [one.values["spelling"] for one in problem.proposals] == ["EUCAP Sahel Niger"]


def test_words_of_a_header_are_asked_whole() -> None:
    rows = [row.replace("Niet-militair", "Niet-Strijdmacht").replace("Krijgsmacht", "Mil.") for row in SPACED]
    assert {one.values["printed"] for one in asked(ABOVE, table(*rows))} == {"Niet-Strijdmacht"}


@pytest.mark.parametrize(
    ("counted", "region"),
    [("{0}|{1}", ""), ("{0}. {1}", ""), ("1.{0} {1}", "1. Midden-Oosten")],
    ids=["column", "name", "region"],
)
def test_numbers_that_count_rows_are_no_part_of_their_names(counted: str, region: str) -> None:
    first = "|Missie" if "|" in counted else "Missie"
    blank = "|" * ("|" in counted)
    rows = ROWS[:-1]
    found = read(
        ABOVE,
        table(
            f"{first}|2:Nationaal kader|3:Ingezet",
            f"{blank}|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal",
            *([f"6:{region}"] if region else []),
            *(counted.format(number, row) for number, row in enumerate(rows, 1)),
            f"{blank}{ROWS[-1]}",
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
    words = [("word", {"printed": one, "role": "ignore"}) for one in ("CZSK", "CLAS", "CLSK")]
    head = ("Missie|Kader militair|5:Ingezet militairen", "||CZSK|CLAS|CLSK|vrouwen|Totaal")
    rows = (
        "UNIFIL|1|1|1||1|2",
        "UNTSO|12||30|2|4|32",
        "VPD|121|60|3|100|20|163",
        "Totaal|134|61|34|102|25|197",
    )
    found = read(ABOVE, table(*head, *rows), known=knowing(*words))
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
    parts = (HEADING_1, mandates, note, HEADING_2)
    assert figures(read(*parts, table(head, *rows)))["untso"] == [12, None, 32, None, None]


def test_a_column_that_counts_nobody_is_taken_for_none() -> None:
    """Its head is unknown, and marks or differences are below it: to go on with it is ignored."""
    head = "Missie|Kader militair|Ingezet militair|Ingezet civiel|Art. 100|Groei"
    rows = ("UNIFIL|1|2|1|x|+1", "UNTSO|12|32|4|x|−3", "MINUSMA|5|10|11||+2", "VPD|121|163|||−7")
    questions = asked(ABOVE, table(head, *rows))
    assert [(one.values["printed"], one.assumed) for one in questions] == [
        ("Art", {"role": "ignore"}),
        ("Groei", {"role": "ignore"}),
    ]
    assert all(one.others[0].values["role"] == "ignore" for one in questions)


def test_columns_named_by_letters_are_asked() -> None:
    """`K-mil` says of whom it counts, which is enough to ask what `K` is."""
    head = "Missie|K-mil|K-civ/pol|I-mil|I-civ/pol|I-tot"
    rows = ROWS[:-1]
    questions = asked(ABOVE, table(head, *rows))
    assert {str(one.values["printed"])[0] for one in questions} == {"K", "I"}
    words = [("word", {"printed": "K", "role": "frame"}), ("word", {"printed": "I", "role": "deployed"})]
    assert figures(read(ABOVE, table(head, *rows), known=knowing(*words))) == RIGHT


def test_a_word_of_a_header_that_a_hyphen_breaks_is_asked_whole() -> None:
    head = "Missie|Kader militair|Ingezet militair|Ingezet reser-<br>visten"
    rows = ("UNIFIL|1|2|1", "UNTSO|12|32|2", "VPD|121|163|", "Totaal|134|197|3")
    questions = asked(ABOVE, table(head, *rows))
    assert [one.values["printed"] for one in questions] == ["reservisten"]


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


@pytest.mark.parametrize(("printed", "meant"), [("Libanon", "Libanon"), ("Mali", None)])
def test_a_country_is_that_of_blank_cells_below_where_the_registry_has_their_missions(
    printed: str, meant: str | None
) -> None:
    first, second = ASIDE[2].replace("Libanon", printed), ASIDE[3].removeprefix("Israël, Libanon")
    drawn = table(*ASIDE[:2], first, second, *ASIDE[4:])
    found = read("<style>td, th { border: 0 !important }</style>", ABOVE, drawn)
    assert of(found, "country_as_printed").get("untso") == meant


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
