-- How does each {group} develop from edition to edition?
-- Sums are over the missions listed; a sum of nothing but blanks is null.
-- A template: one view for each column of the registry that trends are grouped by.
WITH sums AS (
    SELECT
        {group},
        edition_year,
        previous_edition_year,
        CAST(count(mission_id) AS INTEGER) AS missions,
        CAST(sum(frame_military) AS INTEGER) AS frame_military,
        CAST(sum(frame_civil_police) AS INTEGER) AS frame_civil_police,
        CAST(sum(deployed_military) AS INTEGER) AS deployed_military,
        CAST(sum(deployed_civil_police) AS INTEGER) AS deployed_civil_police,
        CAST(sum(deployed_total) AS INTEGER) AS deployed_total,
        CAST(sum(deployed_total_computed) AS INTEGER) AS deployed_total_computed
    FROM mission_trends
    WHERE listed
    GROUP BY {group}, edition_year, previous_edition_year
)

SELECT
    now.{group},
    now.edition_year,
    now.previous_edition_year,
    edition_sequence.comparable,
    now.missions,
    now.frame_military,
    now.frame_civil_police,
    now.deployed_military,
    now.deployed_civil_police,
    now.deployed_total,
    now.deployed_total_computed,
    now.deployed_total_computed - before.deployed_total_computed AS change,
    100 * CAST(now.deployed_total_computed - before.deployed_total_computed AS DOUBLE)
        / nullif(before.deployed_total_computed, 0) AS change_pct,
    CAST(now.deployed_total_computed AS DOUBLE)
        / nullif(sum(now.deployed_total_computed) OVER (PARTITION BY now.edition_year), 0) AS share_of_total
FROM sums AS now
JOIN edition_sequence ON edition_sequence.edition_year = now.edition_year
LEFT JOIN sums AS before
    ON before.{group} = now.{group} AND before.edition_year = now.previous_edition_year
