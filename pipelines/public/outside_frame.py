"""The rule `observation_outside_frame`: a head count within a reporting period above the annex's frame.

It compares what other public sources counted with the ceiling that annex 2 prints for the same period.
Rows in, rows of `findings` out. A frame may have been changed within the period, so the finding is
never an error; a count that its source hedges is worth knowing only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RULE = "observation_outside_frame"
_FRAMES = {"military": "frame_military", "civil_police": "frame_civil_police"}

Row = Mapping[str, Any]


def observation_outside_frame(rows: Mapping[str, Sequence[Row]]) -> Iterator[dict[str, object]]:
    """One row of `findings` for each head count that exceeds the frame, worst severity `warn`.

    `rows` are those of `editions` and `personnel` as published, and of `observations`. An observation is
    compared where all of its days lie within the edition's period; it cannot know of frames that changed
    within it. Where military and civil/police are not told apart, the total counts. A blank frame beside
    one that is given is none; two blanks are no frame to compare with. Sums of rotations are not compared.
    """
    for edition in rows["editions"]:
        listed = {
            row["mission_id"]: row
            for row in rows["personnel"]
            if row["edition_year"] == edition["edition_year"]
        }
        for observation in rows["observations"]:
            printed = listed.get(observation["mission_id"])
            if printed is None or observation["measure"] != "headcount" or not _within(observation, edition):
                continue
            exceeded = _exceeded(observation, printed)
            if exceeded is not None:
                yield _finding(observation, printed, *exceeded)


def _within(observation: Row, edition: Row) -> bool:
    start, end = edition["period_start"], edition["period_end"]
    if start is None or end is None:
        return False
    return bool(start <= observation["period_start"] and observation["period_end"] <= end)


def _exceeded(observation: Row, printed: Row) -> tuple[str, str, int] | None:
    """The figure that is above its frame, the frame's column, and the frame."""
    for figure, column in _FRAMES.items():
        if None not in (observation[figure], printed[column]) and observation[figure] > printed[column]:
            return figure, column, printed[column]
    frames = [printed[column] for column in _FRAMES.values() if printed[column] is not None]
    if frames and observation["total"] > sum(frames):
        return "total", "frame_total", sum(frames)
    return None


def _finding(observation: Row, printed: Row, figure: str, column: str, frame: int) -> dict[str, object]:
    single = column != "frame_total"
    hedged = f"{observation['qualifier']} " if observation["qualifier"] else ""
    part = f" ({observation['part']})" if observation["part"] else ""
    count = observation[figure]
    return {
        "edition_year": printed["edition_year"],
        "finding_id": f"{RULE}-{_identity(observation['observation_id'], figure, count, frame)}",
        "rule": RULE,
        "severity": "info" if observation["qualifier"] in ("about", "almost") else "warn",
        "mission_id": printed["mission_id"],
        "side_a": {
            "table_name": "personnel",
            "row_key": printed["mission_id"],
            "column_name": column,
            "value": str(frame),
            "page": printed["source_page"] if single else None,
            "line": printed["source_line"] if single else None,
            "text": str(frame) if single else "frame_military plus frame_civil_police",
        },
        "side_b": {
            "table_name": "observations",
            "row_key": observation["observation_id"],
            "column_name": figure,
            "value": str(count),
            "page": None,
            "line": None,
            "text": f"{observation['dates_as_printed']}: {observation['source_url']}",
        },
        "message": f"{hedged}{count} persons{part} were counted ({observation['dates_as_printed']}), "
        f"where the annex allows {frame}.",
        "evidence_lines": sorted({printed["source_line"], printed["source_line_end"]}),
        "repairs": None,
        "rules_version": rules_version(),
    }


def rules_version() -> str:
    """Twelve hexadecimal digits for the bytes of this rule."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]


def _identity(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
