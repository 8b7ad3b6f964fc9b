"""An edition that is not read yet → the entries that it needs, until it is read: `jvom onboard`.

Entries are data of schemas/*.toml: proposed all at once, reviewed in a file, tried in memory, and entered
only where the whole registry validates with them. Nothing here writes the record.

Readers refuse in steps: no row before the header is known, no sum before the missions are. So a survey
answers each question for the time being by what its proposal assumes, in memory only, and reads the document
again until nothing new is asked. No table that was read by assumed answers leaves this module: what is read
in earnest is read by `read`, with entries that a person has seen.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.extract import read, sandbox
from pipelines.model import Document, Edition, SourceFile
from schemas import proposals
from schemas.errors import JvomError, Problems, RegistryError, UndecidedError
from schemas.proposals import Proposal
from schemas.registry import Facts, comparable
from schemas.registry_toml import OPEN, is_open, nearest

if TYPE_CHECKING:
    from pipelines.extract.annexes import Annex
    from pipelines.extract.pdf.model import RecognisedPage
    from pipelines.extract.read import Extraction
    from schemas.registry import Registry

FOLDER = Path(proposals.__file__).parent
"""Where the project's TOML files are: beside the code, in a checkout and where it is installed."""
_SUMS = ("row_total", "column_total", "grand_total", "subtotal")
LIMITS = sandbox.Limits(seconds=300, cpu_seconds=240)
_MOST_READ = 12  # times; the five editions that came first took four
_MOST_ASKED = 400
_SIDES = (
    "frame",
    "deployed",
    "military",
    "civil",
    "police",
    "civil_police",
    "total",
    "until",
    "mandate",
    "nothing",
)
"""What an unknown word of a header may say; see schemas/header_words.toml."""
_HEADS = ("layout", "word", "absent", "region")  # kinds of entries on which the reading of others rests

Entry = tuple[str, Mapping[str, Any]]
"""The kind of an entry (the name of its array of tables), and its values."""
Key = tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Something that is open: where, why, and the entries that would answer it."""

    proposal: Proposal
    message: str
    page: int | None
    line: int | None


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
    refusals that no entry answers, as sentences with their place. `tables` says what was found of each annex:
    `table`, `heading`, `columns` (`printed`, `role`) and `rows` (`page`, `printed`, `role`, `mission_id`).
    `sums` are the findings on sums that do not come out, `lacks` what an edition has and this one does not
    print: its period, a totals row.
    """

    tables: tuple[Mapping[str, Any], ...]
    questions: tuple[Question, ...] = ()
    unfinished: tuple[Entry, ...] = ()
    causes: tuple[str, ...] = ()
    rows: int = 0
    sums: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

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
    state = _survey(data, source, edition, facts, reviewed)
    if not state.is_read:
        return state, None
    registry = facts.extended(reviewed.complete).registry()
    extraction = read.read_edition(data, source, edition, registry)
    if extraction.refusal is not None or extraction.tables is None:
        return State(state.tables, causes=(str(extraction.refusal),)), extraction
    from pipelines import reconcile

    findings = reconcile.check(extraction.tables, registry, extraction.document).findings
    sums = tuple(str(one["message"]) for one in findings if one["rule"] in _SUMS)
    lacks = [] if extraction.tables["personnel_totals"].num_rows else ["totals row"]
    lacks += [] if extraction.tables["editions"]["period_start"][0].is_valid else ["period"]
    rows = extraction.tables["personnel"].num_rows
    return State(state.tables, rows=rows, sums=sums, lacks=tuple(lacks)), extraction


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


def _survey(data: bytes, source: SourceFile, edition: Edition, facts: Facts, reviewed: Reviewed) -> State:
    """What a document leaves open, read in a process of its own with the complete entries among the facts."""

    question = (data, source, edition, facts, list(reviewed.complete))
    found, _ = read.ask(f"{__name__}:answer", question, LIMITS, facts.registry())
    questions = (
        Question(Proposal.from_json(one["proposal"]), one["message"], one["page"], one["line"])
        for one in found["questions"]
    )
    known = {key for entry in reviewed.unfinished for key in keys(*entry)}
    asked = tuple(one for one in questions if not known & all_keys(one.proposal))
    return State(tuple(found["tables"]), asked, reviewed.unfinished, tuple(found["causes"]))


