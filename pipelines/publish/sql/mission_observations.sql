-- What do other public sources say of each mission, and what does the annex of that period say?
-- An observation belongs to the edition in whose period all of its days lie.
WITH placed AS (
    SELECT observations.observation_id, max(editions.edition_year) AS edition_year
    FROM observations
    JOIN editions
        ON observations.period_start >= editions.period_start
        AND observations.period_end <= editions.period_end
    GROUP BY observations.observation_id
)

SELECT
    observations.observation_id,
    observations.mission_id,
    missions.name,
    missions.region,
    missions.organisation,
    observations.part,
    observations.measure,
    observations.period_start,
    observations.period_end,
    observations.start_precision,
    observations.end_precision,
    observations.military,
    observations.civil_police,
    observations.total,
    observations.qualifier,
    observations.confidence,
    observations.source_url,
    observations.note,
    placed.edition_year,
    personnel.frame_military AS annex_frame_military,
    personnel.frame_civil_police AS annex_frame_civil_police,
    personnel.deployed_total AS annex_deployed_total
FROM observations
LEFT JOIN missions ON missions.mission_id = observations.mission_id
LEFT JOIN placed ON placed.observation_id = observations.observation_id
LEFT JOIN personnel
    ON personnel.edition_year = placed.edition_year AND personnel.mission_id = observations.mission_id
