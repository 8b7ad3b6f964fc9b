-- Of one vintage what record.inferences has of the latest of each edition:
CREATE OR REPLACE MACRO inferences_of(of_edition, of_vintage, attached_as := NULL) AS TABLE
WITH cells AS (
    SELECT *
    FROM cells_vintages
    WHERE
        CASE
            WHEN {own} THEN edition_year = of_edition AND vintage = of_vintage
            ELSE error('inferences_of would read another file than its own: say attached_as := ''its name'', or USE it')
        END
),

personnel AS (
    SELECT *
    FROM personnel_vintages
    WHERE edition_year = of_edition AND vintage = of_vintage
)

SELECT *
FROM (
{inferences}
)
