-- When is each mission listed, when was it largest, and how large was it last?
WITH listed AS (
    SELECT
        mission_id,
        name,
        edition_year,
        deployed_total_computed,
        list_has_any(left_out, ['deployed_military', 'deployed_civil_police']) AS sent_left_out,
        max(deployed_total_computed) OVER (PARTITION BY mission_id) AS peak_deployed_total,
        max(edition_year) OVER (PARTITION BY mission_id) AS last_edition_year
    FROM mission_trends
    WHERE listed
),

summary AS (
    SELECT
        mission_id,
        name,
        min(edition_year) AS first_edition_year,
        max(edition_year) AS last_edition_year,
        CAST(count(edition_year) AS INTEGER) AS editions_listed,
        min(edition_year) FILTER (WHERE deployed_total_computed = peak_deployed_total) AS peak_edition_year,
        max(deployed_total_computed) AS peak_deployed_total,
        max(deployed_total_computed) FILTER (WHERE edition_year = last_edition_year) AS latest_deployed_total,
        list(edition_year ORDER BY edition_year) FILTER (WHERE sent_left_out) AS editions_left_out
    FROM listed
    GROUP BY mission_id, name
),

-- Alone, or in a row for several missions.
present AS (
    SELECT mission_id, edition_year
    FROM listed
    UNION
    SELECT mission_relations.other_mission_id AS mission_id, listed.edition_year
    FROM listed
    JOIN mission_relations
        ON mission_relations.mission_id = listed.mission_id AND mission_relations.relation = 'includes'
),

gaps AS (
    SELECT summary.mission_id, list(editions.edition_year ORDER BY editions.edition_year) AS years
    FROM summary
    JOIN editions ON editions.edition_year BETWEEN summary.first_edition_year AND summary.last_edition_year
    LEFT JOIN present
        ON present.mission_id = summary.mission_id AND present.edition_year = editions.edition_year
    WHERE present.mission_id IS NULL
    GROUP BY summary.mission_id
),

not_held AS (
    SELECT flatten(list(years_not_held ORDER BY edition_year)) AS years FROM edition_sequence
)

SELECT
    summary.mission_id,
    summary.name,
    summary.first_edition_year,
    summary.last_edition_year,
    summary.editions_listed,
    summary.peak_edition_year,
    summary.peak_deployed_total,
    summary.latest_deployed_total,
    coalesce(gaps.years, CAST([] AS INTEGER[])) AS gaps,
    list_filter(
        not_held.years,
        lambda year: year BETWEEN summary.first_edition_year AND summary.last_edition_year
    ) AS years_not_held,
    coalesce(summary.editions_left_out, CAST([] AS INTEGER[])) AS editions_left_out
FROM summary
CROSS JOIN not_held
LEFT JOIN gaps ON gaps.mission_id = summary.mission_id
