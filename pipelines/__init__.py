"""The yearly reports on Dutch mission contributions, as versioned data.

acquire → raw → extract → validate → reconcile → lake → publish → site; figures of other public sources
join at `publish`. Imports go down only: tests/test_house.py has the floors. `orchestration` alone imports
Dagster and knows the order of the stages; `lake` and `publish` (and by a handed connection `site` and
`trace`) use DuckDB.
"""
