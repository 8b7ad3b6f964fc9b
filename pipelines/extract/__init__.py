"""Bytes of a report → lines and Arrow tables, in child processes within limits.

Nothing here checks what a contract can check, and nothing repairs a figure.
"""
