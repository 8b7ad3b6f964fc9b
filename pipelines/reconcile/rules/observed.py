"""The rule that compares annex 2 with what other public sources counted; it runs at publishing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.reconcile.findings import INFO, WARN, Finding, Side, computed

Row = Mapping[str, Any]

_FRAMES = {"military": "frame_military", "civil_police": "frame_civil_police"}
_HEDGED = ("about", "almost")


def observation_outside_frame(editions: Mapping[str, Sequence[Row]]) -> Iterator[tuple[int, Finding]]:
    """Compares head counts of other public sources with the frame of the edition in whose period they lie.

    A count is compared where all of its days lie within the period; where military and civil/police are
    not told apart, or do not exceed, the total. A blank frame beside one that is given is none; two blanks
    are no frame to compare with. Sums of rotations are not compared. A frame may have changed within the
    period, which annex 2 does not tell: warn; where the source says "about": info.
    """
    listed = {(row["edition_year"], row["mission_id"]): row for row in editions.get("personnel", ())}
    for edition in editions.get("editions", ()):
        for observation in editions.get("observations", ()):
            printed = listed.get((edition["edition_year"], observation["mission_id"]))
            if printed is None or observation["measure"] != "headcount" or not _within(observation, edition):
                continue
            exceeded = _exceeded(observation, printed)
            if exceeded is not None:
                yield edition["edition_year"], _finding(observation, printed, *exceeded)


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


def _finding(observation: Row, printed: Row, figure: str, column: str, frame: int) -> Finding:
    hedged = f"{observation['qualifier']} " if observation["qualifier"] else ""
    part = f" ({observation['part']})" if observation["part"] else ""
    count, mission = observation[figure], printed["mission_id"]
    side = (
        computed(frame, "frame_military plus frame_civil_police", column)
        if column == "frame_total"
        else Side(
            "personnel",
            mission,
            column,
            str(frame),
            printed["source_page"],
            printed["source_line"],
            str(frame),
            printed["source_line_end"],
        )
    )
    told = f"{observation['dates_as_printed']}: {observation['source_url']}"
    other = Side("observations", observation["observation_id"], figure, str(count), None, None, told)
    return Finding(
        "observation_outside_frame",
        INFO if observation["qualifier"] in _HEDGED else WARN,
        mission,
        side,
        other,
        f"{hedged}{count} persons{part} were counted ({observation['dates_as_printed']}), "
        f"where the annex allows {frame}.",
        (printed["source_line"],),
    )
