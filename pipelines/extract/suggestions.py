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

from pipelines.extract import durations
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
class _Header:
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
        """Its lines joined by ` / `."""
        return " / ".join(" ".join(line.text.split())[:200] for line in self.lines)


def no_header(
    annex: int, heading: str, lines: Iterable[Line], layouts: Sequence[Layout], path: str
) -> LayoutError:
    """An annex under whose heading no known header stands; `lines` are those below the heading."""
    filled = [line for line in lines if line.text.strip()][:_SEARCHED]
    found = _nearest(filled, layouts, _mandates_header if annex == 1 else _personnel_header)
    known = found.layout if found else layouts[0]
    expected = _mandates_header(known) if annex == 1 else _personnel_header(known)
    if found is None or found.alike < _ALIKE:
        first = filled[0] if filled else None
        return LayoutError(
            f"under “{heading}” no line looks like the header of a table, such as “{expected}” of layout "
            f"“{known.id}”",
            file=path,
            page=first.page if first else None,
            line=first.number if first else None,
            hint="check that the text of the document is whole, and that the annex has its table in it",
        )
    first, last = found.lines[0], found.lines[-1]
    where = f"lines {first.shown} to {last.shown}" if last is not first else f"line {first.shown}"
    entry = _mandates_entry(found, layouts) if annex == 1 else _personnel_entry(found, layouts)
    return LayoutError(
        f"the header of annex {annex} fits no known layout: “{found.printed}” ({where}); the nearest is "
        f"layout “{known.id}”: “{expected}”",
        file=path,
        page=first.page,
        line=first.number,
        hint=_PASTE + _indented(entry),
    )


def no_heading(
    annex: int, layout: Layout, lines: Sequence[Line], opens_annex: Callable[[str], object], path: str
) -> LayoutError:
    """An annex whose heading is nowhere, with the line that is most like it."""
    wanted = layout.mandates.heading if annex == 1 else layout.personnel.heading
    filled = [line for line in lines if line.text.strip()]
    opening = {comparable(line.text): line for line in reversed(filled) if opens_annex(line.text)}
    every = {comparable(line.text): line for line in reversed(filled)}
    near = difflib.get_close_matches(comparable(wanted.printed), opening or every, n=1, cutoff=0.3)
    line = (opening or every)[near[0]] if near else None
    found = f"; the nearest line is “{' '.join(line.text.split())}”" if line else ""
    hint = "check that the text of the document is whole; where another edition calls the annex otherwise, "
    if line:
        heading = Heading(durations.PERIOD.sub("<period>", " ".join(line.text.split())))
        other = (
            replace(layout, mandates=replace(layout.mandates, heading=heading))
            if annex == 1
            else replace(layout, personnel=replace(layout.personnel, heading=heading))
        )
        entry = _entry(layout, annex, other)
        hint += _PASTE + _indented(entry)
    else:
        hint += "add a [[layout]] with its heading to schemas/layouts.toml"
    return LayoutError(
        f"no annex is headed “{wanted.printed}”, as in the nearest layout “{layout.id}”{found}",
        file=path,
        page=line.page if line else None,
        line=line.number if line else None,
        hint=hint,
    )


def _personnel_header(layout: Layout) -> str:
    return layout.personnel.header


def _mandates_header(layout: Layout) -> str:
    return " / ".join(column.printed for column in layout.mandates.columns)


def _nearest(
    lines: Sequence[Line], layouts: Iterable[Layout], header: Callable[[Layout], str]
) -> _Header | None:
    """The lines that have most words in common with a layout's header, as a share of both."""
    best: _Header | None = None
    texts = [[_plain(word.text) for word in words([line])] for line in lines]
    for layout in layouts:
        wanted = Counter(_plain(word) for word in header(layout).replace(" / ", " ").split())
        for start in range(len(lines)):
            if not wanted.keys() & set(texts[start]):
                continue
            found: Counter[str] = Counter()
            for end in range(start, min(start + _MOST_LINES, len(lines))):
                found.update(texts[end])
                alike = 2 * (found & wanted).total() / (found.total() + wanted.total())
                if best is None or alike > best.alike:
                    best = _Header(tuple(lines[start : end + 1]), layout, alike)
    return best and _whole(best, lines, header(best.layout))


def _whole(found: _Header, lines: Sequence[Line], header: str) -> _Header:
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


def _personnel_entry(found: _Header, layouts: Sequence[Layout]) -> str:
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
    return _entry(found.layout, 2, replace(found.layout, personnel=personnel))


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
    """Words cut into known names; what stands between them is a name too."""
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
    """Column names in groups: a name that stands again opens the next group."""
    groups: list[list[str]] = []
    for name in names:
        if not groups or name in groups[-1]:
            groups.append([])
        groups[-1].append(name)
    return groups


def _mandates_entry(found: _Header, layouts: Sequence[Layout]) -> str:
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
    mandates = replace(known, columns=tuple(columns))
    return _entry(found.layout, 1, replace(found.layout, mandates=mandates))


def _entry(known: Layout, annex: int, changed: Layout) -> str:
    """A `[[layout]]` in TOML: one annex as changed, the other shared with the layout it is made from."""
    head = f"[[layout]]\nid = {quoted(known.id + ', changed')}\n"
    if annex == 1:
        return f"{head}personnel = {quoted(known.id)}\n\n" + "\n".join(_mandates_toml(changed.mandates))
    return f"{head}mandates = {quoted(known.id)}\n\n" + "\n".join(_personnel_toml(changed.personnel))


def _personnel_toml(layout: PersonnelLayout) -> Iterator[str]:
    yield "[layout.personnel]"
    yield f"heading = {quoted(layout.heading.printed)}"
    yield f"mission = {quoted(layout.mission)}"
    yield f"total = {quoted(layout.total)}"
    yield f"separate_report = {quoted(layout.separate_report)}"
    yield f"regions = {_listed(layout.regions)}"
    for group in layout.groups:
        yield "\n[[layout.personnel.groups]]"
        if group.printed:
            yield f"printed = {quoted(group.printed)}"
        yield f"columns = {{ {_pairs({column.printed: column.column for column in group.columns})} }}"
    yield "\n[layout.personnel.sums]"
    yield from (f"{name} = {_listed(parts)}" for name, parts in layout.sums)
    if layout.merged:
        yield "\n[layout.personnel.merged]"
        yield from (f"{name} = {_listed(parts)}" for name, parts in layout.merged)


def _mandates_toml(layout: MandatesLayout) -> Iterator[str]:
    yield "[layout.mandates]"
    yield f"heading = {quoted(layout.heading.printed)}"
    yield f"regions = {_listed(layout.regions)}"
    yield f"legal_basis = {_listed(layout.legal_basis)}"
    yield f"columns = {{ {_pairs({column.printed: column.column for column in layout.columns})} }}"
    yield f"statuses = {{ {_pairs(dict(layout.statuses))} }}"
    yield "\n[layout.mandates.extension]"
    yield f"opening = {_listed(layout.extension.opening)}"
    yield f"closing = {_listed(layout.extension.closing)}"
    yield f"units = {{ {_pairs(dict(layout.extension.units))} }}"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in values.items())


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))
