-- Which two rows of an edition may count the same persons, so that they may not be added up?
-- Where the registry, by a public source, makes one mission part of another, also by way of a third or fourth,
-- and annex 2 lists both. How many different persons they are lies between the larger figure and the sum.
WITH listed AS MATERIALIZED (
    SELECT edition_year, mission_id, name, deployed_total_computed, deployed_exact
    FROM mission_trends
    WHERE listed
),

edges AS (
    SELECT mission_id, other_mission_id, source
    FROM mission_relations
    WHERE relation = 'part of'
    UNION
    SELECT other_mission_id AS mission_id, mission_id AS other_mission_id, source
    FROM mission_relations
    WHERE relation = 'includes'
),

ways AS (
    SELECT mission_id, other_mission_id, [source] AS sources, [mission_id, other_mission_id] AS way
    FROM edges
    UNION ALL
    SELECT
        one.mission_id,
        two.other_mission_id,
        [one.source, two.source] AS sources,
        [one.mission_id, two.mission_id, two.other_mission_id] AS way
    FROM edges AS one
    JOIN edges AS two ON two.mission_id = one.other_mission_id
    UNION ALL
    SELECT
        one.mission_id,
        three.other_mission_id,
        [one.source, two.source, three.source] AS sources,
        [one.mission_id, two.mission_id, three.mission_id, three.other_mission_id] AS way
    FROM edges AS one
    JOIN edges AS two ON two.mission_id = one.other_mission_id
    JOIN edges AS three ON three.mission_id = two.other_mission_id
),

shortest AS (
    SELECT
        mission_id,
        other_mission_id,
        arg_min(way, (len(way), way)) AS way,
        arg_min(sources, (len(way), way, sources)) AS sources
    FROM ways
    WHERE mission_id <> other_mission_id
    GROUP BY mission_id, other_mission_id
)

SELECT
    part.edition_year,
    part.mission_id,
    part.name,
    whole.mission_id AS other_mission_id,
    whole.name AS other_name,
    part.deployed_total_computed AS deployed,
    whole.deployed_total_computed AS other_deployed,
    greatest(part.deployed_exact, whole.deployed_exact) AS persons_at_least,
    part.deployed_total_computed + whole.deployed_total_computed AS persons_at_most,
    shortest.way,
    shortest.sources
FROM shortest
JOIN listed AS part ON part.mission_id = shortest.mission_id
JOIN listed AS whole
    ON whole.mission_id = shortest.other_mission_id AND whole.edition_year = part.edition_year
