"""`jvom`: the program, its exit statuses, and what becomes of an error.

Exit status: 0 done; 1 the input or the data is at fault; 2 the command line is; 3 the surroundings
are (disk, lock, network); 130 and 143 a signal ended it.
"""

import atexit
import gc
import inspect
import itertools
import logging
import os
import shutil
import sys
import textwrap
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from pipelines import settings
from pipelines.cli import commands
from pipelines.cli.terminal import Terminal, accept_every_character
from pipelines.harmless import visible
from pipelines.orchestration import interrupts
from schemas.errors import JvomError, LakeError, UsageError, of_surroundings, require_address_space

_ELSEWHERE = {  # what other programs have a command for → where it is here
    "doctor": "jvom status: what needs attention; jvom verify: what is damaged; jvom gc --dry-run: left over"
}
ADDRESS_SPACE = 700  # MB that any command takes; what opens the lake takes more


def _show_version(wanted: bool) -> None:
    if wanted:
        from pipelines import versions

        Terminal().write(f"jvom {versions.jvom()}")
        raise typer.Exit


def _jvom(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Dutch contributions to missions and operations, as versioned data."""


def program(only: str = "") -> typer.Typer:
    """`jvom` with all of its commands; if `only` is the name of one, with that alone, which is soon made."""
    app = typer.Typer(
        name="jvom",
        help="Dutch contributions to missions and operations, as versioned data.",
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_jvom)
    for group, members in commands(only).items():
        for command in members:
            app.command(command.__name__.replace("_", "-"), rich_help_panel=group)(command)
    return app


def overview() -> str:
    """What `jvom --help` shows: every command with the first line of its own help, without loading Rich."""
    width = min(shutil.get_terminal_size().columns, 110)
    lines = ["Usage: jvom COMMAND [OPTIONS]", "", inspect.getdoc(_jvom)]
    for group, members in commands().items():
        lines += ["", f"{group}:"]
        for command in members:
            said, _, _ = (inspect.getdoc(command) or "").partition("\n\n")
            shown = f"{command.__name__.replace('_', '-'):<12}{said}"
            lines += textwrap.wrap(shown, width, initial_indent="  ", subsequent_indent=" " * 14)
    lines += ["", "jvom COMMAND --help tells its options; also: --version, --install-completion."]
    return "\n".join(map(str, lines))


def _start_lightly() -> None:
    """What makes a process of its own quicker; not for one that has other work too, such as tests.

    What is loaded stays, so looking for garbage after every 700 objects finds none, nor does looking at the
    end. Libraries load others where they are installed that nothing here uses, but Typer's help; and Arrow
    keeps memory of its own.
    """
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    unused = {"numpy", "pandas", "pyarrow.dataset", "pyarrow._s3fs", "pyarrow._parquet_encryption"}
    if not {"--help", "-h", "_JVOM_COMPLETE"} & {*sys.argv, *os.environ}:
        unused |= {"pygments", "rich.console", "rich.pretty"}
    for name in unused - sys.modules.keys():
        sys.modules[name] = None  # type: ignore[assignment]  # cannot be imported


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit status."""
    if arguments is None:
        _start_lightly()
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    accept_every_character()
    terminal = Terminal(json="--json" in words, verbose="--verbose" in words)
    logging.raiseExceptions = False  # a log on a full disk: the command says it, once
    try:
        require_supported(os.name)
        require_address_space(ADDRESS_SPACE)
        if words[0] in ("--help", "-h") and "_JVOM_COMPLETE" not in os.environ:  # which a shell sets
            terminal.write(overview())
            return 0
        with interrupts.watched():
            try:
                outcome: Any = program(words[0])(args=words, prog_name="jvom", standalone_mode=False)
            except Exception:  # as what a library makes of a signal that came while it was at work
                interrupts.raise_if_received()
                raise
            sys.stdout.flush()
    except interrupts.Interrupted as ended:
        hint = "run it again; jvom build publishes what was recorded, and nothing was half recorded"
        terminal.fail(JvomError(f"ended by {ended.name}", hint=hint))
        return ended.exit_code
    except JvomError as error:
        return terminal.fail(error)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        of = context.command_path if context else f"jvom {words[0]}" if words[0].isalpha() else "jvom"
        hint = _ELSEWHERE.get(words[0]) or f"{of} --help"
        return terminal.fail(UsageError(error.format_message(), hint=hint))
    except Exception as error:
        return terminal.fail(of_surroundings(error) or _unexpected(error, words))
    return outcome if isinstance(outcome, int) else 0


def require_supported(system: str) -> None:
    """Raise LakeError on Windows, where locks and atomic replacement differ and nothing is tested."""
    if system == "nt":
        hint = "use the Windows Subsystem for Linux, or a machine that runs either"
        raise LakeError("Linux and macOS are supported, Windows is not", hint=hint)


def _unexpected(error: Exception, words: Sequence[str]) -> JvomError:
    """A bug, in one line; its traceback goes to the log, or to the terminal with --verbose."""
    message = f"unexpected {type(error).__name__}: {str(error).partition(chr(10))[0] or 'no message'}"
    trace = "".join(traceback.format_exception(error))
    if "--verbose" in words:
        Terminal().say(trace)
        return JvomError(message, hint="report it with the traceback above")
    log = _log(words)
    if log is None:
        return JvomError(message, hint="run it again with --verbose and report what it prints")
    with log.open("a", encoding="utf-8") as stream:
        stream.write(visible(trace))
    return JvomError(message, hint=f"the traceback is in {log}")


def _log(words: Sequence[str]) -> Path | None:
    """Today's log of the warehouse that the command line names; None if it has no warehouse."""
    given = dict(itertools.pairwise(words)).get("--warehouse")
    try:
        logs = settings.find(warehouse=Path(given) if given else None).logs
        if not logs.parent.is_dir():
            return None
        logs.mkdir(exist_ok=True)
    except (JvomError, OSError):
        return None
    return logs / time.strftime("%Y-%m-%d.log")
