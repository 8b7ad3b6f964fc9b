"""How much of a scan is read: the figures of 2024, drawn in sixteen looks, as pictures of pages.

`python benchmarks/scans.py` draws the looks at 300 dots an inch and reads them clean, askew by up to two
degrees, turned by 90, 180 or 270 degrees, with noise, blurred, in pale ink, and at half the resolution, and
compares what was accepted with the text. `--small` takes one look of each kind. `--write` puts the score in
scans.md. It needs RapidOCR and Tesseract (docs/how-to/add-an-edition.md), and about a minute for each look.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipelines.extract.read import read_edition  # noqa: E402
from pipelines.model import Edition, SourceFile  # noqa: E402
from schemas import registry  # noqa: E402
from schemas.errors import JvomError, Problems  # noqa: E402
from tests.support import scans  # noqa: E402

LOOKS = range(16)
COUNTED = ("looks", "read", "right", "wrong figures", "wrong words")


def score(kind: str, looks: range) -> tuple[Counter[str], list[str]]:
    """How many looks of a kind were read, what is wrong in them, and why others were refused."""
    counts: Counter[str] = Counter()
    notes = []
    for look in looks:
        data = scans.scanned(look, kind)
        source = SourceFile(
            2024, "x.pdf", hashlib.sha256(data).hexdigest(), len(data), "pdf", "official file"
        )
        counts["looks"] += 1
        try:
            tables = read_edition(data, source, Edition(2024), registry.load()).require_tables()
        except JvomError as error:
            problems = error.problems if isinstance(error, Problems) else [error]
            notes.append(f"{kind}, look {look}: {problems[0].message}" + f" (1 of {len(problems)})")
            continue
        wrong = scans.differences(tables)
        figures = sum(": figure " in one for one in wrong)
        counts["read"] += 1
        counts["right"] += not wrong
        counts["wrong figures"] += figures
        counts["wrong words"] += len(wrong) - figures
        notes.extend(f"{kind}, look {look}: {one}" for one in wrong)
    return counts, notes


def report(kinds: list[str], looks: range) -> Iterator[str]:
    """The score in Markdown."""
    yield f"| kind | {' | '.join(COUNTED)} |"
    yield f"|---|{'---:|' * len(COUNTED)}"
    total: Counter[str] = Counter()
    notes: list[str] = []
    for kind in kinds:
        counts, more = score(kind, looks)
        total.update(counts)
        notes += more
        yield f"| {kind} | {' | '.join(str(counts[name]) for name in COUNTED)} |"
    yield f"| all | {' | '.join(str(total[name]) for name in COUNTED)} |"
    yield from ("", "What was refused, with the first reason, and what is wrong:", "")
    yield from (f"- {note}" for note in notes)


def main(arguments: list[str]) -> None:
    """Measures, prints, and writes if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="one look of each kind")
    parser.add_argument("--kind", choices=scans.KINDS, action="append", help="only this kind (repeatable)")
    parser.add_argument("--write", action="store_true", help="put the score in benchmarks/scans.md")
    given = parser.parse_args(arguments)
    looks = range(scans.LOOK, scans.LOOK + 1) if given.small else LOOKS
    started = time.monotonic()
    lines = [
        "# Scans",
        "",
        f"Looks {looks[0]} to {looks[-1]} of the figures of 2024, by `python benchmarks/scans.py --write`.",
        "*Read* is what was accepted, *right* what has every value of the text. A kind is one way to damage",
        "all pages of a look.",
        "",
    ]
    for line in lines:
        print(line)
    for line in report(given.kind or list(scans.KINDS), looks):
        print(line, flush=True)
        lines.append(line)
    print(f"\n{time.monotonic() - started:.0f} seconds")
    if given.write:
        (ROOT / "benchmarks" / "scans.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
