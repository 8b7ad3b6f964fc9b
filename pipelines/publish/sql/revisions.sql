-- Which values changed from one vintage of an edition to the next, cell by cell, and why?
-- Every value of every table of the report as a row of its own, beside the vintage before it. What is
-- equal in both does not show; places are not values.
WITH now AS (
{cells}
),

before AS (
    SELECT edition_year, vintage + 1 AS vintage, table_name, row_key, column_name, value
    FROM now
)

SELECT
    vintages.edition_year,
    vintages.vintage,
    coalesce(now.table_name, before.table_name) AS table_name,
    coalesce(now.row_key, before.row_key) AS row_key,
    coalesce(now.column_name, before.column_name) AS column_name,
    before.value AS old_value,
    now.value AS new_value,
    vintages.cause
FROM now
FULL JOIN before
    ON before.edition_year = now.edition_year
    AND before.vintage = now.vintage
    AND before.table_name = now.table_name
    AND before.row_key = now.row_key
    AND before.column_name = now.column_name
-- The newest vintage has none after it, and the first has none before it.
JOIN vintages
    ON vintages.edition_year = coalesce(now.edition_year, before.edition_year)
    AND vintages.vintage = coalesce(now.vintage, before.vintage)
WHERE vintages.vintage > 1 AND now.value IS DISTINCT FROM before.value
