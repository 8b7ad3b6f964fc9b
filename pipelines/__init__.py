"""The yearly reports on Dutch mission contributions, as versioned data.

Before it: acquired. One way through:
raw → document → tables → validated → reconciled → snapshot → views → published → package, site;
figures of other public sources (`public`) join at the views. Each stage is one module, pure, and
imports `schemas`, libraries, `seams` and `settings` (a few share `files`, `pdf` and `sandbox`), but no
other stage; only `assets` knows their order. Dagster is imported by `assets`, `checks`, `automation`,
`definitions` and `run` alone, DuckDB by `snapshot`, `views` and `published` alone.
"""
