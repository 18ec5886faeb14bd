-- Charts: 1 receivable, 6 advance, 7 penalty, 4 suspense, 5 cash, 11 transit. Component 1 is the surcharge.

-- name: turnovers
-- part: 0 principal with advances, 1 surcharge, 2 penalties. A taken-over balance is an opening, whatever month it was entered in.
WITH moved AS (
  SELECT account_id, nullif(service_id, 0) AS service_id, nullif(creditor_id, 0) AS creditor_id,
         nullif(origin_month, '0001-01-01'::date) AS origin_month,
         CASE WHEN chart = 7 THEN 2 WHEN surcharge THEN 1 ELSE 0 END AS part, amount AS opening, 0::bigint AS debit, 0::bigint AS credit
  FROM balance WHERE provider_id = :provider_id AND month = :snapshot AND chart IN (1, 6, 7)
  UNION ALL
  SELECT p.account_id, p.service_id, p.creditor_id, p.origin_month,
         CASE WHEN s.chart = 7 THEN 2 WHEN coalesce(p.component, 0) = 1 THEN 1 ELSE 0 END, s.sign * p.amount, 0, 0
  FROM posting p CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month < :month AND (CAST(:snapshot AS date) IS NULL OR p.month > :snapshot) AND s.chart IN (1, 6, 7)
  UNION ALL
  SELECT p.account_id, p.service_id, p.creditor_id, p.origin_month,
         CASE WHEN s.chart = 7 THEN 2 WHEN coalesce(p.component, 0) = 1 THEN 1 ELSE 0 END,
         CASE WHEN e.kind IN ('opening', 'opening_penalty') THEN s.sign * p.amount ELSE 0 END,
         CASE WHEN e.kind NOT IN ('opening', 'opening_penalty') AND s.sign = 1 THEN p.amount ELSE 0 END,
         CASE WHEN e.kind NOT IN ('opening', 'opening_penalty') AND s.sign = -1 THEN p.amount ELSE 0 END
  FROM posting p JOIN entry e USING (entry_id) CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month = :month AND s.chart IN (1, 6, 7)
), g AS (
  SELECT CASE WHEN :by_house THEN d.house_id END AS house_id, CASE WHEN :by_account THEN m.account_id END AS account_id,
         CASE WHEN :by_service THEN m.service_id END AS service_id, CASE WHEN :by_creditor THEN m.creditor_id END AS creditor_id,
         CASE WHEN :by_origin THEN m.origin_month END AS origin_month, NULL::text AS channel,
         coalesce(sum(opening) FILTER (WHERE part = 0), 0)::bigint AS principal_opening,
         coalesce(sum(debit) FILTER (WHERE part = 0), 0)::bigint AS principal_debit,
         coalesce(sum(credit) FILTER (WHERE part = 0), 0)::bigint AS principal_credit,
         coalesce(sum(opening) FILTER (WHERE part = 1), 0)::bigint AS surcharge_opening,
         coalesce(sum(debit) FILTER (WHERE part = 1), 0)::bigint AS surcharge_debit,
         coalesce(sum(credit) FILTER (WHERE part = 1), 0)::bigint AS surcharge_credit,
         coalesce(sum(opening) FILTER (WHERE part = 2), 0)::bigint AS penalty_opening,
         coalesce(sum(debit) FILTER (WHERE part = 2), 0)::bigint AS penalty_debit,
         coalesce(sum(credit) FILTER (WHERE part = 2), 0)::bigint AS penalty_credit
  FROM moved m LEFT JOIN register_account d USING (account_id)
  GROUP BY 1, 2, 3, 4, 5
  HAVING sum(debit) <> 0 OR sum(credit) <> 0 OR coalesce(sum(opening) FILTER (WHERE part = 0), 0) <> 0
      OR coalesce(sum(opening) FILTER (WHERE part = 1), 0) <> 0 OR coalesce(sum(opening) FILTER (WHERE part = 2), 0) <> 0
)

