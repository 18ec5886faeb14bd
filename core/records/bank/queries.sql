-- Records of banks belong to the centre (provider 0); of several versions of a key the latest holds.

-- name: known_payments
SELECT DISTINCT ON (record_key) record_key, message_id, paid_on, account_text, amount, fee, els, izku, ipd, reverses
FROM record_registry_payment
WHERE provider_id = 0 AND record_key = ANY (:keys)
ORDER BY record_key, record_id DESC

-- name: known_registry
SELECT record_key, message_id, profile, agent, number, registry_on, order_number, order_on, count, amount, fee, transfer
FROM record_payment_registry
WHERE provider_id = 0 AND record_key = :key
ORDER BY record_id DESC LIMIT 1

-- name: known_lines
SELECT DISTINCT record_key FROM record_statement_line WHERE provider_id = 0 AND record_key = ANY (:keys)

-- name: payments_of_message
-- In the order in which they are allocated: by day of payment, then as they stand in the file.
SELECT record_id, record_key, file, file_row, registry, operation_id, paid_on, account_text, payer_name, payer_address, for_month, amount, fee,
       transfer, els, izku, ipd, reverses
FROM record_registry_payment
WHERE message_id = :message
ORDER BY paid_on NULLS LAST, record_id

-- name: payments_of_keys
-- In the order of allocation.
SELECT record_id, record_key, file, file_row, registry, operation_id, paid_on, account_text, payer_name, payer_address, for_month, amount, fee,
       transfer, els, izku, ipd, reverses
FROM record_registry_payment
WHERE provider_id = 0 AND record_key = ANY (:keys)
ORDER BY paid_on NULLS LAST, record_id

-- name: stornos_of
-- Rows of registries and of senders' archives that take back one of these payments, by what their entries are named after.
SELECT DISTINCT record_key, reverses FROM record_registry_payment
WHERE provider_id = 0 AND reverses = ANY (:keys)
UNION
SELECT DISTINCT uip, reverses FROM record_payment WHERE operation = 2 AND reverses = ANY (:keys)

-- name: lines_of_keys
SELECT record_id, record_key, message_id, bank_account, incoming, number, document_on, value_on, amount, other_account, other_bik, other_inn,
       other_name, purpose, account_text, els, izku, ipd, for_month, registries, document_type
FROM record_statement_line
WHERE provider_id = 0 AND record_key = ANY (:keys)
ORDER BY record_id

-- name: registries
-- With the outcome of the message that brought each.
SELECT r.record_key, r.message_id, r.profile, r.agent, r.number, r.registry_on, r.order_number, r.order_on, r.count, r.amount, r.fee, r.transfer,
       i.header, i.counts, r.record_id
FROM record_payment_registry r JOIN intake i USING (message_id)
WHERE r.provider_id = 0
  AND NOT EXISTS (SELECT FROM record_payment_registry n WHERE n.provider_id = 0 AND n.record_key = r.record_key AND n.record_id > r.record_id)
ORDER BY r.record_id

-- name: statement_lines
SELECT record_id, record_key, message_id, bank_account, incoming, number, document_on, value_on, amount, other_account, other_bik, other_inn,
       other_name, purpose, account_text, els, izku, ipd, for_month, registries, document_type
FROM record_statement_line
WHERE provider_id = 0 AND (CAST(:message AS bigint) IS NULL OR message_id = :message)
ORDER BY record_id

-- name: insert_online
INSERT INTO online_payment (operation, account_id, account_text, amount, paid_on, message_id, received_at)
VALUES (:operation, :account_id, :account_text, :amount, :paid_on, :message_id, :at)
ON CONFLICT (operation) DO NOTHING

-- name: online_payments
-- With the row of a registry that has the same operation, if it has come.
SELECT o.operation, o.account_id, o.account_text, o.amount, o.paid_on, o.message_id, o.received_at, r.amount AS registry_amount, r.account_text AS registry_account
FROM online_payment o
LEFT JOIN LATERAL (SELECT amount, account_text FROM record_registry_payment r WHERE r.provider_id = 0 AND r.record_key = o.operation
                   ORDER BY record_id DESC LIMIT 1) r ON true
WHERE (CAST(:operation AS text) IS NULL OR o.operation = :operation) AND (CAST(:account_id AS bigint) IS NULL OR o.account_id = :account_id)
ORDER BY o.received_at, o.operation
