-- When did each mission, or the Dutch contribution to it, end, and why, in the words of the editions held?
-- A mission that only leaves the report is not here: that is not an ending. Nor is an end after which a later
-- edition has persons sent. The newest edition that gives an end shows, by its most exact date; where its own
-- dates cannot all be meant, all lie between. What older editions say otherwise is in other_dates. The day of a
-- decision to end a mission counts only where nothing says when it ended: it did so then, or later.
WITH endings AS (
    SELECT
        edition_year,
        mission_id,
        starts_with(event, 'mission') AS of_mission,
        ends_with(event, 'decided') AS decided,
        coalesce(date_from, date) AS date_from,
        -- Vintages from before contract 2.0 have the first day of a month or year alone.
        CASE
            WHEN NOT ends_with(event, 'decided')
                THEN coalesce(
                    date_to,
                    CASE precision
                        WHEN 'month' THEN last_day(date)
                        WHEN 'year' THEN make_date(year(date), 12, 31)
                        ELSE date
                    END
                )
        END AS date_to,
        precision,
        as_printed,
        reason_as_printed,
        source_page,
        source_line,
        coalesce(sentence_page, source_page) AS sentence_page,
        coalesce(sentence_line, source_line) AS sentence_line,
        coalesce(sentence_line_end, source_line_end) AS sentence_line_end,
        coalesce(reason_page, source_page) AS reason_page,
        coalesce(reason_line, source_line) AS reason_line,
        event_id
    FROM mission_events
    WHERE event IN ('mission ended', 'mission end decided', 'contribution ended', 'contribution end decided')
),

-- Editions with persons sent, an inexact number of them too.
sent AS (
    SELECT mission_id, edition_year, period_start
    FROM mission_trends
    WHERE
        greatest(deployed_military, deployed_civil_police, deployed_total) > 0
        OR list_has_any(left_out, ['deployed_military', 'deployed_civil_police'])
),

standing AS (
    SELECT *, decided AND bool_or(NOT decided) OVER (PARTITION BY mission_id, of_mission) AS has_ended
    FROM endings
    WHERE NOT EXISTS (
        SELECT 1
        FROM sent
        WHERE
            sent.mission_id = endings.mission_id
            AND sent.edition_year > endings.edition_year
            AND sent.period_start > coalesce(endings.date_to, endings.date_from)
    )
),

dated AS (
    SELECT *, max(edition_year) OVER (PARTITION BY mission_id, of_mission) AS newest
    FROM standing
    WHERE NOT has_ended
),

compared AS (
    SELECT
        mission_id,
        of_mission,
        newest,
        min(date_from) AS first_day,
        max(date_to) AS last_day,
        max(date_from) AS last_from,
        min(date_to) AS first_to,
        coalesce(max(date_from) > min(date_to), FALSE) AS dates_differ
    FROM dated
    WHERE edition_year = newest
    GROUP BY mission_id, of_mission, newest
),

others AS (
    SELECT
        compared.mission_id,
        compared.of_mission,
        list(endings.edition_year || ': ' || endings.as_printed ORDER BY endings.edition_year, endings.event_id)
            AS dates
    FROM compared
    JOIN endings
        ON endings.mission_id = compared.mission_id
        AND endings.of_mission = compared.of_mission
        AND endings.edition_year <> compared.newest
        AND NOT endings.decided
        AND (endings.date_from > compared.first_to OR endings.date_to < compared.last_from)
    GROUP BY compared.mission_id, compared.of_mission
),

