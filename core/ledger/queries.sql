-- name: insert_entries
-- Takes what is new; the content hash covers the entry and its postings, so that the same key with other content is seen as a conflict.
INSERT INTO entry (entry_id, entry_key, content_sha256, kind, provider_id, month, occurred_on, accounted_on, corrects_month, reason, message_id, calculation_id,
                   posted_at)
OVERRIDING SYSTEM VALUE
SELECT s.entry_id, s.entry_key, s.content_sha256, s.kind, s.provider_id, s.month, s.occurred_on, s.accounted_on, s.corrects_month, s.reason, s.message_id,
       s.calculation_id, :at
FROM staged_content s
ORDER BY s.seq
ON CONFLICT (entry_key) DO NOTHING

-- name: hash_staged
-- Gives each staged entry its number and content hash; a key staged twice keeps its first occurrence for the insert.
CREATE TEMPORARY TABLE staged_content ON COMMIT DROP AS
SELECT e.seq, e.entry_key, e.kind, e.provider_id, e.month, e.occurred_on, e.accounted_on, e.corrects_month, e.reason, e.message_id, e.calculation_id,
       nextval(pg_get_serial_sequence('entry', 'entry_id')) AS entry_id,
       sha256(convert_to(ROW(e.kind, e.provider_id, e.month, e.occurred_on, e.corrects_month, e.reason)::text || coalesce(e.accounted_on::text, '') || p.content, 'UTF8')) AS content_sha256
FROM staged_entry e
JOIN (
  SELECT seq, string_agg(ROW(n, debit, credit, amount, account_id, service_id, creditor_id, origin_month, component, place_id)::text, '' ORDER BY n) AS content
  FROM staged_posting GROUP BY seq
) p USING (seq)

-- name: insert_postings
INSERT INTO posting (month, entry_id, n, provider_id, debit, credit, amount, account_id, service_id, creditor_id, origin_month, component, place_id)
SELECT s.month, s.entry_id, p.n, s.provider_id, p.debit, p.credit, p.amount, p.account_id, p.service_id, p.creditor_id, p.origin_month, p.component, p.place_id
FROM staged_content s
JOIN entry e ON e.entry_id = s.entry_id
JOIN staged_posting p ON p.seq = s.seq

-- name: conflicts
SELECT s.entry_key, e.entry_id, e.posted_at
FROM staged_content s JOIN entry e ON e.entry_key = s.entry_key
WHERE e.content_sha256 <> s.content_sha256
ORDER BY s.seq

-- name: closed_months
SELECT DISTINCT s.provider_id, s.month
FROM staged_entry s
WHERE (SELECT state FROM month_state m WHERE m.provider_id = s.provider_id AND m.month = s.month ORDER BY step DESC LIMIT 1) = 'closed'

-- name: closed_bank_days
-- Days of the staged entries that are closed.
SELECT DISTINCT s.accounted_on FROM staged_entry s WHERE s.accounted_on <= (SELECT max(day) FROM bank_day) ORDER BY 1

-- name: closed_through
-- Held to the end of the transaction: nobody closes a day that somebody is posting into.
SELECT (SELECT max(day) FROM bank_day) AS day FROM (SELECT pg_advisory_xact_lock_shared(hashtext('erkc bank day'))) held

-- name: first_accounted
SELECT min(accounted_on) FROM entry WHERE accounted_on IS NOT NULL

-- name: lock_bank_days
SELECT pg_advisory_xact_lock(hashtext('erkc bank day'))

-- name: insert_bank_day
INSERT INTO bank_day (day, actor, reason, content, message_id, closed_at) VALUES (:day, :actor, :reason, CAST(:content AS jsonb), :message_id, :at)

-- name: bank_days
SELECT day, actor, reason, content, message_id, closed_at FROM bank_day ORDER BY day

-- name: transit_items
-- What stands in transit at the end of an operational day, by the message or, of what a person decided, by the entry.
SELECT CASE WHEN e.entry_key LIKE 'payment_cancel/%' THEN NULL ELSE e.message_id END AS message_id,
       CASE WHEN e.kind = 'receipt' OR e.entry_key LIKE 'payment_cancel/%' THEN e.entry_key ELSE '' END AS entry_key,
       sum(CASE WHEN p.debit = 11 THEN p.amount ELSE -p.amount END)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE (p.debit = 11 OR p.credit = 11) AND e.accounted_on <= :day
GROUP BY 1, 2 HAVING sum(CASE WHEN p.debit = 11 THEN p.amount ELSE -p.amount END) <> 0
ORDER BY 1, 2

-- name: accounted_by_kind
-- What an operational day was posted, by kind of entry.
SELECT e.kind, count(DISTINCT e.entry_id) AS entries, sum(p.amount)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id) WHERE e.accounted_on = :day AND (p.debit IN (5, 11) OR p.credit IN (5, 11)) GROUP BY 1 ORDER BY 1

-- name: new_calculation
INSERT INTO calculation (provider_id, month, version, mode, rules, code_version, known_until, created_at)
SELECT :provider_id, :month, coalesce(max(version), 0) + 1, :mode, :rules, :code_version, :known_until, :at
FROM calculation WHERE provider_id = :provider_id AND month = :month
RETURNING calculation_id, version

-- name: insert_lines
INSERT INTO charge_line (month, calculation_id, provider_id, account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6,
                         base, surcharge, recalculation, underdelivery, benefit, inputs, sources)
SELECT :month, :calculation_id, :provider_id, account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6,
       base, surcharge, recalculation, underdelivery, benefit, inputs, sources
FROM staged_line

-- name: insert_volumes
INSERT INTO house_volume (calculation_id, provider_id, house_id, service, month, what, volume_e6, method)
SELECT :calculation_id, :provider_id, house_id, service, month, what, volume_e6, method FROM staged_volume

-- name: copy_lines
INSERT INTO charge_line (month, calculation_id, provider_id, account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6,
                         base, surcharge, recalculation, underdelivery, benefit, inputs, sources)
SELECT month, :calculation_id, provider_id, account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6,
       base, surcharge, recalculation, underdelivery, benefit, inputs, sources
FROM charge_line
WHERE month = :month AND calculation_id = :source AND account_id = ANY (:accounts)

-- name: copy_volumes
INSERT INTO house_volume (calculation_id, provider_id, house_id, service, month, what, volume_e6, method)
SELECT :calculation_id, provider_id, house_id, service, month, what, volume_e6, method
FROM house_volume WHERE calculation_id = :source AND house_id = ANY (:houses)

-- name: lines_of_calculation
SELECT account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6, base, surcharge, recalculation, underdelivery, benefit, inputs, sources
FROM charge_line
WHERE month = :month AND calculation_id = :calculation_id AND (CAST(:account_ids AS bigint[]) IS NULL OR account_id = ANY (:account_ids))
ORDER BY account_id, service_id, creditor_id

-- name: volumes_of_calculation
SELECT house_id, service, month, what, volume_e6, method FROM house_volume
WHERE calculation_id = :calculation_id AND (CAST(:house_ids AS bigint[]) IS NULL OR house_id = ANY (:house_ids))
ORDER BY house_id, service, month, what

-- name: calculation_by_id
SELECT calculation_id, provider_id, month, version, mode, rules, code_version, known_until, created_at
FROM calculation WHERE calculation_id = :calculation_id

