"""Texts of the 2024 report with one change planted in annex 2, and what each of them then prints.

`planted(seed, count)` gives as many, always the same ones: the table of 2024 as it is, or with other
figures that add up; in each one change of one kind in `KINDS`. `PLANTED_ERRORS` are those that print
another table, the others print the same one in another way, or something that is not a table of figures.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from tests.support.reports import ABRIDGED, golden

Figures = tuple[int | None, ...]
Truth = dict[str, Figures]  # by mission and `total`, in the order of the columns

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_OTHER_DIGITS = ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "⓪①②③④⑤⑥⑦⑧⑨", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
_THOUSANDS = (" ", "\u00a0", "\u2009", "\u202f", "\u2007", ".", "’", "'", "·", ",")
_GAPS = ("\u00a0", "\u2009", "\u3000", "\t", "   ", " \t ", "\u205f")
_INVISIBLE = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u2066")
_ODD = (
    "-{}",
    "({})",
    "{},5",
    "{}.5",
    "<{}",
    "ca. {}",
    "max. {}",
    "{}?",
    "{}%",
    "{}x",
    "0{}",
    "{}–{}",
    "{}/2",
    "{}e1",
)
_ODDITIES = ("X", "?", "*", "n.b.", "geen", "pm", "…", "NaN", "=1+1", "O", "l", "В")
_BLANKS = ("-", "–", "—", "n.v.t.")
_LINES = (
    "Toelichting: 12 34",
    "Subtotaal 10 20 30",
    "Totaal",
    "17",
    "Bron: Defensie",
    "NAVO 1 2 3",
    "UNIFIL",
    "| 7 |",
)
_TAILS = (" *", " ;", " (zie noot)", " inclusief staf", " ¹³", " = 12", " //", " (5)")
_ENDS = ("\r\n", "\r", "\x85", "\u2028", "\x0b", "\r\r\n", "\n\x0c")
_ANNEX = " Bijlage 2 Totale inzet"
_HEAD = "Militair Civiel/Politie Militair Civiel/Politie Totaal"
_HEADS = (
    "Civiel/Politie Militair Civiel/Politie Militair Totaal",
    "Militair Civiel/Politie Totaal Militair Civiel/Politie",
)
_ROW = re.compile(r"(?P<name>.*?)(?: +(?:[0-9]+|\+))+ *")
_CYRILLIC = str.maketrans("AEOPCTX", "АЕОРСТХ")


@dataclass(frozen=True)
class Planted:
    """A text; `truths` are the readings that are right, none where only a refusal is."""

    name: str
    data: bytes
    truths: tuple[Truth, ...]


class _Table:
    """The rows of one text; `cells` and `names` are printed in place of what is in `figures`."""

    def __init__(self, rng: random.Random) -> None:
        rows = [(str(r["mission_id"]), [*r.values()][1:]) for r in golden("personnel")]
        self.rng = rng
        self.figures: dict[str, list[int | None]] = {mission_id: list(v) for mission_id, v in rows}
        self.totals: list[int | None] = [1510, 22, 3454, 29, 3473]
        self.cells: dict[tuple[str, int], str] = {}
        self.names: dict[str, str] = {}
        self.dropped = self.doubled = self.head = ""
        self.gap, self.end, self.encoding, self.copies = " ", "\n", "utf-8", 1
        self.after: dict[str, str] = {}
        if rng.random() < 0.8:
            self._other_figures()

    def _other_figures(self) -> None:
        """Figures of about the same size that add up, in three of ten tables with more civil ones."""
        many = self.rng.random() < 0.3
        for figures in self.figures.values():
            for at, value in enumerate(figures[:4]):
                if value is not None:
                    figures[at] = max(1, round(value * self.rng.uniform(0.6, 1.5)) + self.rng.randint(0, 3))
                elif many and at in (1, 3) and self.rng.random() < 0.4:
                    figures[at] = self.rng.randint(1, 19)
            figures[4] = (figures[2] or 0) + (figures[3] or 0)
        self.add_up()

    def add_up(self) -> None:
        self.totals = [sum(f[at] or 0 for f in self.figures.values()) for at in range(5)]

    def truth(self, **changed: Mapping[int, int | None]) -> Truth:
        """What is printed, with other figures in some cells."""
        rows = {**self.figures, "total": self.totals}
        for mission_id, figures in changed.items():
            rows[mission_id] = [figures.get(at, value) for at, value in enumerate(rows[mission_id])]
        return {mission_id: tuple(figures) for mission_id, figures in rows.items()}

    def pick(self, *, filled: bool = True, least: int = 0) -> tuple[str, int, int]:
        """A cell with a figure of at least this size (or without one): mission, column, figure."""
        found = [
            (mission_id, at, value or 0)
            for mission_id, figures in self.figures.items()
            for at, value in enumerate(figures)
            if (value is not None) == filled and (value or 0) >= least and (mission_id, at) != ("ussc", 1)
        ]
        return self.rng.choice(found)

    def put(self, mission_id: str, at: int, printed: str) -> None:
        self.cells[mission_id, at] = printed

    def text(self) -> str:
        """The whole report: its lines, and in those of annex 2 other figures."""
        lines = []
        for line, mission_id, name in _template():
            if mission_id and mission_id != self.dropped:
                row = f"{self.names.get(mission_id, name)}{self.gap}{self._printed(mission_id)} "
                row += self.after.get(mission_id, "")
                lines += [row, "", row] if mission_id == self.doubled else [row]
            elif not mission_id:
                lines.append(self.head if self.head and line.startswith(_HEAD) else line)
        text = "\n".join(lines)
        annex = text[text.index(_ANNEX) :]
        return (text + annex * (self.copies - 1)).replace("\n", self.end)

    def _printed(self, mission_id: str) -> str:
        figures = self.totals if mission_id == "total" else self.figures[mission_id]
        printed = [
            self.cells.get((mission_id, at), "" if value is None else f"{value}{_mark(mission_id, at)}")
            for at, value in enumerate(figures)
        ]
        return self.gap.join(one for one in printed if one)


def _mark(mission_id: str, at: int) -> str:
    return "13" if (mission_id, at) == ("ussc", 1) else ""


@cache
def _template() -> tuple[tuple[str, str, str], ...]:
    """Each line of the report; of those that end a row of annex 2 its mission, and what is before it."""
    found: list[tuple[str, str, str]] = []
    waiting = [*(str(row["mission_id"]) for row in golden("personnel")), "total"]
    in_table = False
    for line in ABRIDGED.read_text(encoding="utf-8").split("\n"):
        in_table = (in_table or line.strip() == "Missie") and bool(waiting)
        row = _ROW.fullmatch(line) if in_table else None
        found.append((line, waiting.pop(0), row["name"]) if row else (line, "", ""))
    assert not waiting
    return tuple(found)


# The changes: each plants itself in a table, and gives the truths.
Kind = Callable[[_Table], tuple[Truth, ...]]


def none(table: _Table) -> tuple[Truth, ...]:
    return (table.truth(),)


def changed(table: _Table) -> tuple[Truth, ...]:
    """One digit of a figure is another, lost, or one too many."""
    mission_id, at, value = table.pick()
    digits, place = str(value), table.rng.randrange(len(str(value)))
    other = table.rng.choice([d for d in "0123456789" if d != digits[place]])
    new = table.rng.choice(
        (
            f"{digits[:place]}{other}{digits[place + 1 :]}",
            f"{digits[:place]}{other}{digits[place:]}",
            f"{digits[:place]}{digits[place + 1 :]}",
        )
    )
    table.put(mission_id, at, new := new.lstrip("0") or "0")
    return (table.truth(**{mission_id: {at: int(new)}}),)


def replaced(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, _ = table.pick()
    new = table.rng.choice((table.rng.randint(0, 20), table.rng.randint(0, 2000)))
    table.put(mission_id, at, str(new))
    return (table.truth(**{mission_id: {at: new}}),)


def note_tail(table: _Table) -> tuple[Truth, ...]:
    """A figure that by itself ends in the number of a footnote; half of them add up."""
    mission_id, at, value = table.pick()
    new = int(f"{value}{table.rng.choice((2, 10, 12, 13, 14))}")
    table.put(mission_id, at, str(new))
    if table.rng.random() < 0.5:
        figures = table.figures[mission_id]
        figures[at] = new
        figures[4] = (figures[2] or 0) + (figures[3] or 0) if at in (2, 3) else figures[4]
        table.cells.clear()
        table.add_up()
    return (table.truth(**{mission_id: {at: new}}),)


def marked(table: _Table) -> tuple[Truth, ...]:
    """A figure with the number of a footnote: with a mark, or as it is."""
    mission_id, at, value = table.pick()
    new = f"{value}{table.rng.choice((12, 13, 14))}"
    table.put(mission_id, at, new)
    return table.truth(), table.truth(**{mission_id: {at: int(new)}})


def mark_lost(table: _Table) -> tuple[Truth, ...]:
    """A footnote whose mark is gone from its name."""
    name = table.rng.choice(("UNDOF", "VPD"))
    table.names[name.lower()] = name
    return (table.truth(),)


def swapped_in_row(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, value = table.pick()
    places = [p for p, v in enumerate(table.figures[mission_id]) if v is not None and p != at]
    other = table.rng.choice([p for p in places if (mission_id, p) != ("ussc", 1)])
    second = table.figures[mission_id][other]
    table.put(mission_id, at, str(second))
    table.put(mission_id, other, str(value))
    return (table.truth(**{mission_id: {at: second, other: value}}),)


def swapped_between_rows(table: _Table) -> tuple[Truth, ...]:
    first, at, value = table.pick()
    while (found := table.pick())[0] == first:
        pass
    second, other, far = found
    table.put(first, at, str(far))
    table.put(second, other, str(value))
    return (table.truth(**{first: {at: far}, second: {other: value}}),)


def row_dropped(table: _Table) -> tuple[Truth, ...]:
    table.dropped = table.pick()[0]
    truth = table.truth()
    del truth[table.dropped]
    return (truth,)


def row_doubled(table: _Table) -> tuple[Truth, ...]:
    table.doubled = table.pick()[0]
    return ()


def figure_dropped(table: _Table) -> tuple[Truth, ...]:
    """A figure that is not printed: beside an equal one either of both, for the text is the same."""
    mission_id, at, value = table.pick()
    table.put(mission_id, at, "")
    filled = [place for place, other in enumerate(table.figures[mission_id]) if other is not None]
    runs = groupby(filled, key=lambda place: table.figures[mission_id][place])
    (equal,) = (run for same, places in runs if same == value and at in (run := [*places]))
    return tuple(table.truth(**{mission_id: {place: None}}) for place in equal)


def figure_added(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, _ = table.pick(filled=False)
    table.put(mission_id, at, str(new := table.rng.randint(1, 99)))
    return (table.truth(**{mission_id: {at: new}}),)


def total_changed(table: _Table) -> tuple[Truth, ...]:
    at = table.rng.randrange(5)
    new = max(0, (table.totals[at] or 0) + table.rng.choice((-100, -10, -7, -1, 1, 7, 10, 100, 1000)))
    table.put("total", at, str(new))
    return (table.truth(total={at: new}),)


def odd(table: _Table) -> tuple[Truth, ...]:
    """A cell that holds no whole number."""
    mission_id, at, value = table.pick()
    table.put(mission_id, at, table.rng.choice((*_ODD, *_ODDITIES)).replace("{}", str(value)))
    return ()


def blank_marked(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, _ = table.pick(filled=False)
    table.put(mission_id, at, table.rng.choice(_BLANKS))
    return (table.truth(),)


def thousands(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, _ = table.pick()
    new, mark = table.rng.randint(1000, 9999), table.rng.choice(_THOUSANDS)
    table.put(mission_id, at, f"{new // 1000}{mark}{new % 1000:03}")
    return (table.truth(**{mission_id: {at: new}}),)


def huge(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, _ = table.pick()
    new = table.rng.choice((99999, 10**9, 2**31, 2**53 + 1, 2**63, 10**30, 10**400))
    table.put(mission_id, at, str(new))
    return (table.truth(**{mission_id: {at: new}}),)


def other_digits(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, value = table.pick()
    table.put(
        mission_id, at, str(value).translate(str.maketrans("0123456789", table.rng.choice(_OTHER_DIGITS)))
    )
    return (table.truth(),)


def raised_mark(table: _Table) -> tuple[Truth, ...]:
    """A footnote's number in raised digits: where it belongs, or after any figure."""
    mission_id, at, value = table.pick()
    if table.rng.random() < 0.5:
        mission_id, at, value = "ussc", 1, table.figures["ussc"][1] or 0
        table.names["undof"] = "UNDOF" + "12".translate(_SUPERSCRIPT)
    table.put(mission_id, at, str(value) + "13".translate(_SUPERSCRIPT))
    return (table.truth(),)


