"""Everything that a document leaves open, in one pass, and the entries that would answer it.

Readers refuse in steps: no row before the header is known, no sum before the missions are. So here each
question is answered for the time being by what its proposal assumes, in memory only, and the document is
read again until nothing new is asked. No table that was read by assumed answers leaves this module: what is
read in earnest is read by `read`, with entries that a person has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines.extract import read, sandbox
from pipelines.model import Document, Edition, SourceFile
from schemas.errors import JvomError, Problems, RegistryError, UndecidedError
from schemas.proposals import Proposal
from schemas.registry import Facts, comparable
from schemas.registry_toml import OPEN, is_open

if TYPE_CHECKING:
    from pipelines.extract.annexes import Annex
    from pipelines.extract.pdf.model import RecognisedPage
    from schemas.registry import Registry

LIMITS = sandbox.Limits(seconds=300, cpu_seconds=240)
_MOST_READ = 12  # times; the five editions that came first took four
_MOST_ASKED = 400
_SIDES = ("frame", "deployed", "military", "civil", "police", "civil_police", "total", "until", "mandate")
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
class Survey:
    """What a document leaves open.

    `questions` can be answered by entries; `causes` are refusals that none answers, as sentences with their
    place. `tables` says what was found of each annex: `table`, `heading`, `columns` (`printed`, `role`) and
    `rows` (`page`, `printed`, `role`, `mission_id`).
    """

    questions: tuple[Question, ...]
    causes: tuple[str, ...]
    tables: tuple[Mapping[str, Any], ...]


def survey(
    data: bytes, source: SourceFile, edition: Edition, facts: Facts, entries: Sequence[Entry]
) -> Survey:
    """Reads a document in a process of its own, with `entries` added to the facts.

    Raises SourceError where not even lines can be read.
    """

    def ask(*recognised: object) -> dict[str, Any]:
        answers = sandbox.call(
            f"{__name__}:answer",
            *(data, source, edition, facts, list(entries), *recognised),
            file=source.path,
            limits=LIMITS,
        )
        return next(header for header, _ in answers)

    found = ask()
    if pages := found.get("pictures"):
        from pipelines.extract import ocr

        found = ask(ocr.recognise(data, source.path, pages, facts.registry()))
    questions = (
        Question(Proposal.from_json(one["proposal"]), one["message"], one["page"], one["line"])
        for one in found["questions"]
    )
    return Survey(tuple(questions), tuple(found["causes"]), tuple(found["tables"]))


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
        self._answered = {key for entry in self._entries for key in keys(*entry)}
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
            if proposal.kind == "word" and proposal.values["role"] == OPEN:
                values = {**values, "role": self._likeliest(values)}
            self._entries.append((proposal.kind, values))
            self._questions.append(Question(proposal, problem.message, problem.page, problem.line))
        self._answered |= {key for one in new for key in all_keys(one)}
        if not new and not (isinstance(problem, UndecidedError) and self._questions):
            hint = "" if problem.proposals else f" ({problem.hint})" if problem.hint else ""
            again = "what was entered does not answer this: " if problem.proposals else ""
            place = f"{problem.place}: " if problem.place else ""
            yield f"{place}{again}{problem.message}{hint}"

    def _likeliest(self, values: Mapping[str, Any]) -> str:
        """The role of an unknown word with which most columns of the headers mean something."""
        from pipelines.extract import derived
        from pipelines.extract.annexes import Search

        def left(role: str) -> int:
            try:
                words = self._facts.extended([*self._entries, ("word", {**values, "role": role})])
                return len(derived.read(Search(self._document, words.registry())).problems)
            except JvomError:
                return _MOST_ASKED

        # A column that is ignored leaves nothing open either: what says more comes first.
        guess = str(values["role"])
        return min((*_SIDES, guess) if guess == "ignore" else (guess, *_SIDES), key=left)

    def _new(self, problem: JvomError) -> list[Proposal]:
        """What a refusal proposes and was not asked yet; of sums nothing while a figure may be another."""
        kinds = {one.proposal.kind for one in self._questions if one.proposal.is_open}
        left = bool(kinds & {"cell", "word", "layout"})
        new = (one for one in problem.proposals if not self._answered & all_keys(one))
        return [one for one in new if not (left and _asked_by_sums(one))]

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
        from pipelines.extract.roles import MandateRoles, PersonnelRoles

        assert self._registry is not None
        roles = (PersonnelRoles if name == "personnel" else MandateRoles)(layout, self._registry)
        if annex.table is None:
            text = " ".join(word.text for word in annex.header.words)
            return {"columns": [{"printed": text, "role": None}], "rows": []}
        heading = annex.table.heading
        columns = [
            {"printed": " / ".join(path), "role": role}
            for path, role in zip(heading.columns, heading.roles, strict=True)
        ]
        at = heading.roles.index("mission")
        rows = []
        for row in annex.table.grid.rows:
            cell = row.cells[at]
            if cell is not None:
                mission = roles.mission(cell.text)
                known = getattr(mission, "id", mission)
                role = annex.table.meaning.name(cell.text) or "not known"
                rows.append({"page": cell.page, "printed": cell.text, "role": role, "mission_id": known})
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


def _asked_by_sums(proposal: Proposal) -> bool:
    """Whether a question is there only because sums do not come out."""
    return proposal.kind == "reading" or (proposal.kind == "cell" and proposal.values["reason"] == OPEN)


def _left(proposal: Proposal) -> int:
    """How many values of an entry a person has to give."""
    return sum(map(is_open, proposal.values.values()))


def all_keys(proposal: Proposal) -> set[Key]:
    """The keys of a proposal, and of the other ways to answer its question."""
    ways = (proposal, *proposal.others)
    return {key for way in ways for key in keys(way.kind, way.values)}
