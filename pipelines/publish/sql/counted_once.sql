-- How many different persons were sent, where rows that may count the same persons are taken together?
-- A row stands alone, or with the largest of the missions that it is part of and all of that one's parts. Between
-- groups no source says that anybody is in two.
WITH pairs AS MATERIALIZED (
    SELECT edition_year, mission_id, other_mission_id
    FROM may_overlap
),

parts AS (
    SELECT one.edition_year, one.mission_id, min(one.other_mission_id) AS group_id
    FROM pairs AS one
    LEFT JOIN pairs AS further
        ON further.edition_year = one.edition_year AND further.mission_id = one.other_mission_id
    WHERE further.mission_id IS NULL
    GROUP BY one.edition_year, one.mission_id
),

members AS (
    SELECT
        mission_trends.edition_year,
        coalesce(parts.group_id, mission_trends.mission_id) AS group_id,
        mission_trends.mission_id,
        mission_trends.name,
        mission_trends.deployed_total_computed AS deployed,
        mission_trends.deployed_exact,
        coalesce(missions.seas, []) AS seas
    FROM mission_trends
    JOIN missions ON missions.mission_id = mission_trends.mission_id
    LEFT JOIN parts
        ON parts.edition_year = mission_trends.edition_year AND parts.mission_id = mission_trends.mission_id
    WHERE mission_trends.listed
)

SELECT
    edition_year,
    group_id,
    list(mission_id ORDER BY mission_id) AS mission_ids,
    list(name ORDER BY mission_id) AS names,
    list_sort(list_distinct(flatten(list(seas)))) AS seas,
    max(deployed_exact) AS persons_at_least,
    CASE WHEN count(*) = count(deployed) THEN CAST(sum(deployed) AS INTEGER) END AS persons_at_most
FROM members
GROUP BY edition_year, group_id
