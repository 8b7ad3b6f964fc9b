"""Acquisition: finds the report of a year among what parliament was sent, and puts it into `raw/`.

`parliament` and `publications` list documents, `transport` asks and downloads, `searching` judges, and
`fetching` writes to `raw/` and knows other stages. The services could not be reached where this was
written: their shapes are from documentation.
"""
