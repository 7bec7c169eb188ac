-- People: users of the server, what they may do in each workspace, their sessions. Tokens are kept
-- as SHA-256, passwords as argon2id in PHC form, second factors sealed.

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  password TEXT NOT NULL,
  -- The secret of the second factor, and one that is not confirmed yet.
  factor BLOB,
  factor_asked BLOB,
  -- The last time step of which a code was taken: each works once.
  factor_step INTEGER,
  -- When they last did something; written with their session's.
  seen_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE recovery_codes (
  usr BLOB NOT NULL,
  code BLOB NOT NULL,
  PRIMARY KEY (usr, code)
) WITHOUT ROWID;

CREATE TABLE members (
  usr BLOB NOT NULL,
  ws BLOB NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (usr, ws)
) WITHOUT ROWID;
CREATE INDEX members_ws ON members (ws, usr);

-- `expires_at` is the end whatever happens; one that is idle ends before.
CREATE TABLE sessions (
  token BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL,
  usr BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ip TEXT,
  user_agent TEXT
) WITHOUT ROWID;
CREATE INDEX sessions_usr ON sessions (usr, id);
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE TABLE invitations (
  token BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL,
  ws BLOB NOT NULL,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_email ON invitations (ws, email);
CREATE INDEX invitations_end ON invitations (expires_at);

-- Links that make the first user; all end with the first that is used.
CREATE TABLE setup (
  token BLOB NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Who changed what. Rows are added, and removed when they are too old, and never changed.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  ws BLOB NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor BLOB,
  actor_name TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject TEXT,
  subject_name TEXT,
  was BLOB,
  became BLOB,
  ip TEXT,
  request_id TEXT
);
CREATE INDEX audit_list ON audit (ws, seq);
CREATE INDEX audit_subject ON audit (ws, subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX audit_actor ON audit (ws, actor, seq) WHERE actor IS NOT NULL;
CREATE INDEX audit_action ON audit (ws, action, seq);
CREATE INDEX audit_at ON audit (at);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is only added to');
END;
