use crate::harness::Bench;
use crate::on_both;
use baton_domain::account::{Role, SEEN_EVERY_MS, SESSION_IDLE_MS, SESSION_MS};
use baton_domain::audit::By;
use baton_domain::config::{DocKind, Workspace};
use baton_domain::id::{SessionId, TypedId, UserId, WorkspaceId};
use baton_domain::secret::Secret;
use baton_store::accounts::{
    Accept, Ending, FactorChange, FactorUse, Joining, MEMBERS_MAX, NewInvitation, NewPassword,
    NewSession, NewUser, Refusal, RoleChange, Rotation, SESSIONS_MAX, SETUP_LINKS_MAX, SetUp,
    SignIn, TokenHash,
};
use baton_store::audit::{AuditEntry, AuditFilter};
use baton_store::docs::Expect;
use baton_store::{Retention, Store};
use sha2::{Digest, Sha256};

on_both! {
    a_set_up_link_makes_one_owner_of_all_workspaces
    set_up_links_end_with_the_first_that_is_used
    a_sign_in_needs_the_password_that_was_compared
    a_session_is_found_by_its_token_until_it_ends
    sessions_of_a_person_are_few
    a_new_password_ends_the_other_sessions
    a_code_of_a_second_factor_works_once
    a_recovery_code_works_once
    a_second_factor_is_confirmed_as_it_was_asked_for
    an_invitation_lets_one_in_once
    who_belongs_nowhere_begins_anew_by_an_invitation
    a_workspace_has_room_for_so_many
    a_workspace_keeps_an_owner
    two_owners_cannot_take_each_other_out
    a_further_workspace_has_its_maker_as_owner
    what_has_ended_is_removed
    a_refused_change_writes_nothing
}

fn hash(text: &str) -> TokenHash {
    Sha256::digest(text).into()
}

fn entry(bench: &Bench, action: &str) -> AuditEntry {
    AuditEntry {
        workspace: bench.workspace,
        at: bench.store.now(),
        by: By::system("test"),
        action: action.to_owned(),
        subject_kind: "user".to_owned(),
        subject: None,
        subject_name: None,
        before: None,
        after: None,
    }
}

fn session(bench: &Bench, token: &str) -> NewSession {
    NewSession {
        id: bench.store.new_id(),
        token: hash(token),
        expires_at: bench.store.now().plus_ms(SESSION_MS),
        ip: Some("203.0.113.9".to_owned()),
        user_agent: None,
        replaces: None,
    }
}

fn new_user(bench: &Bench, email: &str) -> NewUser {
    NewUser {
        id: bench.store.new_id(),
        email: email.to_owned(),
        name: "Jane".to_owned(),
        password: Secret::new(PASSWORD),
    }
}

const PASSWORD: &str = "$argon2id$one";

/// Makes the workspace of the bench and its owner, with a session of token `owner`.
async fn owner(bench: &Bench) -> UserId {
    workspace(bench, bench.workspace).await;
    bench.store.offer_setup(hash("link")).await.unwrap().unwrap();
    let user = new_user(bench, "owner@example.com");
    let id = user.id;
    let set_up = SetUp {
        link: hash("link"),
        user,
        writes: Vec::new(),
        session: session(bench, "owner"),
        now: bench.store.now(),
        entries: vec![entry(bench, "user.create")],
    };
    bench.store.set_up(set_up).await.unwrap().unwrap();
    id
}

async fn workspace(bench: &Bench, id: WorkspaceId) {
    let body = Workspace::new(id, "Solar");
    let mut write = bench.doc(DocKind::Workspace, id.uuid(), Expect::New, &body);
    write.workspace = id;
    bench.store.change_docs(vec![write]).await.unwrap();
}

fn invitation(bench: &Bench, token: &str, email: &str, role: Role) -> NewInvitation {
    NewInvitation {
        id: bench.store.new_id(),
        token: hash(token),
        workspace: bench.workspace,
        email: email.to_owned(),
        role,
        now: bench.store.now(),
        expires_at: bench.store.now().plus_ms(1_000),
        idempotency: None,
        entry: entry(bench, "invitation.create"),
    }
}

fn accept(bench: &Bench, token: &str, by: Joining) -> Accept {
    Accept {
        token: hash(token),
        by,
        session: session(bench, &format!("session of {token}")),
        now: bench.store.now(),
        entry: entry(bench, "invitation.accept"),
    }
}

