-- Which missions does the registry know, and from which edition to which does annex 2 list them?
-- A mission that no edition held lists stays, without years.
WITH listed AS (
    SELECT mission_id, min(edition_year) AS first_edition_year, max(edition_year) AS last_edition_year
    FROM personnel
    GROUP BY mission_id
)

SELECT
    mission_registry.mission_id,
    mission_registry.name,
    mission_registry.full_name,
    mission_registry.organisation,
    mission_registry.region,
    mission_registry.countries,
    mission_registry.seas,
    mission_registry.seas_source,
    mission_registry.wikidata_id,
    listed.first_edition_year,
    listed.last_edition_year
FROM mission_registry
LEFT JOIN listed ON listed.mission_id = mission_registry.mission_id
