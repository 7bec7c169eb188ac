-- The path of a lead. Ids are UUIDv7, instants are milliseconds, JSON is bytes (jsonb would reorder
-- keys and refuse some texts).

CREATE TABLE docs (
  kind text NOT NULL,
  id uuid NOT NULL,
  ws uuid NOT NULL,
  version bigint NOT NULL,
  body bytea NOT NULL,
  secrets bytea,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  changed_by text NOT NULL,
  deleted bigint NOT NULL DEFAULT 0,
  change_seq bigint NOT NULL,
  unique_text text,
  PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX docs_change ON docs (change_seq);
CREATE UNIQUE INDEX docs_unique ON docs (kind, ws, unique_text)
  WHERE unique_text IS NOT NULL AND deleted = 0;

CREATE TABLE doc_versions (
  kind text NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  body bytea NOT NULL,
  at bigint NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (kind, id, version)
);

CREATE TABLE counters (
  name text NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change_seq', 0);

-- `captured_version` is the newest that was captured; later ones hold what answers gave besides.
CREATE TABLE leads (
  ws uuid NOT NULL,
  id uuid NOT NULL,
  campaign uuid NOT NULL,
  source uuid NOT NULL,
  state text NOT NULL,
  status text NOT NULL,
  score bigint,
  data_version bigint NOT NULL,
  captured_version bigint NOT NULL,
  event_seq bigint NOT NULL,
  config_version bigint NOT NULL,
  test bigint NOT NULL,
  duplicate_of uuid,
  partial_seq bigint,
  problems bytea,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (ws, id)
);
CREATE INDEX leads_rare ON leads (ws, state, id)
  WHERE state IN ('partial', 'held', 'quarantined', 'rejected', 'erased');
CREATE INDEX leads_held ON leads (campaign, id) WHERE state = 'held';

CREATE TABLE lead_data (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lead uuid NOT NULL,
  version bigint NOT NULL,
  ws uuid NOT NULL,
  body bytea NOT NULL
);
CREATE UNIQUE INDEX lead_data_lead ON lead_data (lead, version);

CREATE TABLE claims (
  key bytea NOT NULL PRIMARY KEY,
  lead uuid NOT NULL,
  source uuid NOT NULL,
  claimed_at bigint NOT NULL
);

CREATE TABLE idempotency (
  key bytea NOT NULL PRIMARY KEY,
  body_hash bytea NOT NULL,
  status bigint NOT NULL,
  answer bytea NOT NULL,
  at bigint NOT NULL
);
CREATE INDEX idempotency_at ON idempotency (at);

-- The delivery row is the queue row. `lane` is the target's id, `class` 0 for a first attempt and 1
-- for retries; `wake_at` is the due time while waiting and the lease's end while in flight, and
-- null when nothing more happens, so that finished rows are outside the claim index. A queued
-- one waits for its next question with `wake_at` too. `answered` is what its answers gave, as JSON,
-- `queued_at` when the receiver said so, `asked` how often it was asked since.
CREATE TABLE deliveries (
  ws uuid NOT NULL,
  id uuid NOT NULL,
  lead uuid,
  data_version bigint NOT NULL,
  event bigint,
  target_kind bigint NOT NULL,
  lane uuid NOT NULL,
  class bigint NOT NULL,
  cause text NOT NULL,
  parent uuid,
  state text NOT NULL,
  starts bigint NOT NULL,
  attempts bigint NOT NULL,
  due_at bigint,
  wake_at bigint,
  token uuid,
  verdict text,
  note text,
  answered bytea,
  queued_at bigint,
  asked bigint NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (ws, id)
) WITH (fillfactor = 80);
CREATE INDEX deliveries_lead ON deliveries (lead);
CREATE INDEX deliveries_due ON deliveries (lane, class, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_rare ON deliveries (ws, state, id)
  WHERE state IN ('failed', 'held', 'rejected', 'unknown', 'retrying');
CREATE INDEX deliveries_held ON deliveries (lane, id) WHERE state = 'held';

CREATE TABLE attempts (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery uuid NOT NULL,
  n bigint NOT NULL,
  ws uuid NOT NULL,
  late bigint NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint NOT NULL,
  verdict text NOT NULL,
  body bytea NOT NULL,
  answer bytea NOT NULL
);
CREATE INDEX attempts_delivery ON attempts (delivery, n);

CREATE TABLE requests (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery uuid NOT NULL,
  revision bigint NOT NULL,
  ws uuid NOT NULL,
  sealed bigint NOT NULL,
  body bytea NOT NULL
);
CREATE UNIQUE INDEX requests_delivery ON requests (delivery, revision);

CREATE TABLE events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Positions are drawn before the commit, so a reader follows (tx, position) and stops below the
  -- oldest running transaction.
  tx bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  id uuid NOT NULL,
  ws uuid NOT NULL,
  kind text NOT NULL,
  at bigint NOT NULL,
  lead uuid,
  n bigint NOT NULL,
  data_version bigint NOT NULL,
  delta bytea NOT NULL
);
CREATE INDEX events_order ON events (tx, position);
CREATE INDEX events_lead ON events (lead) WHERE lead IS NOT NULL;

CREATE TABLE cursors (
  name text NOT NULL PRIMARY KEY,
  tx bigint NOT NULL,
  position bigint NOT NULL
);

CREATE TABLE tasks (
  id uuid NOT NULL PRIMARY KEY,
  ws uuid NOT NULL,
  kind text NOT NULL,
  format bigint NOT NULL,
  body bytea NOT NULL,
  state text NOT NULL,
  starts bigint NOT NULL,
  wake_at bigint,
  token uuid,
  result bytea,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX tasks_due ON tasks (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE nodes (
  id uuid NOT NULL PRIMARY KEY,
  seen_at bigint NOT NULL
);

-- Exact search: HMACs of normalised e-mail addresses and phone numbers.
CREATE TABLE lead_keys (
  ws uuid NOT NULL,
  key bytea NOT NULL,
  lead uuid NOT NULL,
  PRIMARY KEY (ws, key, lead)
);
CREATE INDEX lead_keys_lead ON lead_keys (lead);

-- Free text, filled behind the path.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE lead_search (
  ws uuid NOT NULL,
  lead uuid NOT NULL PRIMARY KEY,
  text text NOT NULL
);
CREATE INDEX lead_search_text ON lead_search USING gin (text gin_trgm_ops);

-- Lanes nobody may claim from now: a paused or disabled destination or subscription.
CREATE TABLE stopped_lanes (
  lane uuid NOT NULL PRIMARY KEY
);

-- Lanes whose held deliveries are let go, slice by slice: those held at or before `asked_at`, after
-- the delivery `done_to`.
CREATE TABLE lane_releases (
  lane uuid NOT NULL PRIMARY KEY,
  ws uuid NOT NULL,
  asked_at bigint NOT NULL,
  done_to uuid NOT NULL
);

-- Imports of files of leads. `wake_at` is when somebody has something to do for one: while it works
-- the lease's end, else when it is too old; null when nothing more happens.
CREATE TABLE imports (
  id uuid NOT NULL PRIMARY KEY,
  ws uuid NOT NULL,
  campaign uuid NOT NULL,
  source uuid NOT NULL,
  state text NOT NULL,
  dry_run bigint NOT NULL,
  settings bytea NOT NULL,
  progress bytea NOT NULL,
  fault bytea,
  upload uuid,
  bytes bigint NOT NULL,
  starts bigint NOT NULL,
  wake_at bigint,
  token uuid,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX imports_list ON imports (ws, id);
CREATE INDEX imports_due ON imports (wake_at) WHERE wake_at IS NOT NULL;
-- One of a workspace at a time.
CREATE UNIQUE INDEX imports_working ON imports (ws) WHERE token IS NOT NULL;

-- The file of an import, in pieces of equal size. An upload that broke off leaves pieces that no
-- import names; they go with the import's own.
CREATE TABLE import_pieces (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  import uuid NOT NULL,
  upload uuid NOT NULL,
  n bigint NOT NULL,
  body bytea NOT NULL
);
CREATE UNIQUE INDEX import_pieces_import ON import_pieces (import, upload, n);

-- Rows that are no lead, and why.
CREATE TABLE import_rows (
  import uuid NOT NULL,
  row_no bigint NOT NULL,
  line bigint NOT NULL,
  problems bytea NOT NULL,
  PRIMARY KEY (import, row_no)
);