/// Lets somebody into the workspace of the bench.
async fn join(bench: &Bench, email: &str, role: Role) -> UserId {
    bench.store.invite(invitation(bench, email, email, role)).await.unwrap().unwrap();
    let user = new_user(bench, email);
    let id = user.id;
    let by = Joining::New(user);
    bench.store.accept_invitation(accept(bench, email, by)).await.unwrap().unwrap();
    id
}

fn sign_in(bench: &Bench, user: UserId, token: &str, factor: FactorUse) -> SignIn {
    SignIn {
        user,
        password: Secret::new(PASSWORD),
        factor,
        session: session(bench, token),
        now: bench.store.now(),
        entries: vec![entry(bench, "user.sign_in")],
    }
}

async fn is_live(store: &Store, token: &str) -> bool {
    store.signed_in(&hash(token), store.now()).await.unwrap().is_some()
}

async fn actions(bench: &Bench) -> Vec<String> {
    let filter = AuditFilter { limit: 100, ..AuditFilter::default() };
    let page = bench.store.workspace(bench.workspace).audit(&filter).await.unwrap();
    page.rows.into_iter().rev().map(|row| row.entry.action).collect()
}

async fn a_set_up_link_makes_one_owner_of_all_workspaces(bench: Bench) {
    let other = bench.store.new_id();
    workspace(&bench, other).await;
    assert!(!bench.store.has_users().await.unwrap());
    let id = owner(&bench).await;
    assert!(bench.store.has_users().await.unwrap());
    let found = bench.store.signed_in(&hash("owner"), bench.store.now()).await.unwrap().unwrap();
    assert_eq!((found.user.id, found.user.email.as_str()), (id, "owner@example.com"));
    let mut places: Vec<_> = found.memberships.iter().map(|m| (m.workspace, m.role)).collect();
    places.sort_unstable();
    let mut expected = vec![(bench.workspace, Role::Owner), (other, Role::Owner)];
    expected.sort_unstable();
    assert_eq!(places, expected);
    assert_eq!(actions(&bench).await, ["workspace.create", "user.create"]);
    let by_email = bench.store.user_by_email("owner@example.com").await.unwrap().unwrap();
    assert_eq!(by_email.id, id);
    assert_eq!(bench.store.offer_setup(hash("late")).await.unwrap(), Err(Refusal::Gone));
}

async fn set_up_links_end_with_the_first_that_is_used(bench: Bench) {
    for n in 0..SETUP_LINKS_MAX + 1 {
        bench.store.offer_setup(hash(&n.to_string())).await.unwrap().unwrap();
        bench.advance(1);
    }
    let is_one = async |n: u32| bench.store.is_setup_link(&hash(&n.to_string())).await.unwrap();
    assert!(!is_one(0).await, "the oldest has made room");
    assert!(is_one(1).await && is_one(SETUP_LINKS_MAX).await);
    owner(&bench).await;
    assert!(!is_one(1).await && !is_one(SETUP_LINKS_MAX).await);
    let again = SetUp {
        link: hash("1"),
        user: new_user(&bench, "other@example.com"),
        writes: Vec::new(),
        session: session(&bench, "other"),
        now: bench.store.now(),
        entries: Vec::new(),
    };
    assert_eq!(bench.store.set_up(again).await.unwrap(), Err(Refusal::Gone));
    assert!(!is_live(&bench.store, "other").await);
}

async fn a_sign_in_needs_the_password_that_was_compared(bench: Bench) {
    let user = owner(&bench).await;
    let right = sign_in(&bench, user, "second", FactorUse::None);
    bench.store.sign_in(right.clone()).await.unwrap().unwrap();
    assert!(is_live(&bench.store, "second").await);
    let mut stale = sign_in(&bench, user, "third", FactorUse::None);
    stale.password = Secret::new("$argon2id$another");
    assert_eq!(bench.store.sign_in(stale).await.unwrap(), Err(Refusal::Stale));
    let without = sign_in(&bench, user, "third", FactorUse::Step(5));
    assert_eq!(bench.store.sign_in(without).await.unwrap(), Err(Refusal::Stale), "has no factor");
    assert!(!is_live(&bench.store, "third").await);
    // A browser that signs in again has one session.
    let mut again = sign_in(&bench, user, "fourth", FactorUse::None);
    again.session.replaces = Some(hash("second"));
    bench.store.sign_in(again).await.unwrap().unwrap();
    assert!(!is_live(&bench.store, "second").await && is_live(&bench.store, "fourth").await);
}

