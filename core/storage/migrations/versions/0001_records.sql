CREATE TABLE record_organisation (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  name text COLLATE "C" NOT NULL,
  short_name text COLLATE "C" NOT NULL,
  inn text COLLATE "C" NOT NULL,
  kpp text COLLATE "C" NOT NULL,
  ogrn text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  phone text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  roles integer[] NOT NULL,
  verified boolean NOT NULL,
  CONSTRAINT record_organisation_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_organisation_key ON record_organisation (provider_id, record_key, record_id);
CREATE INDEX record_organisation_waiting ON record_organisation (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_organisation_released ON record_organisation (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_bank_account (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  organisation text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  bik text COLLATE "C" NOT NULL,
  correspondent text COLLATE "C" NOT NULL,
  bank_name text COLLATE "C" NOT NULL,
  opened_on date,
  closed_on date,
  verified boolean NOT NULL,
  CONSTRAINT record_bank_account_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_bank_account_key ON record_bank_account (provider_id, record_key, record_id);
CREATE INDEX record_bank_account_waiting ON record_bank_account (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_bank_account_released ON record_bank_account (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_service (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  name text COLLATE "C" NOT NULL,
  short_name text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  provision bigint NOT NULL,
  base_service text COLLATE "C",
  utility_kind bigint,
  housing_kind bigint,
  zone bigint,
  okei text COLLATE "C" NOT NULL,
  resource_kind bigint,
  sort_order bigint,
  CONSTRAINT record_service_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_service_key ON record_service (provider_id, record_key, record_id);
CREATE INDEX record_service_waiting ON record_service (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_service_released ON record_service (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_house (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  fias text COLLATE "C" NOT NULL,
  oktmo text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  time_zone text COLLATE "C" NOT NULL,
  cadastral text COLLATE "C" NOT NULL,
  house_kind bigint NOT NULL,
  total_area_e2 bigint,
  common_area_e2 bigint,
  useful_area_e2 bigint,
  capital_fund bigint,
  manager text COLLATE "C",
  condition bigint,
  used_since bigint,
  floors bigint,
  least_floors bigint,
  underground_floors bigint,
  CONSTRAINT record_house_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_house_key ON record_house (provider_id, record_key, record_id);
CREATE INDEX record_house_waiting ON record_house (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_house_released ON record_house (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_house_by_fias ON record_house (fias);
CREATE INDEX record_house_by_cadastral ON record_house (cadastral);
CREATE TABLE record_house_parameter (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  code bigint NOT NULL,
  value text COLLATE "C" NOT NULL,
  CONSTRAINT record_house_parameter_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_house_parameter_key ON record_house_parameter (provider_id, record_key, record_id);
CREATE INDEX record_house_parameter_waiting ON record_house_parameter (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_house_parameter_released ON record_house_parameter (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_house_parameter_by_house ON record_house_parameter (provider_id, house);
CREATE TABLE record_premises (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  flat_kind bigint,
  common_property boolean NOT NULL,
  area_e2 bigint NOT NULL,
  living_area_e2 bigint,
  cadastral text COLLATE "C" NOT NULL,
  no_meter boolean NOT NULL,
  no_meter_reason bigint,
  ceased_on date,
  CONSTRAINT record_premises_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_premises_key ON record_premises (provider_id, record_key, record_id);
CREATE INDEX record_premises_waiting ON record_premises (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_premises_released ON record_premises (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_room (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  premises text COLLATE "C",
  house text COLLATE "C",
  number text COLLATE "C" NOT NULL,
  area_e2 bigint NOT NULL,
  communal boolean NOT NULL,
  CONSTRAINT record_room_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_room_key ON record_room (provider_id, record_key, record_id);
CREATE INDEX record_room_waiting ON record_room (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_room_released ON record_room (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_management_contract (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  organisation text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  signed_on date,
  effective_on date,
  ends_on date,
  CONSTRAINT record_management_contract_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_management_contract_key ON record_management_contract (provider_id, record_key, record_id);
CREATE INDEX record_management_contract_waiting ON record_management_contract (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_management_contract_released ON record_management_contract (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_house_service (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  contract text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  starts_on date,
  ends_on date,
  CONSTRAINT record_house_service_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_house_service_key ON record_house_service (provider_id, record_key, record_id);
CREATE INDEX record_house_service_waiting ON record_house_service (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_house_service_released ON record_house_service (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_house_service_by_house ON record_house_service (provider_id, house);
CREATE TABLE record_house_price (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  contract text COLLATE "C" NOT NULL,
  price_e6 bigint NOT NULL,
  starts_on date,
  ends_on date,
  CONSTRAINT record_house_price_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_house_price_key ON record_house_price (provider_id, record_key, record_id);
CREATE INDEX record_house_price_waiting ON record_house_price (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_house_price_released ON record_house_price (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_house_price_by_house ON record_house_price (provider_id, house);
CREATE TABLE record_capital_repair_decision (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  effective_on date,
  fund bigint,
  excess_e6 bigint NOT NULL,
  bank_account text COLLATE "C",
  CONSTRAINT record_capital_repair_decision_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_capital_repair_decision_key ON record_capital_repair_decision (provider_id, record_key, record_id);
CREATE INDEX record_capital_repair_decision_waiting ON record_capital_repair_decision (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_capital_repair_decision_released ON record_capital_repair_decision (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_capital_repair_decision_by_house ON record_capital_repair_decision (provider_id, house);
CREATE TABLE record_person (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  surname text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  patronymic text COLLATE "C" NOT NULL,
  born_on date,
  snils text COLLATE "C" NOT NULL,
  CONSTRAINT record_person_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_person_key ON record_person (provider_id, record_key, record_id);
CREATE INDEX record_person_waiting ON record_person (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_person_released ON record_person (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_account (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  number text COLLATE "C" NOT NULL,
  house text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  opened_on date NOT NULL,
  closed_on date,
  residents_stated bigint,
  area_e2 bigint NOT NULL,
  living_area_e2 bigint,
  heated_area_e2 bigint,
  gas_stove boolean NOT NULL,
  gas_heater boolean NOT NULL,
  payer_person text COLLATE "C",
  payer_organisation text COLLATE "C",
  payer_name text COLLATE "C" NOT NULL,
  principal text COLLATE "C",
  rooms bigint,
  open_heating_draw boolean NOT NULL,
  CONSTRAINT record_account_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_account_key ON record_account (provider_id, record_key, record_id);
CREATE INDEX record_account_waiting ON record_account (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_account_released ON record_account (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_account_by_house ON record_account (provider_id, house);
CREATE INDEX record_account_by_number ON record_account (number);
CREATE INDEX record_account_by_payer_organisation ON record_account (provider_id, payer_organisation);
CREATE TABLE record_account_place (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  premises text COLLATE "C",
  house text COLLATE "C",
  room text COLLATE "C",
  share_e2 bigint,
  CONSTRAINT record_account_place_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_account_place_key ON record_account_place (provider_id, record_key, record_id);
CREATE INDEX record_account_place_waiting ON record_account_place (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_account_place_released ON record_account_place (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_account_place_by_account ON record_account_place (provider_id, account);
CREATE TABLE record_account_area (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  first date NOT NULL,
  area_e2 bigint NOT NULL,
  document text COLLATE "C" NOT NULL,
  CONSTRAINT record_account_area_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_account_area_key ON record_account_area (provider_id, record_key, record_id);
CREATE INDEX record_account_area_waiting ON record_account_area (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_account_area_released ON record_account_area (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_account_area_by_account ON record_account_area (provider_id, account);
CREATE TABLE record_residence (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  person text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  first date NOT NULL,
  last date,
  CONSTRAINT record_residence_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_residence_key ON record_residence (provider_id, record_key, record_id);
CREATE INDEX record_residence_waiting ON record_residence (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_residence_released ON record_residence (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_residence_by_account ON record_residence (provider_id, account);
CREATE TABLE record_absence (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  residence text COLLATE "C" NOT NULL,
  left_on date NOT NULL,
  back_on date NOT NULL,
  document text COLLATE "C" NOT NULL,
  CONSTRAINT record_absence_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_absence_key ON record_absence (provider_id, record_key, record_id);
CREATE INDEX record_absence_waiting ON record_absence (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_absence_released ON record_absence (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_absence_by_account ON record_absence (provider_id, account);
CREATE TABLE record_meter (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  account text COLLATE "C",
  premises text COLLATE "C",
  service text COLLATE "C" NOT NULL,
  serial text COLLATE "C" NOT NULL,
  digits bigint,
  commissioned_on date,
  verified_on date,
  next_verification_on date,
  closed_on date,
  start_e3 bigint,
  is_open boolean NOT NULL,
  make text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  CONSTRAINT record_meter_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_meter_key ON record_meter (provider_id, record_key, record_id);
CREATE INDEX record_meter_waiting ON record_meter (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_meter_released ON record_meter (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_meter_by_house ON record_meter (provider_id, house);
CREATE TABLE record_meter_account (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  meter text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  CONSTRAINT record_meter_account_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_meter_account_key ON record_meter_account (provider_id, record_key, record_id);
CREATE INDEX record_meter_account_waiting ON record_meter_account (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_meter_account_released ON record_meter_account (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_meter_account_by_meter ON record_meter_account (provider_id, meter);
CREATE TABLE record_reading (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  meter text COLLATE "C" NOT NULL,
  taken_on date NOT NULL,
  value_e3 bigint NOT NULL,
  source bigint,
  zone bigint,
  CONSTRAINT record_reading_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_reading_key ON record_reading (provider_id, record_key, record_id);
CREATE INDEX record_reading_waiting ON record_reading (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_reading_released ON record_reading (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_reading_by_meter ON record_reading (provider_id, meter);
CREATE TABLE record_interruption (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  starts_at timestamp NOT NULL,
  ends_at timestamp NOT NULL,
  claimed_hours_e2 bigint,
  act text COLLATE "C" NOT NULL,
  CONSTRAINT record_interruption_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_interruption_key ON record_interruption (provider_id, record_key, record_id);
CREATE INDEX record_interruption_waiting ON record_interruption (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_interruption_released ON record_interruption (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_interruption_by_house ON record_interruption (provider_id, house);
CREATE TABLE record_stated_bill (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  month date NOT NULL,
  number text COLLATE "C" NOT NULL,
  formed_on date,
  account text COLLATE "C" NOT NULL,
  bank_account text COLLATE "C" NOT NULL,
  total bigint,
  debt bigint,
  advance bigint,
  penalties bigint,
  grand_total bigint,
  CONSTRAINT record_stated_bill_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_stated_bill_key ON record_stated_bill (provider_id, record_key, record_id);
CREATE INDEX record_stated_bill_waiting ON record_stated_bill (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_stated_bill_released ON record_stated_bill (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_stated_bill_by_month ON record_stated_bill (provider_id, month);
CREATE INDEX record_stated_bill_by_message_id ON record_stated_bill (message_id);
CREATE TABLE record_stated_line (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bill text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  tariff_e6 bigint NOT NULL,
  total bigint NOT NULL,
  accrued bigint NOT NULL,
  recalculated bigint NOT NULL,
  benefit bigint NOT NULL,
  recalculation_reason text COLLATE "C" NOT NULL,
  volume_e6 bigint,
  common_volume_e6 bigint,
  method bigint,
  CONSTRAINT record_stated_line_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_stated_line_key ON record_stated_line (provider_id, record_key, record_id);
CREATE INDEX record_stated_line_waiting ON record_stated_line (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_stated_line_released ON record_stated_line (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_stated_line_by_bill ON record_stated_line (provider_id, bill);
CREATE INDEX record_stated_line_by_message_id ON record_stated_line (message_id);
CREATE TABLE record_stated_contribution (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bill text COLLATE "C" NOT NULL,
  tariff_e6 bigint NOT NULL,
  accrued bigint NOT NULL,
  recalculated bigint NOT NULL,
  benefit bigint NOT NULL,
  total bigint NOT NULL,
  organisation text COLLATE "C" NOT NULL,
  CONSTRAINT record_stated_contribution_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_stated_contribution_key ON record_stated_contribution (provider_id, record_key, record_id);
CREATE INDEX record_stated_contribution_waiting ON record_stated_contribution (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_stated_contribution_released ON record_stated_contribution (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_stated_contribution_by_bill ON record_stated_contribution (provider_id, bill);
CREATE INDEX record_stated_contribution_by_message_id ON record_stated_contribution (message_id);
CREATE TABLE record_opening_debt (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bill text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  organisation text COLLATE "C" NOT NULL,
  origin_month date NOT NULL,
  amount bigint NOT NULL,
  CONSTRAINT record_opening_debt_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_opening_debt_key ON record_opening_debt (provider_id, record_key, record_id);
CREATE INDEX record_opening_debt_waiting ON record_opening_debt (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_opening_debt_released ON record_opening_debt (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_opening_debt_by_bill ON record_opening_debt (provider_id, bill);
CREATE INDEX record_opening_debt_by_message_id ON record_opening_debt (message_id);
CREATE TABLE record_opening_penalty (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bill text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  origin_month date,
  organisation text COLLATE "C" NOT NULL,
  opening bigint NOT NULL,
  posted bigint NOT NULL,
  paid bigint NOT NULL,
  closing bigint NOT NULL,
  CONSTRAINT record_opening_penalty_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_opening_penalty_key ON record_opening_penalty (provider_id, record_key, record_id);
CREATE INDEX record_opening_penalty_waiting ON record_opening_penalty (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_opening_penalty_released ON record_opening_penalty (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_opening_penalty_by_bill ON record_opening_penalty (provider_id, bill);
CREATE INDEX record_opening_penalty_by_message_id ON record_opening_penalty (message_id);
CREATE TABLE record_balance (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  organisation text COLLATE "C" NOT NULL,
  month date NOT NULL,
  opening bigint NOT NULL,
  accrued bigint NOT NULL,
  recalculated bigint NOT NULL,
  changed bigint NOT NULL,
  undelivered bigint NOT NULL,
  benefit bigint NOT NULL,
  paid bigint NOT NULL,
  closing bigint NOT NULL,
  CONSTRAINT record_balance_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_balance_key ON record_balance (provider_id, record_key, record_id);
CREATE INDEX record_balance_waiting ON record_balance (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_balance_released ON record_balance (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_balance_by_month_account ON record_balance (provider_id, month, account);
CREATE INDEX record_balance_by_message_id ON record_balance (message_id);
CREATE TABLE record_payment_pack (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  ordered_on date NOT NULL,
  number text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,
  count bigint NOT NULL,
  CONSTRAINT record_payment_pack_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_payment_pack_key ON record_payment_pack (provider_id, record_key, record_id);
CREATE INDEX record_payment_pack_waiting ON record_payment_pack (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_payment_pack_released ON record_payment_pack (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_payment_pack_by_message_id ON record_payment_pack (message_id);
CREATE TABLE record_payment (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  operation bigint NOT NULL,
  uip text COLLATE "C" NOT NULL,
  paid_on date,
  accounted_on date,
  amount bigint,
  source text COLLATE "C" NOT NULL,
  for_month date,
  pack text COLLATE "C",
  bank_account text COLLATE "C" NOT NULL,
  bill text COLLATE "C",
  active boolean NOT NULL,
  reverses text COLLATE "C" NOT NULL,
  CONSTRAINT record_payment_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_payment_key ON record_payment (provider_id, record_key, record_id);
CREATE INDEX record_payment_waiting ON record_payment (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_payment_released ON record_payment (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_payment_by_pack ON record_payment (provider_id, pack);
CREATE INDEX record_payment_by_message_id ON record_payment (message_id);
CREATE TABLE record_section_row (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  section text COLLATE "C" NOT NULL,
  cells text[] NOT NULL,
  CONSTRAINT record_section_row_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_section_row_key ON record_section_row (provider_id, record_key, record_id);
CREATE INDEX record_section_row_waiting ON record_section_row (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_section_row_released ON record_section_row (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_penalty_stop (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  cause text COLLATE "C" NOT NULL,
  CONSTRAINT record_penalty_stop_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_penalty_stop_key ON record_penalty_stop (provider_id, record_key, record_id);
CREATE INDEX record_penalty_stop_waiting ON record_penalty_stop (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_penalty_stop_released ON record_penalty_stop (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_court_judgement (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  case_number text COLLATE "C" NOT NULL,
  judged_on date NOT NULL,
  judged_to date NOT NULL,
  first_month date NOT NULL,
  last_month date NOT NULL,
  principal bigint NOT NULL,
  penalties bigint NOT NULL,
  costs bigint,
  costs_to text COLLATE "C",
  CONSTRAINT record_court_judgement_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_court_judgement_key ON record_court_judgement (provider_id, record_key, record_id);
CREATE INDEX record_court_judgement_waiting ON record_court_judgement (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_court_judgement_released ON record_court_judgement (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_subsidy_grant (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  persons bigint NOT NULL,
  income bigint NOT NULL,
  subsistence bigint NOT NULL,
  standard bigint NOT NULL,
  own_share_e4 bigint NOT NULL,
  first date NOT NULL,
  last date,
  CONSTRAINT record_subsidy_grant_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_subsidy_grant_key ON record_subsidy_grant (provider_id, record_key, record_id);
CREATE INDEX record_subsidy_grant_waiting ON record_subsidy_grant (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_subsidy_grant_released ON record_subsidy_grant (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_subsidy_grant_by_account ON record_subsidy_grant (provider_id, account);
CREATE TABLE record_registered_sender (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  name text COLLATE "C" NOT NULL,
  inn text COLLATE "C" NOT NULL,
  kpp text COLLATE "C" NOT NULL,
  ogrn text COLLATE "C" NOT NULL,
  data_bank_keys text[] NOT NULL,
  provider_kind bigint NOT NULL,
  CONSTRAINT record_registered_sender_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_registered_sender_key ON record_registered_sender (provider_id, record_key, record_id);
CREATE INDEX record_registered_sender_waiting ON record_registered_sender (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_registered_sender_released ON record_registered_sender (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_approved_tariff (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  kind text COLLATE "C" NOT NULL,
  utility_kind bigint,
  resource_kind bigint,
  zone bigint,
  supplier_inn text COLLATE "C",
  oktmo text COLLATE "C" NOT NULL,
  act text COLLATE "C" NOT NULL,
  first date NOT NULL,
  last date,
  value_e6 bigint NOT NULL,
  range_number bigint,
  CONSTRAINT record_approved_tariff_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_approved_tariff_key ON record_approved_tariff (provider_id, record_key, record_id);
CREATE INDEX record_approved_tariff_waiting ON record_approved_tariff (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_approved_tariff_released ON record_approved_tariff (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_approved_norm (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  utility_kind bigint,
  resource_kind bigint,
  basis text COLLATE "C" NOT NULL,
  okei text COLLATE "C" NOT NULL,
  first date NOT NULL,
  value_e6 bigint NOT NULL,
  last date,
  act text COLLATE "C" NOT NULL,
  rooms bigint,
  persons bigint,
  oktmo text COLLATE "C" NOT NULL,
  CONSTRAINT record_approved_norm_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_approved_norm_key ON record_approved_norm (provider_id, record_key, record_id);
CREATE INDEX record_approved_norm_waiting ON record_approved_norm (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_approved_norm_released ON record_approved_norm (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_region_setting (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  name text COLLATE "C" NOT NULL,
  value_json text COLLATE "C" NOT NULL,
  act text COLLATE "C" NOT NULL,
  oktmo text COLLATE "C" NOT NULL,
  CONSTRAINT record_region_setting_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_region_setting_key ON record_region_setting (provider_id, record_key, record_id);
CREATE INDEX record_region_setting_waiting ON record_region_setting (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_region_setting_released ON record_region_setting (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_payment_registry (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  profile text COLLATE "C" NOT NULL,
  agent text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  registry_on date,
  order_number text COLLATE "C" NOT NULL,
  order_on date,
  count bigint NOT NULL,
  amount bigint NOT NULL,
  fee bigint NOT NULL,
  transfer bigint NOT NULL,
  CONSTRAINT record_payment_registry_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_payment_registry_key ON record_payment_registry (provider_id, record_key, record_id);
CREATE INDEX record_payment_registry_waiting ON record_payment_registry (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_payment_registry_released ON record_payment_registry (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_registry_payment (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  registry text COLLATE "C" NOT NULL,
  operation_id text COLLATE "C" NOT NULL,
  paid_on date,
  account_text text COLLATE "C" NOT NULL,
  payer_name text COLLATE "C" NOT NULL,
  payer_address text COLLATE "C" NOT NULL,
  for_month date,
  amount bigint NOT NULL,
  fee bigint NOT NULL,
  transfer bigint NOT NULL,
  els text COLLATE "C" NOT NULL,
  izku text COLLATE "C" NOT NULL,
  ipd text COLLATE "C" NOT NULL,
  reverses text COLLATE "C" NOT NULL,
  CONSTRAINT record_registry_payment_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_registry_payment_key ON record_registry_payment (provider_id, record_key, record_id);
CREATE INDEX record_registry_payment_waiting ON record_registry_payment (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_registry_payment_released ON record_registry_payment (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_registry_payment_by_message_id ON record_registry_payment (message_id);
CREATE TABLE record_statement_line (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bank_account text COLLATE "C" NOT NULL,
  incoming boolean NOT NULL,
  number text COLLATE "C" NOT NULL,
  document_on date,
  value_on date,
  amount bigint NOT NULL,
  other_account text COLLATE "C" NOT NULL,
  other_bik text COLLATE "C" NOT NULL,
  other_inn text COLLATE "C" NOT NULL,
  other_name text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  account_text text COLLATE "C" NOT NULL,
  els text COLLATE "C" NOT NULL,
  izku text COLLATE "C" NOT NULL,
  ipd text COLLATE "C" NOT NULL,
  for_month date,
  registries text[] NOT NULL,
  document_type text COLLATE "C" NOT NULL,
  CONSTRAINT record_statement_line_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_statement_line_key ON record_statement_line (provider_id, record_key, record_id);
CREATE INDEX record_statement_line_waiting ON record_statement_line (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_statement_line_released ON record_statement_line (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_statement_line_by_message_id ON record_statement_line (message_id);
CREATE TABLE record_approved_limit (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  oktmo text COLLATE "C" NOT NULL,
  first date NOT NULL,
  last date,
  percent_e2 bigint NOT NULL,
  act text COLLATE "C" NOT NULL,
  CONSTRAINT record_approved_limit_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_approved_limit_key ON record_approved_limit (provider_id, record_key, record_id);
CREATE INDEX record_approved_limit_waiting ON record_approved_limit (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_approved_limit_released ON record_approved_limit (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_supply_address (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  contract text COLLATE "C",
  house text COLLATE "C",
  premises_number text COLLATE "C" NOT NULL,
  room_number text COLLATE "C" NOT NULL,
  CONSTRAINT record_supply_address_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_supply_address_key ON record_supply_address (provider_id, record_key, record_id);
CREATE INDEX record_supply_address_waiting ON record_supply_address (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_supply_address_released ON record_supply_address (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_supply_address_by_house ON record_supply_address (provider_id, house);
CREATE TABLE record_supply_service (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  address text COLLATE "C",
  utility_kind bigint,
  resource_kind bigint,
  starts_on date,
  ends_on date,
  CONSTRAINT record_supply_service_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_supply_service_key ON record_supply_service (provider_id, record_key, record_id);
CREATE INDEX record_supply_service_waiting ON record_supply_service (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_supply_service_released ON record_supply_service (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_supply_service_by_address ON record_supply_service (provider_id, address);
CREATE TABLE record_unified_account (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  els text COLLATE "C" NOT NULL,
  service_identifier text COLLATE "C" NOT NULL,
  CONSTRAINT record_unified_account_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_unified_account_key ON record_unified_account (provider_id, record_key, record_id);
CREATE INDEX record_unified_account_waiting ON record_unified_account (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_unified_account_released ON record_unified_account (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_unified_account_by_account ON record_unified_account (provider_id, account);
CREATE TABLE record_relief (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  person text COLLATE "C",
  kind bigint NOT NULL,
  service text COLLATE "C",
  share_e4 bigint,
  entitled bigint,
  starts_on date NOT NULL,
  ends_on date,
  amount bigint,
  CONSTRAINT record_relief_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_relief_key ON record_relief (provider_id, record_key, record_id);
CREATE INDEX record_relief_waiting ON record_relief (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_relief_released ON record_relief (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_relief_by_account ON record_relief (provider_id, account);
CREATE TABLE record_recalculation_block (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  account text COLLATE "C" NOT NULL,
  first date NOT NULL,
  last date NOT NULL,
  reason text COLLATE "C" NOT NULL,
  active boolean NOT NULL,
  CONSTRAINT record_recalculation_block_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_recalculation_block_key ON record_recalculation_block (provider_id, record_key, record_id);
CREATE INDEX record_recalculation_block_waiting ON record_recalculation_block (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_recalculation_block_released ON record_recalculation_block (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_recalculation_block_by_account ON record_recalculation_block (provider_id, account);
CREATE TABLE record_mass_recalculation (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  house text COLLATE "C" NOT NULL,
  first date NOT NULL,
  last date NOT NULL,
  document text COLLATE "C" NOT NULL,
  bill_text text COLLATE "C" NOT NULL,
  CONSTRAINT record_mass_recalculation_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_mass_recalculation_key ON record_mass_recalculation (provider_id, record_key, record_id);
CREATE INDEX record_mass_recalculation_waiting ON record_mass_recalculation (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_mass_recalculation_released ON record_mass_recalculation (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_act (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  number text COLLATE "C" NOT NULL,
  drawn_on date NOT NULL,
  part bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  house text COLLATE "C",
  account text COLLATE "C",
  service text COLLATE "C",
  meter text COLLATE "C",
  first date NOT NULL,
  last date,
  starts_at timestamp,
  ends_at timestamp,
  deviation text COLLATE "C",
  area_e2 bigint,
  owners bigint,
  stated_e3 bigint,
  checked_e3 bigint,
  power_w bigint,
  days bigint,
  months bigint,
  charged bigint,
  degrees_e1 bigint,
  required_e1 bigint,
  allowed_hours_e2 bigint,
  purpose text COLLATE "C",
  resource text COLLATE "C",
  volume_e3 bigint,
  heat_e6 bigint,
  heat_all_e6 bigint,
  units_e3 bigint,
  site_e2 bigint,
  CONSTRAINT record_act_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_act_key ON record_act (provider_id, record_key, record_id);
CREATE INDEX record_act_waiting ON record_act (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_act_released ON record_act (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_act_by_house ON record_act (provider_id, house);
CREATE INDEX record_act_by_account ON record_act (provider_id, account);
CREATE INDEX record_act_by_message_id ON record_act (message_id);
CREATE TABLE record_delivery_choice (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  subject text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  document text COLLATE "C" NOT NULL,
  CONSTRAINT record_delivery_choice_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_delivery_choice_key ON record_delivery_choice (provider_id, record_key, record_id);
CREATE INDEX record_delivery_choice_waiting ON record_delivery_choice (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_delivery_choice_released ON record_delivery_choice (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_delivery_outcome (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  bill text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  document text COLLATE "C" NOT NULL,
  CONSTRAINT record_delivery_outcome_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_delivery_outcome_key ON record_delivery_outcome (provider_id, record_key, record_id);
CREATE INDEX record_delivery_outcome_waiting ON record_delivery_outcome (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_delivery_outcome_released ON record_delivery_outcome (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_resolution (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  matter text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  about text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  CONSTRAINT record_resolution_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_resolution_key ON record_resolution (provider_id, record_key, record_id);
CREATE INDEX record_resolution_waiting ON record_resolution (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_resolution_released ON record_resolution (released_by) WHERE released_by IS NOT NULL;
CREATE TABLE record_gar_house (
  record_id bigint NOT NULL DEFAULT nextval('record_id_seq'),
  provider_id integer NOT NULL REFERENCES provider,
  message_id bigint NOT NULL REFERENCES message,
  file text NOT NULL,
  file_row integer,
  record_key text COLLATE "C" NOT NULL,
  valid_from date,
  valid_to date,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  waits_for text[],
  state_then text,
  released_by bigint REFERENCES message,
  fias text COLLATE "C" NOT NULL,
  oktmo text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  match_key text COLLATE "C" NOT NULL,
  cadastral text COLLATE "C" NOT NULL,
  CONSTRAINT record_gar_house_pk PRIMARY KEY (record_id)
);
CREATE INDEX record_gar_house_key ON record_gar_house (provider_id, record_key, record_id);
CREATE INDEX record_gar_house_waiting ON record_gar_house (provider_id) WHERE waits_for IS NOT NULL;
CREATE INDEX record_gar_house_released ON record_gar_house (released_by) WHERE released_by IS NOT NULL;
CREATE INDEX record_gar_house_by_match_key ON record_gar_house (match_key);
