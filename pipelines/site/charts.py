"""Charts as SVG, drawn by us once for both languages: each from rows and the query that gives the same rows.

Places across are percentages and places down are pixels, so that one drawing fits a phone and a desk with
letters of one size. Words, names, numbers and addresses are marked in it, and written when a page takes it.
Nothing is computed here but sums of two figures of one row. One kind of figure has one colour everywhere.
"""

import datetime
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import escape

from pipelines.harmless import visible
from pipelines.site.content import Asked, Content
from pipelines.site.language import Language, slug
from pipelines.site.world import World
from pipelines.sql import Row

KINDS = ("deployed_military", "deployed_civil_police", "frame", "headcount", "part", "there")
# Marks in a drawing: a word of the interface, a name or country, the gap between thousands, the way to the
# root of the pages.
_WORD, _NAME, _COUNTRY = "\ue000{}\ue001", "\ue004{}\ue001", "\ue005{}\ue001"
_GAP, _ROOT = "\ue002", "\ue003"
_MARKED = re.compile(
    "\ue000(?P<word>[a-z_]+)\ue001|\ue004(?P<name>[^\ue001]*)\ue001|\ue005(?P<country>\\w+)\ue001|\ue002|\ue003"
)
LEVEL = 8  # so many years have their labels beside each other; of more they stand upright
GROUPS = ("region", "organisation")
FEW = 3  # fewer years are rows, not columns
FEWEST = 2  # a timeline of fewer figures says no more than its table
_EDGE = 10  # percent of the width for the numbers of the lines across
_OPEN = 5  # percent of the width for a beginning or an end that is not known
_SEEN = 0.7  # percent of the width: a shorter bar has a mark of two pixels where it begins
LONGEST = 32  # letters of a name beside its figure
_LETTERS = 20  # pixels that a number over a column takes
WIDE = 672  # of a file by itself, in pixels; so many letters fit beside each other there
_TITLE, _LINE = 66, 96
# What stands over a column that no figure is in, each with a note that says so.
_SIGNS = {"unlisted": "–", "inexact": "?", "empty": "×"}
_SENT = ("deployed_military", "deployed_civil_police")
_FRAME = ("frame_military", "frame_civil_police")
# Of a file by itself, which no style sheet comes with; as in assets/style.css.
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1d2329}.t{font-weight:600;font-size:17px}.b{font-weight:600}"
    ".q{fill:#55606b;font-size:12px}.e{text-anchor:end}.m{text-anchor:middle}.grid{stroke:#d5d2cb}"
    ".break{stroke:#55606b;stroke-dasharray:2 4}.gap{fill:#f3f0ea}.deployed_military{fill:#0b5394}"
    ".deployed_civil_police{fill:#d07a2d}.frame{fill:#1d2329}.headcount{fill:#1c7a5a}"
    ".part{fill:#fdfcfa;stroke:#1c7a5a;stroke-width:1.5}.frame.part{stroke:#1d2329;stroke-width:1}"
    ".open{stroke:#1d2329;stroke-width:3;stroke-dasharray:2 4}"
    ".land{fill:#dedad1;stroke:#fdfcfa;stroke-width:.5}.there{fill:#6a4c93;stroke:#fdfcfa;stroke-width:.5}"
)