-- name: last_computed_month
SELECT max(month) FROM calculation WHERE mode = 'charge' AND provider_id = ANY (:provider_ids)

-- name: calculation_totals
SELECT count(*) AS lines, count(DISTINCT account_id) AS accounts,
       coalesce(sum(base + surcharge + recalculation - underdelivery - benefit), 0)::bigint AS total,
       coalesce(sum(surcharge), 0)::bigint AS surcharge
FROM charge_line WHERE month = :month AND calculation_id = :calculation_id AND account_id <> ALL (CAST(:without AS bigint[]))

-- name: lock_month
-- One at a time decides or posts in a provider's month.
SELECT pg_advisory_xact_lock(hashtext('erkc month'), CAST(:provider_id AS integer))

-- name: posted_calculations
-- What months ended with, those of them that are posted.
SELECT month, calculation_id
FROM (SELECT DISTINCT ON (month) month, state, calculation_id FROM month_state
      WHERE provider_id = :provider_id AND month = ANY (CAST(:months AS date[])) ORDER BY month, step DESC) last
WHERE state IN ('posted', 'closed')

-- name: months_posted
-- The calculation of every posted month.
SELECT calculation_id FROM (SELECT DISTINCT ON (provider_id, month) state, calculation_id FROM month_state ORDER BY provider_id, month, step DESC) last
WHERE state IN ('posted', 'closed')
ORDER BY calculation_id

-- name: earlier_lines
SELECT month, account_id, service_id, sum(base + surcharge + recalculation - underdelivery - benefit)::bigint AS total,
       sum(volume_e6)::bigint AS volume_e6, CASE WHEN count(tariff_e6) = count(*) AND min(tariff_e6) = max(tariff_e6) THEN min(tariff_e6) END AS tariff_e6
FROM charge_line
WHERE month = ANY (CAST(:months AS date[])) AND calculation_id = ANY (CAST(:calculation_ids AS bigint[])) AND account_id = ANY (CAST(:account_ids AS bigint[]))
GROUP BY month, account_id, service_id
ORDER BY month, account_id, service_id

-- name: stage_calculation_entries
-- One entry an account: its key is made of the sender's own identifiers, so a rebuilt database gives the same keys.
CREATE TEMPORARY TABLE staged_entry ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY a.account_id) AS seq, a.account_id,
       format('charge/%s/%s/v%s/%s', p.inn, to_char(c.month, 'YYYY-MM'), c.version, t.entity_key) AS entry_key,
       'charge'::text AS kind, c.provider_id, c.month, (c.month + interval '1 month - 1 day')::date AS occurred_on, NULL::date AS accounted_on, NULL::date AS corrects_month,
       format('Начислено за %s, расчёт %s', to_char(c.month, 'MM.YYYY'), c.version) AS reason, NULL::bigint AS message_id, c.calculation_id
FROM calculation c
JOIN provider p USING (provider_id)
JOIN (SELECT DISTINCT account_id FROM charge_line
      WHERE month = :month AND calculation_id = :calculation_id
        AND account_id <> ALL (CAST(:without AS bigint[])) AND (CAST(:only AS bigint[]) IS NULL OR account_id = ANY (CAST(:only AS bigint[])))
        AND (base <> 0 OR surcharge <> 0 OR recalculation <> 0 OR underdelivery <> 0 OR benefit <> 0)) a ON true
JOIN entity t ON t.entity_id = a.account_id
WHERE c.calculation_id = :calculation_id

-- name: stage_calculation_postings
-- Base and corrections make the service's debt to its creditor; the surcharge is a sub-service of its own (domain model, ledger table).
-- The lines are read once and kept narrow; five passes over them cost less than a row of five values for each line.
CREATE TEMPORARY TABLE staged_posting ON COMMIT DROP AS
WITH line AS MATERIALIZED (
  SELECT s.seq, l.account_id, l.service_id, l.creditor_id, l.base, l.surcharge, l.recalculation, l.underdelivery, l.benefit
  FROM charge_line l JOIN staged_entry s ON s.account_id = l.account_id
  WHERE l.month = :month AND l.calculation_id = :calculation_id
), part AS (
  SELECT seq, account_id, service_id, creditor_id, 0 AS component, base AS amount, 2 AS counter FROM line WHERE base <> 0
  UNION ALL SELECT seq, account_id, service_id, creditor_id, 1, surcharge, 3 FROM line WHERE surcharge <> 0
  UNION ALL SELECT seq, account_id, service_id, creditor_id, 2, recalculation, 2 FROM line WHERE recalculation <> 0
  UNION ALL SELECT seq, account_id, service_id, creditor_id, 3, -underdelivery, 2 FROM line WHERE underdelivery <> 0
  UNION ALL SELECT seq, account_id, service_id, creditor_id, 4, -benefit, 10 FROM line WHERE benefit <> 0
)
SELECT seq, row_number() OVER (PARTITION BY seq ORDER BY service_id, creditor_id, component)::integer AS n,
       CASE WHEN amount > 0 THEN 1 ELSE counter END AS debit, CASE WHEN amount > 0 THEN counter ELSE 1 END AS credit,
       abs(amount) AS amount, account_id, service_id, creditor_id, CAST(:month AS date) AS origin_month, component, NULL::bigint AS place_id
FROM part

-- name: insert_recalculated_months
INSERT INTO recalculated_month (calculation_id, provider_id, month, known_from)
SELECT :calculation_id, :provider_id, month, known_from
FROM unnest(CAST(:months AS date[]), CAST(:known_from AS bigint[])) AS m (month, known_from)

-- name: posted_months
-- Months of a provider that are posted or closed, with the calculation posted and the last record that their amounts rest on: that of the
-- month's own calculation, or of the last posted one that looked back at the month.
SELECT s.month, s.calculation_id, greatest(c.known_until, (
  SELECT max(l.known_until) FROM recalculated_month r JOIN calculation l USING (calculation_id)
  WHERE r.provider_id = :provider_id AND r.month = s.month AND EXISTS (
    SELECT FROM month_state p WHERE p.provider_id = :provider_id AND p.month = l.month AND p.calculation_id = l.calculation_id AND p.state = 'posted')
  )) AS known_from
FROM (SELECT DISTINCT ON (month) month, state, calculation_id FROM month_state WHERE provider_id = :provider_id ORDER BY month, step DESC) s
JOIN calculation c USING (calculation_id)
WHERE s.state IN ('posted', 'closed') AND s.month < :month
ORDER BY s.month

-- name: recalculated_months
SELECT month, known_from FROM recalculated_month WHERE calculation_id = :calculation_id ORDER BY month

-- name: last_posted_recalculation
-- The last calculation before a month that was posted and looked back at closed months.
SELECT l.calculation_id FROM calculation l
JOIN month_state p ON p.provider_id = l.provider_id AND p.month = l.month AND p.calculation_id = l.calculation_id AND p.state = 'posted'
WHERE l.provider_id = :provider_id AND l.month < :month
  AND EXISTS (SELECT FROM recalculated_month r WHERE r.calculation_id = l.calculation_id)
ORDER BY l.month DESC LIMIT 1

-- name: insert_differences
INSERT INTO charge_difference (calculation_id, provider_id, house_id, account_id, service_id, creditor_id, month, cause, base, surcharge, recalculation,
                               underdelivery, benefit, volume_e6, blocked_by, known_from, records, before, after)