async fn a_session_is_found_by_its_token_until_it_ends(bench: Bench) {
    let user = owner(&bench).await;
    assert!(is_live(&bench.store, "owner").await && !is_live(&bench.store, "x").await);
    bench.advance(SESSION_IDLE_MS - 1);
    assert!(is_live(&bench.store, "owner").await);
    bench.store.session_seen(hash("owner"), bench.store.now()).await.unwrap();
    bench.advance(SEEN_EVERY_MS);
    let found = bench.store.sessions(user, bench.store.now()).await.unwrap();
    assert_eq!(bench.store.now().since_ms(found[0].seen_at), SEEN_EVERY_MS);
    let member = bench.store.workspace(bench.workspace).member(user).await.unwrap().unwrap();
    assert_eq!(member.seen_at, Some(found[0].seen_at));
    bench.advance(SESSION_IDLE_MS);
    assert!(!is_live(&bench.store, "owner").await, "idle");
    assert_eq!(bench.store.sessions(user, bench.store.now()).await.unwrap().len(), 0);

    bench.store.sign_in(sign_in(&bench, user, "long", FactorUse::None)).await.unwrap().unwrap();
    for _ in 0..SESSION_MS / (SESSION_IDLE_MS - 1) {
        bench.advance(SESSION_IDLE_MS - 1);
        assert!(is_live(&bench.store, "long").await);
        bench.store.session_seen(hash("long"), bench.store.now()).await.unwrap();
    }
    bench.advance(SESSION_IDLE_MS - 1);
    assert!(!is_live(&bench.store, "long").await, "at its end however much it is used");

    bench.store.sign_in(sign_in(&bench, user, "here", FactorUse::None)).await.unwrap().unwrap();
    let stranger: UserId = bench.store.new_id();
    let own = bench.store.sessions(user, bench.store.now()).await.unwrap()[0].id;
    let end = async |user, id: SessionId| {
        bench.store.end_sessions(user, Ending::One(id), Vec::new()).await.unwrap()
    };
    assert_eq!(end(stranger, own).await, Err(Refusal::Gone), "not theirs");
    assert_eq!(end(user, own).await, Ok(()));
    assert_eq!(end(user, own).await, Err(Refusal::Gone));
    assert!(!is_live(&bench.store, "here").await);
}

async fn sessions_of_a_person_are_few(bench: Bench) {
    let user = owner(&bench).await;
    for n in 0..SESSIONS_MAX {
        bench.advance(1);
        let one = sign_in(&bench, user, &n.to_string(), FactorUse::None);
        bench.store.sign_in(one).await.unwrap().unwrap();
    }
    let sessions = bench.store.sessions(user, bench.store.now()).await.unwrap();
    assert_eq!(sessions.len(), SESSIONS_MAX as usize);
    assert!(!is_live(&bench.store, "owner").await, "the one unused longest made room");
    assert!(is_live(&bench.store, "0").await);
}

async fn a_new_password_ends_the_other_sessions(bench: Bench) {
    let user = owner(&bench).await;
    bench.store.sign_in(sign_in(&bench, user, "other", FactorUse::None)).await.unwrap().unwrap();
    let change = NewPassword {
        user,
        was: Secret::new(PASSWORD),
        new: Secret::new("$argon2id$two"),
        rotation: Rotation { from: hash("owner"), to: hash("owner again") },
        now: bench.store.now(),
        entries: vec![entry(&bench, "user.password")],
    };
    bench.store.change_password(change.clone()).await.unwrap().unwrap();
    for (token, expect) in [("owner", false), ("other", false), ("owner again", true)] {
        assert_eq!(is_live(&bench.store, token).await, expect, "{token}");
    }
    assert_eq!(bench.store.change_password(change).await.unwrap(), Err(Refusal::Stale));
    let old = sign_in(&bench, user, "late", FactorUse::None);
    assert_eq!(bench.store.sign_in(old).await.unwrap(), Err(Refusal::Stale));
}

