"""The `[[layout]]` that a printed header asks for: composed of what the known layouts mean by its words.

Nothing is composed that would be guessed: a column that no layout knows only gets a name of its own, which
the registry refuses until somebody says which figure it is, and only where a figure is left for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

from schemas.registry import Group, Layout, MandatesLayout, PersonnelLayout, PrintedColumn, comparable
from schemas.registry_toml import quoted
from schemas.vocabulary import FIGURES

_MOST_COLUMNS = 16
_LEAST_KNOWN = 2  # columns whose words some layout knows


def personnel(
    header: Sequence[str], near: PersonnelLayout, layouts: Sequence[Layout]
) -> PersonnelLayout | None:
    """The layout `near` with the columns that the words of a header print; None where they are none."""
    groups = [group for layout in layouts for group in layout.personnel.groups]
    columns = [column.printed for group in groups for column in group.columns]
    heads = [group.printed for group in groups if group.printed]
    mission, rest = _mission(header, near.mission, [*columns, *heads])
    first = next((i for i in range(len(rest)) if _name_at(rest, i, columns)), len(rest))
    above = _cut(rest[:first], heads)
    last = max(
        (at for at, name in enumerate(above, 1) if _name_at(name.split(), 0, heads)), default=len(above)
    )
    names, printed = above[:last], [*above[last:], *_cut(rest[first:], columns)]
    if not mission or not printed or len(names) > len(printed) or len(printed) > _MOST_COLUMNS:
        return None
    merged = {name: parts for layout in layouts for name, parts in layout.personnel.merged}
    ways = [way for cut in _cuts(printed, len(names)) if (way := _groups(names, cut, groups))]
    known = _columns_of(groups)
    fit = [way for way in ways if _fits(_columns_of(way), known, merged)]
    made = max(fit, key=lambda way: len({*_columns_of(way)} & {*known}), default=())
    own = _columns_of(made)
    if len({*own} & {*known}) < _LEAST_KNOWN:
        return None
    return replace(
        near,
        mission=mission,
        groups=made,
        sums=tuple(_sums(made)),
        merged=tuple((name, parts) for name, parts in merged.items() if set(parts) <= {*own}),
    )


def mandates(header: Sequence[str], near: MandatesLayout, layouts: Sequence[Layout]) -> MandatesLayout | None:
    """The same of annex 1; columns that are not known are, in their order, those that are missing."""
    known = [column for layout in layouts for column in layout.mandates.columns]
    meanings = {comparable(column.printed): column.column for column in known}
    printed = _cut(header, [column.printed for column in known])
    taken = {meanings.get(comparable(name)) for name in printed}
    left = [column.column for column in near.columns if column.column not in taken]
    unknown = [name for name in printed if comparable(name) not in meanings]
    if len(unknown) < len(left) == len(" ".join(unknown).split()):  # a word for each
        printed = [
            part for name in printed for part in ([name] if comparable(name) in meanings else name.split())
        ]
    elif len(unknown) != len(left):
        return None
    columns = [PrintedColumn(name, meanings.get(comparable(name)) or left.pop(0)) for name in printed]
    few = len(columns) - len(unknown) < _LEAST_KNOWN
    return None if few or len(columns) != len(near.columns) else replace(near, columns=tuple(columns))


def toml(layout: Layout, layouts: Sequence[Layout]) -> str:
    """A layout as an entry to paste; an annex that a known layout has too is shared with it."""
    head: dict[str, object] = {"id": layout.id}
    tables: list[tuple[str, Mapping[str, object]]] = [("[[layout]]", head)]
    for annex, parts in (("mandates", _mandates_tables), ("personnel", _personnel_tables)):
        own = getattr(layout, annex)
        same = next((known.id for known in layouts if getattr(known, annex) == own), None)
        if same:
            head[annex] = same
        else:
            tables += parts(own)
    return "\n\n".join(
        "\n".join([name, *(f"{key} = {_toml(value)}" for key, value in values.items())])
        for name, values in tables
    )


def _mandates_tables(own: MandatesLayout) -> Iterator[tuple[str, Mapping[str, object]]]:
    values: dict[str, object] = {
        "heading": own.heading.printed,
        "regions": own.regions,
        "legal_basis": own.legal_basis,
    }
    columns = {"columns": _columns(own.columns), "statuses": dict(own.statuses)}
    yield "[layout.mandates]", values | columns
    yield "[layout.mandates.extension]", vars(own.extension) | {"units": dict(own.extension.units)}


def _personnel_tables(own: PersonnelLayout) -> Iterator[tuple[str, Mapping[str, object]]]:
    names = ("mission", "total", "separate_report", "regions")
    yield (
        "[layout.personnel]",
        {"heading": own.heading.printed} | {name: getattr(own, name) for name in names},
    )
    for group in own.groups:
        printed = {"printed": group.printed} if group.printed else {}
        yield "[[layout.personnel.groups]]", printed | {"columns": _columns(group.columns)}
    yield "[layout.personnel.sums]", dict(own.sums)
    if own.merged:
        yield "[layout.personnel.merged]", dict(own.merged)


def _mission(header: Sequence[str], known: str, others: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The heading of the missions, and the words without it: the known one, else the first word."""
    size = len(known.split())
    for start in range(len(header) - size + 1):
        text = " ".join(header[start : start + size])
        if comparable(text) == comparable(known):
            return text, (*header[:start], *header[start + size :])
    return ("", ()) if _name_at(header, 0, others) else (" ".join(header[:1]), header[1:])