SELECT :calculation_id, :provider_id, house_id, account_id, service_id, creditor_id, month, cause, base, surcharge, recalculation,
       underdelivery, benefit, volume_e6, blocked_by, known_from, records, before, after
FROM staged_difference

-- name: copy_differences
INSERT INTO charge_difference (calculation_id, provider_id, house_id, account_id, service_id, creditor_id, month, cause, base, surcharge, recalculation,
                               underdelivery, benefit, volume_e6, blocked_by, known_from, records, before, after)
SELECT :calculation_id, provider_id, house_id, account_id, service_id, creditor_id, month, cause, base, surcharge, recalculation,
       underdelivery, benefit, volume_e6, blocked_by, known_from, records, before, after
FROM charge_difference WHERE calculation_id = :source AND house_id = ANY (:houses)

-- name: differences
SELECT house_id, account_id, service_id, creditor_id, month, cause, base, surcharge, recalculation, underdelivery, benefit, volume_e6, blocked_by,
       known_from, records, before, after
FROM charge_difference
WHERE calculation_id = :calculation_id AND (CAST(:account_ids AS bigint[]) IS NULL OR account_id = ANY (:account_ids))
  AND (NOT :blocked_only OR blocked_by IS NOT NULL)
ORDER BY account_id, month, service_id, creditor_id, cause

-- name: difference_totals
SELECT month, cause, blocked_by IS NOT NULL AS blocked, count(DISTINCT account_id) AS accounts,
       sum(base + surcharge + recalculation + underdelivery + benefit)::bigint AS total
FROM charge_difference WHERE calculation_id = :calculation_id
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: difference_volumes
-- Corrections of own volumes that the open month's common property takes in, by house and the sender's key of the service. Where a house
-- was computed anew as a whole, its own month has taken them in.
SELECT d.house_id, e.entity_key AS service, sum(d.volume_e6)::bigint AS volume_e6
FROM charge_difference d JOIN entity e ON e.entity_id = d.service_id
WHERE d.calculation_id = :calculation_id AND d.blocked_by IS NULL AND d.cause <> ALL (:whole_house)
GROUP BY 1, 2 HAVING sum(d.volume_e6) <> 0 ORDER BY 1, 2

-- name: houses_corrected
-- Houses whose own volumes of closed months a calculation, or a posted one before its month, corrects.
SELECT DISTINCT d.house_id FROM charge_difference d
WHERE d.provider_id = :provider_id AND d.volume_e6 <> 0 AND d.blocked_by IS NULL AND d.cause <> ALL (:whole_house) AND (
  d.calculation_id = :calculation_id
  OR d.calculation_id IN (SELECT p.calculation_id FROM month_state p WHERE p.provider_id = :provider_id AND p.state = 'posted' AND p.month < :month))

-- name: lines_computed_anew
-- Lines of a month as the last posted calculation that computed its houses anew left them; null: there is none any more.
SELECT DISTINCT ON (d.account_id, d.service_id, d.creditor_id) d.account_id, d.service_id, d.after
FROM charge_difference d
WHERE d.provider_id = :provider_id AND d.month = :month AND d.account_id = ANY (:account_ids) AND d.blocked_by IS NULL
  AND d.cause = ANY (:whole_house)
  AND d.calculation_id IN (SELECT p.calculation_id FROM month_state p WHERE p.provider_id = :provider_id AND p.state = 'posted' AND p.month < :before)
ORDER BY d.account_id, d.service_id, d.creditor_id, d.calculation_id DESC

-- name: differences_posted
-- What earlier calculations corrected in a month, by account, service and creditor.
SELECT d.account_id, d.service_id, d.creditor_id, sum(d.base + d.surcharge + d.recalculation + d.underdelivery + d.benefit)::bigint AS total
FROM charge_difference d
WHERE d.provider_id = :provider_id AND d.month = :month AND d.account_id = ANY (:account_ids) AND d.blocked_by IS NULL
  AND d.calculation_id IN (SELECT p.calculation_id FROM month_state p WHERE p.provider_id = :provider_id AND p.state = 'posted' AND p.month < :before)
GROUP BY 1, 2, 3

-- name: houses_first_charged
-- Of some houses those that later posted months have charged for a month in which they were held or stopped.
SELECT DISTINCT d.house_id FROM charge_difference d
WHERE d.provider_id = :provider_id AND d.month = :month AND d.house_id = ANY (:house_ids) AND d.cause = :cause
  AND d.calculation_id IN (SELECT p.calculation_id FROM month_state p WHERE p.provider_id = :provider_id AND p.state = 'posted' AND p.month > :month)

-- name: is_first_charged_since
-- Whether what a draft charges for the first time in an earlier month was let through in that month since.
SELECT EXISTS (
  SELECT FROM charge_difference d JOIN posting p ON p.month = d.month AND p.account_id = d.account_id JOIN entry e ON e.entry_id = p.entry_id
  WHERE d.calculation_id = :calculation_id AND d.cause = :cause AND e.kind = 'charge' AND e.provider_id = d.provider_id)

-- name: stage_difference_parts
-- Causes together: the postings of an account and corrected month. Base, recalculation and under-delivery make the service's debt, as in the
-- charge itself; the surcharge is its own.
CREATE TEMPORARY TABLE difference_part ON COMMIT DROP AS
SELECT dense_rank() OVER (ORDER BY d.account_id, d.month) AS seq, d.account_id, d.month, d.service_id, d.creditor_id, v.component, v.counter,
       sum(v.amount)::bigint AS amount
FROM charge_difference d
CROSS JOIN LATERAL (VALUES (1, 3, d.surcharge), (2, 2, d.base + d.recalculation), (3, 2, d.underdelivery), (4, 10, d.benefit)) v (component, counter, amount)
WHERE d.calculation_id = :calculation_id AND d.blocked_by IS NULL
GROUP BY d.account_id, d.month, d.service_id, d.creditor_id, v.component, v.counter
HAVING sum(v.amount) <> 0

-- name: stage_difference_entries
-- One entry an account and corrected month, which names the causes; its key is made of the sender's own identifiers.
CREATE TEMPORARY TABLE staged_entry ON COMMIT DROP AS
SELECT a.seq, a.account_id, format('recalculation/%s/%s/v%s/%s/%s', p.inn, to_char(c.month, 'YYYY-MM'), c.version, t.entity_key, to_char(a.month, 'YYYY-MM')) AS entry_key,
       'recalculation'::text AS kind, c.provider_id, c.month, (c.month + interval '1 month - 1 day')::date AS occurred_on,
       NULL::date AS accounted_on, a.month AS corrects_month,
       format('Перерасчёт за %s: %s', to_char(a.month, 'MM.YYYY'), (
         SELECT string_agg(k.title, ', ' ORDER BY k.place)
         FROM unnest(CAST(:causes AS text[]), CAST(:titles AS text[])) WITH ORDINALITY AS k (cause, title, place)
         WHERE EXISTS (SELECT FROM charge_difference d WHERE d.calculation_id = :calculation_id AND d.account_id = a.account_id AND d.month = a.month
                         AND d.cause = k.cause AND d.blocked_by IS NULL))) AS reason,
       NULL::bigint AS message_id, c.calculation_id
