-- Which checks did each vintage pass, when, and in which run?
-- A vintage whose rows break a contract is not recorded, so each that was read from a document passed. Rules that
-- change look again at the newest vintage: each look is a row. A vintage is read again while it is the newest.
SELECT
    edition_year,
    vintage,
    'contracts' AS check_name,
    'passed' AS outcome,
    concat(list_sum(map_values(row_counts)), ' rows kept their contracts') AS details,
    recorded_at AS checked_at,
    code_version AS checked_by_version,
    actor,
    run_id
FROM vintages
WHERE cause NOT IN ('withdrawn', 'restored')
UNION ALL
SELECT
    edition_year,
    vintage,
    'rules' AS check_name,
    CASE WHEN errors > 0 THEN 'failed' WHEN warnings + unread_sentences > 0 THEN 'warned' ELSE 'passed' END AS outcome,
    concat(
        'findings: ', findings, ', of them errors: ', errors, ', warnings: ', warnings,
        '; sentences with figures not understood: ', unread_sentences
    ) AS details,
    reconciled_at AS checked_at,
    rules_version AS checked_by_version,
    actor,
    run_id
FROM reconciliations
UNION ALL
SELECT
    verifications.edition_year,
    vintages.vintage,
    'read again' AS check_name,
    'passed' AS outcome,
    verifications.result AS details,
    verifications.checked_at,
    verifications.code_version AS checked_by_version,
    verifications.actor,
    CAST(NULL AS VARCHAR) AS run_id
FROM verifications
ASOF JOIN vintages
    ON vintages.edition_year = verifications.edition_year AND vintages.recorded_at <= verifications.checked_at
WHERE verifications.kind = 'read again'
