CREATE OR REPLACE VIEW mission_trends AS
SELECT *, deployed_total - lag(deployed_total) OVER mission AS change,
    deployed_total / sum(deployed_total) OVER (PARTITION BY edition_year) AS share_of_total,
    rank() OVER (PARTITION BY edition_year ORDER BY deployed_total DESC) AS rank_in_edition
FROM (FROM personnel QUALIFY vintage = max(vintage) OVER (PARTITION BY edition_year))
WINDOW mission AS (PARTITION BY mission ORDER BY edition_year)