FROM (SELECT DISTINCT seq, account_id, month FROM difference_part) a
JOIN calculation c ON c.calculation_id = :calculation_id
JOIN provider p USING (provider_id)
JOIN entity t ON t.entity_id = a.account_id

-- name: stage_difference_postings
CREATE TEMPORARY TABLE staged_posting ON COMMIT DROP AS
SELECT seq, row_number() OVER (PARTITION BY seq ORDER BY service_id, creditor_id, component)::integer AS n,
       CASE WHEN amount > 0 THEN 1 ELSE counter END AS debit, CASE WHEN amount > 0 THEN counter ELSE 1 END AS credit,
       abs(amount) AS amount, account_id, service_id, creditor_id, month AS origin_month, component, NULL::bigint AS place_id
FROM difference_part

-- name: month_states
SELECT step, state, calculation_id, actor, reason, at FROM month_state
WHERE provider_id = :provider_id AND month = :month ORDER BY step

-- name: insert_month_state
INSERT INTO month_state (provider_id, month, step, state, calculation_id, actor, reason, at)
VALUES (:provider_id, :month, :step, :state, :calculation_id, :actor, :reason, :at)
ON CONFLICT (provider_id, month, step) DO NOTHING

-- name: open_items
-- What is owed or overpaid, by service, creditor, origin month and surcharge, after all postings up to a month.
SELECT account_id, service_id, creditor_id, origin_month, surcharge, sum(amount)::bigint AS amount
FROM (
  SELECT account_id, service_id, creditor_id, origin_month, coalesce(component, 0) = 1 AS surcharge,
         CASE WHEN debit = :chart THEN amount ELSE -amount END AS amount
  FROM posting
  WHERE account_id = ANY (:account_ids) AND (debit = :chart OR credit = :chart)
    AND (CAST(:through AS date) IS NULL OR month <= :through)
) p
GROUP BY account_id, service_id, creditor_id, origin_month, surcharge
HAVING sum(amount) <> 0
ORDER BY account_id, origin_month NULLS FIRST, service_id, creditor_id, surcharge

-- name: open_columns
-- The open items of accounts as columns in one row: binary arrays of one length, in no order.
SELECT array_send(array_agg(account_id)) AS account_id, array_send(array_agg(service_id)) AS service_id, array_send(array_agg(creditor_id)) AS creditor_id,
       array_send(array_agg(origin_month)) AS origin_month, array_send(array_agg(surcharge)) AS surcharge, array_send(array_agg(amount)) AS amount
FROM (
  SELECT account_id, service_id, creditor_id, origin_month, CASE WHEN component = 1 THEN 1 ELSE 0 END AS surcharge,
         sum(CASE WHEN debit = :chart THEN amount ELSE -amount END)::bigint AS amount
  FROM posting
  WHERE account_id = ANY (CAST(:account_ids AS bigint[])) AND (debit = :chart OR credit = :chart)
  GROUP BY 1, 2, 3, 4, 5
  HAVING sum(CASE WHEN debit = :chart THEN amount ELSE -amount END) <> 0
) i

-- name: penalty_items
SELECT account_id, creditor_id, origin_month, component, sum(CASE WHEN debit = 7 THEN amount ELSE -amount END)::bigint AS amount
FROM posting
WHERE account_id = ANY (:account_ids) AND (debit = 7 OR credit = 7) AND (CAST(:through AS date) IS NULL OR month <= :through)
GROUP BY account_id, creditor_id, origin_month, component
HAVING sum(CASE WHEN debit = 7 THEN amount ELSE -amount END) <> 0
ORDER BY account_id, origin_month NULLS FIRST, component, creditor_id

-- name: turnover
-- By account, service and creditor: opening before the month, then the month's turnovers by kind of entry; debt is receivable less advance.
SELECT account_id, service_id, creditor_id, coalesce(component, 0) = 1 AS surcharge,
       sum(signed) FILTER (WHERE month < :month OR kind = 'opening')::bigint AS opening,
       sum(signed) FILTER (WHERE month = :month AND kind IN ('charge', 'recalculation'))::bigint AS charged,
       sum(signed) FILTER (WHERE month = :month AND kind NOT IN ('charge', 'recalculation', 'opening'))::bigint AS other
FROM (
  SELECT p.account_id, p.service_id, p.creditor_id, p.component, p.month, e.kind,
         CASE WHEN p.debit IN (1, 6) THEN p.amount ELSE 0 END - CASE WHEN p.credit IN (1, 6) THEN p.amount ELSE 0 END AS signed
  FROM posting p JOIN entry e USING (entry_id)
  WHERE p.provider_id = :provider_id AND p.month <= :month AND (p.debit IN (1, 6) OR p.credit IN (1, 6))
    AND (CAST(:account_ids AS bigint[]) IS NULL OR p.account_id = ANY (:account_ids))
) t
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4

-- name: chart_totals
SELECT chart, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
FROM (
  SELECT debit AS chart, amount AS debit, 0 AS credit FROM posting WHERE (CAST(:month AS date) IS NULL OR month = :month)
  UNION ALL
  SELECT credit, 0, amount FROM posting WHERE (CAST(:month AS date) IS NULL OR month = :month)
) p
GROUP BY chart ORDER BY chart

-- name: entries_by_kind
SELECT e.kind, count(DISTINCT e.entry_id) AS entries, coalesce(sum(p.amount), 0)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE (CAST(:month AS date) IS NULL OR e.month = :month) AND (CAST(:provider_id AS integer) IS NULL OR e.provider_id = :provider_id)
GROUP BY e.kind ORDER BY e.kind

-- name: clear_balances
DELETE FROM balance WHERE month = :month AND provider_id = :provider_id

-- name: build_balances
-- A month's closing balances: those of the latest snapshot before it and the postings since.
INSERT INTO balance (month, provider_id, chart, account_id, service_id, creditor_id, origin_month, surcharge, amount)
SELECT :month, :provider_id, chart, account_id, service_id, creditor_id, origin_month, surcharge, sum(amount)
FROM (
  SELECT chart, account_id, service_id, creditor_id, origin_month, surcharge, amount
  FROM balance WHERE provider_id = :provider_id AND month = :snapshot
  UNION ALL
  SELECT s.chart, coalesce(p.account_id, 0), coalesce(p.service_id, 0), coalesce(p.creditor_id, 0), coalesce(p.origin_month, '0001-01-01'::date),
         coalesce(p.component, 0) = 1, s.sign * p.amount
  FROM posting p CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month <= :month AND (CAST(:snapshot AS date) IS NULL OR p.month > :snapshot)
) b
GROUP BY chart, account_id, service_id, creditor_id, origin_month, surcharge
HAVING sum(amount) <> 0

-- name: latest_snapshot
SELECT max(month) FROM balance WHERE provider_id = :provider_id AND month < :month

-- name: read_balances
-- Balances of a snapshot by chart and account; the cheap way to read all balances of a region.
SELECT chart, account_id, sum(amount)::bigint AS amount FROM balance
WHERE month = :month AND provider_id = :provider_id GROUP BY chart, account_id ORDER BY chart, account_id

