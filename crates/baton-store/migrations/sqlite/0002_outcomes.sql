-- What became of deliveries to destinations, counted by the hour as they end: a report reads hours,
-- not deliveries. `slot` keeps nodes from waiting for each other's rows.
CREATE TABLE outcomes (
  ws BLOB NOT NULL,
  hour INTEGER NOT NULL,
  lane BLOB NOT NULL,
  verdict TEXT NOT NULL,
  reason_id BLOB NOT NULL,
  slot INTEGER NOT NULL,
  reason TEXT NOT NULL,
  n INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (ws, hour, lane, verdict, reason_id, slot)
) WITHOUT ROWID;

-- The deliveries behind the counts, for those that were not accepted: `n` is the attempt that
-- decided.
CREATE TABLE refusals (
  ws BLOB NOT NULL,
  lane BLOB NOT NULL,
  verdict TEXT NOT NULL,
  reason_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  delivery BLOB NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (ws, lane, verdict, reason_id, at, delivery)
) WITHOUT ROWID;
CREATE INDEX refusals_delivery ON refusals (delivery);

-- The last test call of each destination.
CREATE TABLE destination_tests (
  ws BLOB NOT NULL,
  destination BLOB NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (ws, destination)
) WITHOUT ROWID;
