"""The lake → views, the DuckDB file, and what describes it: dictionary, changes, package."""
