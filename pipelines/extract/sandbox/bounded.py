"""Becomes another program, once CPU time, memory and written bytes are bounded.

Run as `python -m pipelines.extract.sandbox.bounded CPU_SECONDS MEMORY_BYTES OUTPUT_BYTES PROGRAM ARG...`.
"""

from __future__ import annotations

import os
import sys

from pipelines.extract.sandbox.child import end_with_parent, limit

if __name__ == "__main__":
    cpu_seconds, memory, output, *command = sys.argv[1:]
    end_with_parent()
    limit(int(cpu_seconds), int(memory), int(output))
    os.execvp(command[0], command)
