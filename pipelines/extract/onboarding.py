"""An edition that is not read yet → the entries that it needs, until it is read: `jvom onboard`.

Entries are data of schemas/*.toml: proposed all at once (`extract.survey`), reviewed in a file, tried in
memory, and entered only where the whole registry validates with them. Nothing here writes the record.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.extract import survey
from pipelines.extract.survey import Entry, Question
from pipelines.model import Edition, SourceFile
from schemas import proposals
from schemas.errors import RegistryError
from schemas.registry import Facts
from schemas.registry_toml import OPEN, is_open, nearest

if TYPE_CHECKING:
    from pipelines.extract.read import Extraction

FOLDER = Path(proposals.__file__).parent
"""Where the project's TOML files are: beside the code, in a checkout and where it is installed."""
_SUMS = ("row_total", "column_total", "grand_total", "subtotal")


@dataclass(frozen=True)
class Reviewed:
    """A file of entries: its text, those that are complete, and those that still have a `"?"`."""

    text: str = ""
    complete: tuple[Entry, ...] = ()
    unfinished: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class State:
    """How far an edition is: what is asked, and what was read where nothing is.

    `questions` are those without an entry, `unfinished` the entries that still have a `"?"`, `causes`
    refusals that no entry answers. `sums` are the findings on sums that do not come out.
    """

    tables: tuple[Mapping[str, Any], ...]
    questions: tuple[Question, ...] = ()
    unfinished: tuple[Entry, ...] = ()
    causes: tuple[str, ...] = ()
    rows: int = 0
    sums: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        return not (self.questions or self.unfinished or self.causes)


def load_entries(path: Path, facts: Facts) -> Reviewed:
    """The entries of a file, each checked by itself and with those before it.

    Raises RegistryError naming the file and the entry, for a kind or key that there is not, and for values
    that contradict the registry.
    """
    data = files.read_bounded(path, str(path))
    try:
        text = data.decode("utf-8")
        content = tomllib.loads(text)
    except ValueError as error:
        raise RegistryError(f"is not TOML in UTF-8: {error}", file=str(path)) from error
    complete: list[Entry] = []
    unfinished: list[Entry] = []
    for kind, listed in content.items():
        if kind not in proposals.FILES or not isinstance(listed, list):
            near = nearest(kind, proposals.FILES, 1)[0]
            raise RegistryError(
                f"[[{kind}]] is not a kind of entry; the nearest is [[{near}]]", file=str(path)
            )
        for values in listed:
            (unfinished if is_open(values) else complete).append((kind, values))
    _require_valid(facts, complete, path)
    return Reviewed(text, tuple(complete), tuple(unfinished))


def _require_valid(facts: Facts, entries: Sequence[Entry], path: Path) -> None:
    """Raises RegistryError for the first entry that the registry does not take."""
    try:
        facts.extended(entries).registry()
        return
    except RegistryError as error:
        first = error
    for kind, values in entries:
        try:
            facts.extended([(kind, values)]).registry()
        except RegistryError as error:
            message = f"[[{kind}]] {entry_name(values)}: {error.message.partition(', ')[2] or error.message}"
            raise RegistryError(message, file=str(path), hint=error.hint) from error
    raise RegistryError(first.message, file=str(path), hint=first.hint) from first


def examine(
    data: bytes, source: SourceFile, edition: Edition, facts: Facts, reviewed: Reviewed
) -> tuple[State, Extraction | None]:
    """How far the edition is with the entries that were reviewed, and what is read where nothing is open.

    Raises SourceError where not even lines can be read.
    """
    found = survey.survey(data, source, edition, facts, reviewed.complete)
    known = {key for entry in reviewed.unfinished for key in survey.keys(*entry)}
    asked = tuple(one for one in found.questions if not known & survey.all_keys(one.proposal))
    state = State(found.tables, asked, reviewed.unfinished, found.causes)
    if not state.is_read:
        return state, None
    from pipelines.extract import read

    registry = facts.extended(reviewed.complete).registry()
    extraction = read.read_edition(data, source, edition, registry)
    if extraction.refusal is not None or extraction.tables is None:
        return State(found.tables, causes=(str(extraction.refusal),)), extraction
    from pipelines import reconcile

    findings = reconcile.check(extraction.tables, registry, extraction.document).findings
    sums = tuple(str(one["message"]) for one in findings if one["rule"] in _SUMS)
    return State(found.tables, rows=extraction.tables["personnel"].num_rows, sums=sums), extraction


def review(reviewed: Reviewed, questions: Iterable[Question]) -> str:
    """The text of a file to review: what was reviewed, and after it an entry for each question."""
    new = proposals.text([one.proposal for one in questions])
    return f"{reviewed.text.rstrip()}\n\n{new}".lstrip() if reviewed.text.strip() else new


def apply(entries: Sequence[Entry], folder: Path | None = None) -> list[str]:
    """Appends entries to the project's TOML files; returns the names of the files that changed.

    What the files say already is not entered twice, and comments and order stay. Each file is written whole
    or not at all, missions first, on which all else rests. Raises RegistryError before anything is written
    where the registry does not validate with the entries.
    """
    folder = folder or FOLDER
    facts = Facts.of(folder)
    new = list(facts.lacking(entries))
    texts: dict[str, str] = {}
    for name in dict.fromkeys(proposals.FILES.values()):
        added = [
            proposals.Proposal(*entry, question="").toml for entry in new if proposals.FILES[entry[0]] == name
        ]
        if added:
            before = (folder / name).read_text(encoding="utf-8").rstrip("\n")
            texts[name] = "\n\n".join([before, *added]) + "\n"
    parsed = {name: tomllib.loads(text) for name, text in texts.items()}
    Facts({**facts.files, **parsed}, facts.folder).registry()
    with files.writable(str(folder), "make the folder writable, or work in a checkout of your own"):
        for name, text in texts.items():
            files.put(folder / name, text.encode("utf-8"))
    return list(texts)


def entry_name(values: Mapping[str, Any]) -> str:
    """What tells an entry from others of its kind."""
    keys = ("id", "printed", "spelling", "row", "mission_id")
    return next((str(values[key]) for key in keys if values.get(key)), "")


def require_complete(reviewed: Reviewed, path: Path) -> None:
    """Raises RegistryError where something is still to be filled in."""
    if reviewed.unfinished:
        kind, values = reviewed.unfinished[0]
        keys = ", ".join(key for key, value in values.items() if is_open(value))
        raise RegistryError(
            f'[[{kind}]]: {keys} is still "{OPEN}"; nothing was entered',
            file=str(path),
            hint="fill in every question mark, or remove the entry",
        )
