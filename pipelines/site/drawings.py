"""Vega-Lite specs as SVG, kept with the site: a chart that has not changed is not drawn a second time.

Drawing takes about half of the time that a site takes, and a new release changes few of its charts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = ".drawings.json"  # in the folder of the site: hash of a spec → its SVG


class Drawings:
    """Drawings of one site; `earlier` are those of a site that the same code and tools made."""

    def __init__(self, earlier: Mapping[str, str] | None = None) -> None:
        self._earlier = earlier or {}
        self._used: dict[str, str] = {}

    def of(self, spec: Mapping[str, Any]) -> str:
        """The drawing of one spec, as vl-convert gives it."""
        key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        if key not in self._used:
            self._used[key] = self._earlier.get(key) or _drawn(spec)
        return self._used[key]

    def file(self) -> bytes:
        """What `read` reads: every drawing that this site uses."""
        return json.dumps(self._used, indent=0, sort_keys=True).encode()


def read(site: Path) -> dict[str, str]:
    """The drawings of the site in a folder; none where it has none that can be read."""
    try:
        found = json.loads((site / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _drawn(spec: Mapping[str, Any]) -> str:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(dict(spec), vl_version=vl_convert.get_vegalite_versions()[-1])
    return svg
