-- What did the rules find in each edition ({table}), by its latest reading and the last rules to look at it?
-- A vintage is looked at again when rules change; what earlier rules found stays in {table}_vintages.
-- A template: one view for each table that reconciliation gives. To findings come those of the rules
-- that compare editions, which publishing computes.
SELECT
    {columns}
FROM {table}_vintages
WHERE (edition_year, vintage, rules_version) IN (
    SELECT edition_year, vintage, rules_version
    FROM known
    WHERE known_until IS NULL
)
{across}
