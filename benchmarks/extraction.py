"""Our PDF reader beside the ones that others would take: cells right, seconds a page, memory.

`python benchmarks/extraction.py [FIRST LAST]` draws renditions of those seeds, lets each reader have all of
them in a process of its own, and compares annex 2 cell by cell; `--write` puts the result in extraction.md.
`--python PATH` names an interpreter that has pdfplumber and camelot-py, in an environment of their own.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FIRST, LAST = 1300, 1323
Table = list[list[str]]


def by_jvom(path: Path) -> Table:
    """This project's reader."""
    from pipelines.extract.pdf import headers, parse, table
    from pipelines.extract.roles import MandateRoles, PersonnelRoles
    from tests.renditions.content import content
    from tests.renditions.editions import layout_of, registry_of

    said = content(random.Random(int(path.stem)))
    layout, known = layout_of(said), registry_of(said)
    own, other = PersonnelRoles(layout, known), MandateRoles(layout, known)
    document = parse.parse(path.read_bytes(), path.name)
    headers = {page.number: headers.find(page, known.words) for page in document.pages}
    found = table.read(document, headers, own.heading, [other.heading])
    rows = found.grid.rows if found else ()
    return [[cell.text if cell else "" for cell in row.cells] for row in rows]


def by_pdfplumber(path: Path) -> Table:
    """pdfplumber's `extract_tables`, with its defaults."""
    import pdfplumber  # type: ignore[import-not-found, unused-ignore]

    with pdfplumber.open(path) as document:
        found = [row for page in document.pages for table in page.extract_tables() for row in table]
    return [[cell or "" for cell in row] for row in found]


def _camelot(path: Path, flavor: str) -> Table:
    import camelot  # type: ignore[import-not-found, unused-ignore]

    found = camelot.read_pdf(str(path), pages="all", flavor=flavor, suppress_stdout=True)
    return [list(map(str, row)) for table in found for row in table.df.values.tolist()]


def by_camelot_lattice(path: Path) -> Table:
    """camelot, by drawn lines."""
    return _camelot(path, "lattice")


def by_camelot_stream(path: Path) -> Table:
    """camelot, by white space."""
    return _camelot(path, "stream")


def by_pdftotext(path: Path) -> Table:
    """`pdftotext -layout`, cut at two spaces or more."""
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True)
    return [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines() if line.strip()]


READERS: dict[str, Callable[[Path], Table]] = {
    "jvom": by_jvom,
    "pdfplumber extract_tables": by_pdfplumber,
    "camelot lattice": by_camelot_lattice,
    "camelot stream": by_camelot_stream,
    "pdftotext -layout": by_pdftotext,
}


def read_all(reader: str, folder: Path) -> dict[str, Any]:
    """What one reader makes of every file: its rows, seconds after one file to warm up, and memory."""
    files = sorted(folder.glob("*.pdf"))
    READERS[reader](files[0])
    found, seconds = {}, 0.0
    for file in files:
        started = spent()
        try:
            found[file.stem] = READERS[reader](file)
        except Exception as error:  # a reader of others may fail in any way: then it has read nothing
            found[file.stem] = []
            print(f"{reader}, {file.name}: {error!r}", file=sys.stderr)
        seconds += spent() - started
    return {"found": found, "seconds": seconds, "memory": memory(reader) / 1024}


def spent() -> float:
    """Seconds of CPU of this process and its children: other work on the machine does not count."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def ink_share(seeds: range) -> float:
    """The share that the check of ink has of reading editions in full."""
    from pipelines.extract.pdf import ink, unread
    from schemas.errors import JvomError
    from tests.renditions import rendition
    from tests.renditions.editions import read

    taken = []

    def timed(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            started = spent()
            result = step(*given)
            result = list(result) if step is problems else result
            taken.append(spent() - started)
            return result

        return run

    look, problems = ink.look, unread.problems
    made = [rendition(seed) for seed in seeds]
    ink.look, unread.problems = timed(look), timed(problems)
    try:
        read(made[0])
        taken.clear()
        started = spent()
        for one in made:
            with suppress(JvomError):
                read(one)
        return sum(taken) / (spent() - started)
    finally:
        ink.look, unread.problems = look, problems


def memory(reader: str) -> int:
    """Largest resident set in kB; of this process by /proc, since getrusage counts the parent's as well."""
    if reader.startswith("pdftotext"):
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]  # Linux has it