-- name: broken_content
-- Invariants 3 and 4: an entry whose postings or own fields are no longer what was hashed.
SELECT e.entry_id, e.entry_key, e.provider_id
FROM entry e
LEFT JOIN (
  SELECT entry_id, string_agg(ROW(n, debit, credit, amount, account_id, service_id, creditor_id, origin_month, component, place_id)::text, '' ORDER BY n) AS content
  FROM posting GROUP BY entry_id
) p USING (entry_id)
WHERE p.content IS NULL
   OR e.content_sha256 <> sha256(convert_to(ROW(e.kind, e.provider_id, e.month, e.occurred_on, e.corrects_month, e.reason)::text || coalesce(e.accounted_on::text, '') || p.content, 'UTF8'))
ORDER BY e.entry_id

-- name: broken_postings
-- Invariant 2: both sides, positive, of the entry's own month and provider (constraints that an owner could have dropped).
SELECT p.entry_id, e.entry_key, p.account_id, p.amount
FROM posting p LEFT JOIN entry e USING (entry_id)
WHERE e.entry_id IS NULL OR p.amount <= 0 OR p.debit = p.credit OR p.month <> e.month OR p.provider_id <> e.provider_id
ORDER BY p.entry_id, p.n

-- name: broken_charges
-- Invariant 5: what a posted month put into the ledger must be the sum of the lines that it ended with, account by account; accounts of
-- stopped houses (parallel arrays) must have nothing there.
WITH last AS (
  SELECT DISTINCT ON (provider_id, month) provider_id, month, calculation_id FROM month_state
  WHERE state IN ('posted', 'closed') ORDER BY provider_id, month, step DESC
), counted AS (
  SELECT calculation_id FROM last
  UNION
  SELECT e.calculation_id FROM entry e WHERE e.kind = 'charge'
    AND NOT EXISTS (SELECT FROM last WHERE last.provider_id = e.provider_id AND last.month = e.month)
), stopped AS MATERIALIZED (
  SELECT * FROM unnest(CAST(:calculation_ids AS bigint[]), CAST(:account_ids AS bigint[])) AS s (calculation_id, account_id)
)
SELECT account_id, provider_id, sum(line)::bigint AS lines, sum(posted)::bigint AS posted
FROM (
  SELECT l.account_id, l.provider_id, l.base + l.surcharge + l.recalculation - l.underdelivery - l.benefit AS line, 0 AS posted
  FROM charge_line l JOIN counted c USING (calculation_id)
  WHERE NOT EXISTS (SELECT FROM stopped s WHERE s.calculation_id = l.calculation_id AND s.account_id = l.account_id)
  UNION ALL
  SELECT d.account_id, d.provider_id, d.base + d.surcharge + d.recalculation + d.underdelivery + d.benefit, 0
  FROM charge_difference d
  JOIN (SELECT DISTINCT calculation_id FROM month_state WHERE state = 'posted') c USING (calculation_id)
  WHERE d.blocked_by IS NULL
  UNION ALL
  SELECT p.account_id, p.provider_id, 0, CASE WHEN p.debit = 1 THEN p.amount ELSE -p.amount END
  FROM posting p JOIN entry e USING (entry_id)
  WHERE e.kind IN ('charge', 'recalculation') AND (p.debit = 1 OR p.credit = 1)
) t
GROUP BY account_id, provider_id
HAVING sum(line) <> sum(posted)
ORDER BY account_id

-- name: unexplained_lines
-- Invariant 5: a line names no source, or a source that is no record.
SELECT l.account_id, l.service_id, l.calculation_id
FROM charge_line l
WHERE cardinality(l.sources) = 0
ORDER BY 1, 2

-- name: line_sources
SELECT DISTINCT unnest(sources) AS record_id FROM charge_line
UNION SELECT DISTINCT unnest(records) FROM charge_difference

-- name: snapshots
SELECT DISTINCT provider_id, month FROM balance ORDER BY provider_id, month

-- name: broken_balances
-- Invariant 6: a stored balance differs from the sum of all postings.
SELECT chart, account_id, service_id, creditor_id, sum(stored)::bigint AS stored, sum(summed)::bigint AS summed
FROM (
  SELECT chart, account_id, service_id, creditor_id, origin_month, surcharge, amount AS stored, 0 AS summed
  FROM balance WHERE provider_id = :provider_id AND month = :month
  UNION ALL
  SELECT s.chart, coalesce(p.account_id, 0), coalesce(p.service_id, 0), coalesce(p.creditor_id, 0), coalesce(p.origin_month, '0001-01-01'::date),
         coalesce(p.component, 0) = 1, 0, s.sign * p.amount
  FROM posting p CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month <= :month
) b
GROUP BY chart, account_id, service_id, creditor_id, origin_month, surcharge
HAVING sum(stored) <> sum(summed)
ORDER BY chart, account_id

-- name: fingerprint
-- The ledger by key, content and sum, free of our own numbers: two builds of one month must agree on it (invariant 7).
SELECT count(*) AS entries, coalesce(sum(amount), 0)::bigint AS amount,
       encode(sha256(convert_to(coalesce(string_agg(entry_key || '=' || kind || '=' || amount || '=' || parts, E'\n' ORDER BY entry_key), ''), 'UTF8')), 'hex') AS digest
FROM (
  SELECT e.entry_key, e.kind, sum(p.amount) AS amount, string_agg(concat_ws('/', p.debit, p.credit, p.amount, coalesce(t.entity_key, ''), coalesce(s.entity_key, ''),
         coalesce(c.entity_key, ''), coalesce(p.origin_month::text, ''), coalesce(p.component::text, '')), ';' ORDER BY p.n) AS parts
  FROM entry e JOIN posting p USING (entry_id)
  LEFT JOIN entity t ON t.entity_id = p.account_id
  LEFT JOIN entity s ON s.entity_id = p.service_id
  LEFT JOIN entity c ON c.entity_id = p.creditor_id
  GROUP BY e.entry_id
) f

-- name: entries_of_account
SELECT e.entry_key, e.kind, e.month, e.occurred_on, e.reason, e.message_id, sum(p.amount)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE p.account_id = :account_id
GROUP BY e.entry_id ORDER BY e.entry_id

-- name: entries_ending_with
SELECT e.entry_key, e.kind, e.month, e.occurred_on, e.reason, e.message_id, sum(p.amount)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE right('/' || e.entry_key, length(:suffix)) = :suffix
GROUP BY e.entry_id ORDER BY e.entry_id

-- name: suspense_items
-- What went into suspense (positive) and what was taken out of it (negative), entry by entry.
SELECT e.entry_key, e.kind, e.month, e.occurred_on, e.reason, e.message_id, sum(CASE WHEN p.credit = 4 THEN p.amount ELSE -p.amount END)::bigint AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE p.debit = 4 OR p.credit = 4
GROUP BY e.entry_id ORDER BY e.entry_id

-- name: first_opening_month
SELECT min(month) FROM entry WHERE provider_id = :provider_id AND kind IN ('opening', 'opening_penalty')

-- name: opening_items
-- What a ledger account held on the first day of a month: earlier months, and the balances taken over in it.
SELECT p.account_id, p.service_id, p.creditor_id, p.origin_month, coalesce(p.component, 0) = 1 AS surcharge,
       sum(CASE WHEN p.debit = :chart THEN p.amount ELSE -p.amount END)::bigint AS amount
FROM posting p JOIN entry e USING (entry_id)
WHERE p.account_id = ANY (:account_ids) AND (p.debit = :chart OR p.credit = :chart)
  AND (p.month < :month OR (p.month = :month AND e.kind = 'opening'))
