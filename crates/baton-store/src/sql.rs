//! Statements with twin texts: one row at a time for SQLite, arrays for PostgreSQL. All other
//! statements have one text and stand where they are used.

use crate::db::Many;

/// An index over a part of a table, which SQLite's planner has to be led to: it does not see that
/// `state = 'held'` implies the condition `state IN (...)`, and would rather go along a primary key.
pub(crate) struct PartialIndex {
    /// Its name.
    pub name: &'static str,
    /// Its condition, word for word as in the migration; a query has to repeat it.
    pub condition: &'static str,
}

impl PartialIndex {
    /// What follows the table in a query that goes by the index. PostgreSQL finds it by itself.
    pub(crate) fn by(&self, postgres: bool) -> String {
        if postgres { String::new() } else { format!(" INDEXED BY {}", self.name) }
    }
}

pub(crate) const IDEMPOTENCY_FIND: Many = Many {
    sqlite: "SELECT key, body_hash, answer FROM idempotency WHERE key = ?1",
    postgres: "SELECT key, body_hash, answer FROM idempotency WHERE key = ANY($1::bytea[])",
};

pub(crate) const IDEMPOTENCY_ADD: Many = Many {
    sqlite: "INSERT INTO idempotency (key, body_hash, status, answer, at) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING",
    postgres: "INSERT INTO idempotency (key, body_hash, status, answer, at) \
               SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int8[], $4::bytea[], $5::int8[]) \
               ON CONFLICT (key) DO NOTHING",
};

/// Parameters must be sorted by key: PostgreSQL locks the rows it finds.
pub(crate) const CLAIMS_FIND: Many = Many {
    sqlite: "SELECT key, lead, source, claimed_at FROM claims WHERE key = ?1",
    postgres: "SELECT key, lead, source, claimed_at FROM claims WHERE key = ANY($1::bytea[]) \
               ORDER BY key FOR UPDATE",
};

/// Parameters: key, lead, source, claimed_at, free_before. Takes a key that is free: unknown, or
/// claimed at or before `free_before`. Fewer rows than parameters means that another node won.
pub(crate) const CLAIMS_TAKE: Many = Many {
    sqlite: "INSERT INTO claims (key, lead, source, claimed_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (key) DO UPDATE SET lead = excluded.lead, source = excluded.source, \
             claimed_at = excluded.claimed_at WHERE claims.claimed_at <= ?5",
    postgres: "INSERT INTO claims (key, lead, source, claimed_at) \
               SELECT k, l, s, c FROM unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::int8[], \
               $5::int8[]) AS t(k, l, s, c, f) ORDER BY k \
               ON CONFLICT (key) DO UPDATE SET lead = excluded.lead, source = excluded.source, \
               claimed_at = excluded.claimed_at WHERE claims.claimed_at <= \
               (SELECT max(f) FROM unnest($1::bytea[], $5::int8[]) AS u(k, f) \
                WHERE u.k = claims.key)",
};

pub(crate) const PARTIALS_FIND: Many = Many {
    sqlite: "SELECT id, state, data_version, event_seq, partial_seq, source FROM leads \
             WHERE ws = ?1 AND id = ?2",
    postgres: "SELECT l.id, l.state, l.data_version, l.event_seq, l.partial_seq, l.source \
               FROM leads l JOIN unnest($1::uuid[], $2::uuid[]) AS t(w, i) \
               ON l.ws = t.w AND l.id = t.i ORDER BY l.id FOR UPDATE OF l",
};

pub(crate) const LEADS_ADD: Many = Many {
    sqlite: "INSERT INTO leads (ws, id, campaign, source, state, status, data_version, \
             captured_version, event_seq, config_version, test, duplicate_of, partial_seq, problems, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, 'new', 1, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
    postgres: "INSERT INTO leads (ws, id, campaign, source, state, status, data_version, \
               captured_version, event_seq, config_version, test, duplicate_of, partial_seq, problems, created_at, \
               updated_at) SELECT w, i, c, s, st, 'new', 1, 1, e, cv, t, d, p, pr, at, at \
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], \
               $6::int8[], $7::int8[], $8::int8[], $9::uuid[], $10::int8[], $11::bytea[], \
               $12::int8[]) AS t(w, i, c, s, st, e, cv, t, d, p, pr, at)",
};

