"""What differs between two vintages of an edition, in words: rows in, text out.

Places are not values, so a figure that only moved does not show. The same comparison, as a relation
over all vintages, is the view `revisions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import schemas

LONGEST = 60  # characters of a value that a sentence shows

Row = Mapping[str, object]
Rows = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Difference:
    """One value that differs, or a whole row (`column_name` is None) that came or went.

    `subject` is what the row is about: a mission_id, `total`, `footnote:13`, `section:2.1`, `edition`.
    """

    subject: str
    table_name: str
    row_key: str
    column_name: str | None
    old_value: object
    new_value: object

    @property
    def sentence(self) -> str:
        """Such as `deployed_military 32 → 33`."""
        if self.column_name is None:
            return f"{'new' if self.old_value is None else 'gone'} in {self.table_name}"
        return f"{self.column_name} {shown(self.old_value)} → {shown(self.new_value)}"


def differences(before: Rows, after: Rows) -> tuple[Difference, ...]:
    """Every difference between two vintages, both as rows by the names of `schemas.TABLES`.

    In `cells` only what no other table says: the way a value was obtained, or its printed form.
    """
    names = [name for name in schemas.TABLES if name != "cells"]
    found = [each for name in names for each in _of_table(name, before.get(name, ()), after.get(name, ()))]
    known = {(each.table_name, each.row_key) for each in found}
    for each in _of_table("cells", before.get("cells", ()), after.get("cells", ())):
        table_name, row_key, cell = each.row_key.split(" ", 2)
        if (table_name, row_key) not in known:
            column = each.column_name and f"{cell}.{each.column_name}"
            found.append(replace(each, subject=row_key, column_name=column))
    return tuple(found)


def sentences(found: Sequence[Difference]) -> tuple[str, ...]:
    """One line for each thing that changed: `untso: deployed_military 32 → 33; deployed_total 32 → 33`.

    Those of which only a cell's derivation is another come last. Of a cell whose printed words changed these
    alone, not what was read from them.
    """
    by_subject: dict[str, dict[str, None]] = {}
    changed = {(each.table_name, each.row_key, each.column_name) for each in found}
    for each in found:
        words = f"{schemas.TABLES[each.table_name].cell_of(each.column_name or '')}_as_printed"
        if each.column_name != words and (each.table_name, each.row_key, words) in changed:
            continue
        by_subject.setdefault(each.subject, {})[each.sentence] = None
    read = {each.subject for each in found if each.table_name != "cells"}
    ordered = sorted(by_subject, key=lambda subject: (subject not in read, subject))
    return tuple(f"{subject}: {'; '.join(by_subject[subject])}" for subject in ordered)


def _of_table(name: str, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Difference]:
    contract = schemas.TABLES[name]
    old, new = (dict(zip(contract.row_keys(rows), rows, strict=True)) for rows in (before, after))
    for row_key in dict.fromkeys([*old, *new]):
        was, now = old.get(row_key), new.get(row_key)
        if was is None or now is None:
            yield Difference(contract.address(row_key), name, row_key, None, was and True, now and True)
            continue
        place = (contract.address(row_key), name, row_key)
        for column in contract.compared:
            if was.get(column) != now.get(column):
                yield Difference(*place, column, was.get(column), now.get(column))


def shown(value: object, longest: int = LONGEST) -> str:
    """A value in a sentence."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "(none)"
    text = str(value)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"
