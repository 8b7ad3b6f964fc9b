#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: the roles, with the passwords of deploy/.env.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
  -v writer="$JVOM_WRITER_PASSWORD" -v reader="$JVOM_READER_PASSWORD" -v dagster="$DAGSTER_PG_PASSWORD" \
  -f /roles.sql
