"""What a reading depends on besides the document, as short hashes; and the versions of the tools.

Standard library only, and nothing is imported to be asked its version: a build with nothing to do
calls this before anything heavy is loaded.
"""

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from pipelines.model import Edition, Versions

ROOT = Path(__file__).resolve().parent.parent

# Whatever can change a row that is read. The record's and the views' contracts are not among it.
READING_CODE = (
    "pipelines/extract/**/*.py",
    "!pipelines/extract/page.py",
    "!pipelines/extract/sandbox.py",
    "!pipelines/extract/kinds.py",
    "!pipelines/extract/missing.py",
    "!pipelines/extract/onboarding.py",
    "pipelines/files.py",
    "pipelines/model.py",
    "schemas/contract.py",
    "schemas/contracts/report.toml",
    "schemas/countries.py",
    "schemas/dates.py",
    "schemas/header_words.py",
    "schemas/number_words.py",
    "schemas/registry*.py",
    "schemas/relations.py",
    "schemas/rules.py",
    "schemas/vocabulary.py",
    "schemas/world.json",
)
RULES_CODE = ("pipelines/reconcile/**/*.py", "pipelines/reconcile/*.toml")
# Whatever can change the published file while the lake stays the same: views, comments, how it is built.
PUBLISHING_CODE = (
    "pipelines/lake/edition_state.sql",
    "pipelines/other_sources/*.py",
    "pipelines/publish/catalogue.py",
    "pipelines/publish/published.py",
    "pipelines/publish/sql/**/*.sql",
    "pipelines/publish/views*.py",
    "pipelines/sql.py",
    "schemas/*.py",
    "schemas/contracts/*.toml",
    "schemas/dutch.toml",
    "schemas/labels.toml",
)
# Whatever can change the site, and the package, of one release.
_OF_BOTH = (
    "pipelines/harmless.py",
    "pipelines/publish/sql/**/*.sql",
    "schemas/*.py",
    "schemas/contracts/*.toml",
    "schemas/labels.toml",
    "schemas/dataset.toml",
)
SITE_CODE = (*_OF_BOTH, "pipelines/site/**/*.*", "schemas/world.json")
PACKAGE_CODE = (
    *_OF_BOTH,
    "pipelines/publish/__init__.py",
    "pipelines/publish/catalogue.py",
    "pipelines/publish/dictionary.py",
    "pipelines/publish/package.py",
    "pipelines/publish/spreadsheet.py",
    "pipelines/publish/templates/*",
)
READING_LIBRARIES = ("pillow", "pyarrow", "pypdfium2", "python-docx")
REGISTRY_FILES = ("missions.toml", "layouts.toml", "header_words.toml")
DECLARATION_FILES = ("readings.toml", "corrections.toml")
TOOLS = (
    *("dagster", "duckdb", "duckdb-extension-ducklake", "jvom", "pandera"),
    *("pillow", "pyarrow", "pypdfium2", "sqlglot", "typer"),
)


def reading(edition: Edition) -> Versions:
    """Versions by which an edition would be read now, each 12 hexadecimal digits.

    `code` follows the bytes of the reading code and the versions of its libraries; `registry` and
    `declarations` follow parsed content, so that a comment in a TOML file changes nothing. What the
    catalogue says of the edition goes into its rows, so it counts as declared too.
    """
    return Versions(code=code(), registry=registry(), declarations=_declarations(edition))


def code() -> str:
    return _code(ROOT, READING_CODE, READING_LIBRARIES)


def publishing() -> str:
    return _code(ROOT, PUBLISHING_CODE, ("duckdb",))


def site() -> str:
    return _code(ROOT, SITE_CODE, ())


def package() -> str:
    return _code(ROOT, PACKAGE_CODE, ("pyarrow",))


def registry() -> str:
    """Version of the mission registry and the layouts, over their parsed content."""
    return _digest(_canonical(_parsed(name)) for name in REGISTRY_FILES)


def rules() -> str:
    """Version of the rules of reconciliation, and of the registry by which they find names."""
    return _digest([_code(ROOT, RULES_CODE, ()).encode(), registry().encode()])


def declared() -> str:
    """Version of what joins the record: registry, corrections, what rules find between editions.

    A release has them of its moment, also where these versions read each edition before.
    """
    return _digest([rules().encode(), _canonical(_parsed("corrections.toml"))])


def files(patterns: Sequence[str], root: Path = ROOT) -> tuple[Path, ...]:
    """The source files that patterns name, but for those of patterns after a `!`, sorted.

    What Python compiled of them is none. Raises FileNotFoundError if a pattern names none.
    """
    found: set[Path] = set()
    for pattern in patterns:
        matched = {path for path in root.glob(pattern.removeprefix("!")) if path.parent.name != "__pycache__"}
        if not matched:
            raise FileNotFoundError(f"no {pattern} in {root}: is the installation complete?")
        found = found - matched if pattern.startswith("!") else found | matched
    return tuple(sorted(found))


def git_commit() -> str | None:
    """Commit of the checkout that this code runs from; None outside one, or without git.

    With `-dirty` behind it where code or registry have changes that are not committed, as git describes it.
    """
    if not (ROOT / ".git").exists():
        return None
    try:
        changed = _git("status", "--porcelain", "--", "pipelines", "schemas")
        return _git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()


def tools() -> dict[str, str]:
    """Version of Python and of each tool that shapes what is published, by name."""
    import platform

    versions = {name: version for name in TOOLS if (version := _installed(name))}
    return {"python": platform.python_version(), **versions}


def jvom() -> str:
    """The project's own version; `unknown` where it runs without being installed."""
    return _installed("jvom") or "unknown"


@cache
def _code(root: Path, patterns: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """Computed once: what a process has imported stays as it was, whatever becomes of the files."""

    def parts() -> Iterator[bytes]:
        for file in files(patterns, root):
            yield file.relative_to(root).as_posix().encode()
            yield file.read_bytes()
        for name in libraries:
            yield f"{name}=={_installed(name)}".encode()

    return _digest(parts())


def _declarations(edition: Edition) -> str:
    def parts() -> Iterator[bytes]:
        yield _canonical(vars(edition))
        for name in DECLARATION_FILES:
            for key, entries in sorted(_parsed(name).items()):
                listed = entries if isinstance(entries, list) else []
                if declared := [of for of in listed if of.get("edition_year") == edition.edition_year]:
                    yield _canonical({name: {key: declared}})

    return _digest(parts())


def _parsed(name: str) -> dict[str, object]:
    file = ROOT / "schemas" / name
    if not file.exists():
        return {}
    status = file.stat()
    return _parse(file, status.st_mtime_ns, status.st_size)


@cache
def _parse(file: Path, _modified: int, _size: int) -> dict[str, object]:
    """Parsed once per state of the file: a daemon lives long, and the files are edited meanwhile."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()


def _digest(parts: Iterable[bytes]) -> str:
    """Twelve hexadecimal digits over the parts, each kept apart from the next by its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:12]