/// Gives somebody a second factor, confirmed by the code of step 100, with one recovery code.
async fn with_factor(bench: &Bench, user: UserId, from: &str, to: &str) {
    let now = bench.store.now();
    let asked = FactorChange::Asked { secret: b"sealed".to_vec() };
    bench.store.change_factor(user, asked, now, Vec::new()).await.unwrap().unwrap();
    let confirmed = FactorChange::Confirmed {
        secret: b"sealed".to_vec(),
        step: 100,
        codes: vec![hash("recovery")],
        rotation: Rotation { from: hash(from), to: hash(to) },
    };
    bench.store.change_factor(user, confirmed, now, Vec::new()).await.unwrap().unwrap();
}

async fn a_code_of_a_second_factor_works_once(bench: Bench) {
    let user = owner(&bench).await;
    with_factor(&bench, user, "owner", "rotated").await;
    let try_with = async |factor: FactorUse| {
        bench.store.sign_in(sign_in(&bench, user, "s", factor)).await.unwrap()
    };
    assert_eq!(try_with(FactorUse::None).await, Err(Refusal::Stale), "a password is not enough");
    assert_eq!(try_with(FactorUse::Step(100)).await, Err(Refusal::Stale), "the confirming one");
    // Two at once with one code: one of them is in.
    let (a, b) = (
        sign_in(&bench, user, "a", FactorUse::Step(101)),
        sign_in(&bench, user, "b", FactorUse::Step(101)),
    );
    let (a, b) = tokio::join!(bench.store.sign_in(a), bench.store.sign_in(b));
    let outcomes = [a.unwrap(), b.unwrap()];
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(try_with(FactorUse::Step(101)).await, Err(Refusal::Stale));
    assert_eq!(try_with(FactorUse::Step(99)).await, Err(Refusal::Stale), "an earlier one");
    assert_eq!(try_with(FactorUse::Step(102)).await, Ok(()));
}

async fn a_recovery_code_works_once(bench: Bench) {
    let user = owner(&bench).await;
    with_factor(&bench, user, "owner", "rotated").await;
    assert_eq!(bench.store.recovery_codes_left(user).await.unwrap(), 1);
    let try_with = async |code: &str| {
        let factor = FactorUse::Recovery(hash(code));
        bench.store.sign_in(sign_in(&bench, user, "s", factor)).await.unwrap()
    };
    assert_eq!(try_with("wrong").await, Err(Refusal::Stale));
    assert_eq!(try_with("recovery").await, Ok(()));
    assert_eq!(try_with("recovery").await, Err(Refusal::Stale));
    assert_eq!(bench.store.recovery_codes_left(user).await.unwrap(), 0);
}

async fn a_second_factor_is_confirmed_as_it_was_asked_for(bench: Bench) {
    let user = owner(&bench).await;
    bench.store.sign_in(sign_in(&bench, user, "other", FactorUse::None)).await.unwrap().unwrap();
    let now = bench.store.now();
    let change = async |change: FactorChange| {
        bench.store.change_factor(user, change, now, Vec::new()).await.unwrap()
    };
    let asked = |secret: &str| FactorChange::Asked { secret: secret.as_bytes().to_vec() };
    let confirmed = |secret: &str, from: &str, to: &str| FactorChange::Confirmed {
        secret: secret.as_bytes().to_vec(),
        step: 1,
        codes: Vec::new(),
        rotation: Rotation { from: hash(from), to: hash(to) },
    };
    let removed = |password: &str| FactorChange::Removed {
        password: Secret::new(password),
        rotation: Rotation { from: hash("two"), to: hash("three") },
    };
    assert_eq!(change(confirmed("a", "owner", "two")).await, Err(Refusal::Stale), "not asked");
    assert_eq!(change(asked("a")).await, Ok(()));
    assert_eq!(change(asked("b")).await, Ok(()));
    assert_eq!(change(confirmed("a", "owner", "two")).await, Err(Refusal::Stale), "replaced");
    assert!(is_live(&bench.store, "other").await && is_live(&bench.store, "owner").await);
    assert_eq!(change(confirmed("b", "owner", "two")).await, Ok(()));
    assert!(!is_live(&bench.store, "other").await && !is_live(&bench.store, "owner").await);
    let found = bench.store.signed_in(&hash("two"), now).await.unwrap().unwrap();
    assert_eq!(found.user.factor.as_deref(), Some(&b"b"[..]));
    assert_eq!(found.user.factor_asked, None);
    assert_eq!(change(asked("c")).await, Err(Refusal::Stale), "there is one");
    assert_eq!(change(removed("$wrong")).await, Err(Refusal::Stale));
    assert_eq!(change(removed(PASSWORD)).await, Ok(()));
    assert_eq!(change(removed(PASSWORD)).await, Err(Refusal::Stale));
    let found = bench.store.signed_in(&hash("three"), now).await.unwrap().unwrap();
    assert_eq!(found.user.factor, None);
}