GROUP BY 1, 2, 3, 4, 5
HAVING sum(CASE WHEN p.debit = :chart THEN p.amount ELSE -p.amount END) <> 0
ORDER BY 1, 4 NULLS FIRST, 2, 3, 5

-- name: payments_counted
-- Principal and advances paid in a month, by service and creditor; a reversal is negative, and so is what advances have paid of penalties.
SELECT p.account_id, p.service_id, p.creditor_id,
       sum(CASE WHEN p.credit IN (1, 6) THEN p.amount ELSE -p.amount END)::bigint AS amount
FROM posting p JOIN entry e USING (entry_id)
WHERE p.account_id = ANY (:account_ids) AND p.month = :month AND (p.debit IN (1, 6)) <> (p.credit IN (1, 6))
  AND (e.kind LIKE 'payment%' OR e.entry_key LIKE 'advance_use/penalty/%' OR e.entry_key LIKE 'advance_reversal/penalty/%')
GROUP BY 1, 2, 3
HAVING sum(CASE WHEN p.credit IN (1, 6) THEN p.amount ELSE -p.amount END) <> 0
ORDER BY 1, 2, 3

-- name: charged_in_month
-- By account what charges and corrections of closed months moved in a month, what lowers the debt as a minus.
SELECT p.account_id, sum(CASE WHEN p.debit = :chart THEN p.amount ELSE -p.amount END)::bigint AS charged
FROM posting p JOIN entry e USING (entry_id)
WHERE p.account_id = ANY (:account_ids) AND p.month = :month AND e.kind IN ('charge', 'recalculation') AND (p.debit = :chart) <> (p.credit = :chart)
GROUP BY 1

-- name: last_payment_days
-- By account the day of the last payment of a month.
SELECT p.account_id, max(e.occurred_on) AS paid_on
FROM posting p JOIN entry e USING (entry_id)
WHERE p.account_id = ANY (:account_ids) AND p.month = :month AND e.kind LIKE 'payment%' AND (p.debit IN (1, 6)) <> (p.credit IN (1, 6))
GROUP BY 1

-- name: postings_of_keys
-- What entries of these keys moved, in the order of their postings.
SELECT e.entry_key, e.kind, p.debit, p.credit, p.amount, p.account_id, p.service_id, p.creditor_id, p.origin_month, p.component, p.place_id
FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id
WHERE e.entry_key = ANY (:keys)
ORDER BY e.entry_id, p.n

-- name: suspense_of_keys
-- What entries of these keys put into suspense (positive) or took out of it (negative), with the message that brought each.
SELECT e.entry_key, e.message_id, coalesce(sum(CASE WHEN p.credit = 4 THEN p.amount WHEN p.debit = 4 THEN -p.amount END), 0)::bigint AS amount
FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id
WHERE e.entry_key = ANY (:keys)
GROUP BY e.entry_id

-- name: opening_positions
-- What the entries of opening balances hold, by account and place in the books; signed as a debt. An account of which all was taken back
-- is there with nothing.
SELECT e.kind, p.account_id, s.chart, p.service_id, p.creditor_id, p.origin_month, p.component, sum(s.sign * p.amount)::bigint AS amount
FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id
CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
WHERE e.provider_id = :provider_id AND e.kind IN ('opening', 'opening_penalty') AND s.chart <> 9
  AND (CAST(:accounts AS bigint[]) IS NULL OR p.account_id = ANY (:accounts))
GROUP BY e.kind, p.account_id, s.chart, p.service_id, p.creditor_id, p.origin_month, p.component

-- name: known_entry_keys
SELECT entry_key FROM entry WHERE entry_key = ANY (:keys)

-- name: reversal_keys
SELECT entry_key FROM entry WHERE kind = 'payment_reversal' ORDER BY entry_id

-- name: latest_calculation
SELECT calculation_id FROM calculation WHERE provider_id = :provider_id AND month = :month AND mode = :mode ORDER BY version DESC LIMIT 1

-- name: payment_parts
-- What each payment of a month was divided into: by entry, the receivables, advances and penalties it went to.
SELECT e.entry_key, e.kind, e.occurred_on, p.account_id, p.service_id, p.creditor_id, p.origin_month, p.component,
       CASE WHEN p.credit IN (1, 6, 7) THEN p.credit ELSE p.debit END AS chart,
       CASE WHEN p.credit IN (1, 6, 7) THEN p.amount ELSE -p.amount END AS amount
FROM entry e JOIN posting p USING (entry_id)
WHERE e.provider_id = :provider_id AND e.month = :month AND e.kind LIKE 'payment%' AND (p.credit IN (1, 6, 7) OR p.debit IN (1, 6, 7))
ORDER BY e.entry_id, p.n

-- name: principal_changes
-- How the principal of debts older than a month moved, for penalties: openings, charges, payments by the day of payment, recalculations.
-- A debt that was settled before the month and did not move in it is left out. With :by_payment each payment stands apart, with the operational
-- day on which it was accounted; that its money was divided otherwise later has the day of the payment.
WITH moved AS (
  SELECT p.account_id, p.creditor_id, p.service_id, p.origin_month, coalesce(p.component, 0) = 1 AS surcharge, p.month, e.kind, e.occurred_on,
         CASE WHEN p.debit = 1 THEN p.amount ELSE -p.amount END AS signed,
         CASE WHEN :by_payment AND e.kind LIKE 'payment%' THEN e.entry_key END AS entry_key, CASE WHEN :by_payment THEN e.accounted_on END AS accounted_on
  FROM posting p JOIN entry e USING (entry_id)
  WHERE p.provider_id = :provider_id AND p.month <= :month AND (p.debit = 1 OR p.credit = 1) AND p.origin_month < :before
    AND (CAST(:account AS bigint) IS NULL OR p.account_id = :account)
), live AS (
  SELECT account_id, creditor_id, origin_month FROM moved GROUP BY 1, 2, 3 HAVING sum(signed) <> 0 OR bool_or(month = :month)
), summed AS (
  SELECT account_id, origin_month, creditor_id, service_id, surcharge, kind, occurred_on, accounted_on, month,
         regexp_replace(entry_key, '^(payment_division/[^/]*|[^/]*)/', '') AS payment, sum(signed)::bigint AS amount
  FROM moved JOIN live USING (account_id, creditor_id, origin_month)
  GROUP BY account_id, origin_month, creditor_id, service_id, surcharge, kind, occurred_on, month, entry_key, accounted_on
  HAVING sum(signed) <> 0
)
SELECT account_id, origin_month, creditor_id, service_id, surcharge, kind, occurred_on, amount, payment,
       CASE WHEN :by_payment THEN coalesce(accounted_on, (
         SELECT max(o.accounted_on) FROM entry o
         WHERE summed.kind = 'payment_division' AND o.entry_key IN ('payment/' || summed.payment, 'payment_release/' || summed.payment))) END AS accounted_on
FROM summed
ORDER BY account_id, origin_month, creditor_id, service_id, surcharge, occurred_on, kind

