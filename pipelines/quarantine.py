"""Refused documents: what was read of each, and every problem, to look at once the build has gone on.

Not a stage: nothing is read from here, neither by the lake nor by a build. A folder
`warehouse/quarantine/<year>-<first 8 digits of the SHA-256>/` holds `report.json` (the document's lines and
all its problems) and `report.md` (the same for people). It stays as history once the same bytes
are accepted, and is then marked as resolved. Standard library only: `jvom quarantine` asks it too.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.model import Document, SourceFile, Versions
from schemas.errors import ContractError, JvomError, LakeError, Problems

REPORT, READABLE = "report.json", "report.md"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_AROUND = 3  # lines shown before and after the one that a problem names
_WIDEST = 200  # characters of such a line


@dataclass(frozen=True)
class Refused:
    """One refused document: what it is, which asset refused it, when, why, and what was read of it.

    `problems` are JSON objects with type, message, file, page, line and hint; `lines` are (number,
    page, text), empty where the file could not be read as lines; times are UTC in ISO 8601.
    """

    source_sha256: str
    edition_year: int
    source_path: str
    source_bytes: int
    source_format: str
    source_fidelity: str
    refused_at: str
    resolved_at: str | None
    asset: str
    run_id: str
    versions: dict[str, str]
    text: str
    problems: list[dict[str, Any]]
    page_labels: list[str | None]
    lines: list[tuple[int, int, str]]

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.edition_year}-{self.source_sha256[:8]}"


def place(quarantine: Path, source: SourceFile) -> Path:
    """The folder of a document."""
    return quarantine / f"{source.edition_year}-{source.sha256[:8]}"


def put(
    quarantine: Path,
    source: SourceFile,
    error: JvomError,
    *,
    document: Document | None,
    asset: str,
    run_id: str,
    versions: Versions,
) -> Path:
    """Write the report of a refusal, in place of an earlier one of the same bytes; its folder.

    Raises LakeError, which tells the refusal too, where the disk or the folder stands in the way.
    """
    refused = Refused(
        source_sha256=source.sha256,
        edition_year=source.edition_year,
        source_path=source.path,
        source_bytes=source.bytes,
        source_format=source.format,
        source_fidelity=source.fidelity,
        refused_at=_now(),
        resolved_at=None,
        asset=asset,
        run_id=run_id,
        versions=asdict(versions),
        text=str(error),
        problems=list(_problems(error)),
        page_labels=list(document.page_labels) if document else [],
        lines=[(line.shown, line.page, line.text) for line in document.lines] if document else [],
    )
    folder = place(quarantine, source)
    try:
        _write(folder, refused)
    except OSError as failure:
        raise LakeError(
            f"the refusal cannot be written: {failure.strerror}\n{error}",
            file=str(folder),
            hint="make the warehouse writable, or free some space",
        ) from error
    return folder


def resolve(quarantine: Path, source: SourceFile) -> bool:
    """Mark a document as accepted since; False where it was never refused, or is marked already."""
    folder = place(quarantine, source)
    refused = _read(folder)
    if refused is None or refused.resolved_at or refused.source_sha256 != source.sha256:
        return False
    _write(folder, replace(refused, resolved_at=_now()))
    return True


def listed(quarantine: Path) -> list[Refused]:
    """Every refused document, resolved ones too, by year and moment; unfinished folders aside."""
    folders = sorted(quarantine.iterdir()) if quarantine.is_dir() else []
    found = [refused for folder in folders if (refused := _read(folder))]
    return sorted(found, key=lambda refused: (refused.edition_year, refused.refused_at))


def rows(quarantine: Path) -> list[dict[str, object]]:
    """The documents that stand refused, as rows of the `quarantine` contract."""
    return [
        {
            "source_sha256": refused.source_sha256,
            "edition_year": refused.edition_year,
            "refused_at": datetime.datetime.strptime(refused.refused_at, _TIME),
            "problems": [problem["message"] for problem in refused.problems],
        }
        for refused in listed(quarantine)
        if not refused.resolved_at
    ]


def of_run(quarantine: Path, run_id: str) -> str | None:
    """The readable report that a run left, if it refused its document."""
    found = [refused for refused in listed(quarantine) if refused.run_id == run_id]
    return str(quarantine / found[0].name / READABLE) if found else None


def _read(folder: Path) -> Refused | None:
    try:
        return Refused(**json.loads((folder / REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _problems(error: JvomError) -> Iterator[dict[str, Any]]:
    """Every single problem behind an error."""
    if isinstance(error, Problems):
        for problem in error.problems:
            yield from _problems(problem)
    elif isinstance(error, ContractError):
        for failure in error.failures:
            yield {
                "type": "ContractError",
                "message": f"{failure['table']} {failure['row_key']} {failure['column']}: {failure['check']}",
                "file": error.file,
                "page": None,
                "line": failure["source_line"],
                "hint": error.hint,
            }
    else:
        yield {
            "type": type(error).__name__,
            "message": error.message,
            "file": error.file,
            "page": error.page,
            "line": error.line,
            "hint": error.hint,
        }


def _write(folder: Path, refused: Refused) -> None:
    report = json.dumps(asdict(refused), ensure_ascii=False, indent=1)
    for name, text in ((READABLE, "\n".join(_readable(refused))), (REPORT, report)):
        files.put(folder / name, f"{text}\n".encode(errors="surrogatepass"))


def _readable(refused: Refused) -> Iterator[str]:
    count = len(refused.problems)
    yield f"# Edition {refused.edition_year}: refused"
    yield ""
    yield f"- document: `{refused.source_path}` ({refused.source_fidelity}, {refused.source_bytes} bytes)"
    yield f"- SHA-256: `{refused.source_sha256}`"
    yield f"- refused at {refused.refused_at} by asset `{refused.asset}`, run `{refused.run_id}`"
    if refused.resolved_at:
        yield f"- **resolved**: the same bytes were accepted at {refused.resolved_at}"
    read = (
        f"{len(refused.lines)} lines were read; all stand in `{REPORT}`"
        if refused.lines
        else "it could not be read as lines"
    )
    yield f"- {read}"
    yield ""
    yield f"## {count} problem{'s' * (count != 1)}"
    for number, problem in enumerate(refused.problems, start=1):
        yield from _problem(number, problem, refused)


def _problem(number: int, problem: dict[str, Any], refused: Refused) -> Iterator[str]:
    line, page = problem["line"], problem["page"]
    places = [f"{name} {problem[name]}" for name in ("page", "line") if problem[name] is not None]
    yield ""
    yield f"### {number}. {', '.join(places) or problem['file'] or 'the whole document'}"
    yield ""
    yield from _block(problem["message"])
    if problem["hint"]:
        yield ""
        yield "Next:"
        yield ""
        yield from _block(problem["hint"])
    own = refused.source_format == "text" or page is None  # lines of a PDF count on their page
    shown = [
        (one, text)
        for one, on, text in refused.lines
        if line is not None and abs(one - line) <= _AROUND and (own or on == page)
    ]
    if shown:
        yield ""
        yield "In the document:"
        yield ""
        for one, text in shown:
            mark = ">" if one == line else " "
            yield f"    {mark} {one:5} | {text[:_WIDEST]}".rstrip()


def _block(text: str) -> Iterator[str]:
    """Text as an indented block, so that nothing in a document is taken for Markdown."""
    return (f"    {part}".rstrip() for part in text.splitlines())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime(_TIME)