async fn an_invitation_lets_one_in_once(bench: Bench) {
    let owner = owner(&bench).await;
    let workspace = bench.store.workspace(bench.workspace);
    let invite = async |invitation| bench.store.invite(invitation).await.unwrap();
    let find =
        async |token: &str| bench.store.invitation(&hash(token), bench.store.now()).await.unwrap();
    let email = "jo@example.com";
    assert_eq!(invite(invitation(&bench, "one", email, Role::Admin)).await, Ok(()));
    assert_eq!(invite(invitation(&bench, "two", email, Role::Viewer)).await, Ok(()));
    assert!(find("one").await.is_none(), "another one of that address took its place");
    let found = find("two").await.unwrap();
    assert_eq!((found.email.as_str(), found.role), (email, Role::Viewer));
    let listed = workspace.invitations(None, 10, bench.store.now()).await.unwrap();
    assert!(listed == [found.clone()]);

    let user = new_user(&bench, email);
    let by = Joining::New(user.clone());
    let taking = bench.store.accept_invitation(accept(&bench, "two", by)).await.unwrap();
    assert_eq!(taking, Ok(()));
    let member = workspace.member(user.id).await.unwrap().unwrap();
    assert_eq!((member.role, member.second_factor), (Role::Viewer, false));
    assert!(is_live(&bench.store, "session of two").await);
    assert!(find("two").await.is_none());
    let again = Joining::New(new_user(&bench, "x@example.com"));
    let again = bench.store.accept_invitation(accept(&bench, "two", again)).await.unwrap();
    assert_eq!(again, Err(Refusal::Gone));
    let there = invite(invitation(&bench, "three", email, Role::Admin)).await;
    assert_eq!(there, Err(Refusal::Taken));

    // One that has ended, and one that was taken back.
    assert_eq!(invite(invitation(&bench, "four", "k@example.com", Role::Viewer)).await, Ok(()));
    bench.advance(1_000);
    assert!(find("four").await.is_none());
    assert_eq!(invite(invitation(&bench, "five", "l@example.com", Role::Viewer)).await, Ok(()));
    let id = find("five").await.unwrap().id;
    let withdraw = async |workspace: WorkspaceId| {
        let entry = entry(&bench, "invitation.delete");
        bench.store.withdraw_invitation(workspace, id, entry).await.unwrap()
    };
    assert_eq!(withdraw(bench.store.new_id()).await, Err(Refusal::Gone), "not theirs");
    assert_eq!(withdraw(bench.workspace).await, Ok(()));
    assert!(find("five").await.is_none());

    // Who has an account comes in with it.
    let elsewhere = bench.store.new_id();
    let write = Workspace::new(elsewhere, "Elsewhere");
    let mut write = bench.doc(DocKind::Workspace, elsewhere.uuid(), Expect::New, &write);
    write.workspace = elsewhere;
    bench.store.add_workspace(vec![write], elsewhere, owner).await.unwrap();
    let mut six = invitation(&bench, "six", email, Role::Operator);
    six.workspace = elsewhere;
    assert_eq!(invite(six).await, Ok(()));
    let known = |password: &str| Joining::Known {
        user: user.id,
        password: Secret::new(password),
        factor: FactorUse::None,
    };
    let stale = bench.store.accept_invitation(accept(&bench, "six", known("$wrong"))).await;
    assert_eq!(stale.unwrap(), Err(Refusal::Stale));
    let taken = Joining::New(new_user(&bench, email));
    let taken = bench.store.accept_invitation(accept(&bench, "six", taken)).await;
    assert_eq!(taken.unwrap(), Err(Refusal::Taken));
    let by = known(PASSWORD);
    bench.store.accept_invitation(accept(&bench, "six", by)).await.unwrap().unwrap();
    let places = bench.store.memberships(user.id).await.unwrap();
    assert_eq!(places.iter().map(|m| m.role).collect::<Vec<_>>(), [Role::Viewer, Role::Operator]);
}

