# Recipes for working on jvom: `.venv/bin/just` lists them, CONTRIBUTING.md explains them.

_list:
    @{{ just_executable() }} --list --unsorted

# run tests: all of the default run, or those you name (`just test tests/test_cli.py -k trend`)
[group('check')]
test *arguments:
    .venv/bin/pytest {{ arguments }}

# lint, format and types
[group('check')]
lint:
    .venv/bin/ruff check
    .venv/bin/ruff format --check
    .venv/bin/mypy

# run a slow campaign: browser, team, scan, commands, kills, renditions or campaign
[group('check')]
campaign name *arguments:
    .venv/bin/pytest -n 2 -m {{ name }} {{ arguments }}

# write the generated pages of docs/ anew
[group('check')]
docs:
    .venv/bin/python -m pipelines.cli.reference command-line > docs/reference/command-line.md
    .venv/bin/python -m pipelines.cli.reference data-dictionary > docs/reference/data-dictionary.md
    .venv/bin/python -m pipelines.cli.reference rules > docs/reference/rules.md

# read and check one edition again; writes nothing, says which figures would change
[group('try')]
edition year:
    .venv/bin/jvom build --year {{ year }} --recheck --dry-run

# materialise one asset of one edition, from what the last run left of those before it
[group('try')]
asset name year:
    #!/bin/sh
    set -eu
    export DAGSTER_HOME="${JVOM_WAREHOUSE:-$PWD/warehouse}/dagster"
    names={{ quote(name) }}
    case $names in
      document | tables/*) # read in one step
        names=$(.venv/bin/dagster asset list --module-name pipelines.definitions | grep -E '^(document|tables/)' | paste -sd,) ;;
    esac
    .venv/bin/dagster asset materialize --module-name pipelines.definitions --select "$names" --partition {{ year }}

# draw a page of a document with the columns, rows and cells that were read
[group('try')]
page file number:
    .venv/bin/jvom page {{ file }} {{ number }}

# the steps to add a layout, and the tests that say what is missing
[group('add')]
add-layout: (_add "layout" "tests/test_layouts.py tests/test_registry.py")

# the same for a mission, or another spelling of one
[group('add')]
add-mission: (_add "mission" "tests/test_registry.py")

# the same for a rule that looks for contradictions
[group('add')]
add-rule: (_add "rule" "tests/test_docs.py -k generated")

# the same for a column
[group('add')]
add-column: (_add "column" "tests/test_docs.py tests/test_house.py -k 'generated or house or year'")

# the same for a command
[group('add')]
add-command: (_add "command" "tests/test_docs.py tests/test_safety.py -k 'tried or generated'")

_add what tests:
    @awk '/^### /{ on = ($0 == "### Add a {{ what }}") } /^## /{ on = 0 } on' CONTRIBUTING.md
    .venv/bin/pytest {{ tests }}
