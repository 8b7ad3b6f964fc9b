"""Acquisition: finds the report of a year among what parliament was sent, and puts it into `raw/`.

`parliament` and `publications` list documents, `transport` asks and downloads, `searching` judges, `fetching`
writes to `raw/` and knows other stages; `cassette` keeps what was exchanged, `checking` asks what holds. The
services could not be reached where this was written: their shapes are what others recorded.
"""
