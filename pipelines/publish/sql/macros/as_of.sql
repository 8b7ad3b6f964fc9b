-- The {table} known at a moment (UTC): of each edition the newest vintage recorded until then, unless
-- that vintage withdraws the edition.{about} Names and labels beside it are those of today's registry: those
-- published then are in the release's own package, releases/<id>/data. Of a file attached as x: x.{table}_as_of(TIMESTAMP '2024-06-01');
-- in a view or a prepared query attached_as := 'x' has to say so too, unless USE does.
CREATE OR REPLACE MACRO {table}_as_of(moment, attached_as := NULL) AS TABLE
SELECT rows_of.*
FROM {table}_vintages AS rows_of
WHERE ({keys}) IN (
    SELECT {keys}
    FROM known
    WHERE
        CASE
            WHEN {own} THEN known_from <= CAST(moment AS TIMESTAMP)
            ELSE error('{table}_as_of would read another file than its own: say attached_as := ''its name'', or USE it')
        END
        AND coalesce(known_until > CAST(moment AS TIMESTAMP), TRUE)
)
