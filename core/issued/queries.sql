-- name: advance_counter
-- Takes the row lock of the series until the end of the transaction; a rollback gives the numbers back, so there are no gaps.
INSERT INTO bill_counter AS c (provider_id, series, last_number) VALUES (:provider_id, :series, :count)
ON CONFLICT (provider_id, series) DO UPDATE SET last_number = c.last_number + excluded.last_number
RETURNING last_number

-- name: latest_bills
-- The last version of each payer's bill of a month.
SELECT DISTINCT ON (payer_id) bill_id, payer_id, number, version, content_sha256
FROM bill
WHERE provider_id = :provider_id AND month = :month
ORDER BY payer_id, version DESC

-- name: conflicting_bill
-- A staged bill that is stored with other content, or whose number another bill has.
SELECT s.number, s.payer_id, s.version
FROM staged_bill s
JOIN bill b ON b.provider_id = s.provider_id
  AND ((b.payer_id = s.payer_id AND b.month = s.month AND b.version = s.version AND b.content_sha256 <> s.content_sha256)
    OR (b.number = s.number AND (b.payer_id, b.month, b.version) IS DISTINCT FROM (s.payer_id, s.month, s.version)))
ORDER BY s.n
LIMIT 1

-- name: orphan_version
-- A staged new version whose predecessor is not stored under the number it says it replaces.
SELECT s.number, s.replaces_number
FROM staged_bill s
LEFT JOIN bill b ON b.provider_id = s.provider_id AND b.payer_id = s.payer_id AND b.month = s.month AND b.version = s.version - 1
WHERE s.version > 1 AND b.number IS DISTINCT FROM s.replaces_number
ORDER BY s.n
LIMIT 1

-- name: insert_bills
INSERT INTO bill (provider_id, month, number, payer_id, version, replaces_bill_id, calculation_id, total, content, content_sha256, issued_at)
SELECT s.provider_id, s.month, s.number, s.payer_id, s.version, b.bill_id, s.calculation_id, s.total, s.content, s.content_sha256, :issued_at
FROM staged_bill s
LEFT JOIN bill b ON b.provider_id = s.provider_id AND b.payer_id = s.payer_id AND b.month = s.month AND b.version = s.version - 1
ORDER BY s.n
ON CONFLICT (provider_id, payer_id, month, version) DO NOTHING

-- name: insert_bill_accounts
INSERT INTO bill_account (bill_id, account_id, provider_id, month)
SELECT b.bill_id, a.account_id, e.provider_id, b.month
FROM staged_bill s
JOIN bill b ON b.provider_id = s.provider_id AND b.payer_id = s.payer_id AND b.month = s.month AND b.version = s.version
JOIN staged_bill_account a ON a.n = s.n
JOIN entity e ON e.entity_id = a.account_id
ON CONFLICT (bill_id, account_id) DO NOTHING

-- name: billed_accounts
-- Accounts that some bill of a month is for, whoever issued it.
SELECT DISTINCT account_id FROM bill_account WHERE month = :month AND account_id = ANY (:account_ids)

-- name: staged_ids
SELECT b.bill_id
FROM staged_bill s
JOIN bill b ON b.provider_id = s.provider_id AND b.payer_id = s.payer_id AND b.month = s.month AND b.version = s.version
ORDER BY s.n

-- name: bills_of_month
-- The last versions, in the order of numbers as they were given.
SELECT * FROM (
  SELECT DISTINCT ON (payer_id) bill_id, provider_id, payer_id, month, number, version, replaces_bill_id, calculation_id, total,
         content::text AS content, content_sha256, issued_at
  FROM bill
  WHERE provider_id = :provider_id AND month = :month
  ORDER BY payer_id, version DESC
) latest
ORDER BY bill_id

-- name: ids_of_month
SELECT bill_id FROM (
  SELECT DISTINCT ON (payer_id) bill_id FROM bill WHERE provider_id = :provider_id AND month = :month ORDER BY payer_id, version DESC
) latest
ORDER BY bill_id

-- name: read_bill
SELECT bill_id, provider_id, payer_id, month, number, version, replaces_bill_id, calculation_id, total, content::text AS content, content_sha256,
       issued_at
FROM bill
WHERE bill_id = :bill_id

-- name: conflicting_file
-- A staged file that was rendered before from the same content and template with other bytes.
SELECT s.bill_id, s.path
FROM staged_bill_file s
JOIN bill_file f ON f.bill_id = s.bill_id AND f.media = s.media AND f.template = s.template
WHERE f.sha256 <> s.sha256
ORDER BY s.bill_id
LIMIT 1

-- name: insert_files
INSERT INTO bill_file (bill_id, provider_id, media, template, sha256, size_bytes, path, rendered_at)
SELECT s.bill_id, b.provider_id, s.media, s.template, s.sha256, s.size_bytes, s.path, :rendered_at
FROM staged_bill_file s
JOIN bill b ON b.bill_id = s.bill_id
ON CONFLICT (bill_id, media, template) DO NOTHING

-- name: files_of_bill
SELECT bill_id, media, template, sha256, size_bytes, path FROM bill_file WHERE bill_id = :bill_id ORDER BY rendered_at, media, template

-- name: lock_payment_orders
SELECT pg_advisory_xact_lock(hashtext('erkc payment orders'))

-- name: last_order_number
SELECT coalesce(max(number), 0) FROM payment_order WHERE payer_account = :payer_account AND year = :year

-- name: insert_payment_order
INSERT INTO payment_order (payer_account, year, number, drawn_on, organisation_id, account, bik, amount, content, content_sha256, proposed_by, proposed_at)
VALUES (:payer_account, :year, :number, :drawn_on, :organisation_id, :account, :bik, :amount, CAST(:content AS jsonb), :content_sha256, :proposed_by, :at)
RETURNING order_id

-- name: insert_order_step
INSERT INTO payment_order_step (order_id, step, state, actor, reason, message_id, statement_line, at)
SELECT :order_id, coalesce(max(step), 0) + 1, :state, :actor, :reason, :message_id, :statement_line, :at FROM payment_order_step WHERE order_id = :order_id

-- name: payment_orders
-- With the last step of each; in the order of numbers.
SELECT o.order_id, o.payer_account, o.number, o.drawn_on, o.organisation_id, o.account, o.bik, o.amount, o.content, o.proposed_by, o.proposed_at,
       coalesce(s.state, 'proposed') AS state, coalesce(s.actor, o.proposed_by) AS actor, coalesce(s.reason, '') AS reason,
       (SELECT a.actor FROM payment_order_step a WHERE a.order_id = o.order_id AND a.state = 'approved') AS approved_by,
       ARRAY(SELECT l.statement_line FROM payment_order_step l WHERE l.order_id = o.order_id AND l.statement_line IS NOT NULL ORDER BY l.step) AS lines,
       (SELECT x.message_id FROM payment_order_step x WHERE x.order_id = o.order_id AND x.state = 'exported') AS export_message
FROM payment_order o
LEFT JOIN LATERAL (SELECT state, actor, reason FROM payment_order_step s WHERE s.order_id = o.order_id ORDER BY step DESC LIMIT 1) s ON true
ORDER BY o.drawn_on, o.payer_account, o.number