def draw(seeds: range, folder: Path) -> int:
    """The files, and beside each what is printed in annex 2; their pages."""
    from pipelines.extract.pdf import parse
    from tests.renditions import rendition

    pages = 0
    for seed in seeds:
        made = rendition(seed)
        (folder / f"{seed}.pdf").write_bytes(made.data)
        rows = [
            [(row.name.text, row.name.markers), *map(_printed, row.figures)] for row in made.content.personnel
        ]
        dash = (made.style.dash, ()) if made.style.dash else None
        printed = [[cell or dash for cell in row] for row in rows if any(row[1:])]
        (folder / f"{seed}.json").write_text(json.dumps(printed), encoding="utf-8")
        pages += len(parse.parse(made.data, "").pages)
    return pages


def _printed(cell: Any) -> Any:
    return cell and (cell.text, cell.markers)


def right(expected: Sequence[Sequence[Any]], found: Table) -> int:
    """Cells of the expected rows that are right; a marker glued to a name is forgiven, to a figure not."""
    count = 0
    for name, *figures in expected:
        names = {_plain(name[0]), _plain(name[0] + "".join(map(str, name[1])))}
        rows = [row for row in found if _plain(next(filter(None, row), "")) in names]
        count += max((1 + _alike(figures, row[-len(figures) :]) for row in rows), default=0)
    return count


def _alike(figures: Sequence[Any], cells: Sequence[str]) -> int:
    wanted = [figure[0] if figure else "" for figure in figures]
    return sum(want == have.strip() for want, have in zip(wanted, cells, strict=False))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def start_of_child(folder: Path) -> float:
    """Seconds that reading in a child process costs more than reading here."""
    from pipelines.extract.read import parse, read_lines
    from pipelines.model import SourceFile

    data = min(folder.glob("*.pdf"), key=lambda file: file.stat().st_size).read_bytes()
    source = SourceFile(2024, "", "", len(data), "pdf", "official file")
    both = []
    for read in (read_lines, parse):
        read(data, source)
        started = time.perf_counter()
        read(data, source)
        both.append(time.perf_counter() - started)
    return both[0] - both[1]


def measure(seeds: range, python: str) -> Iterator[str]:
    """The result in Markdown."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        pages = draw(seeds, folder)
        printed = {f.stem: json.loads(f.read_text(encoding="utf-8")) for f in folder.glob("*.json")}
        yield f"{len(seeds)} files, {pages} pages, seeds {seeds[0]} to {seeds[-1]}; " + machine()
        yield f"A child process for a file takes {start_of_child(folder):.2f} s more, not counted below."
        yield f"Of reading these files in full the check of ink takes {ink_share(seeds):.0%}."
        yield ""
        yield "| reader | cells right | of | share | s/page | memory, MB |\n|---|---:|---:|---:|---:|---:|"
        for reader in READERS:
            other = reader.startswith(("pdfplumber", "camelot"))
            command = [python if other else sys.executable, __file__, "--reader", reader, made]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                yield f"| {reader} | not installed here | | | | |"
                continue
            answer = json.loads(done.stdout)
            cells = sum(len(row) for rows in printed.values() for row in rows)
            good = sum(right(rows, answer["found"][stem]) for stem, rows in printed.items())
            yield (
                f"| {reader} | {good:,} | {cells:,} | {good / max(1, cells):.1%} "
                f"| {answer['seconds'] / pages:.3f} | {answer['memory']:.0f} |"
            )


def machine() -> str:
    """The machine that the figures come from."""
    import os

    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}."


def main(arguments: list[str]) -> None:
    """Measure and print; or, as a child, read for one reader."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=int, nargs="?", default=FIRST, help=f"first seed ({FIRST})")
    parser.add_argument("last", type=int, nargs="?", default=LAST, help=f"last seed ({LAST})")
    parser.add_argument("--write", action="store_true", help="put the result in benchmarks/extraction.md")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the other readers")
    parser.add_argument("--reader", nargs=2, metavar=("READER", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.reader:
        print(json.dumps(read_all(given.reader[0], Path(given.reader[1]))))
        return
    if not shutil.which("pdftotext"):
        sys.exit("pdftotext is not installed: Debian's package is poppler-utils")
    head = [
        "# Extraction: annex 2 of PDF editions",
        "",
        "By `python benchmarks/extraction.py --write`. Rows of readers that know no headings are found by",
        "their names; ours is given headings and missions' names, as in a build. Seconds are of CPU, for",
        "whole files. An empty cell counts as a cell. Memory is the largest resident set of the process.",
        "",
    ]
    lines = [*head, *measure(range(given.first, given.last + 1), given.python)]
    print("\n".join(lines))
    if given.write:
        (ROOT / "benchmarks" / "extraction.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