-- name: penalty_turnover
-- Penalties by account, origin month, creditor and group: opening, what penalties of earlier months posted, posted and paid in the month.
SELECT p.account_id, p.origin_month, p.creditor_id, p.component,
       coalesce(sum(s.signed) FILTER (WHERE p.month < :month OR e.kind = 'opening_penalty'), 0)::bigint AS opening,
       coalesce(sum(s.signed) FILTER (WHERE p.month < :month AND e.kind = 'penalty'), 0)::bigint AS posted_before,
       coalesce(sum(s.signed) FILTER (WHERE p.month = :month AND e.kind = 'penalty'), 0)::bigint AS posted,
       coalesce(-sum(s.signed) FILTER (WHERE p.month = :month AND e.kind NOT IN ('penalty', 'opening_penalty')), 0)::bigint AS paid
FROM posting p JOIN entry e USING (entry_id)
CROSS JOIN LATERAL (SELECT CASE WHEN p.debit = 7 THEN p.amount ELSE -p.amount END AS signed) s
WHERE p.provider_id = :provider_id AND p.month <= :month AND (p.debit = 7 OR p.credit = 7)
  AND (CAST(:account AS bigint) IS NULL OR p.account_id = :account)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2 NULLS FIRST, 3, 4

-- name: standing_advances
SELECT account_id, service_id, creditor_id, sum(CASE WHEN credit = 6 THEN amount ELSE -amount END)::bigint AS amount
FROM posting
WHERE provider_id = :provider_id AND month <= :month AND (debit = 6 OR credit = 6)
GROUP BY 1, 2, 3
HAVING sum(CASE WHEN credit = 6 THEN amount ELSE -amount END) <> 0
ORDER BY 1, 2 NULLS LAST, 3 NULLS LAST

-- name: paid_ahead
SELECT p.account_id, p.service_id, p.creditor_id, e.entry_key, e.occurred_on, p.origin_month, coalesce(p.component, 0) = 1 AS surcharge,
  sum(p.amount)::bigint AS amount
FROM posting p JOIN entry e USING (entry_id)
WHERE p.account_id = ANY (:account_ids) AND p.credit IN (1, 6) AND p.month <= :month AND e.kind = 'payment'
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 5, 4, 6 NULLS LAST, 2 NULLS LAST, 3 NULLS LAST, 7

-- name: advance_uses
-- What advances covered: receivables and penalties against the counter-account of offsets.
SELECT account_id, service_id, creditor_id, origin_month, component, sum(CASE WHEN credit IN (1, 7) THEN amount ELSE -amount END)::bigint AS amount
FROM posting
WHERE account_id = ANY (:account_ids) AND ((debit = 12 AND credit IN (1, 7)) OR (debit IN (1, 7) AND credit = 12))
GROUP BY 1, 2, 3, 4, 5
HAVING sum(CASE WHEN credit IN (1, 7) THEN amount ELSE -amount END) > 0
ORDER BY 1, 4, 2, 3, 5

-- name: own_penalties
-- Of accounts the unpaid penalties that the hub itself has posted, not those that it took over.
SELECT account_id, creditor_id, origin_month, component, least(unpaid, posted) AS amount FROM (
  SELECT p.account_id, p.creditor_id, p.origin_month, p.component, sum(s.signed)::bigint AS unpaid,
         coalesce(sum(s.signed) FILTER (WHERE e.kind = 'penalty'), 0)::bigint AS posted
  FROM posting p JOIN entry e USING (entry_id) CROSS JOIN LATERAL (SELECT CASE WHEN p.debit = 7 THEN p.amount ELSE -p.amount END AS signed) s
  WHERE p.account_id = ANY (:account_ids) AND (p.debit = 7 OR p.credit = 7) AND p.month <= :month AND p.creditor_id IS NOT NULL
  GROUP BY 1, 2, 3, 4
) penalties
WHERE least(unpaid, posted) > 0
ORDER BY account_id, origin_month NULLS FIRST, component, creditor_id

-- name: accounts_in_credit
-- Accounts that have a receivable below zero.
SELECT DISTINCT account_id FROM (
  SELECT account_id
  FROM posting
  WHERE provider_id = :provider_id AND month <= :month AND (debit = 1 OR credit = 1)
  GROUP BY account_id, service_id, creditor_id, origin_month, coalesce(component, 0) = 1
  HAVING sum(CASE WHEN debit = 1 THEN amount ELSE -amount END) < 0
) below
ORDER BY account_id

-- name: broken_keys
-- Invariant 3, past a unique key that somebody dropped.
SELECT entry_key, count(*) AS times FROM entry GROUP BY entry_key HAVING count(*) > 1 ORDER BY entry_key

-- name: posted_of_year
-- Calculations by the law that were posted, of the months of a year, as a calculation could know of them.
SELECT DISTINCT ON (m.month) m.month, c.calculation_id FROM month_state m JOIN calculation c USING (calculation_id)
WHERE m.provider_id = :provider_id AND m.month BETWEEN :first AND :last AND m.state IN ('posted', 'closed')
  AND c.mode IN ('charge', 'mixed') AND c.known_until <= :known_until
ORDER BY m.month, m.step DESC

-- name: volumes_of_year
-- Of each calculation its own month: earlier ones are in it only for what is carried on.
SELECT v.house_id, v.service, v.month, v.what, v.volume_e6 FROM house_volume v JOIN calculation c USING (calculation_id)
WHERE v.calculation_id = ANY (:calculations) AND v.house_id = ANY (:houses) AND v.month = c.month AND v.what IN ('meter', 'individual')

-- name: charges_of_year
SELECT account_id, service_id, month, sum(base)::bigint AS base FROM charge_line
WHERE month BETWEEN :first AND :last AND calculation_id = ANY (:calculations) AND account_id = ANY (:accounts)
GROUP BY account_id, service_id, month

-- name: room_to_sum
-- To the end of the transaction: sums of all payments fit in memory, where sorting the payments on disk would take three times as long.
SET LOCAL work_mem = '64MB'