/// Parameters: ws, id, state, data_version, event_seq, config_version, duplicate_of, partial_seq,
/// problems, updated_at.
pub(crate) const LEADS_REVISE: Many = Many {
    sqlite: "UPDATE leads SET state = ?3, data_version = ?4, captured_version = ?4, event_seq = ?5, config_version = ?6, \
             duplicate_of = ?7, partial_seq = ?8, problems = ?9, updated_at = ?10 \
             WHERE ws = ?1 AND id = ?2",
    postgres: "UPDATE leads SET state = t.st, data_version = t.v, captured_version = t.v, event_seq = t.e, \
               config_version = t.cv, duplicate_of = t.d, partial_seq = t.p, problems = t.pr, \
               updated_at = t.at FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int8[], \
               $5::int8[], $6::int8[], $7::uuid[], $8::int8[], $9::bytea[], $10::int8[]) \
               AS t(w, i, st, v, e, cv, d, p, pr, at) WHERE leads.ws = t.w AND leads.id = t.i",
};

pub(crate) const LEAD_DATA_ADD: Many = Many {
    sqlite: "INSERT INTO lead_data (lead, version, ws, body) VALUES (?1, ?2, ?3, ?4)",
    postgres: "INSERT INTO lead_data (lead, version, ws, body) \
               SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bytea[])",
};

/// Parameters: lead, version.
pub(crate) const LEAD_DATA_FIND: Many = Many {
    sqlite: "SELECT lead, body FROM lead_data WHERE lead = ?1 AND version = ?2",
    postgres: "SELECT d.lead, d.body FROM lead_data d \
               JOIN unnest($1::uuid[], $2::int8[]) AS t(l, v) ON d.lead = t.l AND d.version = t.v",
};

/// The insertion of deliveries in a class, see `deliveries.class` in the migrations.
macro_rules! deliveries_add {
    ($class:literal) => {
        Many {
            sqlite: concat!(
                "INSERT INTO deliveries (ws, id, lead, data_version, event, target_kind, lane, \
                 class, cause, parent, state, starts, attempts, due_at, wake_at, created_at, \
                 updated_at, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ",
                $class,
                ", ?8, ?9, CASE WHEN ?12 IS NULL THEN 'pending' ELSE 'in_flight' END, \
                 ?12 IS NOT NULL, 0, ?10, ?13, ?11, ?11, ?12)"
            ),
            postgres: concat!(
                "INSERT INTO deliveries (ws, id, lead, data_version, event, target_kind, lane, \
                 class, cause, parent, state, starts, attempts, due_at, wake_at, created_at, \
                 updated_at, token) SELECT w, i, l, v, e, k, la, ",
                $class,
                ", c, p, CASE WHEN tk IS NULL THEN 'pending' ELSE 'in_flight' END, \
                 (tk IS NOT NULL)::int, 0, d, wk, n, n, tk \
                 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int8[], $5::int8[], \
                 $6::int8[], $7::uuid[], $8::text[], $9::uuid[], $10::int8[], $11::int8[], \
                 $12::uuid[], $13::int8[]) AS t(w, i, l, v, e, k, la, c, p, d, n, tk, wk)"
            ),
        }
    };
}

/// Parameters: those of [`crate::deliveries::NewRow::values`]. The last but one is the token of a
/// delivery that is in flight from the start, the last when it is to be looked at.
pub(crate) const DELIVERIES_ADD: Many = deliveries_add!("0");

/// The same in the class of retries, for many at once: what leads bring in is not kept waiting by it.
pub(crate) const DELIVERIES_ADD_BEHIND: Many = deliveries_add!("1");

