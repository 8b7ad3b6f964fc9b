"""Tables of plain values that tests go through, in files of `tests/cases` that are named like the test files.

Under the name of a test are its rows, one for each time that it runs.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

_HOME = Path(__file__).parents[1] / "cases"


def cases(*names: str, nested: type | Sequence[type] = list) -> Callable[[Callable[..., Any]], Any]:
    """The rows of a test as these parameters of it; they may have names, which are then those of its runs.

    What is a list within a row becomes of the type `nested`, or of these types, the outermost first.
    """
    kinds = [nested] if isinstance(nested, type) else [*nested]

    def marked(test: Callable[..., Any]) -> Any:
        rows = tables(test.__module__.rpartition(".")[2].removeprefix("test_"))[test.__qualname__]
        named, listed = (list(rows), rows.values()) if isinstance(rows, dict) else (None, rows)
        values = [[_as(kinds, of) for of in ([row] if len(names) == 1 else row)] for row in listed]
        return pytest.mark.parametrize(names, values, ids=named)(test)

    return marked


@cache
def tables(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((_HOME / f"{name}.yaml").read_text(encoding="utf-8")))


def _as(kinds: Sequence[type], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as(kinds, of) for key, of in value.items()}
    return kinds[0](_as(kinds[1:] or kinds, of) for of in value) if isinstance(value, list) else value