async fn who_belongs_nowhere_begins_anew_by_an_invitation(bench: Bench) {
    owner(&bench).await;
    let email = "jo@example.com";
    let jo = join(&bench, email, Role::Viewer).await;
    let session = format!("session of {email}");
    with_factor(&bench, jo, &session, "rotated").await;
    let anew = |id: UserId| {
        let password = Secret::new("$argon2id$anew");
        Joining::New(NewUser { id, password, ..new_user(&bench, email) })
    };
    // While they belong to it nobody takes their place.
    let mut elsewhere = invitation(&bench, "elsewhere", email, Role::Viewer);
    elsewhere.workspace = bench.store.new_id();
    bench.store.invite(elsewhere).await.unwrap().unwrap();
    let taken = bench.store.accept_invitation(accept(&bench, "elsewhere", anew(jo))).await;
    assert_eq!(taken.unwrap(), Err(Refusal::Taken));
    bench.store.change_role(role(&bench, jo, Role::Viewer, None)).await.unwrap().unwrap();
    bench.store.invite(invitation(&bench, "again", email, Role::Admin)).await.unwrap().unwrap();
    let stranger = anew(bench.store.new_id());
    let other = bench.store.accept_invitation(accept(&bench, "again", stranger)).await;
    assert_eq!(other.unwrap(), Err(Refusal::Taken), "as whom they are known");
    bench.store.accept_invitation(accept(&bench, "again", anew(jo))).await.unwrap().unwrap();
    let token = hash("session of again");
    let found = bench.store.signed_in(&token, bench.store.now()).await.unwrap().unwrap();
    assert_eq!((found.user.id, found.user.factor.is_none()), (jo, true));
    assert_eq!(found.user.password.reveal(), "$argon2id$anew");
    assert_eq!(found.memberships[0].role, Role::Admin);
    assert_eq!(bench.store.recovery_codes_left(jo).await.unwrap(), 0);
    assert!(!is_live(&bench.store, "rotated").await);
}

async fn a_workspace_has_room_for_so_many(bench: Bench) {
    owner(&bench).await;
    let mut last = Ok(());
    for n in 0..MEMBERS_MAX {
        let email = format!("{n}@example.com");
        last = bench.store.invite(invitation(&bench, &email, &email, Role::Viewer)).await.unwrap();
    }
    assert_eq!(last, Err(Refusal::TooMany), "the owner counts too");
    // One that takes another's place needs no room.
    let again = invitation(&bench, "again", "0@example.com", Role::Admin);
    assert_eq!(bench.store.invite(again).await.unwrap(), Ok(()));
}

fn role(bench: &Bench, user: UserId, from: Role, to: Option<Role>) -> RoleChange {
    RoleChange {
        workspace: bench.workspace,
        user,
        from,
        to,
        now: bench.store.now(),
        entry: entry(bench, "user.role"),
    }
}

async fn a_workspace_keeps_an_owner(bench: Bench) {
    let first = owner(&bench).await;
    let second = join(&bench, "second@example.com", Role::Admin).await;
    let change =
        async |user, from, to| bench.store.change_role(role(&bench, user, from, to)).await.unwrap();
    assert_eq!(change(first, Role::Owner, None).await, Err(Refusal::LastOwner));
    assert_eq!(change(first, Role::Owner, Some(Role::Admin)).await, Err(Refusal::LastOwner));
    assert_eq!(change(first, Role::Owner, Some(Role::Owner)).await, Ok(()));
    assert_eq!(change(second, Role::Viewer, Some(Role::Owner)).await, Err(Refusal::Stale));
    assert_eq!(change(second, Role::Admin, Some(Role::Owner)).await, Ok(()));
    assert_eq!(change(first, Role::Owner, None).await, Ok(()));
    assert_eq!(change(first, Role::Owner, None).await, Err(Refusal::Gone));
    assert!(!is_live(&bench.store, "owner").await, "who belongs nowhere is signed out");
    assert!(is_live(&bench.store, "session of second@example.com").await);
    assert!(bench.store.user_by_email("owner@example.com").await.unwrap().is_some());
    assert_eq!(change(second, Role::Owner, None).await, Err(Refusal::LastOwner));
    let stranger = bench.store.new_id();
    assert_eq!(change(stranger, Role::Viewer, None).await, Err(Refusal::Gone));
    let members = bench.store.workspace(bench.workspace).members(None, 10).await.unwrap();
    assert_eq!(
        members.iter().map(|m| (m.user, m.role)).collect::<Vec<_>>(),
        [(second, Role::Owner)]
    );
}