/// Parameters: id, ws, kind, at, lead, n, data_version, delta.
pub(crate) const EVENTS_ADD: Many = Many {
    sqlite: "INSERT INTO events (id, ws, kind, at, lead, n, data_version, delta) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    postgres: "INSERT INTO events (id, ws, kind, at, lead, n, data_version, delta) \
               SELECT i, w, k, a, l, n, v, d FROM unnest($1::uuid[], $2::uuid[], $3::text[], \
               $4::int8[], $5::uuid[], $6::int8[], $7::int8[], $8::bytea[]) WITH ORDINALITY \
               AS t(i, w, k, a, l, n, v, d, o) ORDER BY o",
};

/// Parameters: ws, lead, updated_at. Waiting deliveries of older versions of these leads.
pub(crate) const DELIVERIES_SUPERSEDE: Many = Many {
    sqlite: "UPDATE deliveries SET state = 'superseded', wake_at = NULL, updated_at = ?3, \
             note = 'a newer version of the lead took its place' WHERE ws = ?1 AND lead = ?2 \
             AND state IN ('pending', 'retrying', 'held') \
             AND cause IN ('lead', 'failover', 'linked')",
    postgres: "UPDATE deliveries SET state = 'superseded', wake_at = NULL, updated_at = t.n, \
               note = 'a newer version of the lead took its place' \
               FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS t(w, l, n) \
               WHERE deliveries.ws = t.w AND deliveries.lead = t.l \
               AND deliveries.state IN ('pending', 'retrying', 'held') \
               AND deliveries.cause IN ('lead', 'failover', 'linked')",
};

/// Parameters: lane, class, now, limit.
pub(crate) const CLAIM_DUE: Many = Many {
    sqlite: "SELECT ws, id, lead, data_version, event, target_kind, lane, cause, parent, state, \
             starts, attempts, created_at, due_at, class, verdict, answered, queued_at, asked \
             FROM deliveries WHERE lane = ?1 AND class = ?2 AND wake_at IS NOT NULL AND wake_at <= ?3 \
             ORDER BY wake_at LIMIT ?4",
    postgres: "SELECT d.* FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[]) \
               AS t(la, cl, nw, li) CROSS JOIN LATERAL (SELECT ws, id, lead, data_version, event, \
               target_kind, lane, cause, parent, state, starts, attempts, created_at, due_at, \
               class, verdict, answered, queued_at, asked FROM deliveries WHERE lane = t.la AND class = t.cl \
               AND wake_at IS NOT NULL AND wake_at <= t.nw ORDER BY wake_at LIMIT t.li \
               FOR UPDATE SKIP LOCKED) d",
};

/// Parameters: lane, class, now.
pub(crate) const CLAIM_NEXT_DUE: Many = Many {
    sqlite: "SELECT wake_at, lane FROM deliveries WHERE lane = ?1 AND class = ?2 \
             AND wake_at IS NOT NULL AND wake_at > ?3 ORDER BY wake_at LIMIT 1",
    postgres: "SELECT d.wake_at, t.la FROM unnest($1::uuid[], $2::int8[], $3::int8[]) \
               AS t(la, cl, nw) CROSS JOIN LATERAL (SELECT wake_at FROM deliveries \
               WHERE lane = t.la AND class = t.cl AND wake_at IS NOT NULL AND wake_at > t.nw \
               ORDER BY wake_at LIMIT 1) d",
};

/// Parameters: ws, id, token, lease_until, now. A queued one stays queued while its receiver is asked.
pub(crate) const CLAIM_TAKE: Many = Many {
    sqlite: "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
             ELSE 'in_flight' END, starts = starts + 1, token = ?3, \
             wake_at = ?4, updated_at = ?5 WHERE ws = ?1 AND id = ?2",
    postgres: "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
               ELSE 'in_flight' END, starts = starts + 1, token = t.tk, \
               wake_at = t.le, updated_at = t.nw FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], \
               $4::int8[], $5::int8[]) AS t(w, i, tk, le, nw) \
               WHERE deliveries.ws = t.w AND deliveries.id = t.i",
};