-- name: charges
WITH moved AS (
  SELECT p.account_id, p.service_id, p.creditor_id, p.origin_month, e.kind, coalesce(p.component, 0) AS component,
         CASE WHEN p.debit IN (1, 7) THEN p.amount ELSE -p.amount END AS amount
  FROM posting p JOIN entry e USING (entry_id)
  WHERE p.provider_id = :provider_id AND p.month = :month AND e.kind IN ('charge', 'recalculation', 'penalty')
    AND (p.debit IN (1, 7) OR p.credit IN (1, 7))
), g AS (
  SELECT CASE WHEN :by_house THEN d.house_id END AS house_id, CASE WHEN :by_account THEN m.account_id END AS account_id,
         CASE WHEN :by_service THEN m.service_id END AS service_id, CASE WHEN :by_creditor THEN m.creditor_id END AS creditor_id,
         CASE WHEN :by_origin THEN m.origin_month END AS origin_month, NULL::text AS channel,
         coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND component = 0), 0)::bigint AS base,
         coalesce(sum(amount) FILTER (WHERE kind <> 'penalty' AND component = 1), 0)::bigint AS surcharge,
         coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND component = 2), 0)::bigint AS recalculation,
         coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND component = 3), 0)::bigint AS underdelivery,
         coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND component = 4), 0)::bigint AS benefit,
         coalesce(sum(amount) FILTER (WHERE kind = 'recalculation' AND component <> 1), 0)::bigint AS closed_months,
         coalesce(sum(amount) FILTER (WHERE kind = 'penalty'), 0)::bigint AS penalty
  FROM moved m LEFT JOIN register_account d USING (account_id)
  GROUP BY 1, 2, 3, 4, 5
)

-- name: create_payments
CREATE TEMPORARY TABLE register_payment (entry_id bigint, operation text COLLATE "C", message_id bigint, divides boolean) ON COMMIT DROP

-- name: fill_payments
-- The operation is what the key names after its first word: that of the agent, of the sender, the line of a statement, the registry. What was
-- divided otherwise later is the operation of its payment, and no payment more.
INSERT INTO register_payment
SELECT entry_id, regexp_replace(entry_key, CASE kind WHEN 'payment_division' THEN '^[^/]*/[^/]*/' ELSE '^[^/]*/' END, ''), message_id,
  kind = 'payment_division'
FROM entry WHERE provider_id = :provider_id AND month = :month AND (kind LIKE 'payment%' OR kind = 'registry_rest')