def parts(table: _Table) -> tuple[Truth, ...]:
    mission_id, at, value = table.pick(least=2)
    first = table.rng.randrange(1, value)
    table.put(mission_id, at, f"{first}{table.rng.choice((' + ', '+', ' +', ' ＋ '))}{value - first}")
    return (table.truth(),)


def invisible(table: _Table) -> tuple[Truth, ...]:
    """A character without width in a figure, or another alphabet's letters in a name."""
    mission_id, at, value = table.pick(least=10)
    place, character = table.rng.randrange(len(str(value)) + 1), table.rng.choice(_INVISIBLE)
    if table.rng.random() < 0.3:
        table.names["unifil"] = "UNIFIL".translate(_CYRILLIC)
    else:
        table.put(mission_id, at, str(value)[:place] + character + str(value)[place:])
    return (table.truth(),)


def set_otherwise(table: _Table) -> tuple[Truth, ...]:
    """Other spaces between cells, other ends of lines, or another encoding."""
    attribute, values = table.rng.choice(
        (("gap", _GAPS), ("end", _ENDS), ("encoding", ("cp1252", "utf-8-sig", "utf-16")))
    )
    setattr(table, attribute, table.rng.choice(values))
    return (table.truth(),)


def line_added(table: _Table) -> tuple[Truth, ...]:
    """Words after a row, on its line or below it."""
    words = table.rng.choice((*(f"\n\n{line} " for line in _LINES), *_TAILS))
    table.after = {table.pick()[0]: words}
    return (table.truth(),)


