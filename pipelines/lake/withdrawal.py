"""Taking an edition out of the latest views and bringing a vintage back, each as a new vintage."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from pipelines.lake import history, reconciliation, tables
from pipelines.lake.connection import Attached
from pipelines.model import Recorded
from schemas.errors import UsageError

Wish = Literal["withdraw", "restore"]


@dataclass(frozen=True)
class Signature:
    """Who decides, why, in which run, at which commit of the project."""

    reason: str
    actor: str
    run_id: str
    git_commit: str | None


def concerned(lake: Attached | None, edition_year: int, wish: Wish, vintage: int | None) -> int:
    """The vintage whose rows the new one takes over.

    To restore, without `vintage`: the newest that is not withdrawn. Raises UsageError where the
    edition is not held, is already as wished, or has no such vintage.
    """
    withdrawn = history.withdrawn(lake, edition_year) if lake else {}
    if not withdrawn:
        raise UsageError(f"no edition of {edition_year} is held", hint="jvom editions lists what there is")
    newest = max(withdrawn)
    if wish == "withdraw":
        if withdrawn[newest]:
            raise UsageError(
                f"edition {edition_year} is withdrawn already, by vintage {newest}",
                hint=f"jvom vintages {edition_year} says when and why",
            )
        return newest
    standing = [number for number, gone in withdrawn.items() if not gone]
    if vintage is None and not withdrawn[newest]:
        raise UsageError(
            f"edition {edition_year} is not withdrawn: vintage {newest} stands",
            hint="name the vintage to bring back with --vintage N",
        )
    chosen = max(standing) if vintage is None else vintage
    if chosen not in standing or chosen == newest:
        others = ", ".join(str(number) for number in standing if number != newest) or "none"
        raise UsageError(
            f"edition {edition_year} has no vintage {chosen} to bring back",
            hint=f"vintages that could be: {others}",
        )
    return chosen


def append(
    lake: Attached, edition_year: int, wish: Wish, vintage: int, signature: Signature, now: datetime.datetime
) -> Recorded:
    """Commit the rows of `vintage` again as the newest one, withdrawn or in force."""
    (row,) = (
        lake.connection.execute(
            f"SELECT * FROM {lake.table('vintages')} WHERE edition_year = ? AND vintage = ?",
            [edition_year, vintage],
        )
        .to_arrow_table()
        .to_pylist()
    )
    held = history.latest(lake, edition_year)
    assert held is not None  # `concerned` found the vintage
    cause = "withdrawn" if wish == "withdraw" else "restored"
    new = {
        **row,
        "vintage": held.vintage + 1,
        "recorded_at": now,
        "cause": cause,
        "reason": f"vintage {vintage} {cause}: {signature.reason}",
        "actor": signature.actor,
        "run_id": signature.run_id,
        "git_commit": signature.git_commit,
    }
    rows = tables.of_vintage(lake, edition_year, vintage)
    found = reconciliation.of_vintage(lake, edition_year, vintage, row["content_hash"])
    return history.append(lake, new, rows, withdrawn=wish == "withdraw", found=found)
