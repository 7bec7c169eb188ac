-- When API keys were last used, to the minute. A table of its own, so that a use is no change of
-- the key: no version, no line of the audit, no snapshot to load again.

CREATE TABLE key_uses (
  ws BLOB NOT NULL,
  id BLOB NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID;
