"""The yearly reports on Dutch mission contributions, as versioned data.

One way through: raw → document → tables → validated → snapshot → views → published → package, site.
Each stage is one module, pure, and imports `schemas`, libraries, `seams` and `settings`, but no other
stage; only `assets` knows their order. Dagster is imported by `assets`, `checks`, `automation`, `definitions`
and `run` alone, DuckDB by `snapshot`, `views` and `published` alone.
"""