async fn two_owners_cannot_take_each_other_out(bench: Bench) {
    let first = owner(&bench).await;
    let second = join(&bench, "second@example.com", Role::Owner).await;
    // Each at a node of its own, where the database has several.
    let other =
        if bench.store.is_postgres() { bench.another_node().await } else { bench.store.clone() };
    let (a, b) = (role(&bench, first, Role::Owner, None), role(&bench, second, Role::Owner, None));
    let (a, b) = tokio::join!(bench.store.change_role(a), other.change_role(b));
    let mut outcomes = [a.unwrap(), b.unwrap()];
    outcomes.sort_by_key(|outcome| outcome.is_err());
    assert_eq!(outcomes, [Ok(()), Err(Refusal::LastOwner)]);
}

async fn a_further_workspace_has_its_maker_as_owner(bench: Bench) {
    let user = owner(&bench).await;
    let id: WorkspaceId = bench.store.new_id();
    let body = Workspace::new(id, "Second");
    let mut write = bench.doc(DocKind::Workspace, id.uuid(), Expect::New, &body);
    write.workspace = id;
    bench.store.add_workspace(vec![write.clone()], id, user).await.unwrap();
    assert_eq!(bench.store.snapshot().workspaces[&id].body.name, "Second");
    let places = bench.store.memberships(user).await.unwrap();
    assert!(places.iter().any(|m| m.workspace == id && m.role == Role::Owner));
    assert!(bench.store.add_workspace(vec![write], id, user).await.is_err(), "there is one");
}

async fn what_has_ended_is_removed(bench: Bench) {
    let user = owner(&bench).await;
    bench
        .store
        .invite(invitation(&bench, "i", "i@example.com", Role::Viewer))
        .await
        .unwrap()
        .unwrap();
    bench.advance(1_000);
    let retain = async || {
        let retention = Retention { workspaces: vec![], all: vec![], now: bench.store.now() };
        bench.store.retain(&retention, 10).await.unwrap();
    };
    retain().await;
    let listed = bench.store.workspace(bench.workspace);
    assert_eq!(
        listed.invitations(None, 10, bench.store.now().plus_ms(-1_000)).await.unwrap().len(),
        0
    );
    assert!(is_live(&bench.store, "owner").await);
    let before = actions(&bench).await.len();
    bench.advance(SESSION_MS);
    retain().await;
    let then = bench.store.now().plus_ms(-SESSION_MS);
    assert_eq!(bench.store.sessions(user, then).await.unwrap().len(), 0);
    assert_eq!(actions(&bench).await.len(), before);
    bench.advance(baton_store::AUDIT_DAYS * 86_400_000);
    retain().await;
    assert_eq!(actions(&bench).await.len(), 0);
}

async fn a_refused_change_writes_nothing(bench: Bench) {
    let user = owner(&bench).await;
    let before = actions(&bench).await;
    let stale = NewPassword {
        user,
        was: Secret::new("$wrong"),
        new: Secret::new("$new"),
        rotation: Rotation { from: hash("owner"), to: hash("new") },
        now: bench.store.now(),
        entries: vec![entry(&bench, "user.password")],
    };
    assert_eq!(bench.store.change_password(stale).await.unwrap(), Err(Refusal::Stale));
    let last = role(&bench, user, Role::Owner, None);
    assert_eq!(bench.store.change_role(last).await.unwrap(), Err(Refusal::LastOwner));
    let stranger: UserId = bench.store.new_id();
    let entries = vec![entry(&bench, "user.update")];
    let renamed = bench.store.rename_user(stranger, "X".to_owned(), bench.store.now(), entries);
    assert_eq!(renamed.await.unwrap(), Err(Refusal::Gone));
    assert_eq!(actions(&bench).await, before);
    assert!(is_live(&bench.store, "owner").await);
}