-- name: payments
-- What came in (positive) or was taken back. What waits in suspense is a column of its own: money that leaves it lowers that and raises another.
WITH moved AS (
  SELECT p.entry_id, p.account_id, p.service_id, p.creditor_id, p.origin_month, c.channel, s.chart, coalesce(p.component, 0) = 1 AS surcharge,
         s.sign * p.amount AS amount, k.divides
  FROM posting p JOIN register_payment k USING (entry_id) LEFT JOIN register_channel c USING (entry_id)
  CROSS JOIN LATERAL (VALUES (p.debit, -1), (p.credit, 1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month = :month AND s.chart IN (1, 4, 6, 7)
), g AS (
  SELECT CASE WHEN :by_house THEN d.house_id END AS house_id, CASE WHEN :by_account THEN m.account_id END AS account_id,
         CASE WHEN :by_service THEN m.service_id END AS service_id, CASE WHEN :by_creditor THEN m.creditor_id END AS creditor_id,
         CASE WHEN :by_origin THEN m.origin_month END AS origin_month, CASE WHEN :by_channel THEN m.channel END AS channel,
         count(DISTINCT m.entry_id) FILTER (WHERE NOT m.divides) AS payments,
         coalesce(sum(amount) FILTER (WHERE chart = 1 AND NOT surcharge), 0)::bigint AS debt,
         coalesce(sum(amount) FILTER (WHERE chart = 1 AND surcharge), 0)::bigint AS surcharge,
         coalesce(sum(amount) FILTER (WHERE chart = 6), 0)::bigint AS advance,
         coalesce(sum(amount) FILTER (WHERE chart = 7), 0)::bigint AS penalty,
         coalesce(sum(amount) FILTER (WHERE chart = 4), 0)::bigint AS suspense
  FROM moved m LEFT JOIN register_account d USING (account_id)
  GROUP BY 1, 2, 3, 4, 5, 6
)

-- name: create_debts
CREATE TEMPORARY TABLE register_debt (
  chart smallint, account_id bigint, service_id bigint, creditor_id bigint, origin_month date, surcharge boolean, amount bigint
) ON COMMIT DROP

-- name: fill_debts
INSERT INTO register_debt
SELECT chart, account_id, service_id, creditor_id, origin_month, surcharge, sum(amount)::bigint
FROM (
  SELECT chart, account_id, nullif(service_id, 0) AS service_id, nullif(creditor_id, 0) AS creditor_id,
         nullif(origin_month, '0001-01-01'::date) AS origin_month, surcharge, amount
  FROM balance WHERE provider_id = :provider_id AND month = :snapshot AND chart IN (1, 6, 7)
  UNION ALL
  SELECT s.chart, p.account_id, p.service_id, p.creditor_id, p.origin_month, coalesce(p.component, 0) = 1, s.sign * p.amount
  FROM posting p CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month <= :month AND (CAST(:snapshot AS date) IS NULL OR p.month > :snapshot) AND s.chart IN (1, 6, 7)
) b
GROUP BY 1, 2, 3, 4, 5, 6
HAVING sum(amount) <> 0

-- name: ageing
-- Limitation (ГК ст. 196, 200): three years from the due day, not so many days. A debt without a due day does not age.
WITH moved AS (
  SELECT d.*, coalesce(b.due_on, s.due_on) AS due_on, CAST(:as_of AS date) - coalesce(b.due_on, s.due_on) AS days
  FROM register_debt d
  LEFT JOIN register_due b ON b.account_id = d.account_id AND b.month = d.origin_month
  LEFT JOIN register_due_day s ON s.origin_month = d.origin_month
), g AS (
  SELECT CASE WHEN :by_house THEN d.house_id END AS house_id, CASE WHEN :by_account THEN m.account_id END AS account_id,
         CASE WHEN :by_service THEN m.service_id END AS service_id, CASE WHEN :by_creditor THEN m.creditor_id END AS creditor_id,
         CASE WHEN :by_origin THEN m.origin_month END AS origin_month, NULL::text AS channel,
         coalesce(sum(amount) FILTER (WHERE owed AND days <= 0), 0)::bigint AS not_due,
         coalesce(sum(amount) FILTER (WHERE owed AND days BETWEEN 1 AND 30), 0)::bigint AS days_30,
         coalesce(sum(amount) FILTER (WHERE owed AND days BETWEEN 31 AND 90), 0)::bigint AS days_90,
         coalesce(sum(amount) FILTER (WHERE owed AND days BETWEEN 91 AND 180), 0)::bigint AS days_180,
         coalesce(sum(amount) FILTER (WHERE owed AND days BETWEEN 181 AND 365), 0)::bigint AS days_365,
         coalesce(sum(amount) FILTER (WHERE owed AND days > 365 AND NOT barred), 0)::bigint AS over_year,
         coalesce(sum(amount) FILTER (WHERE owed AND barred), 0)::bigint AS over_three_years,
         coalesce(sum(amount) FILTER (WHERE owed AND due_on IS NULL), 0)::bigint AS undated,
         coalesce(sum(amount) FILTER (WHERE owed), 0)::bigint AS debt,
         coalesce(sum(amount) FILTER (WHERE owed AND surcharge), 0)::bigint AS surcharge,
         coalesce(sum(amount) FILTER (WHERE chart <> 7 AND NOT owed), 0)::bigint AS advance,
         coalesce(sum(amount) FILTER (WHERE chart = 7), 0)::bigint AS penalty
  FROM (SELECT *, chart = 1 AND amount > 0 AS owed, CAST(:as_of AS date) > due_on + interval '3 years' AS barred FROM moved) m
  LEFT JOIN register_account d USING (account_id)
  GROUP BY 1, 2, 3, 4, 5
)

-- name: named
-- Goes after each of the above: names, and the order of the sheet.
SELECT g.*, coalesce(h.fias, '') AS fias, coalesce(h.address, '') AS address, coalesce(a.number, '№ ' || g.account_id) AS number, coalesce(a.flat, '') AS flat
FROM g
LEFT JOIN register_account a USING (account_id)
LEFT JOIN register_house h ON h.house_id = coalesce(a.house_id, g.house_id)
ORDER BY h.place NULLS LAST, a.place NULLS LAST, g.account_id, g.channel NULLS LAST, array_position(CAST(:services AS bigint[]), g.service_id) NULLS LAST,
         g.service_id, array_position(CAST(:creditors AS bigint[]), g.creditor_id) NULLS LAST, g.creditor_id, g.origin_month NULLS FIRST

-- name: control
-- Of one provider: balances of receivables with advances, of the surcharge and of penalties, and what the month moved.
WITH stands AS (
  SELECT sum(s.sign * p.amount) FILTER (WHERE s.chart <> 7 AND coalesce(p.component, 0) <> 1) AS principal_closing,
         sum(s.sign * p.amount) FILTER (WHERE s.chart <> 7 AND p.component = 1) AS surcharge_closing,
         sum(s.sign * p.amount) FILTER (WHERE s.chart = 7) AS penalty_closing
  FROM posting p CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE p.provider_id = :provider_id AND p.month <= :month AND s.chart IN (1, 6, 7)
), turned AS (
  SELECT sum(p.amount) FILTER (WHERE s.sign = 1 AND s.chart <> 7 AND NOT x.surcharge) AS principal_debit,
         sum(p.amount) FILTER (WHERE s.sign = -1 AND s.chart <> 7 AND NOT x.surcharge) AS principal_credit,
         sum(p.amount) FILTER (WHERE s.sign = 1 AND s.chart <> 7 AND x.surcharge) AS surcharge_debit,
         sum(p.amount) FILTER (WHERE s.sign = -1 AND s.chart <> 7 AND x.surcharge) AS surcharge_credit,
         sum(p.amount) FILTER (WHERE s.sign = 1 AND s.chart = 7) AS penalty_debit,
         sum(p.amount) FILTER (WHERE s.sign = -1 AND s.chart = 7) AS penalty_credit,
         sum(s.sign * p.amount) FILTER (WHERE e.kind IN ('charge', 'recalculation')) AS charged,
         sum(s.sign * p.amount) FILTER (WHERE e.kind = 'penalty') AS penalties_charged
  FROM posting p JOIN entry e USING (entry_id)
  CROSS JOIN LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  CROSS JOIN LATERAL (SELECT coalesce(p.component, 0) = 1 AS surcharge) x
  WHERE p.provider_id = :provider_id AND p.month = :month AND e.kind NOT IN ('opening', 'opening_penalty') AND s.chart IN (1, 6, 7)
), received AS (
  SELECT sum(CASE WHEN p.debit IN (5, 11) THEN p.amount ELSE -p.amount END) AS received
  FROM posting p JOIN entry e USING (entry_id)
  WHERE p.provider_id = :provider_id AND p.month = :month AND (e.kind LIKE 'payment%' OR e.kind = 'registry_rest')
    AND (p.debit IN (5, 11)) <> (p.credit IN (5, 11))
)
SELECT * FROM stands, turned, received
