use crate::harness::Bench;
use crate::on_both;
use baton_domain::audit::{Actor, By, line_id, line_seq};
use baton_domain::config::DocKind;
use baton_domain::id::{DestinationId, KeyId, TypedId, UserId, WorkspaceId};
use baton_domain::secret::{Secret, Secrets};
use baton_store::audit::{AuditEntry, AuditFilter, AuditRow};
use baton_store::docs::{DocWrite, Expect};
use serde_json::{Value, json};

on_both! {
    every_change_of_a_document_leaves_a_line
    a_refused_change_leaves_none
    lines_are_found_by_what_they_say
    lines_are_of_their_workspace
    lines_hold_no_secret
}

async fn lines(bench: &Bench, filter: AuditFilter) -> Vec<AuditRow> {
    let filter = AuditFilter { limit: 100, ..filter };
    bench.store.workspace(bench.workspace).audit(&filter).await.unwrap().rows
}

fn key(bench: &Bench) -> By {
    By {
        actor: Actor::Key(bench.store.new_id::<KeyId>()),
        name: "ci".to_owned(),
        ip: Some([203, 0, 113, 9].into()),
        request_id: Some("req-1".to_owned()),
    }
}

fn entry(bench: &Bench, action: &str) -> AuditEntry {
    AuditEntry {
        workspace: bench.workspace,
        at: bench.store.now(),
        by: key(bench),
        action: action.to_owned(),
        subject_kind: "lead".to_owned(),
        subject: None,
        subject_name: None,
        before: None,
        after: None,
    }
}

fn destination(bench: &Bench, id: DestinationId, expect: Expect, body: Value) -> DocWrite {
    let mut body = body;
    for (name, value) in
        json!({"campaign": bench.campaign, "connector": "webhook"}).as_object().unwrap()
    {
        body[name] = value.clone();
    }
    bench.doc(DocKind::Destination, id.uuid(), expect, &body)
}

async fn every_change_of_a_document_leaves_a_line(bench: Bench) {
    let id: DestinationId = bench.store.new_id();
    let by = key(&bench);
    let mut first = destination(&bench, id, Expect::New, json!({"name": "CRM"}));
    first.changed_by = by.clone();
    let secrets: Secrets = [("signing".to_owned(), Secret::new("whsec_hidden"))].into();
    first.secrets = Some(bench.store.master().seal_secrets(&secrets).unwrap());
    bench.store.change_docs(vec![first]).await.unwrap();
    bench.advance(1_000);
    let second = destination(&bench, id, Expect::Version(1), json!({"name": "New CRM"}));
    let mut third = destination(&bench, id, Expect::Version(2), json!({}));
    third.body = None;
    bench.store.change_docs(vec![second, third]).await.unwrap();

    let rows = lines(&bench, AuditFilter::default()).await;
    let said: Vec<_> =
        rows.iter().map(|r| (r.entry.action.as_str(), r.entry.subject_name.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("destination.delete", Some("New CRM")),
            ("destination.update", Some("New CRM")),
            ("destination.create", Some("CRM")),
        ]
    );
    let made = &rows[2].entry;
    assert_eq!(made.by, by);
    assert_eq!(made.subject, Some(id.to_string()));
    assert_eq!(made.before, None);
    let after = made.after.as_ref().unwrap();
    assert_eq!((&after["name"], &after["secrets"]), (&json!("CRM"), &json!("•••")));
    let changed = &rows[1].entry;
    assert_eq!(changed.before, Some(json!({"name": "CRM"})));
    assert_eq!(changed.after, Some(json!({"name": "New CRM"})));
    assert_eq!(changed.at.since_ms(made.at), 1_000);
    assert_eq!((rows[0].entry.after.as_ref(), changed.by.actor), (None, Actor::System));
}

async fn a_refused_change_leaves_none(bench: Bench) {
    let id: DestinationId = bench.store.new_id();
    let good = destination(&bench, id, Expect::New, json!({"name": "CRM"}));
    let bad = destination(&bench, bench.store.new_id(), Expect::Any, json!({"name": "None"}));
    assert!(bench.store.change_docs(vec![good, bad]).await.is_err());
    assert_eq!(lines(&bench, AuditFilter::default()).await.len(), 0);
}

async fn lines_are_found_by_what_they_say(bench: Bench) {
    let user: UserId = bench.store.new_id();
    let mut of_user = entry(&bench, "lead.export");
    of_user.by.actor = Actor::User(user);
    let mut of_lead = entry(&bench, "lead.erase");
    of_lead.subject = Some("lead_x".to_owned());
    let entries = vec![of_user.clone(), of_lead.clone(), entry(&bench, "lead.export")];
    bench.store.note(entries.clone()).await.unwrap();

    let found = async |filter: AuditFilter| -> Vec<AuditEntry> {
        lines(&bench, filter).await.into_iter().map(|row| row.entry).collect()
    };
    let all = found(AuditFilter::default()).await;
    assert_eq!(all, entries.iter().rev().cloned().collect::<Vec<_>>());
    let actor = Some(Actor::User(user));
    assert_eq!(found(AuditFilter { actor, ..Default::default() }).await, [of_user]);
    let subject = Some("lead_x".to_owned());
    assert_eq!(found(AuditFilter { subject, ..Default::default() }).await, [of_lead]);
    let action = Some("lead.export".to_owned());
    assert_eq!(found(AuditFilter { action, ..Default::default() }).await.len(), 2);

    let workspace = bench.store.workspace(bench.workspace);
    let first = workspace.audit(&AuditFilter { limit: 2, ..Default::default() }).await.unwrap();
    assert!(first.more);
    let last = &first.rows[1];
    assert_eq!(line_seq(line_id(last.entry.at, last.seq)), last.seq);
    let filter = AuditFilter { limit: 2, before: Some(last.seq), ..Default::default() };
    let rest = workspace.audit(&filter).await.unwrap();
    assert_eq!((rest.rows.len(), rest.more), (1, false));
}

async fn lines_are_of_their_workspace(bench: Bench) {
    let mut elsewhere = entry(&bench, "lead.export");
    elsewhere.workspace = bench.store.new_id::<WorkspaceId>();
    bench.store.note(vec![elsewhere]).await.unwrap();
    assert_eq!(lines(&bench, AuditFilter::default()).await.len(), 0);
}

async fn lines_hold_no_secret(bench: Bench) {
    let mut entry = entry(&bench, "user.update");
    entry.after = Some(json!({"password": "hunter22hunter22", "name": "Jane"}));
    bench.store.note(vec![entry]).await.unwrap();
    let rows = lines(&bench, AuditFilter::default()).await;
    assert_eq!(rows[0].entry.after, Some(json!({"password": "•••", "name": "Jane"})));
}
