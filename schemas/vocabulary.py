"""Names and words that contracts and the project's TOML files share; it imports nothing.

The contracts need pyarrow, which takes longer to import than a build with nothing to do may last, so
what both they and the registry check is here.
"""

from collections.abc import Iterable

FRAME = ("frame_military", "frame_civil_police")
DEPLOYED = ("deployed_military", "deployed_civil_police")
FIGURES = (*FRAME, *DEPLOYED, "deployed_total")  # of a row of annex 2, in the order of its columns
PARTS = ("frame_civil", "frame_police", "deployed_civil", "deployed_police")  # of figures, printed apart
TOTAL = "total"  # row_key of the totals row
ORGANISATIONS = ("UN", "EU", "NATO", "AU", "US", "coalition", "mixed", "national", "other")
RELATIONS = ("part of", "succeeds", "includes")
PRECISIONS = ("day", "month", "quarter", "year")  # of a printed date
STATUSES = (  # of a duration
    *("until", "indefinite", "continuous", "until further notice"),
    *("not applicable", "to be decided", "several", "unknown"),
)
QUALIFIERS = (  # of a printed figure
    *("at most", "less than", "at least", "more than", "about", "range", "part-time", "of which", "none"),
    *("to be decided", "as needed", "classified", "unknown", "declared", "shared"),
)
HEDGES = ("about", "more than", "almost")  # of another public source
TIMELINE_QUALIFIERS = (*QUALIFIERS, "almost", "average")
DISAGREEMENT = "tag_geometry_disagreement"  # the rule on it has this name too


_SUMS, _PART = "sums: ", "part of: "  # how entries in `equalities` begin


def summing(keys: Iterable[str]) -> str:
    """The entry in `equalities` of a subtotal: the row_keys of the rows that it sums."""
    return _SUMS + ", ".join(keys)


def summed_in(equality: str) -> list[str] | None:
    """The rows that a subtotal sums, if that is what an entry in `equalities` says."""
    return equality.removeprefix(_SUMS).split(", ") if equality.startswith(_SUMS) else None


def part_of(key: str) -> str:
    """The entry in `equalities` of an "of which" row: the row_key of the row that it is a part of."""
    return _PART + key


def part_in(equality: str) -> str | None:
    """The row that an "of which" row is a part of, if that is what an entry in `equalities` says."""
    return equality.removeprefix(_PART) if equality.startswith(_PART) else None


def disagreement(tags: str, geometry: str) -> str:
    """The entry in `equalities` of a PDF's cell that its structure tags and its geometry give differently."""
    return f"{DISAGREEMENT}: structure tags give {tags}, geometry gives {geometry}"


def disagreement_in(equality: str) -> str | None:
    """What the two give, if that is what an entry in `equalities` says."""
    rule, _, readings = equality.partition(": ")
    return readings if rule == DISAGREEMENT else None


# Schemas of the published file. `main`: what most questions need. `record`: the evidence, and the record
# behind it. `vintages`: the rows of every vintage. `internal`: what the file is made of.
SCHEMAS = ("main", "record", "vintages", "internal")
