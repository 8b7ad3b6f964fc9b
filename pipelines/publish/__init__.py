"""The lake → views, the DuckDB file, and what describes it: dictionary, changes, package.

Documents are Jinja templates: what they say comes in, nothing is escaped as HTML.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipelines.harmless import markdown

if TYPE_CHECKING:
    from jinja2 import Environment


def render(name: str, **values: object) -> str:
    """The document of the template file `name`; jinja2.UndefinedError if a value is missing."""
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "markdown": markdown,
        # Between double quotes, as JSON, YAML and Turtle all read it.
        "quoted": lambda text: json.dumps(str(text), ensure_ascii=False),
        # Between angle brackets: what could end it is escaped.
        "iri": lambda address: f"<{quote(address, safe=':/?#[]@!$&()*+,;=%~')}>",
    }
    return environment