@dataclass(frozen=True)
class Chart:
    """A drawing: `name` is that of its files, `title` a phrase of the words with `subject` to fill in.

    `kinds` are those of the legend; `notes` the phrases below it, each with the years that it speaks of. A
    drawing with a `box` is of that size and grows with its page; of others the places across do.
    """

    name: str
    title: str
    subject: Mapping[str, object]
    asked: Asked
    body: str
    height: int
    kinds: Sequence[str]
    notes: Sequence[tuple[str, Sequence[int]]] = ()
    box: str = ""
    flat: bool = False  # whether a frame is a mark across, not upright

    def titled(self, say: Language) -> str:
        subject = dict(self.subject)
        for kind in {*GROUPS} & {*subject}:
            subject[kind] = say.labelled(f"{kind}s", subject[kind])
        if "name" in subject:
            subject["name"], _ = say.named(str(subject["name"]))
        return str(say.t["charts"][self.title]).format(**subject)

    def noted(self, say: Language) -> list[str]:
        return [
            say.t["charts"][note].format(years=say.listed(years) if years else "")
            for note, years in self.notes
        ]

    def inline(self, say: Language, root: str) -> str:
        """As part of a page, from which `root` leads to the first page of its language."""
        size = f'class="map" viewBox="{self.box}"' if self.box else f'width="100%" height="{self.height}"'
        return f"<svg {size}>{_written(self.body, say, root)}</svg>"

    def file(self, say: Language, source: str) -> str:
        """By itself, to be shared, without links."""
        body = re.sub(r"</?a\b[^>]*>", "", _written(self.body, say, ""))
        return self.sheet(say, source).replace("></svg>", f">{body}</svg>", 1) + "\n"

    def sheet(self, say: Language, source: str) -> str:
        """What is around the drawing in a file by itself: title, legend, notes and source."""
        titles = textwrap.wrap(self.titled(say), _TITLE)
        lines = [line for text in (*self.noted(say), source) for line in textwrap.wrap(text, _LINE)]
        keys, x, y = [], 24, 24 + 22 * len(titles)
        for kind in self.kinds:
            label = say.t["kinds"][kind]
            width = 40 + 7 * len(label)
            x, y = (24, y + 20) if x + width > WIDE + 48 else (x, y)
            keys.append(_rect(kind, str(x), y, "11", 11) + _line(label, x + 16, y + 10))
            x += width
        top = y + 28
        below = top + self.height + 26
        size = f'viewBox="{self.box}"' if self.box else 'overflow="visible"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE + 48}" height="{below + 18 * len(lines)}"'
            f' font-size="13"><style>{_STYLE}</style><rect width="100%" height="100%" fill="#fdfcfa"/>'
            + "".join(_line(title, 24, 30 + 22 * at, "t") for at, title in enumerate(titles))
            + "".join(keys)
            + f'<svg x="24" y="{top}" width="{WIDE}" height="{self.height}" {size}></svg>'
            + "".join(_line(line, 24, below + 18 * at) for at, line in enumerate(lines))
            + "</svg>"
        )


@dataclass(frozen=True)
class _Bar:
    """What was sent, by its kinds, beside the whole frame.

    `without` says why there is no figure ("unlisted", "inexact", "empty"); a sum that leaves figures out is
    the least that were sent.
    """

    name: str
    parts: Mapping[str, int] = field(default_factory=dict)
    frame: int | None = None
    link: str = ""
    without: str = ""
    is_least: bool = False

    @property
    def total(self) -> int | None:
        return sum(self.parts.values()) if self.parts else None


def of_edition(content: Content, year: int) -> Chart | None:
    """Every mission of an edition, most persons first, the frame of each a tick; None where it lists none."""
    columns = ("mission_id", "name", *_FRAME, *_SENT, "deployed_total_computed", "left_out")
    order = ("-deployed_total_computed", "name", "mission_id")
    asked = content.ask("mission_trends", columns, order, edition_year=year, listed=True)
    bars = [
        _bar(row, str(row["name"]), link=f"missions/{row['mission_id']}.html")
        for row in asked.rows
        if _any(row) or row["left_out"]
    ]
    return _chart(f"edition-{year}", "edition", {"year": year}, asked, bars, _rows)


def of_mission(content: Content, mission: Row) -> Chart | None:
    """What was sent in each edition from the first that lists the mission; years on end, gaps as gaps."""
    columns = ("edition_year", "listed", *_FRAME, *_SENT, "deployed_total_computed", "left_out")
    asked = content.ask("mission_trends", columns, ("edition_year",), mission_id=mission["mission_id"])
    return _by_year(content, f"mission-{mission['mission_id']}", "mission", {"name": mission["name"]}, asked)


