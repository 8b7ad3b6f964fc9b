"""Documents of a release as Jinja templates: what they say comes in, nothing is escaped as HTML."""

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


def quoted(text: object) -> str:
    """A text between double quotes, as JSON, YAML and Turtle all read it."""
    return json.dumps(str(text), ensure_ascii=False)


def iri(address: str) -> str:
    """An address from a document as an IRI between angle brackets: what could end it is escaped."""
    return f"<{quote(address, safe=':/?#[]@!$&()*+,;=%~')}>"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"quoted": quoted, "iri": iri, "markdown": markdown}
    return environment
