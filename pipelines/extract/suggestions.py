"""What to say where headings fit no layout: the lines found, the nearest layout, and the entry to add.

The entry is the nearest layout with its headings as the document prints them, ready to paste into
schemas/layouts.toml. Printed columns that no layout knows get a name of their own, which the registry
refuses until somebody says which figure they belong to.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any

from pipelines.extract import durations, refusals
from pipelines.extract.cells import words
from pipelines.model import Line
from schemas.errors import LayoutError
from schemas.registry import (
    Group,
    Heading,
    Layout,
    MandatesLayout,
    PersonnelLayout,
    PrintedColumn,
    comparable,
)
from schemas.registry_toml import quoted

_MOST_LINES = 8  # of a header
_SHORT = 6  # words of a line of a header that no layout knows as a whole
_SEARCHED = 600  # filled lines under a heading
_ALIKE = 0.4  # share of words that a header has in common with a known one, at least
_MARK = re.compile(r"(?<=\D)\d{1,2}$")
_PASTE = "add this to schemas/layouts.toml, once its columns are compared with the document:\n"


@dataclass(frozen=True)
class _Found:
    """Lines that look like a header, and the layout whose header they are most like."""

    lines: tuple[Line, ...]
    layout: Layout
    alike: float

    @property
    def rows(self) -> list[list[str]]:
        """Its words by lines, footnote marks taken off."""
        return [[_MARK.sub("", word.text) for word in words([line])] for line in self.lines]

    @property
    def printed(self) -> str:
        return " / ".join(" ".join(line.text.split())[:200] for line in self.lines)


def no_header(
    annex: int, heading: str, lines: Iterable[Line], layouts: Sequence[Layout], path: str
) -> LayoutError:
    """An annex under whose heading no known header is found; `lines` are those below the heading."""
    filled = [line for line in lines if line.text.strip()][:_SEARCHED]
    found = _nearest(filled, layouts, annex)
    known = found.layout if found else layouts[0]
    expected = _header(annex, known)
    if found is None or found.alike < _ALIKE:
        return refusals.at(
            path,
            filled[0] if filled else None,
            f"under “{heading}” no line looks like the header of a table, such as “{expected}” of layout "
            f"“{known.id}”",
            "check that the text of the document is whole, and that the annex has its table in it",
        )
    first, last = found.lines[0], found.lines[-1]
    where = f"lines {first.shown} to {last.shown}" if last is not first else f"line {first.shown}"
    entry = _mandates_entry(found, layouts) if annex == 1 else _personnel_entry(found, layouts)
    return refusals.at(
        path,
        first,
        f"the header of annex {annex} fits no known layout: “{found.printed}” ({where}); the nearest is "
        f"layout “{known.id}”: “{expected}”",
        _PASTE + indent(entry, "    "),
    )


def no_heading(
    annex: int, layout: Layout, lines: Sequence[Line], opens_annex: Callable[[str], object], path: str
) -> LayoutError:
    """An annex whose heading is nowhere, with the line that is most like it."""
    part: MandatesLayout | PersonnelLayout = layout.mandates if annex == 1 else layout.personnel
    wanted = part.heading.printed
    filled = [line for line in lines if line.text.strip()]
    opening = {comparable(line.text): line for line in reversed(filled) if opens_annex(line.text)}
    every = opening or {comparable(line.text): line for line in reversed(filled)}
    near = difflib.get_close_matches(comparable(wanted), every, n=1, cutoff=0.3)
    line, nearest = (every[near[0]], " ".join(every[near[0]].text.split())) if near else (None, "")
    hint = "check that the text of the document is whole; where another edition calls the annex otherwise, "
    if line:
        heading = Heading(durations.PERIOD.sub("<period>", nearest))
        hint += _PASTE + indent(_entry(layout, replace(part, heading=heading)), "    ")
    else:
        hint += "add a [[layout]] with its heading to schemas/layouts.toml"
    return refusals.at(
        path,
        line,
        f"no annex is headed “{wanted}”, as in the nearest layout “{layout.id}”"
        + (f"; the nearest line is “{nearest}”" if line else ""),
        hint,
    )


def _header(annex: int, layout: Layout) -> str:
    if annex == 2:
        return layout.personnel.header
    return " / ".join(column.printed for column in layout.mandates.columns)


def _nearest(lines: Sequence[Line], layouts: Iterable[Layout], annex: int) -> _Found | None:
    """The lines that have most words in common with a layout's header, as a share of both."""
    best: _Found | None = None
    texts = [[_plain(word.text) for word in words([line])] for line in lines]
    for layout in layouts:
        wanted = Counter(_plain(word) for word in _header(annex, layout).replace(" / ", " ").split())
        for start in range(len(lines)):
            if not wanted.keys() & set(texts[start]):
                continue
            found: Counter[str] = Counter()
            for end in range(start, min(start + _MOST_LINES, len(lines))):
                found.update(texts[end])
                alike = 2 * (found & wanted).total() / (found.total() + wanted.total())
                if best is None or alike > best.alike:
                    best = _Found(tuple(lines[start : end + 1]), layout, alike)
    return best and _whole(best, lines, _header(annex, best.layout))