def of_group(content: Content, kind: str, group: str) -> Chart | None:
    """What was sent to a region, or under an organisation, in each edition: sums over its missions."""
    left_out = ("missions_left_out", "sent_left_out")
    columns = ("edition_year", "missions", *_FRAME, *_SENT, "deployed_total_computed", *left_out)
    asked = content.ask(f"{kind}_trends", columns, ("edition_year",), **{kind: group})
    rows = [  # a frame is missing in the sum where not all that is left out are persons sent
        {**row, "left_out": _FRAME if row["missions_left_out"] > row["sent_left_out"] else ()}
        for row in asked.rows
    ]
    made = Asked(asked.columns, rows, asked.sql)
    return _by_year(content, f"{kind}-{slug(group)}", kind, {kind: group}, made, asked)


def of_totals(content: Content) -> Chart | None:
    """What was sent in all, in each edition: the sums of its rows."""
    columns = ("edition_year", "column_name", "sum_of_rows", "missions_left_out")
    asked = content.ask("edition_totals", columns, ("edition_year", "column_name"))
    rows: dict[int, Row] = {}
    for row in asked.rows:
        of_year = rows.setdefault(row["edition_year"], {"edition_year": row["edition_year"], "left_out": []})
        of_year[row["column_name"]] = row["sum_of_rows"]
        if row["missions_left_out"] and row["column_name"] in _SENT:
            of_year["sent_left_out"] = row["missions_left_out"]
        elif row["missions_left_out"]:
            of_year["left_out"].append(row["column_name"])
    return _by_year(content, "totals", "totals", {}, Asked(asked.columns, [*rows.values()], asked.sql), asked)


def of_timeline(content: Content, mission: Row) -> Chart | None:
    """Ceilings and head counts over the days that they speak of; sums over a period are of another kind.

    What is of a part of the contribution is hollow. None where there is too little to draw.
    """
    columns = ("basis", "period_start", "period_end", "part", "total", "qualifier", "figure_id")
    order = ("period_start", "period_end", "basis", "figure_id")
    asked = content.ask("mission_timeline", columns, order, mission_id=mission["mission_id"])
    shown = [
        row
        for row in asked.rows
        if row["basis"].split()[-1] != "deployed"
        and row["total"] is not None
        and (row["period_start"] or row["period_end"])
    ]
    others = {row["basis"] for row in shown} - {"annex frame"}
    if len(shown) < FEWEST or not others:
        return None
    body, height = _timeline(shown)
    kinds = ["frame"] if any(_is_frame(row) for row in shown) else []
    kinds += ["headcount"] if any(not _is_frame(row) for row in shown) else []
    kinds += ["part"] if any(row["part"] for row in shown) else []
    notes = ["moments", *(["monthly"] if any(row["basis"] == "UN monthly" for row in shown) else [])]
    notes += ["open"] if any(_is_frame(row) and _is_open(row) for row in shown) else []
    name, subject = f"timeline-{mission['mission_id']}", {"name": mission["name"]}
    noted = [(note, ()) for note in notes]
    return Chart(name, "timeline", subject, asked, body, height, kinds, noted, flat=True)


def of_map(content: Content, world: World) -> Chart | None:
    """The countries of the missions that the newest edition lists; None where none of them has an outline."""
    if content.latest is None:
        return None
    columns, order = ("mission_id", "name", "countries"), ("name", "mission_id")
    asked = content.ask("missions", columns, order, last_edition_year=content.latest)
    drawn = world.drawn({country for row in asked.rows for country in row["countries"] or ()})
    if drawn is None:
        return None
    outlines = "".join(
        f'<path class="there" d="{outline}"><title>{_COUNTRY.format(code)}</title></path>'
        for code, outline in drawn["there"].items()
    )
    (_, _, width, height), subject = map(int, drawn["box"].split()), {"year": content.latest}
    body = f'<path class="land" d="{drawn["others"]}"/>{outlines}'
    high = WIDE * height // width
    return Chart("map", "map", subject, asked, body, high, ["there"], [("map_note", ())], drawn["box"])


