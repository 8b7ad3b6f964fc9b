"""Headers by known words: roles of columns, groups over unequal spans, and what is named as unknown."""

from collections.abc import Sequence

from pipelines.extract.pdf import headers, lines
from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Word
from tests.support.cases import cases
from tests.support.rendering import REGISTRY

WORDS = REGISTRY.words
SIZE, PITCH, LETTER = 10.0, 12.0, 5.0


def page(*lines: str) -> PdfPage:
    """A page of lines on which every character is as wide as any: columns stand where they are typed."""
    made = []
    for number, text in enumerate(lines, 1):
        words, offsets, at = [], [], 0
        for printed in text.split():
            at = text.index(printed, at)
            left, baseline = at * LETTER, number * PITCH
            box = Box(left, baseline - 8, left + len(printed) * LETTER, baseline + 2)
            words.append(Word(printed, box, baseline, SIZE))
            offsets.append(at)
            at += len(printed)
        if words:
            made.append(PdfLine(number, 1, tuple(words), text, tuple(offsets)))
    return PdfPage(1, 600, 800, tuple(made), ())


MIL = "frame_military"
DEPLOYED = ("deployed_military", "deployed_civil_police", "deployed_total")


@cases("lines", "roles")
def test_a_header_is_read_by_its_words(lines: Sequence[str], roles: Sequence[str]) -> None:
    body = ["UNIFIL          1         2              3        4             7"]
    (found,) = headers.find(
        page("Bijlage 2 Totale inzet mei 2023 t/m april 2024", "", "", *lines, *body), WORDS
    )
    assert found.roles == tuple(roles)
    assert not found.problems
    assert (found.columns[-1].date == "2013") == ("2013" in lines[-1])


def test_lines_of_a_header_may_say_nothing_new() -> None:
    lines = [
        "Missie    Kader      Ingezet",
        "          militair   militair   Totaal",
        "          perso-     perso-",
    ]
    (found,) = headers.find(page(*lines, "          neel       neel", "Europa", "UNIFIL    1  2  2"), WORDS)
    assert [column.printed for column in found.columns[1:]] == [
        "Kader militair personeel",
        "militair personeel",
        "Totaal",
    ]


def test_what_is_unknown_or_open_is_named() -> None:
    lines = [
        "Missie     Vermogens           Ingezet personeel",
        "           Mil.     Pol.       Mil.    Pol.   Totaal",
    ]
    (found,) = headers.find(page(*lines), WORDS)
    assert [(one.text, one.column, one.unknown) for one in found.problems] == [
        ("Vermogens / Mil.", 2, ("vermogens",)),
        ("Vermogens / Pol.", 3, ("vermogens",)),
    ]
    (found,) = headers.find(page(*lines), WORDS.with_words([("Vermogens", "frame")]))
    assert not found.problems
    # Two columns of one role: which is which is not guessed.
    (twice,) = headers.find(page("Missie    Kader militair    Kader mil.    Ingezet militair"), WORDS)
    assert [(one.column, one.like) for one in twice.problems] == [(2, 3), (3, 2)]


def test_two_measures_of_persons_that_are_not_named_make_a_header_with_questions() -> None:
    lines = ["Missie     Kader     Ingezet", "UNIFIL     1         2"]
    (found,) = headers.find(page(*lines), WORDS)
    assert [problem.ways[0] for problem in found.problems] == [MIL, DEPLOYED[0]]


def test_a_column_of_another_year_is_known_by_its_year() -> None:
    lines = [
        "Missie     Nationale kaders     Ingezet personeel              Ingezet 2021",
        "           Mil.     Pol.        Mil.     Pol.     Totaal       Totaal",
    ]
    (found,) = headers.find(page(*lines), WORDS)
    problem = found.problems[-1]  # of the two that are alike
    (answered,) = headers.find(page(*lines), WORDS.with_words([(problem.text, "ignore")]))
    assert answered.roles[-2:] == ("deployed_total", "ignore")
    assert not answered.problems
    (other,) = headers.find(page(*lines), WORDS.with_words([("Ingezet 2020 totaal", "ignore")]))
    assert other.problems, "another year is another column"


@cases("text")
def test_another_measure_is_not_all_who_were_deployed(text: str) -> None:
    assert not WORDS.roles(text, "Militair")
    assert WORDS.roles("Maximaal kader", "Militair") == WORDS.roles("Max.", "Militair") == {"frame_military"}


def test_a_word_that_is_ignored_makes_its_column_of_figures_one() -> None:
    words = WORDS.with_words([("vorige", "ignore")])
    assert words.roles("Totaal vorige periode") == words.roles("vorige inzet", "Militair") == {"ignore"}
    assert not words.roles("vorige missie")