-- name: collected_money
-- What payments of banks (their messages, and decisions about them) allocated, less what was taken back: by the registry's message, of all
-- else by the entry. The house only where it decides whose the money is. Grouped by numbers, keys and days are looked up afterwards.
WITH bank AS MATERIALIZED (
  SELECT e.entry_id, e.month, CASE WHEN e.message_id = ANY (:registries) AND e.entry_key LIKE 'payment/%' THEN e.message_id END AS registry
  FROM entry e
  WHERE e.kind IN ('payment', 'payment_reversal')
    AND (e.message_id = ANY (:messages) OR e.entry_key LIKE 'payment_release/%' OR e.entry_key LIKE 'payment_cancel/%' OR e.entry_key LIKE 'payment_refund/%')
), summed AS MATERIALIZED (
  SELECT b.registry, CASE WHEN b.registry IS NULL THEN b.entry_id END AS entry_id, p.provider_id,
         CASE WHEN p.component = ANY (:house_components) OR p.service_id = ANY (:house_services) THEN h.house_id END AS house_id,
         p.creditor_id, p.service_id, p.component,
         sum(CASE WHEN p.credit IN (1, 6, 7) THEN p.amount ELSE 0 END - CASE WHEN p.debit IN (1, 6, 7) THEN p.amount ELSE 0 END)::bigint AS amount
  FROM bank b JOIN posting p ON p.month = b.month AND p.entry_id = b.entry_id
  LEFT JOIN staged_house h ON h.account_id = p.account_id
  WHERE (p.credit IN (1, 6, 7)) <> (p.debit IN (1, 6, 7))
  GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT s.registry AS message_id, CASE WHEN s.registry IS NULL THEN e.entry_key ELSE '' END AS entry_key, e.posted_at::date AS posted_on,
       s.provider_id, s.house_id, s.creditor_id, s.service_id, s.component, s.amount
FROM summed s LEFT JOIN entry e ON e.entry_id = s.entry_id
WHERE s.amount <> 0
ORDER BY 1, 2, 4, 5 NULLS FIRST, 6 NULLS FIRST, 7 NULLS FIRST, 8

-- name: advances_of_banks
-- By account what payments of banks left as advances, in the order of posting: by creditor, undivided where there is none.
WITH left_ahead AS MATERIALIZED (
  SELECT e.entry_id, e.posted_at::date AS posted_on, e.occurred_on, p.account_id, p.creditor_id, p.component, p.provider_id,
         sum(CASE WHEN p.credit = 6 THEN p.amount ELSE -p.amount END)::bigint AS amount
  FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id
  WHERE (p.credit = 6 OR p.debit = 6) AND e.kind IN ('payment', 'payment_reversal')
    AND (e.message_id = ANY (:messages) OR e.entry_key LIKE 'payment_release/%' OR e.entry_key LIKE 'payment_cancel/%')
  GROUP BY e.entry_id, 2, 3, 4, 5, 6, 7
)
SELECT l.account_id, l.posted_on, l.occurred_on, l.creditor_id, NULL::bigint AS service_id, l.component, l.provider_id, h.house_id,
       'receipt' AS what, l.amount, l.entry_id
FROM left_ahead l LEFT JOIN staged_house h ON h.account_id = l.account_id
UNION ALL
-- And what was used of advances of these accounts, on bills and on debts that turned up: out of the undivided ones to creditors (share), and
-- on debts and penalties (use). A debt that turned up takes from an undivided advance without a share.
SELECT p.account_id, e.posted_at::date, e.occurred_on, p.creditor_id, CASE WHEN p.credit = 1 OR p.debit = 1 THEN p.service_id END, p.component, p.provider_id,
       h.house_id, CASE WHEN p.credit IN (1, 7) OR p.debit IN (1, 7) THEN 'use' WHEN p.credit = 6 THEN 'in' ELSE 'out' END,
       sum(CASE WHEN p.credit IN (1, 6, 7) THEN p.amount ELSE -p.amount END)::bigint, min(e.entry_id)
FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id LEFT JOIN staged_house h ON h.account_id = p.account_id
WHERE e.kind IN ('advance_use', 'advance_reversal', 'payment_division') AND p.account_id IN (SELECT account_id FROM left_ahead)
GROUP BY e.entry_id, 1, 2, 3, 4, 5, 6, 7, 8, 9
ORDER BY 1, 11, 9 DESC, 4 NULLS FIRST, 5 NULLS FIRST, 6

-- name: payment_entries
-- Payments of a month that touch an account: what each entry brought to it (positive) or took back, debts, advances and penalties together.
SELECT e.entry_id, e.entry_key, e.kind, e.occurred_on, p.account_id,
       sum(CASE WHEN p.credit IN (1, 6, 7) THEN p.amount ELSE -p.amount END)::bigint AS amount
FROM entry e JOIN posting p ON p.month = e.month AND p.entry_id = e.entry_id
WHERE e.provider_id = :provider_id AND e.month = :month AND e.kind LIKE 'payment%' AND p.account_id IS NOT NULL
  AND (p.credit IN (1, 6, 7)) <> (p.debit IN (1, 6, 7))
  AND (CAST(:keys AS text[]) IS NULL OR e.entry_key = ANY (:keys))
GROUP BY e.entry_id, p.account_id
ORDER BY e.entry_id, p.account_id

-- name: suspense_of_provider
-- What stands in suspense in a provider's books at the end of a month, kopecks.
SELECT coalesce(sum(CASE WHEN p.credit = 4 THEN p.amount ELSE -p.amount END), 0)::bigint
FROM posting p WHERE p.provider_id = :provider_id AND p.month <= :month AND (p.credit = 4) <> (p.debit = 4)

-- name: counted_payments
-- Payments and their reversals by account: what they lowered debts by (1), advances (6) and penalties (7).
SELECT e.entry_id, e.entry_key, p.account_id, e.occurred_on, e.reason,
       sum(CASE WHEN p.credit = 1 THEN p.amount WHEN p.debit = 1 THEN -p.amount ELSE 0 END)::bigint AS debt,
       sum(CASE WHEN p.credit = 6 THEN p.amount WHEN p.debit = 6 THEN -p.amount ELSE 0 END)::bigint AS advance,
       sum(CASE WHEN p.credit = 7 THEN p.amount WHEN p.debit = 7 THEN -p.amount ELSE 0 END)::bigint AS penalty
FROM entry e JOIN posting p ON p.entry_id = e.entry_id AND p.month = e.month
WHERE e.provider_id = :provider_id AND e.month = :month AND e.kind IN ('payment', 'payment_reversal') AND p.account_id IS NOT NULL
GROUP BY e.entry_id, e.entry_key, p.account_id, e.occurred_on, e.reason
ORDER BY e.occurred_on, e.entry_key, p.account_id

-- name: equal_payments
-- Pairs of payments of one account with one sum, at most a day apart, that came by two ways. The way is what an operation begins with: the
-- profile of an agent, our account of the statement (all of them are one way), nothing for a payment of a sender's archive. Months bound
-- the search (entry_provider_month, partitions of posting); only the few pairs that are near are summed, by the key of postings.
WITH paid AS MATERIALIZED (
  SELECT e.entry_id, e.month, e.entry_key, e.occurred_on, f.account_id,
         CASE WHEN o.operation ~ '^[0-9]{20}/' THEN 'statement' WHEN strpos(o.operation, '/') > 0 THEN split_part(o.operation, '/', 1) ELSE '' END AS way
  FROM entry e
  JOIN posting f ON f.month = e.month AND f.entry_id = e.entry_id AND f.n = 1
  CROSS JOIN LATERAL (SELECT substr(e.entry_key, strpos(e.entry_key, '/') + 1) AS operation) o
  WHERE e.provider_id = ANY (:providers) AND e.month >= :since AND f.month >= :since AND e.kind = 'payment' AND f.account_id IS NOT NULL
    AND o.operation NOT LIKE 'registry_rest/%'
), pair AS MATERIALIZED (
  SELECT a.account_id, a.entry_id, a.month, a.entry_key AS one, a.occurred_on AS one_on,
         b.entry_id AS other_id, b.month AS other_month, b.entry_key AS other, b.occurred_on AS other_on
  FROM paid a JOIN paid b ON b.account_id = a.account_id AND b.way <> a.way
  WHERE (a.occurred_on, a.entry_key) < (b.occurred_on, b.entry_key) AND b.occurred_on - a.occurred_on <= 1
)
SELECT account_id, m.amount, one, one_on, other, other_on
FROM pair
CROSS JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM posting p
                    WHERE p.month = pair.month AND p.entry_id = pair.entry_id AND p.account_id = pair.account_id) m
CROSS JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM posting p
                    WHERE p.month = pair.other_month AND p.entry_id = pair.other_id AND p.account_id = pair.account_id) n
WHERE n.amount = m.amount
ORDER BY one_on, one, other