def _bar(row: Row, name: object, link: str = "") -> _Bar:
    """One row of trends; a figure that is not exact makes no bar, and no tick."""
    left_out = row.get("left_out") or ()
    sent = {kind: row[kind] for kind in _SENT if row[kind] is not None}
    frames = [row[column] for column in _FRAME if row[column] is not None]
    exact = not set(_FRAME) & {*left_out}
    inexact = any(column in left_out for column in _SENT)
    leaves_out = bool(row.get("sent_left_out"))
    return _Bar(
        name=str(name),
        parts={} if inexact else sent,
        frame=sum(frames) if frames and exact else None,
        link=link,
        without="" if sent and not inexact else "inexact" if inexact or leaves_out else "empty",
        is_least=leaves_out,
    )


def _any(row: Row) -> bool:
    return any(row[column] is not None for column in (*_SENT, *_FRAME))


def _by_year(
    content: Content,
    name: str,
    title: str,
    subject: Mapping[str, object],
    made: Asked,
    asked: Asked | None = None,
) -> Chart | None:
    """A bar for each year from the first of the rows to the last edition held, each once.

    A year of which no edition is held keeps its place in brackets; so does, empty, one that lists nothing.
    """
    rows = {row["edition_year"]: row for row in made.rows if row.get("listed", row.get("missions", 1))}
    bars: list[_Bar] = []
    notes: dict[str, list[int]] = {"by_report": []}
    for year in (year for year in content.axis if rows and year >= min(rows)):
        if year not in content.years:
            bars.append(_Bar(f"({year})"))
            notes["missing"] = []
        elif year not in rows:
            bars.append(_Bar(str(year), without="unlisted"))
        else:
            bars.append(_bar(rows[year], year, link=f"editions/{year}.html"))
            if bars[-1].is_least:
                notes.setdefault("leaves_out", []).append(year)
            if {*_FRAME} & {*(rows[year].get("left_out") or ())}:
                notes.setdefault("no_frame", []).append(year)
    breaks = [at for at, bar in enumerate(bars) if at and bar.name in map(str, content.breaks)]
    few = len(bars) < FEW
    notes |= {bar.without: [] for bar in bars if bar.without == "unlisted" or (bar.without and not few)}
    notes |= {"breaks": []} if breaks and not few else {}
    draw = _rows if few else lambda bars: _columns(bars, breaks)
    return _chart(name, title, subject, asked or made, bars, draw, [*notes.items()])


def _chart(
    name: str,
    title: str,
    subject: Mapping[str, object],
    asked: Asked,
    bars: Sequence[_Bar],
    draw: Callable[[Sequence[_Bar]], tuple[str, int]],
    notes: Sequence[tuple[str, Sequence[int]]] = (),
) -> Chart | None:
    if not any(bar.parts or bar.frame is not None for bar in bars):
        return None
    there = {kind for bar in bars for kind in bar.parts}
    there |= {"frame"} if any(bar.frame is not None for bar in bars) else set()
    body, height = draw(bars)
    kinds = [kind for kind in KINDS if kind in there]
    return Chart(name, title, subject, asked, body, height, kinds, notes, flat=draw is not _rows)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", _GAP)


def _most(bars: Sequence[_Bar]) -> int:
    return max(1, *(max(bar.total or 0, bar.frame or 0) for bar in bars))


def _shown(bar: _Bar) -> str:
    return "" if bar.total is None else f"{'≥' if bar.is_least else ''}{_number(bar.total)}"


