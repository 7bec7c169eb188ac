use crate::config::Scope;
use serde::{Deserialize, Serialize};

/// What a person may do in a workspace. Each may what those before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads leads, deliveries and configuration.
    Viewer,
    /// Works with leads: posts, edits, resends.
    Operator,
    /// Changes the configuration, keys and people, reads the audit, erases leads.
    Admin,
    /// Makes workspaces, and says who else is an owner.
    Owner,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Owner];

    /// The word in the API and in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it allows. What only owners do is no scope: no key can do it.
    #[must_use]
    pub fn scopes(self) -> &'static [Scope] {
        use Scope as S;
        match self {
            Self::Viewer => &[S::LeadsRead, S::EventsRead, S::ConfigRead],
            Self::Operator => &[
                S::LeadsRead,
                S::EventsRead,
                S::ConfigRead,
                S::LeadsWrite,
                S::LeadsUpdate,
                S::DeliveriesWrite,
            ],
            Self::Admin | Self::Owner => Scope::ALL,
        }
    }

    /// Whether it allows that.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        self.scopes().contains(&scope)
    }
}

/// Why somebody may not change what another may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MemberFault {
    /// Only owners make owners, and take that away again.
    #[error("only an owner says who is an owner")]
    OwnersOnly,
    /// Nobody gives what they do not have.
    #[error("nobody can give or take a role that may more than they may: it has the scope `{}`", .0.as_str())]
    Beyond(Scope),
}

/// Whether a caller may change somebody's role `from` one (`None`: not there yet) `to` another
/// (`None`: out). `caller` is the role of a person, `None` for an API key; `scopes` what the caller
/// may.
///
/// # Errors
/// Why not.
pub fn check_member_change(
    caller: Option<Role>,
    scopes: &[Scope],
    from: Option<Role>,
    to: Option<Role>,
) -> Result<(), MemberFault> {
    for role in [from, to].into_iter().flatten() {
        if role == Role::Owner && caller != Some(Role::Owner) {
            return Err(MemberFault::OwnersOnly);
        }
        if let Some(scope) = role.scopes().iter().find(|scope| !scopes.contains(scope)) {
            return Err(MemberFault::Beyond(*scope));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_ones_before_it_may() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[0].scopes().iter().all(|scope| pair[1].allows(*scope)), "{pair:?}");
            assert!(pair[0] < pair[1]);
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn what_a_role_may_is_as_agreed() {
        let words = |role: Role| -> Vec<&str> {
            let mut words: Vec<_> = role.scopes().iter().map(|scope| scope.as_str()).collect();
            words.sort_unstable();
            words
        };
        assert_eq!(words(Role::Viewer), ["config:read", "events:read", "leads:read"]);
        assert_eq!(
            words(Role::Operator),
            [
                "config:read",
                "deliveries:write",
                "events:read",
                "leads:read",
                "leads:update",
                "leads:write"
            ]
        );
        assert_eq!(words(Role::Admin), words(Role::Owner));
        assert_eq!(words(Role::Owner).len(), Scope::ALL.len());
    }

    #[test]
    fn nobody_gives_or_takes_more_than_they_have() {
        use MemberFault::{Beyond, OwnersOnly};
        use Role::{Admin, Operator, Owner, Viewer};
        #[track_caller]
        fn check(
            caller: Option<Role>,
            scopes: &[Scope],
            change: (Option<Role>, Option<Role>),
            expect: Result<(), MemberFault>,
        ) {
            assert_eq!(check_member_change(caller, scopes, change.0, change.1), expect);
        }
        let all = Scope::ALL;
        check(Some(Owner), all, (None, Some(Owner)), Ok(()));
        check(Some(Owner), all, (Some(Owner), Some(Viewer)), Ok(()));
        check(Some(Admin), all, (None, Some(Admin)), Ok(()));
        check(Some(Admin), all, (Some(Admin), None), Ok(()));
        check(Some(Admin), all, (None, Some(Owner)), Err(OwnersOnly));
        check(Some(Admin), all, (Some(Owner), None), Err(OwnersOnly));
        check(Some(Admin), all, (Some(Owner), Some(Viewer)), Err(OwnersOnly));
        check(None, all, (Some(Viewer), Some(Admin)), Ok(()));
        check(None, all, (None, Some(Owner)), Err(OwnersOnly));
        let small = &[Scope::Users, Scope::LeadsRead];
        check(None, small, (None, Some(Viewer)), Err(Beyond(Scope::EventsRead)));
        check(None, small, (Some(Operator), None), Err(Beyond(Scope::EventsRead)));
    }
}
