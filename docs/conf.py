"""Sphinx: the pages of docs/ as a site. `python -m sphinx -W docs docs/_build` builds it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
_PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _PROJECT["name"]
release = version = _PROJECT["version"]
copyright = "CC0-1.0"  # Sphinx reads it by this name
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": _PROJECT["description"], "page_width": "70rem"}
html_show_sourcelink = False
myst_heading_anchors = 4
# The data dictionary's anchors of columns are HTML, which browsers find and MyST does not look for.
suppress_warnings = ["myst.xref_missing"]

_PARTS = re.compile(r"^\*\*[^*]+\*\* \((\w[\w-]*)\)$(.*?)(?=^\*\*|\Z)", re.M | re.S)
_PAGES = re.compile(r"\]\(([\w/-]+)\.md\)")
_LINKS = re.compile(r"\[([^]]+)\]\((\.\.[^)#\s]*)\)")


def _contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Links out of docs/ become names of files, and the index's four tables the site's contents."""
    folder = (HERE / page).parent

    def outside(link: re.Match[str]) -> str:
        """Links that leave docs/ lead nowhere in the site: the file is named instead."""
        target = (folder / link[2]).resolve()
        if target.is_relative_to(HERE):
            return link[0]
        return f"{link[1]} (`{target.relative_to(HERE.parent)}`)"

    source[0] = _LINKS.sub(outside, source[0])
    if page != "index":
        return
    for part, text in _PARTS.findall(source[0]):
        pages = "\n".join(dict.fromkeys(_PAGES.findall(text)))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {part.capitalize()}\n\n{pages}\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _contents)
