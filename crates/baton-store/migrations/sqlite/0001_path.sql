-- The path of a lead. Ids are 16-byte blobs (UUIDv7), instants are milliseconds, JSON is bytes.
-- Narrow tables are WITHOUT ROWID (one b-tree each, appended in time order); wide ones have an
-- integer key, since an index b-tree would spill rows over 1 KB to overflow pages.

CREATE TABLE docs (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  ws BLOB NOT NULL,
  version INTEGER NOT NULL,
  body BLOB NOT NULL,
  secrets BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  change_seq INTEGER NOT NULL,
  unique_text TEXT,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX docs_change ON docs (change_seq);
CREATE UNIQUE INDEX docs_unique ON docs (kind, ws, unique_text)
  WHERE unique_text IS NOT NULL AND deleted = 0;

CREATE TABLE doc_versions (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  version INTEGER NOT NULL,
  body BLOB NOT NULL,
  at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (kind, id, version)
) WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('change_seq', 0);

-- `captured_version` is the newest that was captured; later ones hold what answers gave besides.
CREATE TABLE leads (
  ws BLOB NOT NULL,
  id BLOB NOT NULL,
  campaign BLOB NOT NULL,
  source BLOB NOT NULL,
  state TEXT NOT NULL,
  status TEXT NOT NULL,
  score INTEGER,
  data_version INTEGER NOT NULL,
  captured_version INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  config_version INTEGER NOT NULL,
  test INTEGER NOT NULL,
  duplicate_of BLOB,
  partial_seq INTEGER,
  problems BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID;
CREATE INDEX leads_rare ON leads (ws, state, id)
  WHERE state IN ('partial', 'held', 'quarantined', 'rejected', 'erased');
CREATE INDEX leads_held ON leads (campaign, id) WHERE state = 'held';

-- The search index goes along `seq`, so a number is never given out twice.
CREATE TABLE lead_data (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  lead BLOB NOT NULL,
  version INTEGER NOT NULL,
  ws BLOB NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX lead_data_lead ON lead_data (lead, version);

CREATE TABLE claims (
  key BLOB NOT NULL PRIMARY KEY,
  lead BLOB NOT NULL,
  source BLOB NOT NULL,
  claimed_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
  key BLOB NOT NULL PRIMARY KEY,
  body_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  answer BLOB NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- The delivery row is the queue row. `lane` is the target's id, `class` 0 for a first attempt and 1
-- for retries; `wake_at` is the due time while waiting and the lease's end while in flight, and
-- null when nothing more happens, so that finished rows are outside the claim index. A queued
-- one waits for its next question with `wake_at` too. `answered` is what its answers gave, as JSON,
-- `queued_at` when the receiver said so, `asked` how often it was asked since.
CREATE TABLE deliveries (
  ws BLOB NOT NULL,
  id BLOB NOT NULL,
  lead BLOB,
  data_version INTEGER NOT NULL,
  event INTEGER,
  target_kind INTEGER NOT NULL,
  lane BLOB NOT NULL,
  class INTEGER NOT NULL,
  cause TEXT NOT NULL,
  parent BLOB,
  state TEXT NOT NULL,
  starts INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER,
  wake_at INTEGER,
  token BLOB,
  verdict TEXT,
  note TEXT,
  answered BLOB,
  queued_at INTEGER,
  asked INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID;
CREATE INDEX deliveries_lead ON deliveries (lead);
CREATE INDEX deliveries_due ON deliveries (lane, class, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_rare ON deliveries (ws, state, id)
  WHERE state IN ('failed', 'held', 'rejected', 'unknown', 'retrying');
CREATE INDEX deliveries_held ON deliveries (lane, id) WHERE state = 'held';

CREATE TABLE attempts (
  seq INTEGER PRIMARY KEY,
  delivery BLOB NOT NULL,
  n INTEGER NOT NULL,
  ws BLOB NOT NULL,
  late INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  body BLOB NOT NULL,
  answer BLOB NOT NULL
);
CREATE INDEX attempts_delivery ON attempts (delivery, n);

CREATE TABLE requests (
  seq INTEGER PRIMARY KEY,
  delivery BLOB NOT NULL,
  revision INTEGER NOT NULL,
  ws BLOB NOT NULL,
  sealed INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX requests_delivery ON requests (delivery, revision);

CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL,
  ws BLOB NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  lead BLOB,
  n INTEGER NOT NULL,
  data_version INTEGER NOT NULL,
  delta BLOB NOT NULL
);
CREATE INDEX events_lead ON events (lead) WHERE lead IS NOT NULL;

CREATE TABLE cursors (
  name TEXT NOT NULL PRIMARY KEY,
  tx INTEGER NOT NULL,
  position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tasks (
  id BLOB NOT NULL PRIMARY KEY,
  ws BLOB NOT NULL,
  kind TEXT NOT NULL,
  format INTEGER NOT NULL,
  body BLOB NOT NULL,
  state TEXT NOT NULL,
  starts INTEGER NOT NULL,
  wake_at INTEGER,
  token BLOB,
  result BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tasks_due ON tasks (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE nodes (
  id BLOB NOT NULL PRIMARY KEY,
  seen_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The search index is a file of its own, see `search.rs`.

-- Lanes nobody may claim from now: a paused or disabled destination or subscription.
CREATE TABLE stopped_lanes (
  lane BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- Lanes whose held deliveries are let go, slice by slice: those held at or before `asked_at`, after
-- the delivery `done_to`.
CREATE TABLE lane_releases (
  lane BLOB NOT NULL PRIMARY KEY,
  ws BLOB NOT NULL,
  asked_at INTEGER NOT NULL,
  done_to BLOB NOT NULL
) WITHOUT ROWID;

-- Imports of files of leads. `wake_at` is when somebody has something to do for one: while it works
-- the lease's end, else when it is too old; null when nothing more happens.
CREATE TABLE imports (
  id BLOB NOT NULL PRIMARY KEY,
  ws BLOB NOT NULL,
  campaign BLOB NOT NULL,
  source BLOB NOT NULL,
  state TEXT NOT NULL,
  dry_run INTEGER NOT NULL,
  settings BLOB NOT NULL,
  progress BLOB NOT NULL,
  fault BLOB,
  upload BLOB,
  bytes INTEGER NOT NULL,
  starts INTEGER NOT NULL,
  wake_at INTEGER,
  token BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX imports_list ON imports (ws, id);
CREATE INDEX imports_due ON imports (wake_at) WHERE wake_at IS NOT NULL;
-- One of a workspace at a time.
CREATE UNIQUE INDEX imports_working ON imports (ws) WHERE token IS NOT NULL;

-- The file of an import, in pieces of equal size. An upload that broke off leaves pieces that no
-- import names; they go with the import's own.
CREATE TABLE import_pieces (
  seq INTEGER PRIMARY KEY,
  import BLOB NOT NULL,
  upload BLOB NOT NULL,
  n INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX import_pieces_import ON import_pieces (import, upload, n);

-- Rows that are no lead, and why.
CREATE TABLE import_rows (
  import BLOB NOT NULL,
  row_no INTEGER NOT NULL,
  line INTEGER NOT NULL,
  problems BLOB NOT NULL,
  PRIMARY KEY (import, row_no)
) WITHOUT ROWID;
