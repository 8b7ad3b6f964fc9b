"""The errors that users meet: each says what is wrong, where, and what to do next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.proposals import Proposal

MOST_SHOWN = 25  # problems of a document that are shown at once; its report in quarantine has all of them


class JvomError(Exception):
    """Something a user can act on. `exit_code` follows the command line's contract.

    `file`, `page` and `line` say where (a document, a TOML file, a database), `hint` the next step;
    `proposals` are the entries that would answer it.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        page: int | None = None,
        line: int | None = None,
        hint: str | None = None,
        proposals: Sequence[Proposal] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.page = page
        self.line = line
        self.hint = hint
        self.proposals = tuple(proposals)

    @property
    def place(self) -> str:
        """Where it is, such as `raw/2024/jvom-2024.txt, page 17, line 1612`; empty if nowhere."""
        parts = [self.file] if self.file else []
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)

    def rename(self, file: str, given: str) -> None:
        """Say of a file that was kept under another name what it was called by whoever gave it."""
        self.file = given if self.file == file else self.file
        self.hint = self.hint and self.hint.replace(file, shlex.quote(given))

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n  next: {self.hint}" if self.hint else text


class SourceError(JvomError):
    """A source file is missing, unreadable, not what the lock says, or not a report."""


class LayoutError(JvomError):
    """A document does not have the layout, headings or words that the tables are read by."""


class UndecidedError(LayoutError):
    """A row that can be read in several ways; `alternatives` are the readings, figure by column.

    `shared`: nothing is amiss with the row itself, which another row's fault may leave undecided.
    """

    def __init__(
        self,
        message: str,
        *,
        mission_id: str,
        alternatives: Iterable[Mapping[str, int | None]],
        shared: bool = False,
        **place: Any,
    ) -> None:
        super().__init__(message, **place)
        self.mission_id, self.shared = mission_id, shared
        self.alternatives = tuple(alternatives)


class ContractError(JvomError):
    """Tables break their contract; `failures` lists every failing row."""

    def __init__(self, message: str, *, failures: list[dict[str, object]], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.failures = failures


class RegistryError(JvomError):
    """A TOML file of the project (registry, layouts, catalogue, declarations) contradicts itself."""


class UsageError(JvomError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class LakeError(JvomError):
    """The store cannot be written or read now (lock, disk, network); trying again may help."""

    exit_code = 3


class ServerError(LakeError):
    """A server that the record is on (database, object store) does not answer, or refuses."""


class MachineError(LakeError):
    """Memory, disk or another limit of this machine does not suffice: it says nothing of what is stored."""


class NetworkError(JvomError):
    """A service on the network cannot be reached, or does not answer as documented; trying again may help."""

    exit_code = 3


class Problems(JvomError):
    """Several problems of one document, all reported at once."""

    def __init__(self, problems: list[JvomError]) -> None:
        first = problems[0]
        super().__init__(first.message, file=first.file, page=first.page, line=first.line, hint=first.hint)
        self.problems = problems

    def rename(self, file: str, given: str) -> None:
        super().rename(file, given)
        for problem in self.problems:
            problem.rename(file, given)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        listed = [f"- {problem}" for problem in self.problems[:MOST_SHOWN]]
        if len(self.problems) > MOST_SHOWN:
            listed.append(f"- and {len(self.problems) - MOST_SHOWN} more")
        return "\n".join([f"{len(self.problems)} problems", *listed])


_SURROUNDINGS = {  # words of an error that is nobody's document's fault → what to do
    r"out of memory|MemoryError|cannot allocate memory|failed to map segment|can't start new thread": (
        "there is not enough memory",
        "give it more (ulimit -v, the container's limit), or end other programs, and run it again",
    ),
    r"no space left|disk is full|disk quota|file too large": (
        "there is no space left on the disk",
        "free some disk space and run it again",
    ),
    r"disk I/O error": (
        "the disk does not let a file be read or written",
        "see whether it is full, read-only or failing (df, dmesg), and run it again",
    ),
    r"read-only file system|input/output error|stale file handle|too many open files": (
        "the system refuses",
        "mend the disk or the limit that it names, and run it again",
    ),
}


def require_address_space(megabytes: int) -> None:
    """Raises MachineError where this process may use less: libraries in C end it then without a word."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < megabytes * 10**6:
        allowed = f"this process may use {limit / 1e6:,.0f} MB of address space"
        hint = "raise the limit (ulimit -v unlimited), and bound memory itself, as by a container's limit"
        message = f"{allowed}, and libraries reserve up to {megabytes:,} MB, of which they use a tenth"
        raise MachineError(f"there is not enough memory: {message}", hint=hint)


def of_surroundings(error: BaseException) -> MachineError | None:
    """The error of memory, disk or system that another library's error speaks of; None for any other."""
    text = f"{type(error).__name__}: {error}"
    for words, (message, hint) in _SURROUNDINGS.items():
        if re.search(words, text, re.IGNORECASE):
            return MachineError(f"{message}: {text.partition(chr(10))[0][:300]}", hint=hint)
    return None