def test_of_two_ends_a_column_below_another_says_which() -> None:
    lines = [
        "Missie   Rechtsbasis   Internationaal mandaat   Nederlandse bijdrage",
        "                       begin      einde         begin      einde",
    ]
    (found,) = headers.find(page(*lines), WORDS.with_words([("begin", "ignore")]))
    assert found.roles[2:] == ("ignore", "international_mandate", "ignore", "national_frame")
    assert not found.problems


def test_an_end_among_figures_is_none_of_them() -> None:
    lines = [
        "Missie   Einddatum   Kader                Ingezet",
        "                     mil.      pol.       mil.      pol.   Totaal",
    ]
    (found,) = headers.find(page(*lines), WORDS)
    assert all(not one.ways for one in found.problems if "Einddatum" in one.text)
    lines = [
        "Missie   Kader                            Ingezet",
        "         mil.      pol.      tot          mil.      pol.   Totaal",
    ]
    (found,) = headers.find(page(*lines), WORDS)
    assert "frame_total" in found.problems[0].ways  # `tot` may be short for it


def test_running_text_and_rows_are_no_header() -> None:
    text = [
        "In de missie zijn in totaal 12 militairen ingezet binnen het nationale kader,",
        "waarvan 3 civiel en 2 van de politie.",
        "Missie afgerond.",
    ]
    assert not headers.find(page(*text), WORDS)


def test_texts_on_their_side_beside_each_other_are_one_line() -> None:
    """Heads of columns, of two lines too; labels of rows, which are above each other, are not."""

    def aside(text: str, left: float, top: float = 100.0) -> list[Word]:
        box = Box(left, top, left + 8, top + len(text) * LETTER)
        return [Word(text, box, left + 8, SIZE, direction="up")]

    labels = [aside("Europa", 20, 200.0), aside("Afrika", 20, 260.0)]
    heads = [aside("Totaal", 300), aside("Civiel/", 200), aside("Politie", 210), aside("Militair", 150)]
    level, *rest = sorted(lines.levelled([*heads, *labels]), key=len, reverse=True)
    assert [word.text for word in level] == ["Militair", "Civiel/", "Politie", "Totaal"]
    assert {word.direction for word in level} == {"right"}
    assert rest == labels


def test_a_word_with_another_meaning_as_a_whole_keeps_its_own_in_longer_headers() -> None:
    words = WORDS.with_words([("Nationaal kader", "frame_total")])
    assert words.roles("Nationaal kader") == {"frame_total"}
    assert words.roles("Duur nationaal kader") == {"national_frame"}


def test_columns_that_say_what_they_count_make_a_header_with_questions() -> None:
    (found,) = headers.find(
        page("Operatie   Sterkte militair   Sterkte overig   Ingezet in 2017", "KFOR   1   2   3"), WORDS
    )
    assert (found.kind, len(found.problems)) == ("personnel", 3)
    assert found.problems[0].ways == ("deployed_military", "strength_military")


def test_the_first_text_of_a_row_far_below_a_header_is_no_part_of_it() -> None:
    (found,) = headers.find(page("Missie   Rechtsbasis    Mandaat tot", "", "         Besluit van de"), WORDS)
    assert [column.printed for column in found.columns] == ["Missie", "Rechtsbasis", "Mandaat tot"]


def test_a_sentence_or_an_annex_s_heading_close_above_is_no_part_of_a_header() -> None:
    table = [
        "Locatie   Inzet     Rechtsbasis   Duur internationaal   Duur nationaal",
        " " * 34 + "mandaat" + " " * 15 + "kader",
    ]
    above = ["Rapportage over de inzet.", "Bijlage 1 Rechtsbasis, mandaten en nationale kaders"]
    (found,) = headers.find(page(*above, *table), WORDS)
    assert found.roles == ("region", "mission", "legal_basis", "international_mandate", "national_frame")
    assert found.lines == {3, 4}


def test_what_was_answered_of_a_column_between_two_groups_counts() -> None:
    """Asked as `Totaal` alone, it was asked again: the other reading has it under a group."""
    lines = [
        "Missie          Ingezet                        Kader",
        "          mil.   pol.   vrouwen   Totaal   mil.   pol.",
    ]
    (found,) = headers.find(page(*lines), WORDS)
    assert [problem.ways for problem in found.problems] == [("deployed_total", "frame_total")]
    (found,) = headers.find(page(*lines), WORDS.with_words([("Totaal", "deployed_total")]))
    assert (found.problems, found.roles[4]) == ((), "deployed_total")


def test_the_first_line_of_a_date_below_a_header_is_no_part_of_it() -> None:
    table = "Locatie   Inzet     Rechtsbasis   Mandaat tot   Kader tot"
    (found,) = headers.find(
        page(table, " " * 34 + "10 augustus", "          KFOR      Verzoek       2025"), WORDS
    )
    assert found.lines == {1}