/// Parameters: ws, id, token, state, spent, next_at, verdict, note, now, answered, queued_at, asked.
/// A question spends no start. Gives id, token and data
/// version of what was ours: two owners of one delivery, one of them too late, may end in one batch.
pub(crate) const FINISH: Many = Many {
    sqlite: "UPDATE deliveries SET state = ?4, class = 1, attempts = attempts + ?5, due_at = ?6, \
             wake_at = ?6, token = NULL, verdict = coalesce(?7, verdict), note = ?8, \
             updated_at = ?9, answered = coalesce(?10, answered), \
             queued_at = coalesce(queued_at, ?11), asked = asked + ?12, starts = starts - ?12 \
             WHERE ws = ?1 AND id = ?2 AND token = ?3 RETURNING id, ?3, data_version",
    postgres: "UPDATE deliveries SET state = t.st, class = 1, attempts = attempts + t.sp, \
               due_at = t.nx, wake_at = t.nx, token = NULL, verdict = coalesce(t.ve, verdict), \
               note = t.nt, updated_at = t.nw, answered = coalesce(t.an, answered), \
               queued_at = coalesce(queued_at, t.qu), asked = asked + t.ak, \
               starts = starts - t.ak FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], \
               $4::text[], $5::int8[], $6::int8[], $7::text[], $8::text[], $9::int8[], \
               $10::bytea[], $11::int8[], $12::int8[]) \
               AS t(w, i, tk, st, sp, nx, ve, nt, nw, an, qu, ak) WHERE deliveries.ws = t.w \
               AND deliveries.id = t.i AND deliveries.token = t.tk \
               RETURNING deliveries.id, t.tk, deliveries.data_version",
};

/// Parameters: delivery, n, ws, late, started_at, ended_at, verdict, body, answer.
pub(crate) const ATTEMPTS_ADD: Many = Many {
    sqlite: "INSERT INTO attempts (delivery, n, ws, late, started_at, ended_at, verdict, body, \
             answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    postgres: "INSERT INTO attempts (delivery, n, ws, late, started_at, ended_at, verdict, body, \
               answer) SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::int8[], \
               $5::int8[], $6::int8[], $7::text[], $8::bytea[], $9::bytea[])",
};

/// Parameters: delivery, revision, ws, sealed, body.
pub(crate) const REQUESTS_ADD: Many = Many {
    sqlite: "INSERT INTO requests (delivery, revision, ws, sealed, body) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (delivery, revision) DO NOTHING",
    postgres: "INSERT INTO requests (delivery, revision, ws, sealed, body) \
               SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::int8[], $5::bytea[]) \
               ON CONFLICT (delivery, revision) DO NOTHING",
};

/// Parameters: ws, lead, number of events, delivered, now. Gives id, event_seq, data_version,
/// and whether it is a test.
pub(crate) const LEADS_TOUCH: Many = Many {
    sqlite: "UPDATE leads SET event_seq = event_seq + ?3, state = CASE WHEN ?4 = 1 \
             AND state = 'received' THEN 'delivered' ELSE state END, updated_at = ?5 \
             WHERE ws = ?1 AND id = ?2 RETURNING id, event_seq, data_version, test",
    postgres: "UPDATE leads SET event_seq = event_seq + t.k, state = CASE WHEN t.d = 1 \
               AND state = 'received' THEN 'delivered' ELSE state END, updated_at = t.n \
               FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::int8[]) \
               AS t(w, i, k, d, n) WHERE leads.ws = t.w AND leads.id = t.i \
               RETURNING leads.id, leads.event_seq, leads.data_version, leads.test",
};

/// Parameters: ws, id; sorted by id. Waits for whoever changes these leads now.
pub(crate) const LEADS_STATE: Many = Many {
    sqlite: "SELECT id, state FROM leads WHERE ws = ?1 AND id = ?2",
    postgres: "SELECT l.id, l.state FROM leads l JOIN unnest($1::uuid[], $2::uuid[]) AS t(w, i) \
               ON l.ws = t.w AND l.id = t.i ORDER BY l.id FOR SHARE OF l",
};