def _whole(found: _Found, lines: Sequence[Line], header: str) -> _Found:
    """With the short lines directly above and below that have a word of the header too."""
    known = {_plain(word) for word in header.replace(" / ", " ").split()}

    def belongs(line: Line) -> bool:
        texts = line.text.split()
        beside = len(texts) <= _SHORT and not texts[-1].isdecimal() and line.text.rstrip()[-1] != "."
        return beside and bool(known & set(map(_plain, texts)))

    start, end = lines.index(found.lines[0]), lines.index(found.lines[-1]) + 1
    while start and end - start < 2 * _MOST_LINES and belongs(lines[start - 1]):
        start -= 1
    while end < len(lines) and end - start < 2 * _MOST_LINES and belongs(lines[end]):
        end += 1
    return replace(found, lines=tuple(lines[start:end]))


def _plain(word: str) -> str:
    return comparable(_MARK.sub("", word))


def _personnel_entry(found: _Found, layouts: Sequence[Layout]) -> str:
    """The nearest layout with the groups and columns that the header prints."""
    known = found.layout.personnel
    texts = [word for row in found.rows for word in row]
    size = len(known.mission.split())
    same = comparable(" ".join(texts[:size])) == comparable(known.mission)
    size = size if same else len(found.rows[0])
    groups = [group for layout in layouts for group in layout.personnel.groups]
    columns = [column.printed for group in groups for column in group.columns]
    rest = texts[size:]
    first = next((i for i in range(len(rest)) if _name_at(rest, i, columns)), len(rest))
    names = _cut(rest[:first], [group.printed for group in groups if group.printed])
    printed = _cut(rest[first:], columns)
    made = _groups(names, _by_repeats(printed), groups)
    own = {column.column for group in made for column in group.columns}
    merged = {
        name: parts for layout in layouts for name, parts in layout.personnel.merged if own >= set(parts)
    }
    personnel = replace(
        known,
        mission=" ".join(texts[:size]),
        groups=made,
        sums=tuple(_sums(made)),
        merged=tuple(merged.items()),
    )
    return _entry(found.layout, personnel)


def _groups(
    names: Sequence[str], columns: Sequence[Sequence[str]], known: Iterable[Group]
) -> tuple[Group, ...]:
    kinds = {comparable(group.printed): _kind(group.columns[0].column) for group in known if group.printed}
    meanings = {
        (_kind(column.column), comparable(column.printed)): column.column
        for group in known
        for column in group.columns
    }
    made = []
    for place, printed in enumerate(columns):
        name = names[place] if place < len(names) else None
        last = place == len(columns) - 1
        kind = kinds.get(comparable(name or ""), "deployed" if last else "frame")
        made.append(
            Group(
                name,
                tuple(
                    PrintedColumn(text, meanings.get((kind, comparable(text)), f"{kind}_{_slug(text)}"))
                    for text in printed
                ),
            )
        )
    return tuple(made)


