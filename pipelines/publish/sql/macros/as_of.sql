-- The {table} known at a moment (UTC): of each edition the newest vintage recorded until then, unless
-- that vintage withdraws the edition.{about} attached_as is the name under which the file is attached, where that
-- is neither jvom nor what USE names: x.{table}_as_of(TIMESTAMP '2024-06-01', attached_as := 'x').
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
