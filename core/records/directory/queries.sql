-- name: create_accounts
CREATE TEMPORARY TABLE register_account (
  account_id bigint, account_key text COLLATE "C", number text, house_id bigint, flat text, residents_stated bigint,
  opened_on date, closed_on date, residential boolean, place bigint
) ON COMMIT DROP

-- name: fill_accounts
-- Begins after the named tables. Flats by the value of their number, then rooms, then account numbers.
INSERT INTO register_account
SELECT account_id, record_key, number, house_id,
       concat_ws(', ', CASE WHEN premises <> '' THEN CASE WHEN residential THEN 'кв. ' ELSE 'пом. ' END || premises END,
                 CASE WHEN room <> '' THEN 'ком. ' || room END),
       residents_stated, opened_on, closed_on, residential,
       row_number() OVER (ORDER BY CAST(substring(premises FROM '^[0-9]{1,9}') AS integer) NULLS LAST, premises,
                          CAST(substring(room FROM '^[0-9]{1,9}') AS integer) NULLS FIRST, room, number, account_id)
FROM (
  SELECT DISTINCT ON (a.record_key) e.entity_id AS account_id, a.record_key, a.number, h.entity_id AS house_id, a.residents_stated,
         a.opened_on, a.closed_on, coalesce(p.number, '') AS premises, coalesce(r.number, '') AS room, coalesce(p.kind, 1) = 1 AS residential
  FROM account_now a
  JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
  LEFT JOIN entity h ON h.provider_id = :provider AND h.kind = 'house' AND h.entity_key = a.house
  LEFT JOIN place_now l ON l.account = a.record_key
  LEFT JOIN room_now r ON r.record_key = l.room
  LEFT JOIN premises_now p ON p.record_key = coalesce(l.premises, r.premises)
  ORDER BY a.record_key, p.record_id NULLS LAST, l.record_id
) named

-- name: create_channels
CREATE TEMPORARY TABLE register_channel (entry_id bigint, channel text) ON COMMIT DROP

-- name: fill_channels
-- A sender's payment has its source, a registry's its agent, a payer's own transfer none; what is known of none of them is named by the
-- message that brought it.
INSERT INTO register_channel
SELECT k.entry_id, coalesce(nullif(p.source, ''), nullif(r.agent, ''), r.profile, CASE WHEN l.record_key IS NOT NULL THEN 'Прямой перевод' END, m.name, '')
FROM register_payment k
LEFT JOIN (SELECT DISTINCT ON (uip) uip, source FROM {payment_table} WHERE provider_id = :provider AND uip <> '' ORDER BY uip, record_id DESC) p
  ON p.uip = k.operation
LEFT JOIN (SELECT DISTINCT ON (record_key) record_key, registry FROM {operation_table} WHERE provider_id = 0 ORDER BY record_key, record_id DESC) o
  ON o.record_key = k.operation
LEFT JOIN (SELECT DISTINCT ON (record_key) record_key, agent, profile FROM {registry_table} WHERE provider_id = 0 ORDER BY record_key, record_id DESC) r
  ON r.record_key = coalesce(o.registry, k.operation)
LEFT JOIN (SELECT DISTINCT record_key FROM {line_table} WHERE provider_id = 0) l ON l.record_key = k.operation
LEFT JOIN message m ON m.message_id = k.message_id

-- name: residents
-- Days of leaving and of return are not absent days (GILOUT).
SELECT coalesce(h.fias, ''), coalesce(h.address, ''), a.flat, a.number,
       coalesce(nullif(concat_ws(' ', nullif(i.surname, ''), nullif(i.name, ''), nullif(i.patronymic, '')), ''),
                CASE WHEN g.record_key IS NOT NULL THEN 'лицо № ' || g.person ELSE '' END) AS person,
       g.kind, g.first, g.last, CASE WHEN g.record_key IS NULL THEN 0 ELSE least(coalesce(g.last, :last), :last) - greatest(g.first, :first) + 1 END,
       coalesce((SELECT string_agg(to_char(t.left_on + 1, 'DD.MM.YYYY') || '–' || to_char(t.back_on - 1, 'DD.MM.YYYY'), '; ' ORDER BY t.left_on)
                 FROM absence_now t WHERE t.residence = g.record_key AND t.left_on + 1 <= :last AND t.back_on - 1 >= :first), ''),
       a.residents_stated
FROM register_account a
LEFT JOIN register_house h USING (house_id)
LEFT JOIN residence_now g ON g.account = a.account_key AND g.first <= :last AND coalesce(g.last, :last) >= :first
LEFT JOIN person_now i ON i.record_key = g.person
WHERE g.record_key IS NOT NULL OR (a.residential AND a.opened_on <= :last AND coalesce(a.closed_on, :last) >= :first)
ORDER BY h.place NULLS LAST, a.place, person, g.first
