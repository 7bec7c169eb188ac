-- People: users of the server, what they may do in each workspace, their sessions. Tokens are kept
-- as SHA-256, passwords as argon2id in PHC form, second factors sealed.

CREATE TABLE users (
  id uuid NOT NULL PRIMARY KEY,
  email text NOT NULL,
  name text NOT NULL,
  password text NOT NULL,
  -- The secret of the second factor, and one that is not confirmed yet.
  factor bytea,
  factor_asked bytea,
  -- The last time step of which a code was taken: each works once.
  factor_step bigint,
  -- When they last did something; written with their session's.
  seen_at bigint,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE recovery_codes (
  usr uuid NOT NULL,
  code bytea NOT NULL,
  PRIMARY KEY (usr, code)
);

CREATE TABLE members (
  usr uuid NOT NULL,
  ws uuid NOT NULL,
  role text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (usr, ws)
);
CREATE INDEX members_ws ON members (ws, usr);

-- `expires_at` is the end whatever happens; one that is idle ends before.
CREATE TABLE sessions (
  token bytea NOT NULL PRIMARY KEY,
  id uuid NOT NULL,
  usr uuid NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ip text,
  user_agent text
);
CREATE INDEX sessions_usr ON sessions (usr, id);
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE TABLE invitations (
  token bytea NOT NULL PRIMARY KEY,
  id uuid NOT NULL,
  ws uuid NOT NULL,
  email text NOT NULL,
  role text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE UNIQUE INDEX invitations_email ON invitations (ws, email);
CREATE INDEX invitations_end ON invitations (expires_at);

-- Links that make the first user; all end with the first that is used.
CREATE TABLE setup (
  token bytea NOT NULL PRIMARY KEY,
  created_at bigint NOT NULL
);

-- Who changed what. Rows are added, and removed when they are too old, and never changed.
CREATE TABLE audit (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ws uuid NOT NULL,
  at bigint NOT NULL,
  actor_kind text NOT NULL,
  actor uuid,
  actor_name text NOT NULL,
  action text NOT NULL,
  subject_kind text NOT NULL,
  subject text,
  subject_name text,
  was bytea,
  became bytea,
  ip text,
  request_id text
);
CREATE INDEX audit_list ON audit (ws, seq);
CREATE INDEX audit_subject ON audit (ws, subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX audit_actor ON audit (ws, actor, seq) WHERE actor IS NOT NULL;
CREATE INDEX audit_action ON audit (ws, action, seq);
CREATE INDEX audit_at ON audit (at);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is only added to';
END;
$$;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
  FOR EACH ROW EXECUTE FUNCTION audit_stays();
