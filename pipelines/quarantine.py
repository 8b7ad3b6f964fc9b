"""Refused documents: what was read of each and every problem, to look at once the build has gone on.

A folder `warehouse/quarantine/<year>-<first 8 digits of the SHA-256>/` has `report.json` (the document's
lines and all its problems) and `report.md` (the same for people). It stays as history once the same bytes
are accepted, marked as resolved. Neither the lake nor a build reads it. Standard library only.
"""

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.harmless import visible
from pipelines.model import Document, SourceFile, Versions
from schemas.errors import ContractError, JvomError, LakeError, Problems

REPORT, READABLE = "report.json", "report.md"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_WRITTEN = b',\n "written": '  # begins the hashes at the end of a report
_AROUND = 3  # lines shown before and after the one that a problem names
_WIDEST = 200  # characters of such a line


@dataclass(frozen=True)
class Refusal:
    """One refused document: what it is, which asset refused it, when, why, and what was read of it.

    `problems` are JSON objects with type, message, file, page, line and hint; `lines` are (number,
    page, text), empty if the file could not be read as lines; times are UTC in ISO 8601. `resolved_by` is
    the SHA-256 of what the edition was read from since; `given` what whoever ingested a document called it;
    `dismissed` who closed the refusal by hand, and why.
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
    resolved_by: str | None = None
    given: str = ""
    dismissed: str = ""

    @property
    def name(self) -> str:
        return f"{self.edition_year}-{self.source_sha256[:8]}"

    @property
    def closed(self) -> str:
        """How it was resolved, in words; empty if it was not."""
        if not self.resolved_at:
            return ""
        at = in_words(self.resolved_at)
        if self.dismissed:
            return f"closed at {at} by {self.dismissed}"
        if self.resolved_by in (None, self.source_sha256):
            return f"these very bytes were accepted at {at}"
        return f"closed at {at}: the edition came in by another document, `{self.resolved_by}`"


def put(
    quarantine: Path,
    source: SourceFile,
    error: JvomError,
    *,
    given: str = "",
    document: Document | None,
    asset: str,
    run_id: str,
    versions: Versions,
) -> Path:
    """Write the report of a refusal, in place of an earlier one of the same bytes; its folder.

    Raises LakeError, which repeats the refusal, if the disk or the folder does not let it be written.
    """
    of_source = {f"source_{name}": value for name, value in vars(source).items() if name != "edition_year"}
    refusal = Refusal(
        **of_source,
        edition_year=source.edition_year,
        given=given,
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
    folder = quarantine / refusal.name
    try:
        _write(folder, refusal)
    except OSError as failure:
        message = f"the refusal cannot be written: {failure.strerror}\n{error}"
        hint = "make the warehouse writable, or free some space"
        raise LakeError(message, file=str(folder), hint=hint) from error
    return folder


def resolve(quarantine: Path, source: SourceFile) -> None:
    """Close every refusal of an edition that has come in since, by the same bytes or by others."""
    for refusal in refusals(quarantine):
        if refusal.edition_year == source.edition_year and not refusal.resolved_at:
            close(quarantine, refusal, resolved_by=source.sha256)


def close(quarantine: Path, refusal: Refusal, **how: Any) -> None:
    """Note how a refusal was resolved, or by whom `dismissed`; refused once more, it is open again."""
    _write(quarantine / refusal.name, replace(refusal, resolved_at=_now(), **how))


def refusals(quarantine: Path) -> list[Refusal]:
    """Every refused document, resolved ones too, by year and moment; unfinished folders aside."""
    folders = quarantine.iterdir() if quarantine.is_dir() else ()
    read = filter(None, map(_read, folders))
    return sorted(read, key=lambda refusal: (refusal.edition_year, refusal.refused_at, refusal.name))


def in_words(moment: str) -> str:
    """A time of a report as other messages have it."""
    return f"{datetime.datetime.strptime(moment, _TIME):%Y-%m-%d %H:%M} UTC"


def rows(quarantine: Path) -> list[dict[str, object]]:
    """The documents that are still refused, as rows of the `quarantine` contract."""
    return [
        {
            "source_sha256": refusal.source_sha256,
            "edition_year": refusal.edition_year,
            "refused_at": datetime.datetime.strptime(refusal.refused_at, _TIME),
            "problems": [problem["message"] for problem in refusal.problems],
        }
        for refusal in refusals(quarantine)
        if not refusal.resolved_at
    ]


def report_of_run(quarantine: Path, run_id: str) -> str | None:
    """The readable report that a run left, if it refused its document."""
    reports = [str(quarantine / r.name / READABLE) for r in refusals(quarantine) if r.run_id == run_id]
    return reports[0] if reports else None


def altered(quarantine: Path) -> Iterator[tuple[str, str]]:
    """Reports that are not as they were written: each path in the folder, and what is wrong."""
    for folder in sorted(quarantine.glob("[!.]*")):
        text = files.get(folder / REPORT) or b""
        if _read(folder) is None:
            yield f"{folder.name}/{REPORT}", "is gone or cannot be read"
        elif said := json.loads(text).get("written"):
            for name, found in ((REPORT, _rest(text)), (READABLE, files.get(folder / READABLE))):
                if found is None:
                    yield f"{folder.name}/{name}", "is gone or cannot be read"
                elif hashlib.sha256(found).hexdigest() != said.get(name):
                    yield f"{folder.name}/{name}", "is not as it was written"


def _read(folder: Path) -> Refusal | None:
    try:
        found = json.loads(files.get(folder / REPORT) or b"")
        found.pop("written", None)
        return Refusal(**found)
    except (ValueError, TypeError, AttributeError):
        return None


def _write(folder: Path, refusal: Refusal) -> None:
    """Both reports; the one for programs ends with the hashes of the other, and of itself before them."""
    readable = f"{visible(chr(10).join(_readable(refusal)))}\n".encode(errors="surrogatepass")
    report = json.dumps(asdict(refusal), ensure_ascii=False, indent=1).encode(errors="surrogatepass")
    written = {READABLE: hashlib.sha256(readable).hexdigest(), REPORT: hashlib.sha256(report).hexdigest()}
    files.put(folder / READABLE, readable)
    files.put(
        folder / REPORT, report.removesuffix(b"\n}") + _WRITTEN + json.dumps(written).encode() + b"\n}\n"
    )


def _rest(report: bytes) -> bytes:
    """A report without the hashes at its end."""
    return report.partition(_WRITTEN)[0] + b"\n}"


def _problems(error: JvomError) -> Iterator[dict[str, Any]]:
    if isinstance(error, Problems):
        for problem in error.problems:
            yield from _problems(problem)
        return
    about = {"type": type(error).__name__, "file": error.file, "hint": error.hint}
    if isinstance(error, ContractError):
        for row in error.failures:
            message = f"{row['table']} {row['row_key']} {row['column']}: {row['check']}"
            yield {**about, "message": message, "page": None, "line": row["source_line"]}
    else:
        yield {**about, "message": error.message, "page": error.page, "line": error.line}


def _readable(refusal: Refusal) -> Iterator[str]:
    count, lines = len(refusal.problems), len(refusal.lines)
    yield f"# Edition {refusal.edition_year}: refused\n"
    if refusal.given:
        yield f"- ingested as: `{refusal.given}`"
    yield f"- document: `{refusal.source_path}` ({refusal.source_fidelity}, {refusal.source_bytes} bytes)"
    yield f"- SHA-256: `{refusal.source_sha256}`"
    yield f"- refused at {in_words(refusal.refused_at)} by asset `{refusal.asset}`, run `{refusal.run_id}`"
    if refusal.resolved_at:
        yield f"- **resolved**: {refusal.closed}"
    yield f"- {lines} lines were read; all are in `{REPORT}`" if lines else "- it could not be read as lines"
    yield f"\n## {count} problem{'s' * (count != 1)}"
    for number, problem in enumerate(refusal.problems, start=1):
        line, page = problem["line"], problem["page"]
        places = [f"{name} {problem[name]}" for name in ("page", "line") if problem[name] is not None]
        yield f"\n### {number}. {', '.join(places) or problem['file'] or 'the whole document'}\n"
        yield _block(problem["message"].splitlines())
        if problem["hint"]:
            yield f"\nNext:\n\n{_block(problem['hint'].splitlines())}"
        by_file = refusal.source_format != "pdf" or page is None  # lines of a PDF count on their page
        around = [
            f"{'>' if at == line else ' '} {at:5} | {text[:_WIDEST]}"
            for at, on, text in refusal.lines
            if line is not None and abs(at - line) <= _AROUND and (by_file or on == page)
        ]
        if around:
            yield f"\nIn the document:\n\n{_block(around)}"


def _block(lines: Iterable[str]) -> str:
    """An indented block, so that nothing in a document is taken for Markdown."""
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime(_TIME)
