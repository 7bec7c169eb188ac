use crate::time::Millis;

const DAY_MS: i64 = 86_400_000;

/// How long a session lasts at most, in milliseconds: 30 days.
pub const SESSION_MS: i64 = 30 * DAY_MS;
/// A session that was not used for so many milliseconds has ended: 7 days.
pub const SESSION_IDLE_MS: i64 = 7 * DAY_MS;
/// That a session was used is written down at most once in so many milliseconds.
pub const SEEN_EVERY_MS: i64 = 60_000;
/// How long an invitation can be accepted, in milliseconds: 7 days.
pub const INVITATION_MS: i64 = 7 * DAY_MS;

/// Whether a session that was last seen then, and ends then whatever happens, is live at `now`.
#[must_use]
pub fn session_is_live(seen_at: Millis, expires_at: Millis, now: Millis) -> bool {
    now < expires_at && now.since_ms(seen_at) < SESSION_IDLE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_when_idle_and_at_their_end() {
        #[track_caller]
        fn check(seen: i64, expires: i64, now: i64, expect: bool) {
            assert_eq!(session_is_live(Millis(seen), Millis(expires), Millis(now)), expect);
        }
        check(0, SESSION_MS, 0, true);
        check(0, SESSION_MS, SESSION_IDLE_MS - 1, true);
        check(0, SESSION_MS, SESSION_IDLE_MS, false);
        check(SESSION_MS - 1, SESSION_MS, SESSION_MS - 1, true);
        check(SESSION_MS, SESSION_MS, SESSION_MS, false);
    }
}
