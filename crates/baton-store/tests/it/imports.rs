use crate::harness::Bench;
use crate::on_both;
use baton_domain::config::DuplicateAction;
use baton_domain::id::{ImportId, TypedId};
use baton_domain::import::{
    ImportFormat, ImportProgress, ImportSettings, ImportState, Place, ReportRow, RowProblem,
};
use baton_store::imports::{
    IMPORTS_OPEN_MAX, ImportBatch, ImportEnd, ImportLead, ImportRow, NewImport, PIECE_BYTES,
};
use baton_store::leads::LeadFilter;
use baton_store::{Store, StoreError};
use uuid::Uuid;

on_both! {
    an_import_goes_from_its_file_to_its_end
    a_batch_is_stored_with_its_place_or_not_at_all
    duplicates_of_a_batch_are_counted_and_named
    one_import_of_a_workspace_is_worked_on_at_a_time
    a_workspace_sees_its_own_imports_only
    what_a_dead_node_had_is_claimed_again
    open_imports_are_few
    pieces_and_reports_go_in_slices
}

const LEASE_MS: i64 = 30_000;

async fn make(bench: &Bench) -> ImportId {
    let id: ImportId = bench.store.new_id();
    bench.store.new_import(new(bench, id)).await.unwrap();
    id
}

fn new(bench: &Bench, id: ImportId) -> NewImport {
    NewImport {
        id,
        workspace: bench.workspace,
        campaign: bench.campaign,
        source: bench.source,
        dry_run: false,
        settings: ImportSettings {
            format: ImportFormat::Csv,
            columns: [("a".to_owned(), None)].into(),
            header: None,
            delimiter: Some(';'),
            deliver: false,
            name: None,
        },
        now: bench.store.now(),
        idempotency: None,
    }
}

async fn upload(bench: &Bench, id: ImportId, file: &[u8]) -> Uuid {
    let upload = bench.store.new_id::<ImportId>().uuid();
    let ws = bench.store.workspace(bench.workspace);
    for (n, piece) in file.chunks(PIECE_BYTES).enumerate() {
        assert!(ws.add_import_piece(id, upload, n as i64, piece.to_vec()).await.unwrap());
    }
    assert!(ws.finish_import_upload(id, upload, file.len() as u64).await.unwrap());
    upload
}

async fn claim(store: &Store) -> Option<(ImportRow, Uuid)> {
    let token = store.new_id::<ImportId>().uuid();
    let row = store.claim_import(token, store.now().plus_ms(LEASE_MS)).await.unwrap();
    row.map(|row| (row, token))
}

fn batch(bench: &Bench, id: ImportId, token: Uuid, emails: &[&str]) -> ImportBatch {
    let leads = emails.iter().enumerate().map(|(n, email)| {
        let mut capture = bench.lead(email);
        capture.duplicates = Some(bench.rule(&[email], None, DuplicateAction::Reject));
        ImportLead::new(n as u64 + 2, n as u64 + 2, capture, true).unwrap()
    });
    ImportBatch {
        id,
        token,
        leads: leads.collect(),
        report: Vec::new(),
        progress: ImportProgress {
            place: Place { offset: 99, row: 9, line: 9 },
            ..ImportProgress::default()
        },
        now: bench.store.now(),
        lease_until: bench.store.now().plus_ms(LEASE_MS),
    }
}

async fn leads(bench: &Bench) -> usize {
    let filter = LeadFilter { limit: 100, ..LeadFilter::default() };
    bench.store.workspace(bench.workspace).leads(&filter).await.unwrap().rows.len()
}