def prepare(data: bytes, source: SourceFile, edition: Edition, *_: object) -> None:
    """Loads what `answer` needs from disk, in the child."""
    import_module("pipelines.extract.annexes")
    read.prepare(data, source, edition)


def answer(
    data: bytes,
    source: SourceFile,
    edition: Edition,
    facts: Facts,
    entries: Sequence[Entry],
    recognised: Mapping[int, RecognisedPage] | None = None,
) -> Iterator[sandbox.Message]:
    """In the child: one message, the survey as JSON; or which pages are pictures."""
    document = read.parse(data, source, recognised)
    if pages := [page.number for page in getattr(document, "pages", ()) if page.scanned]:
        yield {"pictures": pages}, b""
        return
    yield _Surveyor(document, source, edition, facts, entries).result(), b""


class _Surveyor:
    """Reads again and again, each time with answers to what was asked so far."""

    def __init__(
        self,
        document: Document,
        source: SourceFile,
        edition: Edition,
        facts: Facts,
        entries: Iterable[Entry],
    ) -> None:
        self._document, self._source, self._edition, self._facts = document, source, edition, facts
        self._entries = [*entries]
        self._reviewed = {key for entry in self._entries for key in keys(*entry)}
        self._answered = {*self._reviewed}
        self._questions: list[Question] = []
        self._causes: list[str] = []
        self._registry: Registry | None = None

    def result(self) -> dict[str, Any]:
        from pipelines.extract import tables

        for _ in range(_MOST_READ):
            try:
                self._registry = self._facts.extended(self._entries).registry()
                tables.read(self._document, self._source, self._edition, self._registry)
                self._causes = []
                break
            except JvomError as error:
                problems = error.problems if isinstance(error, Problems) else [error]
            asked = len(self._questions)
            # What heads rows and columns comes first: what is below it may be understood otherwise then.
            heads = [one for one in problems if any(way.kind in _HEADS for way in self._new(one))]
            problems = sorted(heads or problems, key=lambda one: sum(map(_left, one.proposals)))
            self._causes = [cause for problem in problems for cause in self._take(problem)]
            if len(self._questions) == asked or asked > _MOST_ASKED:
                break
        return {
            "questions": [{**vars(one), "proposal": one.proposal.as_json()} for one in self._asked()],
            "causes": self._causes,
            "tables": list(self._tables()),
        }

    def _take(self, problem: JvomError) -> Iterator[str]:
        """Keeps what a refusal asks and answers it for the time being; else the refusal is a cause."""
        new = self._new(problem)
        for proposal in new:
            values = proposal.provisional
            sure = proposal.others and values.get("role") in ("nothing", "ignore")
            if proposal.kind == "word" and proposal.values["role"] == OPEN and not sure:
                values = {**values, "role": self._likeliest(values)}
            self._entries.append((proposal.kind, values))
            self._questions.append(Question(proposal, problem.message, problem.page, problem.line))
        self._answered |= {key for one in new for key in all_keys(one)}
        # What was asked here already may rest on answers that are assumed.
        asked = {key for one in problem.proposals for key in all_keys(one)} - self._reviewed
        if not new and not (self._questions and (asked or isinstance(problem, UndecidedError))):
            hint = "" if problem.proposals else f" ({problem.hint})" if problem.hint else ""
            again = "what was entered does not answer this: " if problem.proposals else ""
            place = f"{problem.place}: " if problem.place else ""
            yield f"{place}{again}{problem.message}{hint}"

    def _likeliest(self, values: Mapping[str, Any]) -> str:
        """The role of an unknown word with which most columns of the headers mean something."""
        from pipelines.extract import derived
        from pipelines.extract.annexes import Search

        def tables(*more: Entry) -> tuple[int, tuple[bool, bool]]:
            words = self._facts.extended([*self._entries, *more])
            found = derived.read(Search(self._document, words.registry()))
            return len(found.problems), (found.personnel is None, found.mandates is None)

        def left(role: str) -> int:
            try:
                problems, lacks = tables(("word", {**values, "role": role}))
            except JvomError:
                return _MOST_ASKED
            return problems + _MOST_ASKED * (lacks != before)  # no role may make a table, or unmake one

        _, before = tables()
        guess = str(values["role"])
        # A column that is ignored leaves nothing open either: what says more comes first.
        return min((*_SIDES, guess) if guess == "ignore" else (guess, *_SIDES), key=left)

    def _new(self, problem: JvomError) -> list[Proposal]:
        """What a refusal proposes and was not asked yet; of sums nothing while a figure may be another."""
        kinds = {one.proposal.kind for one in self._questions if one.proposal.is_open}
        left = bool(kinds & {"cell", "word", "layout"})

        def rests(one: Proposal) -> bool:
            """On sums, on where columns part, or on one that a person may say to be of percentages."""
            if one.kind == "cell":
                printed = str(one.values["printed"])
                several = len(re.findall(r"\d+|(?<!\S)[-–—](?!\S)", printed)) > 1 and "word" in kinds
                return one.values["reason"] == OPEN or printed.endswith("%") or several
            return one.kind == "reading"

        new = (one for one in problem.proposals if not self._answered & all_keys(one))
        return [one for one in new if not (left and rests(one))]

    def _asked(self) -> Iterator[Question]:
        """The questions in the order of the document; what rests on an open one is open too."""
        left = {one.proposal.question for one in self._questions if one.proposal.is_open}
        for one in sorted(self._questions, key=lambda one: (one.page or 0, one.line or 0)):
            proposal = one.proposal
            if proposal.rests_on in left:
                values = {
                    key: OPEN if key in (proposal.assumed or {}) else value
                    for key, value in proposal.values.items()
                }
                proposal = replace(proposal, values=values)
            yield replace(one, proposal=proposal)

    def _tables(self) -> Iterator[dict[str, Any]]:
        """What was found of each annex by the last registry that could be made."""
        from pipelines.extract.annexes import find_annexes

        if self._registry is None:
            return
        try:
            parts = find_annexes(self._document, self._registry)
        except (JvomError, RegistryError):
            return
        for name in ("mandates", "personnel"):
            annex = getattr(parts, name)
            if annex is not None:
                yield {"table": name, "heading": annex.heading, **self._seen(name, annex, parts.layout)}

    def _seen(self, name: str, annex: Annex, layout: Any) -> dict[str, Any]:
        from pipelines.extract import roles

        assert self._registry is not None
        known = roles.OF_TABLE[name](layout, self._registry)
        if annex.table is None:
            text = " ".join(word.text for word in annex.header.words)
            return {"columns": [{"printed": text, "role": None}], "rows": []}
        columns, rows = [], []
        for table in (one.table for one in annex.each if one.table):
            heading = table.heading
            columns += [
                {"printed": " / ".join(path), "role": role}
                for path, role in zip(heading.columns, heading.roles, strict=True)
            ]
            for cell in (row.cells[heading.roles.index("mission")] for row in table.grid.rows):
                if cell is not None:
                    role, found = heading.role_of(cell.text) or "not known", known.mission_id(cell.text)
                    rows.append({"page": cell.page, "printed": cell.text, "role": role, "mission_id": found})
        return {"columns": columns, "rows": rows}