/// Parameters: ws, delivery, now. A retry that a newer version of its lead made pointless.
pub(crate) const RETRY_SUPERSEDE: Many = Many {
    sqlite: "UPDATE deliveries SET state = 'superseded', wake_at = NULL, updated_at = ?3, \
             note = 'a newer version of the lead took its place' WHERE ws = ?1 AND id = ?2 \
             AND cause IN ('lead', 'failover', 'linked') \
             AND data_version < (SELECT l.captured_version FROM leads l \
             WHERE l.ws = deliveries.ws AND l.id = deliveries.lead)",
    postgres: "UPDATE deliveries SET state = 'superseded', wake_at = NULL, updated_at = t.n, \
               note = 'a newer version of the lead took its place' \
               FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS t(w, i, n) \
               WHERE deliveries.ws = t.w AND deliveries.id = t.i AND cause IN ('lead', 'failover', 'linked') \
               AND data_version < (SELECT l.captured_version FROM leads l \
               WHERE l.ws = deliveries.ws AND l.id = deliveries.lead)",
};

/// Parameters: ws, id, token, lease end.
pub(crate) const RENEW: Many = Many {
    sqlite: "UPDATE deliveries SET wake_at = ?4 WHERE ws = ?1 AND id = ?2 AND token = ?3",
    postgres: "UPDATE deliveries SET wake_at = t.u FROM unnest($1::uuid[], $2::uuid[], \
               $3::uuid[], $4::int8[]) AS t(w, i, tk, u) WHERE deliveries.ws = t.w \
               AND deliveries.id = t.i AND deliveries.token = t.tk",
};

/// Parameters: ws, id, token, due, counts. Gives a claim back without spending an attempt.
pub(crate) const RELEASE: Many = Many {
    sqlite: "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
             WHEN attempts > 0 THEN 'retrying' ELSE 'pending' END, token = NULL, wake_at = ?4, \
             due_at = ?4, starts = starts - CASE WHEN ?5 = 0 THEN 1 ELSE 0 END \
             WHERE ws = ?1 AND id = ?2 AND token = ?3 RETURNING lane",
    postgres: "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
               WHEN attempts > 0 THEN 'retrying' ELSE 'pending' END, token = NULL, \
               wake_at = t.d, due_at = t.d, \
               starts = starts - CASE WHEN t.c = 0 THEN 1 ELSE 0 END \
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int8[], $5::int8[]) \
               AS t(w, i, tk, d, c) \
               WHERE deliveries.ws = t.w AND deliveries.id = t.i AND deliveries.token = t.tk \
               RETURNING deliveries.lane",
};

/// Parameters: ws, hour, lane, verdict, reason_id, slot, reason, n, first_at, last_at; sorted by
/// their key, so that two nodes take their locks in one order.
pub(crate) const OUTCOMES_ADD: Many = Many {
    sqlite: "INSERT INTO outcomes (ws, hour, lane, verdict, reason_id, slot, reason, n, first_at, \
             last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (ws, hour, lane, verdict, reason_id, slot) DO UPDATE \
             SET n = outcomes.n + excluded.n, last_at = excluded.last_at",
    postgres: "INSERT INTO outcomes (ws, hour, lane, verdict, reason_id, slot, reason, n, \
               first_at, last_at) SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], \
               $4::text[], $5::uuid[], $6::int8[], $7::text[], $8::int8[], $9::int8[], \
               $10::int8[]) ON CONFLICT (ws, hour, lane, verdict, reason_id, slot) DO UPDATE \
               SET n = outcomes.n + excluded.n, last_at = excluded.last_at",
};

/// Parameters: ws, lane, verdict, reason_id, at, delivery, n.
pub(crate) const REFUSALS_ADD: Many = Many {
    sqlite: "INSERT INTO refusals (ws, lane, verdict, reason_id, at, delivery, n) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO refusals (ws, lane, verdict, reason_id, at, delivery, n) \
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::int8[], \
               $6::uuid[], $7::int8[]) ON CONFLICT DO NOTHING",
};
