"""Bytes of a report → its lines, and its tables or why they are refused: what all who read one call.

A report is read in one child process within limits, which answers with lines and Arrow tables; both
ends of that pipe are here. Pages that are pictures are recognised between two such processes. How
lines are made is said in `text` and `pdf`, what they mean in `tables`, what must hold of a table in
its contract.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines.extract import kinds, sandbox, text
from pipelines.files import format_of, is_docx, is_pdf
from pipelines.model import Document, Edition, Line, SourceFile
from schemas.errors import JvomError, SourceError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.extract.pdf.model import RecognisedPage
    from pipelines.validate import Failure
    from schemas.registry import Registry

TEXT_LIMITS = sandbox.Limits(cpu_seconds=30, hint="check that this is the report, and that it is whole")
PDF_LIMITS = sandbox.Limits(seconds=120, cpu_seconds=60)


@dataclass(frozen=True)
class Extraction:
    """What was read of an edition.

    `tables` are those of `schemas.TABLES` as they are read; None where they could not be read, or a
    declared correction does not fit. `failures` are the rows of them that break a contract.
    `refusal` says why there are no tables, or that these may not be recorded; None if all is well.
    """

    document: Document
    tables: dict[str, pa.Table] | None
    refusal: JvomError | None = None
    failures: tuple[Failure, ...] = ()

    def require_tables(self) -> dict[str, pa.Table]:
        """The tables, every row of which keeps its contract. Raises the refusal."""
        if self.refusal is not None or self.tables is None:
            raise self.refusal or SourceError("it has no tables", file=self.document.path)
        return self.tables


def read_edition(data: bytes, source: SourceFile, edition: Edition, registry: Registry) -> Extraction:
    """The lines of a report, and its tables, checked: read, guards of corrections, then contracts.

    Raises SourceError where not even lines can be read.
    """
    document, answers = _read(data, source, edition, registry)
    return _checked(document, answers, edition, registry)


def draw_page(
    data: bytes, source: SourceFile, edition: Edition, registry: Registry, number: int
) -> tuple[bytes, Extraction]:
    """Page `number` (from 1) of a PDF as a PNG that shows what was read there, and what was read.

    The picture is empty for a text. Raises SourceError as `read_edition`, and where there is no such page.
    """
    document, answers = _read(data, source, edition, registry, number)
    if not 1 <= number <= len(document.page_labels):
        hint = f"it has {len(document.page_labels)} pages"
        raise UsageError(f"there is no page {number}", file=source.path, hint=hint)
    with _undamaged("picture", source.path):
        _, picture = next(answers)
    return picture, _checked(document, answers, edition, registry)


def _checked(
    document: Document, answers: Iterator[tuple[str, bytes]], edition: Edition, registry: Registry
) -> Extraction:
    from pipelines import validate

    try:
        with _undamaged("tables", document.path):
            tables = {name: _load_table(name, stream) for name, stream in answers}
        validate.check_corrections(tables, registry.corrections, edition.edition_year, path=document.path)
    except JvomError as refusal:
        return Extraction(document, None, refusal)
    failures = validate.failures(tables, {mission.id for mission in registry.missions})
    broken = validate.refusal(failures, document.path) if failures else None
    return Extraction(document, tables, broken, tuple(failures))


def read_lines(data: bytes, source: SourceFile) -> Document:
    """The lines of a report, whatever it is about. Raises SourceError."""
    document, rest = _read(data, source)
    for _ in rest:  # so that an end at a limit is an error here too
        pass
    return document


def parse(
    data: bytes, source: SourceFile, recognised: Mapping[int, RecognisedPage] | None = None
) -> Document:
    """The lines of a report, of a PDF as a `PdfDocument`, in this process: only for what runs in the child.

    Raises SourceError. A PDF may have pages that are pictures, for which `recognised` has what they say.
    """
    try:
        if is_docx(data):
            from pipelines.extract import word_file

            return word_file.read(data, source)
        if not is_pdf(data):
            kinds.require_text(data)
            return text.read(data, source)
        from pipelines.extract.pdf.parse import parse as parse_pdf

        document = parse_pdf(data, source.path, recognised)
        text.require_few(len(document.lines))
        if not document.lines and not any(page.scanned for page in document.pages):
            raise kinds.cover(document.attachments) or SourceError(
                "no page of this PDF holds text: its pages are pictures, or empty",
                hint="ask for the file that was scanned or printed, or give the report's text",
            )
        return document
    except SourceError as error:
        error.file = source.path
        raise


def _read(
    data: bytes,
    source: SourceFile,
    edition: Edition | None = None,
    registry: Registry | None = None,
    page: int | None = None,
) -> tuple[Document, Iterator[tuple[str, bytes]]]:
    """The document, and name and Arrow stream of each table, which may raise why there are none.

    Where a page is wanted, its picture comes before them.
    """
    limits = TEXT_LIMITS if format_of(data) == "text" else PDF_LIMITS
    with _undamaged("lines", source.path):
        question = (data, source, edition, registry, page)
        header, answers = ask(f"{__name__}:answer", question, limits, registry)
        lines = tuple(Line(*line) for line in header["lines"])
        labels = tuple(header["page_labels"])
        return Document(source.path, source.sha256, header["format"], lines, labels), answers


def ask(
    function: str,
    question: tuple[bytes, SourceFile, *tuple[Any, ...]],
    limits: sandbox.Limits,
    registry: Registry | None,
) -> tuple[Any, Iterator[sandbox.Message]]:
    """What a child answers to a question about a document: the first header, and the messages after it.

    Where it names pages that are pictures it is asked again, with what is on them.
    """
    data, source, *_ = question
    answers = sandbox.call(function, *question, file=source.path, limits=limits)
    header, _ = next(answers)
    if pages := header.get("pictures"):
        from pipelines.extract import ocr

        recognised = ocr.recognise(data, source.path, pages, registry)
        answers = sandbox.call(function, *question, recognised, file=source.path, limits=limits)
        header, _ = next(answers)
    return header, answers


def prepare(
    data: bytes,
    _source: SourceFile,
    edition: Edition | None = None,
    _registry: Registry | None = None,
    page: int | None = None,
    *_: object,
) -> None:
    """Loads what `answer` needs from disk, in the child, while files can still be opened.

    One table of each kind is made, because pyarrow loads some of its parts with the first. Of these numpy
    and pandas, where they are installed, would take longer than the reading, and nothing here uses them.
    """
    sys.modules.update(dict.fromkeys(("numpy", "pandas")))  # type: ignore[arg-type]  # cannot be imported
    if is_pdf(data):
        import_module("pipelines.extract.pdf.parse")
        import_module("PIL.ImageFile")  # pillow loads it with the first picture made of bytes
    if is_docx(data):
        import_module("pipelines.extract.word_file")
        with suppress(ImportError):  # which is said where it is read
            import_module("docx")
    if edition is not None:
        import schemas

        import_module("pipelines.extract.tables")
        if page is not None:
            import_module("pipelines.extract.page")
            import_module("PIL.Image").preinit()  # what it loads when it saves a picture
        for contract in schemas.TABLES.values():
            _dump_table(contract.as_read().table([{}]))


def answer(
    data: bytes,
    source: SourceFile,
    edition: Edition | None,
    registry: Registry | None,
    page: int | None,
    recognised: Mapping[int, RecognisedPage] | None = None,
) -> Iterator[sandbox.Message]:
    """In the child: the lines, then each table; or which pages are pictures, if `recognised` has them not."""
    document = parse(data, source, recognised)
    if pages := [page.number for page in getattr(document, "pages", ()) if page.scanned]:
        yield {"pictures": pages}, b""
        return
    lines = [(line.number, line.page, line.text, line.on_page) for line in document.lines]
    yield {"format": document.format, "lines": lines, "page_labels": document.page_labels}, b""
    if edition is None or registry is None:
        return
    from pipelines.extract import tables

    if page is not None:
        from pipelines.extract.page import draw

        yield "page", draw(data, document, registry, page)
    try:
        found = tables.read(document, source, edition, registry)
    except JvomError as error:
        parser = import_module("pipelines.extract.pdf.parse") if document.format == "pdf" else None
        raise (parser.doubt(data, document, error) if parser else error) from None
    for name, table in found.items():
        yield name, _dump_table(table)


def _dump_table(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _load_table(name: str, stream: bytes) -> pa.Table:
    """A table of its contract's columns, every value checked for its form. Raises ValueError or KeyError."""
    import pyarrow as pa

    import schemas

    with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
        table = reader.read_all()
    table.validate(full=True)
    if not table.schema.equals(schemas.TABLES[name].as_read().arrow):
        raise ValueError(f"{name} has other columns")
    return table


@contextmanager
def _undamaged(what: str, path: str) -> Iterator[None]:
    """Whatever is not what `answer` gives is an error of its own."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:  # pyarrow's too
        hint = "run it again; if it stays, the installation is damaged"
        raise SourceError(f"its {what} came back damaged", file=path, hint=hint) from error
