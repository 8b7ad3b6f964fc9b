-- Under which names do the annexes print each mission, and in which editions?
WITH printed AS (
    SELECT mission_as_printed AS spelling, mission_id, edition_year FROM personnel
    UNION  -- without ALL: a name that is in both annexes of an edition counts once
    SELECT mission_as_printed AS spelling, mission_id, edition_year FROM mandates
)

SELECT spelling, mission_id, list(edition_year ORDER BY edition_year) AS editions
FROM printed
GROUP BY spelling, mission_id
