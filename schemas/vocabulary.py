"""Names and words that contracts and the project's TOML files share; it imports nothing.

The contracts need pyarrow, which takes longer to import than a build with nothing to do may last, so
what both they and the registry check is here.
"""

FRAME = ("frame_military", "frame_civil_police")
DEPLOYED = ("deployed_military", "deployed_civil_police")
FIGURES = (*FRAME, *DEPLOYED, "deployed_total")  # of a row of annex 2, in the order of its columns
TOTAL = "total"  # row_key of the totals row
ORGANISATIONS = ("UN", "EU", "NATO", "AU", "US", "coalition", "mixed", "national", "other")
RELATIONS = ("part of", "succeeds", "includes")
