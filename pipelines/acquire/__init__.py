"""Acquisition: finds the report of a year among what parliament was sent, and puts it into `raw/`.

`parliament` and `publications` list documents, `transport` asks and downloads, `searching` judges them and
checks what is assumed of the services, `fetching` writes to `raw/` and knows other stages, `cassette` keeps
what was exchanged. The services could not be reached from here: their shapes are what others recorded.
"""