def _sums(groups: Iterable[Group]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for group in groups:
        names = [column.column for column in group.columns]
        for total in names:
            if total.endswith("_total") and len(names) > 1:
                yield total, tuple(name for name in names if name != total)


def _kind(column: str) -> str:
    return column.partition("_")[0]


def _slug(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", comparable(text))) or "column"


def _name_at(texts: Sequence[str], start: int, names: Iterable[str]) -> int:
    """How many words from `start` on are one of the names, the longest if several; 0 if none."""
    sizes = {len(name.split()) for name in names}
    known = {comparable(name) for name in names}
    return max(
        (size for size in sizes if comparable(" ".join(texts[start : start + size])) in known), default=0
    )


def _cut(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Words cut into known names; what is between them is a name too."""
    cut: list[str] = []
    unknown: list[str] = []
    start = 0
    while start < len(texts):
        size = _name_at(texts, start, names)
        if size:
            cut += [" ".join(unknown)] * bool(unknown)
            cut.append(" ".join(texts[start : start + size]))
            unknown = []
        else:
            unknown.append(texts[start])
        start += size or 1
    return cut + [" ".join(unknown)] * bool(unknown)


def _by_repeats(names: Iterable[str]) -> list[list[str]]:
    """Column names in groups: a name that comes again opens the next group."""
    groups: list[list[str]] = []
    for name in names:
        if not groups or name in groups[-1]:
            groups.append([])
        groups[-1].append(name)
    return groups


def _mandates_entry(found: _Found, layouts: Sequence[Layout]) -> str:
    """The nearest layout with the columns that the header prints; unknown ones in order of what is left."""
    known = found.layout.mandates
    meanings = {
        comparable(column.printed): column.column for layout in layouts for column in layout.mandates.columns
    }
    texts = [word for row in found.rows for word in row]
    printed = _cut(texts, [column.printed for layout in layouts for column in layout.mandates.columns])
    taken = {meanings.get(comparable(name)) for name in printed}
    left = [column.column for column in known.columns if column.column not in taken]
    columns = []
    for name in printed:
        meaning = meanings.get(comparable(name)) or (left.pop(0) if left else _slug(name))
        columns.append(PrintedColumn(name, meaning))
    return _entry(found.layout, replace(known, columns=tuple(columns)))


def _entry(known: Layout, changed: MandatesLayout | PersonnelLayout) -> str:
    """A `[[layout]]` in TOML: one annex as changed, the other shared with the layout it is made from."""
    annex, other = ("mandates", "personnel")[:: 1 if isinstance(changed, MandatesLayout) else -1]
    tables: list[tuple[str, Mapping[str, object]]] = [
        ("[[layout]]", {"id": f"{known.id}, changed", other: known.id})
    ]
    own: dict[str, object] = {"heading": changed.heading.printed}
    tables.append((f"[layout.{annex}]", own))
    if isinstance(changed, MandatesLayout):
        own |= {"regions": changed.regions, "legal_basis": changed.legal_basis}
        own |= {"columns": _columns(changed.columns), "statuses": dict(changed.statuses)}
        extension = vars(changed.extension) | {"units": dict(changed.extension.units)}
        tables.append(("[layout.mandates.extension]", extension))
    else:
        names = ("mission", "total", "separate_report", "regions")
        own |= {name: getattr(changed, name) for name in names}
        for group in changed.groups:
            values: dict[str, Any] = {"printed": group.printed} if group.printed else {}
            values["columns"] = _columns(group.columns)
            tables.append(("[[layout.personnel.groups]]", values))
        tables.append(("[layout.personnel.sums]", dict(changed.sums)))
        if changed.merged:
            tables.append(("[layout.personnel.merged]", dict(changed.merged)))
    return "\n\n".join(
        "\n".join([name, *(f"{key} = {_toml(value)}" for key, value in values.items())])
        for name, values in tables
    )


def _columns(columns: Iterable[PrintedColumn]) -> dict[str, str]:
    return {column.printed: column.column for column in columns}


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{quoted(key)} = {_toml(one)}' for key, one in value.items())} }}"
    return quoted(value) if isinstance(value, str) else f"[{', '.join(map(_toml, value))}]"
