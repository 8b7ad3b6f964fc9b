"""Table macros of the published file: questions with an argument, one CREATE MACRO a file."""
