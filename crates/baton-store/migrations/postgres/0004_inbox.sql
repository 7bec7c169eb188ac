-- What people do with leads and deliveries: tags, notes, jobs over many.

-- Newest first by tag is the order of the key. `lead_tags_lead` gives the tags of a lead.
CREATE TABLE lead_tags (
  ws uuid NOT NULL,
  tag text NOT NULL,
  lead uuid NOT NULL,
  PRIMARY KEY (ws, tag, lead)
);
CREATE INDEX lead_tags_lead ON lead_tags (lead);

-- `idempotency` is the key under which the answer that repeats the text is kept.
CREATE TABLE lead_notes (
  id uuid NOT NULL PRIMARY KEY,
  ws uuid NOT NULL,
  lead uuid NOT NULL,
  text text NOT NULL,
  author text NOT NULL,
  idempotency bytea,
  created_at bigint NOT NULL
);
CREATE INDEX lead_notes_lead ON lead_notes (lead, id);

-- Leads begin as `new` and are not tests, so a capture touches neither of these.
CREATE INDEX leads_status ON leads (ws, status, id) WHERE status <> 'new';
CREATE INDEX leads_test ON leads (ws, id) WHERE test = 1;

-- `resent_by` is the newest resend of a delivery. `failure` groups what failed and waits for a
-- person: the verdict and the head of the note. What was resent or erased is not among them.
ALTER TABLE deliveries ADD COLUMN resent_by uuid;
ALTER TABLE deliveries ADD COLUMN failure text GENERATED ALWAYS AS (
  CASE WHEN state IN ('failed', 'held', 'unknown') AND resent_by IS NULL
  AND coalesce(note, '') <> 'the lead was erased'
  THEN coalesce(verdict, '') || ' ' || substr(coalesce(note, ''), 1, 200) END) STORED;
CREATE INDEX deliveries_failures ON deliveries (ws, state, lane, failure, id)
  WHERE failure IS NOT NULL;

-- Work over many deliveries that a person asked for. `done_to` is the last delivery looked at,
-- `until` the first that is none of its business; `wake_at` is null when nothing more happens.
CREATE TABLE jobs (
  id uuid NOT NULL PRIMARY KEY,
  ws uuid NOT NULL,
  kind text NOT NULL,
  format bigint NOT NULL,
  body bytea NOT NULL,
  state text NOT NULL,
  total bigint NOT NULL,
  total_is_exact bigint NOT NULL,
  done bigint NOT NULL,
  skipped bigint NOT NULL,
  done_to uuid NOT NULL,
  until uuid NOT NULL,
  fault text,
  created_by text NOT NULL,
  wake_at bigint,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX jobs_list ON jobs (ws, id);
CREATE INDEX jobs_due ON jobs (wake_at) WHERE wake_at IS NOT NULL;
