"""How right PDF editions are read: renditions whose seeds were not used in development.

`python benchmarks/renditions.py [FIRST LAST]` prints the score by renderer, of renditions that add up and of
such as break their own sums; `--write` puts it in renditions.md too. `--producers` prints that of the same
renditions as other programs write them. In one process, without the child.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from schemas.errors import JvomError  # noqa: E402
from tests.renditions import Rendition, check, rendition  # noqa: E402
from tests.renditions.editions import read  # noqa: E402
from tests.renditions.producers import CHANGES, PROGRAMS  # noqa: E402

FIRST, LAST = 1120, 1239
COUNTED = ("files", "refused", "values", "wrong figures", "wrong words")


def drawn(seeds: range, *, contradicting: bool) -> Iterator[tuple[str, Rendition]]:
    """Renditions with what drew them."""
    for seed in seeds:
        made = rendition(seed, contradicting=contradicting)
        yield f"{made.style.renderer}, {'tagged' if made.style.tagged else 'untagged'}", made


def produced(seeds: range) -> Iterator[tuple[str, Rendition]]:
    """Renditions as other programs write them, of those that are installed."""
    for seed in seeds:
        with suppress(pytest.skip.Exception):
            made = rendition(seed)
            yield from ((name, replace(made, data=change(made.data))) for name, change in CHANGES.items())
        with suppress(pytest.skip.Exception):
            yield from ((name, draw(seed)) for name, draw in PROGRAMS.items())


def score(renditions: Iterable[tuple[str, Rendition]]) -> dict[str, Counter[str]]:
    """By what wrote them: files, refused ones, values compared in accepted ones, and wrong ones."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, made in renditions:
        counted[kind]["files"] += 1
        try:
            found = read(made)
        except JvomError as error:
            counted[kind]["refused"] += 1
            counted[kind]["wrong figures"] += len(list(check.wrongly_refused(made.content, error)))
            continue
        wrong = list(check.differences(made.content, found))
        figures = sum(", frame_" in one or ", deployed_" in one for one in wrong)
        counted[kind]["values"] += check.count(made.content)
        counted[kind]["wrong figures"] += figures
        counted[kind]["wrong words"] += len(wrong) - figures
    return counted


def table(counted: dict[str, Counter[str]]) -> Iterator[str]:
    """The score in Markdown."""
    yield f"| renderer | {' | '.join(COUNTED)} |"
    yield f"|---|{'---:|' * len(COUNTED)}"
    total: Counter[str] = Counter()
    for kind, counts in sorted(counted.items()):
        total.update(counts)
        yield f"| {kind} | {' | '.join(f'{counts[name]:,}' for name in COUNTED)} |"
    yield f"| all | {' | '.join(f'{total[name]:,}' for name in COUNTED)} |"


def main(arguments: list[str]) -> None:
    """Measures, prints, and writes if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=int, nargs="?", default=FIRST, help=f"first seed ({FIRST})")
    parser.add_argument("last", type=int, nargs="?", default=LAST, help=f"last seed ({LAST})")
    parser.add_argument("--write", action="store_true", help="put the score in benchmarks/renditions.md")
    parser.add_argument("--producers", action="store_true", help="the score of other programs")
    given = parser.parse_args(arguments)
    first, last = given.first, given.last
    seeds = range(first, last + 1)
    if given.producers:
        print(*table(score(produced(seeds))), sep="\n")
        return
    lines = [
        "# Renditions",
        "",
        f"Seeds {first} to {last}, by `python benchmarks/renditions.py --write`. *Values* are those of",
        "accepted files: figures, names, regions, footnote numbers, legal bases, durations. A refused row",
        "whose alternatives lack the printed one counts as a wrong figure.",
        "",
        "Tables that add up:",
        "",
        *table(score(drawn(seeds, contradicting=False))),
        "",
        "The same with one or two figures changed, so that sums do not come out:",
        "",
        *table(score(drawn(seeds, contradicting=True))),
    ]
    print("\n".join(lines))
    if given.write:
        (ROOT / "benchmarks" / "renditions.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
