"""The process that parses: limits first, then a PDF from standard input, JSON to standard output.

Run as `python -m pipelines.pdf.child CPU_SECONDS MEMORY_BYTES OUTPUT_BYTES` by `sandbox`.
"""

from __future__ import annotations

import json
import resource
import sys

OUT_OF_MEMORY = 71
"""Exit code; other ends are signals, or errors that the last line on standard error names."""


def limit(cpu_seconds: int, memory: int, output: int) -> None:
    """Bounds CPU time, address space and written bytes; no core is dumped."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def close_the_door() -> None:
    """From here on no file and no socket can be opened, so no font of the machine is used either."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def main(arguments: list[str]) -> None:
    """Writes the document, or why it is refused, to standard output."""
    limit(*(int(argument) for argument in arguments))
    from pipelines.pdf import parse, wire

    "".encode("utf-16-le")  # codecs are files too
    close_the_door()
    data = sys.stdin.buffer.read()
    try:
        answer = {"document": wire.dump(parse.parse(data, ""))}
    except parse.Refused as refused:
        answer = {"refused": {"message": refused.message, "hint": refused.hint, "page": refused.page}}
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