async fn an_import_goes_from_its_file_to_its_end(bench: Bench) {
    let id = make(&bench).await;
    let ws = bench.store.workspace(bench.workspace);
    assert_eq!(ws.import(id).await.unwrap().unwrap().state, ImportState::Waiting);
    assert!(claim(&bench.store).await.is_none(), "it waits for its file");
    let upload = upload(&bench, id, b"email\nx\n").await;
    assert!(!ws.finish_import_upload(id, upload, 8).await.unwrap(), "one file only");
    assert!(!ws.add_import_piece(id, upload, 1, vec![1]).await.unwrap());
    let (row, token) = claim(&bench.store).await.unwrap();
    assert_eq!((row.id, row.state, row.bytes), (id, ImportState::Importing, 8));
    assert_eq!((row.upload, row.settings.delimiter), (Some(upload), Some(';')));
    let piece = bench.store.import_piece(id, upload, 0).await.unwrap();
    assert_eq!(piece.as_deref(), Some(b"email\nx\n".as_slice()));
    assert_eq!(bench.store.import_piece(id, upload, 1).await.unwrap(), None);
    let end =
        ImportEnd { id, token, state: ImportState::Done, fault: None, now: bench.store.now() };
    assert!(bench.store.end_import(end.clone()).await.unwrap());
    assert!(!bench.store.end_import(end).await.unwrap());
    assert!(!ws.cancel_import(id).await.unwrap(), "it is over");
    let (row, token) = claim(&bench.store).await.expect("its file is to be removed");
    bench.store.clear_import_pieces(id).await.unwrap();
    assert_eq!(bench.store.import_piece(id, upload, 0).await.unwrap(), None);
    assert!(bench.store.release_import(id, token, row.removed_at()).await.unwrap());
    assert!(claim(&bench.store).await.is_none());
}

async fn a_batch_is_stored_with_its_place_or_not_at_all(bench: Bench) {
    let id = make(&bench).await;
    upload(&bench, id, b"x").await;
    let (_, token) = claim(&bench.store).await.unwrap();
    let mut first = batch(&bench, id, token, &["a@example.com", "b@example.com"]);
    let problems = vec![RowProblem::new("email", "invalid_email", "is none")];
    first.report = vec![ReportRow { row: 7, line: 8, problems: problems.clone() }];
    first.progress.refuse(&problems);
    let progress = bench.store.commit_import(first).await.unwrap().unwrap();
    assert_eq!((progress.read, progress.accepted, progress.refused), (3, 2, 1));
    let ws = bench.store.workspace(bench.workspace);
    let row = ws.import(id).await.unwrap().unwrap();
    assert_eq!(row.progress, progress);
    assert_eq!(row.progress.place.offset, 99);
    let report = ws.import_report(id, 0, 10).await.unwrap();
    assert_eq!(report, [ReportRow { row: 7, line: 8, problems }]);
    assert!(ws.import_report(id, 7, 10).await.unwrap().is_empty());
    let foreign = batch(&bench, id, Uuid::nil(), &["c@example.com"]);
    assert_eq!(bench.store.commit_import(foreign).await.unwrap(), None);
    assert!(ws.cancel_import(id).await.unwrap());
    let late = batch(&bench, id, token, &["d@example.com"]);
    assert_eq!(bench.store.commit_import(late).await.unwrap(), None, "it was stopped");
    assert_eq!(leads(&bench).await, 2, "who lost the import stores nothing");
}

async fn duplicates_of_a_batch_are_counted_and_named(bench: Bench) {
    let id = make(&bench).await;
    upload(&bench, id, b"x").await;
    let (_, token) = claim(&bench.store).await.unwrap();
    let same = batch(&bench, id, token, &["a@example.com", "a@example.com", "b@example.com"]);
    let key = bench.store.master().claim_key(bench.campaign, b"a@example.com");
    assert!(bench.store.held_keys(&[key]).await.unwrap().is_empty());
    let progress = bench.store.commit_import(same).await.unwrap().unwrap();
    assert_eq!((progress.read, progress.accepted, progress.duplicates), (3, 2, 1));
    let ws = bench.store.workspace(bench.workspace);
    let report = ws.import_report(id, 0, 10).await.unwrap();
    assert_eq!((report[0].row, report[0].problems[0].code.as_str()), (3, "duplicate_lead"));
    let held = bench.store.held_keys(&[key]).await.unwrap();
    assert!(report[0].problems[0].message.contains(&held[&key].0.to_string()));
}