def _cuts(printed: Sequence[str], groups: int) -> Iterator[list[Sequence[str]]]:
    """The ways to part columns into so many groups; without names of groups there is but one."""
    for places in combinations(range(1, len(printed)), max(groups - 1, 0)):
        yield [printed[start:end] for start, end in pairwise((0, *places, len(printed)))]


def _groups(
    names: Sequence[str], columns: Sequence[Sequence[str]], known: Sequence[Group]
) -> tuple[Group, ...] | None:
    """The columns as groups; None where nothing says which kind of figures a group holds."""
    meanings = {
        (_kind(column.column), comparable(column.printed)): column.column
        for group in known
        for column in group.columns
    }
    every = {kind for kind, _ in meanings}
    kinds = []
    for place, printed in enumerate(columns):
        name = comparable(names[place]) if names else ""
        named = {_kind(group.columns[0].column) for group in known if comparable(group.printed or "") == name}
        only = [{kind for kind in every if (kind, comparable(text)) in meanings} for text in printed]
        kinds.append(named if name and named else set.union(*(one for one in [set(), *only] if len(one) < 2)))
    for at, own in enumerate(kinds):
        if not own:  # what the other groups leave
            kinds[at] = every - set().union(*kinds[:at], *kinds[at + 1 :])
    if any(len(own) != 1 for own in kinds):
        return None
    made = []
    for place, (printed, (kind,)) in enumerate(zip(columns, kinds, strict=True)):
        found = (
            PrintedColumn(text, meanings.get((kind, comparable(text)), f"{kind}_{_slug(text)}"))
            for text in printed
        )
        made.append(Group(names[place] if names else None, tuple(found)))
    return tuple(made)


def _columns_of(groups: Iterable[Group]) -> list[str]:
    return [column.column for group in groups for column in group.columns]


def _fits(own: Sequence[str], known: Sequence[str], merged: Mapping[str, Sequence[str]]) -> bool:
    """Whether no figure is there twice, as a whole or in parts, and one is left for each unknown column."""
    whole = {part: name for name, parts in merged.items() for part in parts}
    taken = {whole.get(name, name) for name in own}
    twice = len({*own}) < len(own) or any(name in own and {*parts} & {*own} for name, parts in merged.items())
    left = Counter(_kind(name) for name in FIGURES if name not in taken)
    return not twice and Counter(_kind(name) for name in own if name not in known) <= left


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


def _columns(columns: Iterable[PrintedColumn]) -> dict[str, str]:
    return {column.printed: column.column for column in columns}


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{quoted(key)} = {_toml(one)}' for key, one in value.items())} }}"
    return quoted(value) if isinstance(value, str) else f"[{', '.join(map(_toml, value))}]"
