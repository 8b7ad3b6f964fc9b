"""What a reading adds to the record: nothing, a verification, or a vintage, and for which cause."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import schemas
from pipelines.model import EditionState, SourceFile, Versions
from schemas.errors import JvomError

if TYPE_CHECKING:
    import pyarrow as pa

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


def decide(
    held: EditionState | None, source: SourceFile, versions: Versions, content: str, *, recheck: bool = False
) -> Decision:
    """Compare a reading with the latest vintage. `content` is its `content_hash`.

    `recheck` asks for a verification also where these versions read these bytes before. Raises
    JvomError where the same versions now give other rows: then reading does not repeat itself.
    """
    if held is None:
        return Decision("vintage", "first reading", f"first reading, of {_file(source)}")
    if held.source.sha256 != source.sha256:
        replaced = held.source.fidelity == "abridged" != source.fidelity
        return Decision(
            "vintage",
            "source replaced" if replaced else "source changed",
            f"{_file(held.source)} gave way to {_file(source)}",
        )
    known = versions in held.versions
    if recheck and held.content_hash == content:
        how = f"by the versions {versions.code}, {versions.registry}, {versions.declarations}"
        return Decision("verification", held.cause, f"the same rows as vintage {held.vintage} ({how})")
    if held.cause == "withdrawn" or (known and held.cause == "restored"):
        return Decision("nothing", held.cause, f"vintage {held.vintage} is {held.cause}, and stays so")
    if known and recheck:
        raise JvomError(
            f"vintage {held.vintage} of edition {source.edition_year} reads differently now, "
            "though bytes, code, registry and declarations are the same",
            file=source.path,
            hint="jvom verify checks the record; a damaged file is restored from a backup",
        )
    if known:
        return Decision(
            "nothing", held.cause, f"vintage {held.vintage} was read from these bytes in this way"
        )
    changed = [
        (cause, f"{what} {getattr(held.versions[-1], name)} → {getattr(versions, name)}")
        for name, cause, what in _CAUSES
        if getattr(held.versions[-1], name) != getattr(versions, name)
    ]
    how = ", ".join(text for _, text in changed)
    if held.content_hash == content:
        return Decision("verification", held.cause, f"the same rows as vintage {held.vintage} ({how})")
    return Decision("vintage", changed[0][0], how)


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 over the rows of every table, 64 hexadecimal digits.

    Places and stamps do not count, nor does the order of rows. Nulls and empty tables are left out,
    so that a column or table which a later contract adds changes the hash only of editions where it
    has a value.
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