async fn one_import_of_a_workspace_is_worked_on_at_a_time(bench: Bench) {
    let (first, second) = (make(&bench).await, make(&bench).await);
    upload(&bench, first, b"x").await;
    upload(&bench, second, b"y").await;
    let (row, token) = claim(&bench.store).await.unwrap();
    assert!(claim(&bench.store).await.is_none());
    assert!(bench.store.release_import(row.id, token, bench.store.now()).await.unwrap());
    assert!(claim(&bench.store).await.is_some());
}

async fn a_workspace_sees_its_own_imports_only(bench: Bench) {
    let id = make(&bench).await;
    let other = bench.store.workspace(bench.store.new_id());
    assert_eq!(other.import(id).await.unwrap(), None);
    assert!(other.imports(None, 10).await.unwrap().rows.is_empty());
    assert!(!other.cancel_import(id).await.unwrap());
    assert!(!other.run_import(id).await.unwrap());
    assert!(!other.add_import_piece(id, Uuid::nil(), 0, vec![1]).await.unwrap());
    assert!(other.import_report(id, 0, 10).await.unwrap().is_empty());
    let own = bench.store.workspace(bench.workspace);
    let later = make(&bench).await;
    let page = own.imports(None, 10).await.unwrap();
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&id) && ids.contains(&later));
    assert_eq!(own.imports(Some(ids[0]), 10).await.unwrap().rows[0].id, ids[1]);
}

async fn what_a_dead_node_had_is_claimed_again(bench: Bench) {
    let id = make(&bench).await;
    upload(&bench, id, b"x").await;
    let token = Uuid::from_u128(7);
    // A lease that has run out: the node that had it is gone.
    let lost = bench.store.claim_import(token, bench.store.now()).await.unwrap().unwrap();
    assert_eq!((lost.id, lost.starts), (id, 1));
    let (again, _) = claim(&bench.store).await.unwrap();
    assert_eq!((again.id, again.starts), (id, 2));
    let late = batch(&bench, id, token, &["a@example.com"]);
    assert_eq!(bench.store.commit_import(late).await.unwrap(), None);
    assert_eq!(leads(&bench).await, 0);
    if !bench.store.is_postgres() {
        bench.store.free_imports().await.unwrap();
        assert_eq!(claim(&bench.store).await.unwrap().0.starts, 3, "no lease is waited for");
    }
}

async fn open_imports_are_few(bench: Bench) {
    for _ in 0..IMPORTS_OPEN_MAX {
        make(&bench).await;
    }
    let more = bench.store.new_import(new(&bench, bench.store.new_id())).await;
    assert!(matches!(more, Err(StoreError::Taken { .. })), "{more:?}");
}

async fn pieces_and_reports_go_in_slices(bench: Bench) {
    let id = make(&bench).await;
    let file = vec![b'x'; PIECE_BYTES * 40 + 5];
    let upload = upload(&bench, id, &file).await;
    let last = bench.store.import_piece(id, upload, 40).await.unwrap().unwrap();
    assert_eq!(last.len(), 5);
    let (_, token) = claim(&bench.store).await.unwrap();
    let mut many = batch(&bench, id, token, &[]);
    let problems = vec![RowProblem::new("", "x", "y")];
    many.report =
        (0..4_500).map(|row| ReportRow { row, line: row, problems: problems.clone() }).collect();
    bench.store.commit_import(many).await.unwrap().unwrap();
    bench.store.clear_import_pieces(id).await.unwrap();
    bench.store.clear_import_report(id).await.unwrap();
    assert_eq!(bench.store.import_piece(id, upload, 0).await.unwrap(), None);
    let ws = bench.store.workspace(bench.workspace);
    assert!(ws.import_report(id, 0, 10).await.unwrap().is_empty());
    let end =
        ImportEnd { id, token, state: ImportState::Cancelled, fault: None, now: bench.store.now() };
    assert!(bench.store.end_import(end).await.unwrap());
    let (_, token) = claim(&bench.store).await.unwrap();
    bench.store.remove_import(id, token).await.unwrap();
    assert_eq!(ws.import(id).await.unwrap(), None);
}
