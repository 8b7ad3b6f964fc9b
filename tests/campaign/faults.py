"""`python -m tests.campaign.faults --kills 1000 --reads 10000`: the record under fire, and what came of it.

The parts: writers killed beside readers (`kills`), whole commands killed, on full disks and in little memory
(`commands`), each file of a warehouse damaged (`damage`). The status is 1 if anything was lost, torn, missed
or said wrongly.
"""

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.campaign import commands, damage, kills

HEAD = """\
# The record under fire

`{command}`, on {machine}. A fault is whatever was lost, torn, missed, or not said as what it is.
"""


def machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def of_kills(score: kills.Score, seconds: float) -> Iterator[str]:
    yield "## Writers killed, beside readers\n"
    yield (
        f"{score.kills.total():,} writers killed in {score.rounds} warehouses ({seconds:,.0f} s); of "
        f"{score.acknowledged:,} steps they had acknowledged none is lost, and each warehouse ended as one "
        f"that nobody disturbed. {score.reads.total():,} reads beside them, none torn; the slowest took "
        f"{score.slowest:.1f} s.\n"
        if not score.faults
        else f"{score.kills.total():,} kills, {score.reads.total():,} reads.\n"
    )
    yield "| killed during | at a call into DuckDB or the disk | at any moment |\n|---|---:|---:|"
    for step in sorted({step for step, _ in score.kills}):
        yield f"| {step} | {score.kills[step, 'at a call']:,} | {score.kills[step, 'at random']:,} |"
    yield "\n| read | times |\n|---|---:|"
    yield from (f"| {kind} | {many:,} |" for kind, many in score.reads.most_common())
    yield from _faults(score)


def of_commands(title: str, score: commands.Score, seconds: float) -> Iterator[str]:
    yield f"## {title}\n\n{score.ended.total():,} commands ({seconds:,.0f} s).\n"
    yield "| command | ended | times |\n|---|---|---:|"
    for (command, how), many in sorted(score.ended.items()):
        yield f"| {command} | {how} | {many:,} |"
    yield from _faults(score)


def of_damage(score: damage.Score, seconds: float) -> Iterator[str]:
    outcomes = ("named", "noticed", "missed", "an error", "cannot be seen")
    yield f"## Files damaged\n\n{score.counts.total():,} damages ({seconds:,.0f} s).\n"
    yield f"| part of the warehouse | {' | '.join(outcomes)} |\n|---|{'---:|' * len(outcomes)}"
    for part in sorted({part for part, _, _ in score.counts}):
        counted = (sum(score.counts[part, how, one] for how in damage.DAMAGES) for one in outcomes)
        yield f"| {part} | {' | '.join(f'{many:,}' for many in counted)} |"
    yield "\n`verify` does not answer for:\n"
    yield from (f"- {why}" for why in (*damage.UNCOVERED, *damage.PARTLY))
    yield from _faults(score)


def _faults(score: Any) -> Iterator[str]:
    yield f"\nFaults: {len(score.faults) or 'none'}."
    yield from (f"\n- {fault}" for fault in score.faults)
    yield ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="writers of the record")
    parser.add_argument("--reads", type=int, default=100, help="at least so many, beside them")
    parser.add_argument("--commands", type=int, default=0, help="whole commands that are ended by a signal")
    parser.add_argument("--full", nargs="*", default=[], metavar="COMMAND", help="these on full disks")
    parser.add_argument("--memory", action="store_true", help="commands in little memory (ulimit -v)")
    parser.add_argument("--damage", type=float, default=0.0, help="share of the files that are damaged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="where the score goes, after each step")
    given = parser.parse_args(arguments)
    shown: dict[str, list[str]] = {}
    scores: dict[str, Any] = {}

    def run(part: str, work: Callable[..., Any], page: Callable[..., Iterator[str]]) -> None:
        started = time.monotonic()

        def say(score: Any) -> None:
            scores[part], shown[part] = score, list(page(score, time.monotonic() - started))
            if given.write:
                given.write.write_text(whole(), encoding="utf-8")

        say(work(say))

    def whole() -> str:
        command = f"python -m tests.campaign.faults {' '.join(arguments)}".strip()
        parts = ["\n".join(lines) for lines in shown.values()]
        return "\n".join([HEAD.format(command=command, machine=machine()), *parts])

    with tempfile.TemporaryDirectory(prefix="jvom-faults-") as made:
        folder = Path(made)
        if given.kills:
            where = folder / "kills"
            run(
                "kills",
                lambda say: kills.campaign(where, given.kills, given.reads, given.seed, say),
                of_kills,
            )
        if given.commands:
            run(
                "commands",
                lambda say: commands.killed(folder / "commands", given.commands, given.seed, say),
                lambda *score: of_commands("Commands ended by signals", *score),
            )
        if given.full and (why := commands.why_no_disk()):
            shown["full"] = [f"## Full disks\n\nNot tried: {why}.\n"]
        elif given.full:
            run(
                "full",
                lambda say: commands.full(folder / "full", given.full, commands.FREE, say),
                lambda *score: of_commands("Full disks", *score),
            )
        if given.memory:
            run(
                "memory",
                lambda say: commands.memory(folder / "memory", commands.MEMORY, say),
                lambda *score: of_commands("Little memory", *score),
            )
        if given.damage:
            built = damage.warehouse(folder / "damage")
            chosen = random.Random(given.seed)
            run("damage", lambda say: damage.campaign(built, chosen, given.damage, say), of_damage)
    print(whole())
    return int(any(score.faults for score in scores.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