def keys(kind: str, values: Mapping[str, Any]) -> set[Key]:
    """What an entry is about, the same for every entry that answers the same question."""
    if kind == "mission":
        return {("name", comparable(str(text))) for text in values.get("spellings", ())}
    if kind == "spelling":
        return {("name", comparable(str(values.get("spelling"))))}
    if kind == "relation":
        return {(kind, *(str(values.get(key)) for key in ("mission_id", "relation", "other_mission_id")))}
    if kind == "cell":
        rows = [values.get("row"), *values.get("shared_rows", ())]
        columns = [values.get("column"), *values.get("shared_columns", ())]
        place = (kind, str(values.get("source_sha256")), str(values.get("table")))
        return {(*place, comparable(str(row)), str(column)) for row in rows for column in columns}
    if kind == "reading":
        return {(kind, *(str(values.get(key)) for key in ("source_sha256", "mission_id", "rows")))}
    text = values.get("printed") or values.get("id")
    return {("printed", comparable(str(text)))}


def _left(proposal: Proposal) -> int:
    """How many values of an entry a person has to give."""
    return sum(map(is_open, proposal.values.values()))


def all_keys(proposal: Proposal) -> set[Key]:
    """The keys of a proposal, and of the other ways to answer its question."""
    ways = (proposal, *proposal.others)
    return {key for way in ways for key in keys(way.kind, way.values)}