def _rows(bars: Sequence[_Bar]) -> tuple[str, int]:
    """Rows: the number first, then the name, the bar below them across the whole width."""
    most, out = _most(bars), []
    for at, bar in enumerate(bars):
        y = 38 * at
        name = _NAME.format(bar.name.replace("\ue001", ""))
        named = f'<a href="{_ROOT}{_text(bar.link)}">{name}</a>' if bar.link else name
        why = _SIGNS["unlisted"] if bar.without == "unlisted" else _WORD.format(bar.without)
        shown = why if bar.without else _shown(bar)
        out.append(f'<text y="{y + 14}"><tspan class="b">{shown}</tspan> {named}</text>')
        if bar.frame is not None:
            frame = f"{_WORD.format('frame_short')} {_number(bar.frame)}"
            out.append(f'<text class="q e" x="100%" y="{y + 14}">{frame}</text>')
        x = 0.0
        for kind, persons in bar.parts.items():
            width = 99 * persons / most
            out.append(_rect(kind, f"{x:.3f}%", y + 21, f"{width:.3f}%", 10, persons))
            x += width
        if bar.total and x < _SEEN:
            out.append(_rect(max(bar.parts, key=bar.parts.__getitem__), "0", y + 21, "2", 10))
        if bar.frame is not None:
            out.append(_rect("frame", f"{99 * bar.frame / most:.3f}%", y + 31, "3", 6, bar.frame))
    return "".join(out), 38 * len(bars)


def _columns(bars: Sequence[_Bar], breaks: Sequence[int]) -> tuple[str, int]:
    """Columns over years; a dotted line parts those that do not compare."""
    most, count = _most(bars), len(bars)
    top, plot = 30, 200
    step = (100 - _EDGE) / count
    width = min(step * 0.6, 14)
    out = [*_grid(most, top, plot)]
    upright = count > LEVEL
    longest = 7.5 * max(len(_shown(bar)) for bar in bars)
    size = "" if longest < 295 / count else " desk" if longest < 590 / count else " never"  # where it fits
    for at, bar in enumerate(bars):
        left = _EDGE + step * at
        centre = left + step / 2
        if str(bar.name).startswith("("):
            out.append(_rect("gap", f"{left:.3f}%", top, f"{step:.3f}%", plot))
        if at in breaks:
            x = f"{left:.3f}%"
            out.append(f'<line class="break" x1="{x}" x2="{x}" y1="{top - 10}" y2="{top + plot + 6}"/>')
        low = float(top + plot)
        for kind, persons in bar.parts.items():
            height = plot * persons / most
            low -= height
            out.append(_rect(kind, f"{centre - width / 2:.3f}%", low, f"{width:.3f}%", height, persons))
        if bar.frame is not None:
            y = top + plot - plot * bar.frame / most
            low = y if 0 < low - y < _LETTERS else low  # a number stands above a tick that would cross it
            out.append(
                _rect("frame", f"{centre + width / 2:.3f}%", y - 1.5, f"{width * 0.3:.3f}%", 3, bar.frame)
            )
        over, fits = (_SIGNS[bar.without], "") if bar.without else (_shown(bar), size)
        if over and fits != " never":
            out.append(f'<text class="b m{fits}" x="{centre:.3f}%" y="{low - 5:.1f}">{over}</text>')
        label = f'<a href="{_ROOT}{bar.link}">{bar.name}</a>' if bar.link else str(bar.name)
        turned = ' class="e" transform="rotate(-90)" dy="4"' if upright else ' class="m" dy="10"'
        place = f'x="{centre:.3f}%" y="{top + plot + 8}" overflow="visible"'
        out.append(f"<svg {place}><text{turned}>{label}</text></svg>")
    return "".join(out), top + plot + (52 if upright else 28)


