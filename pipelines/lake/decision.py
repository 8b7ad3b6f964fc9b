"""What a reading adds to the record: nothing, a verification, or a vintage, and for which cause.

And what a person may withdraw or restore. Nothing is asked of the lake here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import schemas
from pipelines.model import EditionState, SourceFile, Versions
from schemas.errors import JvomError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Action = Literal["withdraw", "restore"]
Content = tuple[bool, str, str]  # of a vintage: whether it is withdrawn, its source's SHA-256, its rows' hash

_CAUSES = (
    ("code", "code changed", "reading code"),
    ("registry", "registry changed", "mission registry"),
    ("declarations", "declared", "declarations"),
)


@dataclass(frozen=True)
class Decision:
    """What to write, and why in words."""

    write: Literal["nothing", "verification", "vintage"]
    cause: str
    reason: str


@dataclass(frozen=True)
class Copy:
    """A vintage to come: the rows of an older one again, in force or withdrawn."""

    action: Action
    edition_year: int
    vintage: int


def plan_write(
    state: EditionState | None, source: SourceFile, versions: Versions, content: str, *, recheck: bool = False
) -> Decision:
    """Compare a reading with the newest vintage. `content` is its `content_hash`.

    `recheck` asks for a verification also if these versions read these bytes before. Raises
    JvomError if the same versions now give other rows: then reading does not repeat itself.
    """
    if state is None:
        return Decision("vintage", "first reading", f"first reading, of {_file(source)}")
    if state.source.sha256 != source.sha256:
        if content == state.content_hash and _is_another_rendering(state, source):
            said = f"the same rows as vintage {state.vintage}, of {state.source.path} ({_file(state.source)})"
            return Decision("verification", state.cause, f"{said}, in {source.path} ({_file(source)})")
        replaced = state.source.fidelity == "abridged" != source.fidelity
        cause = "source replaced" if replaced else "source changed"
        return Decision("vintage", cause, f"{_file(state.source)} gave way to {_file(source)}")
    known, same = versions in state.versions, state.content_hash == content
    if same and recheck:
        how = f"by the versions {versions.code}, {versions.registry}, {versions.declarations}"
        return Decision("verification", state.cause, f"the same rows as vintage {state.vintage} ({how})")
    if state.cause == "withdrawn" or (known and state.cause == "restored"):
        return Decision("nothing", state.cause, f"vintage {state.vintage} is {state.cause}, and stays so")
    if known and recheck:
        raise JvomError(
            f"vintage {state.vintage} of edition {source.edition_year} reads differently now, "
            "though bytes, code, registry and declarations are the same",
            file=source.path,
            hint="jvom verify checks the record; a damaged file is restored from a backup",
        )
    if known:
        reason = f"vintage {state.vintage} was read from these bytes in this way"
        return Decision("nothing", state.cause, reason)
    last = state.versions[-1]
    changed = [
        (cause, f"{what} {getattr(last, name)} → {getattr(versions, name)}")
        for name, cause, what in _CAUSES
        if getattr(last, name) != getattr(versions, name)
    ]
    how = ", ".join(text for _, text in changed)
    if same:
        return Decision("verification", state.cause, f"the same rows as vintage {state.vintage} ({how})")
    return Decision("vintage", changed[0][0], how)


def _is_another_rendering(state: EditionState, source: SourceFile) -> bool:
    """Whether other bytes may be the same document from another service.

    Not those of another fidelity, nor any after a withdrawal; and what was read before comes back only where
    the file that took its place is gone.
    """
    same = source.fidelity == state.source.fidelity != "abridged"
    return same and state.cause != "withdrawn" and source.sha256 not in state.seen


def target_vintage(
    edition_year: int, withdrawn: Mapping[int, bool], action: Action, vintage: int | None
) -> int:
    """The vintage whose rows the new one will copy; `withdrawn` says of each recorded one whether it is.

    To restore, without `vintage`: the newest that is not withdrawn. Raises UsageError if the edition is
    not recorded, is already as wanted, or has no such vintage.
    """
    edition = f"edition {edition_year}"
    if not withdrawn:
        raise UsageError(f"no edition of {edition_year} is recorded", hint="jvom editions lists them")
    newest = max(withdrawn)
    if action == "withdraw":
        if withdrawn[newest]:
            hint = f"jvom vintages {edition_year} says when and why"
            raise UsageError(f"{edition} is withdrawn already, by vintage {newest}", hint=hint)
        return newest
    in_force = sorted(number for number, gone in withdrawn.items() if not gone)
    if vintage is None and not withdrawn[newest]:
        hint = "name the vintage to bring back with --vintage N"
        raise UsageError(f"{edition} is not withdrawn: vintage {newest} is in force", hint=hint)
    chosen = in_force[-1] if vintage is None else vintage
    if chosen not in in_force or chosen == newest:
        others = ", ".join(str(number) for number in in_force if number != newest) or "none"
        hint = f"vintages that could be: {others}"
        raise UsageError(f"{edition} has no vintage {chosen} to bring back", hint=hint)
    return chosen


def copies_back(shown: Mapping[int, int], recorded: Mapping[tuple[int, int], Content]) -> list[Copy]:
    """What makes these editions, at these vintages, all that readers see; an edition that is so already is
    left as it is."""
    copies = []
    for year, now in dict(sorted(recorded)).items():
        withdrawn, *content = recorded[year, now]
        if year not in shown:
            copies += [] if withdrawn else [Copy("withdraw", year, now)]
        elif withdrawn or content != [*recorded[year, shown[year]][1:]]:
            copies.append(Copy("restore", year, shown[year]))
    return copies


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 over the rows of every table, 64 hexadecimal digits.

    Places and stamps do not count, nor does the order of rows. Nulls and empty tables are left out,
    so that a column or table which a later contract adds changes the hash only of editions that have a
    value there.
    """
    digest = hashlib.sha256()
    for name, contract in schemas.TABLES.items():
        rows = tables[name].select(list(contract.values)).to_pylist()
        lines = sorted(
            json.dumps(
                {column: value for column, value in row.items() if value is not None},
                sort_keys=True,
                ensure_ascii=False,
                default=str,  # dates, as ISO 8601
            )
            for row in rows
        )
        if lines:
            digest.update("\n".join([name, *lines, ""]).encode())
    return digest.hexdigest()


def _file(source: SourceFile) -> str:
    return f"{source.fidelity} {source.sha256[:12]}"
