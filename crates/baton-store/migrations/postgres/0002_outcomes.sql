-- What became of deliveries to destinations, counted by the hour as they end: a report reads hours,
-- not deliveries. `slot` keeps nodes from waiting for each other's rows.
CREATE TABLE outcomes (
  ws uuid NOT NULL,
  hour bigint NOT NULL,
  lane uuid NOT NULL,
  verdict text NOT NULL,
  reason_id uuid NOT NULL,
  slot bigint NOT NULL,
  reason text NOT NULL,
  n bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  PRIMARY KEY (ws, hour, lane, verdict, reason_id, slot)
);

-- The deliveries behind the counts, for those that were not accepted: `n` is the attempt that
-- decided.
CREATE TABLE refusals (
  ws uuid NOT NULL,
  lane uuid NOT NULL,
  verdict text NOT NULL,
  reason_id uuid NOT NULL,
  at bigint NOT NULL,
  delivery uuid NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (ws, lane, verdict, reason_id, at, delivery)
);
CREATE INDEX refusals_delivery ON refusals (delivery);

-- The last test call of each destination.
CREATE TABLE destination_tests (
  ws uuid NOT NULL,
  destination uuid NOT NULL,
  version bigint NOT NULL,
  at bigint NOT NULL,
  verdict text NOT NULL,
  PRIMARY KEY (ws, destination)
);
