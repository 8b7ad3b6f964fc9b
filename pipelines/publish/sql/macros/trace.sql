-- Where a printed figure comes from, by the latest vintage: value, characters and place, how it was
-- obtained, file, and who recorded it when and why. One row per piece of the cell. For a mission_id,
-- total or footnote:13; columns read from one cell (international_mandate_end) lead to that cell.
-- attached_as is as for personnel_as_of.
CREATE OR REPLACE MACRO trace(mission_id, edition_year, column_name, attached_as := NULL) AS TABLE
/* The views cells and editions cannot be used: the names of the arguments would be taken for columns
   inside them. */
SELECT
    cells.table_name,
    cells.row_key,
    cells.edition_year,
    cells.column_name,
    cells.value,
    cells.as_printed,
    pieces.span.page AS page,
    cells.page_label,
    pieces.span.line AS line,
    pieces.span.char_start AS char_start,
    pieces.span.char_end AS char_end,
    pieces.span.box AS box,
    cells.derivation,
    cells.equalities,
    cells.parts,
    cells.qualifier,
    cells.value_low,
    cells.value_high,
    editions.source_path,
    editions.source_sha256 AS sha256,
    editions.source_fidelity AS fidelity,
    editions.kamerstuk,
    editions.source_url,
    vintages.vintage,
    vintages.recorded_at,
    vintages.cause,
    vintages.actor,
    vintages.run_id,
    vintages.snapshot_id
FROM cells_vintages AS cells
JOIN LATERAL (
    SELECT unnest(cells.spans) AS span, generate_subscripts(cells.spans, 1) AS piece
) AS pieces ON TRUE
JOIN editions_vintages AS editions
    ON editions.edition_year = cells.edition_year AND editions.vintage = cells.vintage
JOIN vintages AS vintages ON vintages.edition_year = editions.edition_year AND vintages.vintage = editions.vintage
WHERE NOT editions.withdrawn
    AND editions.vintage = (
        SELECT max(newest.vintage)
        FROM editions_vintages AS newest
        WHERE newest.edition_year = editions.edition_year
    )
    AND CASE
        WHEN {own} THEN cells.row_key = mission_id
        ELSE error('trace would read another file than its own: say attached_as := ''its name'', or USE it')
    END
    AND cells.edition_year = edition_year
    AND cells.column_name = {cell}
ORDER BY cells.table_name, pieces.piece