def _timeline(rows: Sequence[Row]) -> tuple[str, int]:
    """Ceilings as lines over their days, head counts as dots; of a part hollow, and joined to nothing."""
    days = [day for row in rows for day in (row["period_start"], row["period_end"]) if day]
    first, last = min(days).year, max(days).year + 1
    start, whole = datetime.date(first, 1, 1), (datetime.date(last, 1, 1) - datetime.date(first, 1, 1)).days
    most, (top, plot) = max(1, *(row["total"] for row in rows)), (18, 220)

    def x(day: datetime.date) -> float:
        return _EDGE + (98 - _EDGE) * (day - start).days / whole

    out = [*_grid(most, top, plot)]
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (last - first) / step <= LEVEL)
    for year in range(first, last + 1):
        if year % every == 0:
            place = f"{x(datetime.date(year, 1, 1)):.3f}%"
            out.append(
                f'<line class="grid" x1="{place}" x2="{place}" y1="{top + plot}" y2="{top + plot + 5}"/>'
            )
            anchor = "m" if year < last else "e"
            out.append(f'<text class="{anchor}" x="{place}" y="{top + plot + 20}">{year}</text>')
    for row in sorted(rows, key=_is_frame, reverse=True):
        one, other = (x(row[name] or row[instead]) for name, instead in (_DAYS, _DAYS[::-1]))
        y, hollow = top + plot - plot * row["total"] / most, " part" if row["part"] else ""
        if not _is_frame(row):
            radius = 2.5 if row["basis"] == "UN monthly" else 4.5
            place = f'cx="{(one + other) / 2:.3f}%" cy="{y:.2f}" r="{radius}"'
            out.append(f'<circle class="headcount{hollow}" {place} data-value="{row["total"]}"/>')
        elif _is_open(row):  # a post at the day that is known, and dots from there
            ends = (one, min(one + _OPEN, 100.0)) if row["period_start"] else (max(one - _OPEN, 0.0), one)
            out.append(
                f'<line class="open" x1="{ends[0]:.3f}%" x2="{ends[1]:.3f}%" y1="{y:.2f}" y2="{y:.2f}"/>'
            )
            out.append(_rect(f"frame{hollow}", f"{one:.3f}%", y - 6, "4", 12, row["total"]))
        else:
            out.append(_rect(f"frame{hollow}", f"{one:.3f}%", y - 2, f"{other - one:.3f}%", 4, row["total"]))
    return "".join(out), top + plot + 28


_DAYS = ("period_start", "period_end")


def _is_frame(row: Row) -> bool:
    return str(row["basis"]).endswith("frame")


def _is_open(row: Row) -> bool:
    return (row["period_start"] is None) != (row["period_end"] is None)


def _grid(most: int, top: int, plot: int) -> Iterator[str]:
    """Lines across at round numbers, which stand on them."""
    exact = most / 4
    power = 10 ** max(len(str(int(exact))) - 1, 0)
    step = max(1, next(int(of * power) for of in (1, 2, 5, 10) if of * power >= exact))
    for value in range(0, most + 1, step):
        y = top + plot - plot * value / most
        yield f'<line class="grid" x1="0" x2="100%" y1="{y:.2f}" y2="{y:.2f}"/>'
        if value:
            yield f'<text class="q" x="0" y="{y - 4:.2f}">{_number(value)}</text>'


def _rect(kind: str, x: str, y: float, width: str, height: float, persons: int | None = None) -> str:
    data = "" if persons is None else f' data-value="{persons}"'
    return f'<rect class="{kind}" x="{x}" y="{y:.2f}" width="{width}" height="{height:.2f}"{data}/>'


def _line(text: str, x: int, y: int, kind: str = "q") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{_text(text)}</text>'


def _text(value: object) -> str:
    """A text of the data as part of a drawing: no markup, and nothing that steers."""
    return str(escape(visible(str(value))))


def _written(body: str, say: Language, root: str) -> str:
    """The drawing with its marks in one language."""

    def write(mark: re.Match[str]) -> str:
        if mark["word"]:
            return str(_text(say.t[mark["word"]]))
        if mark["country"]:
            return str(_text(say.country(mark["country"])))
        if mark["name"]:
            name, language = say.named(mark["name"])
            short = _text(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
            return f'<tspan lang="{language}">{short}</tspan>' if language else short
        return str(say.t["thousands"] if mark[0] == _GAP else root)

    return _MARKED.sub(write, body)