def line_broken(table: _Table) -> tuple[Truth, ...]:
    """A row's figures on the line below its name."""
    mission_id = table.pick()[0]
    (name,) = [name for _, row, name in _template() if row == mission_id]
    table.names[mission_id] = f"{name} \n"
    return (table.truth(),)


def head_changed(table: _Table) -> tuple[Truth, ...]:
    """Columns in another order than any edition has."""
    table.head = table.rng.choice(_HEADS)
    return ()


def annex_twice(table: _Table) -> tuple[Truth, ...]:
    table.copies = 2
    return ()


PLANTED_ERRORS: tuple[Kind, ...] = (
    *(changed, replaced, note_tail, marked, mark_lost, swapped_in_row, swapped_between_rows),
    *(row_dropped, row_doubled, figure_dropped, figure_added, total_changed),
)
KINDS: tuple[Kind, ...] = (
    *(none, *PLANTED_ERRORS, odd, blank_marked, thousands, huge, other_digits, raised_mark, parts, invisible),
    *(set_otherwise, line_added, line_broken, head_changed, annex_twice),
)


def planted(seed: int, count: int, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Planted]:
    """`count` texts, the kinds in turn."""
    for number in range(count):
        kind = kinds[number % len(kinds)]
        table = _Table(random.Random(f"{seed} {number}"))
        truths = kind(table)
        data = table.text().encode(table.encoding, "replace")
        yield Planted(f"{kind.__name__}-{seed}-{number}", data, truths)