ranked AS (
    SELECT
        dated.mission_id,
        dated.of_mission,
        CASE WHEN compared.dates_differ THEN compared.first_day ELSE dated.date_from END AS date_from,
        CASE WHEN compared.dates_differ THEN compared.last_day ELSE dated.date_to END AS date_to,
        CASE WHEN NOT compared.dates_differ THEN dated.precision END AS precision,
        compared.dates_differ OR others.dates IS NOT NULL AS dates_differ,
        coalesce(others.dates, []) AS other_dates,
        dated.as_printed,
        dated.edition_year,
        dated.source_page,
        dated.source_line,
        dated.sentence_page,
        dated.sentence_line,
        dated.sentence_line_end,
        CASE
            WHEN compared.dates_differ
                THEN concat(compared.first_day, '/', coalesce(CAST(compared.last_day AS VARCHAR), '..'))
            WHEN dated.precision = 'quarter' AND dated.date_to IS NOT NULL
                THEN concat(dated.date_from, '/', dated.date_to)
            ELSE concat(
                CASE dated.precision
                    WHEN 'month' THEN strftime(dated.date_from, '%Y-%m')
                    WHEN 'year' THEN strftime(dated.date_from, '%Y')
                    ELSE CAST(dated.date_from AS VARCHAR)
                END,
                CASE WHEN dated.date_to IS NULL THEN '/..' END
            )
        END AS ended,
        coalesce(dated.date_from > editions.period_end, FALSE) AS announced
    FROM dated
    JOIN editions ON editions.edition_year = dated.edition_year
    JOIN compared
        ON compared.mission_id = dated.mission_id
        AND compared.of_mission = dated.of_mission
        AND compared.newest = dated.edition_year
    LEFT JOIN others
        ON others.mission_id = dated.mission_id AND others.of_mission = dated.of_mission
    QUALIFY row_number() OVER (
        PARTITION BY dated.mission_id, dated.of_mission
        ORDER BY dated.date_to - dated.date_from, dated.source_line, dated.event_id
    ) = 1
),

reasons AS (
    SELECT *
    FROM standing
    WHERE reason_as_printed IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY mission_id ORDER BY edition_year DESC, source_line, event_id) = 1
),

-- Editions whose running text has something on the mission: no other can say when and why it ended.
texts AS (
    SELECT spoken.mission_id, list_sort(list_distinct(list(spoken.edition_year))) AS editions
    FROM (
        SELECT edition_year, unnest(mission_ids) AS mission_id
        FROM sections
        WHERE text IS NOT NULL
    ) AS spoken
    GROUP BY spoken.mission_id
)

SELECT
    ended.mission_id,
    missions.name,
    contribution.ended AS contribution_ended,
    mission.ended AS mission_ended,
    contribution.date_from AS contribution_ended_from,
    contribution.date_to AS contribution_ended_to,
    contribution.precision AS contribution_ended_precision,
    mission.date_from AS mission_ended_from,
    mission.date_to AS mission_ended_to,
    mission.precision AS mission_ended_precision,
    contribution.as_printed AS contribution_ended_as_printed,
    mission.as_printed AS mission_ended_as_printed,
    coalesce(contribution.dates_differ, FALSE) OR coalesce(mission.dates_differ, FALSE) AS dates_differ,
    list_concat(contribution.other_dates, mission.other_dates) AS other_dates,
    list_concat(
        CASE WHEN contribution.announced THEN ['contribution'] ELSE [] END,
        CASE WHEN mission.announced THEN ['mission'] ELSE [] END
    ) AS announced,
    reasons.reason_as_printed,
    CASE WHEN reasons.of_mission THEN 'mission' WHEN NOT reasons.of_mission THEN 'contribution' END AS reason_of,
    reasons.edition_year AS reason_edition_year,
    reasons.reason_page,
    reasons.reason_line,
    coalesce(texts.editions, []) AS text_editions,
    missions.last_edition_year,
    coalesce(contribution.edition_year, mission.edition_year) AS edition_year,
    coalesce(contribution.source_page, mission.source_page) AS source_page,
    coalesce(contribution.source_line, mission.source_line) AS source_line,
    coalesce(contribution.sentence_page, mission.sentence_page) AS sentence_page,
    coalesce(contribution.sentence_line, mission.sentence_line) AS sentence_line,
    coalesce(contribution.sentence_line_end, mission.sentence_line_end) AS sentence_line_end,
    mission.edition_year AS mission_ended_edition_year,
    mission.source_page AS mission_ended_page,
    mission.source_line AS mission_ended_line
FROM (SELECT DISTINCT mission_id FROM standing) AS ended
LEFT JOIN missions ON missions.mission_id = ended.mission_id
LEFT JOIN ranked AS contribution ON contribution.mission_id = ended.mission_id AND NOT contribution.of_mission
LEFT JOIN ranked AS mission ON mission.mission_id = ended.mission_id AND mission.of_mission
LEFT JOIN reasons ON reasons.mission_id = ended.mission_id
LEFT JOIN texts ON texts.mission_id = ended.mission_id
