//! How the databases go about lists: what they read is bound by the page, not by what is stored.

use crate::harness::{Bench, Engine};
use baton_domain::delivery::DeliveryState as D;
use baton_domain::id::{CampaignId, DeliveryId, DestinationId, LeadId, TypedId};
use baton_domain::lead::LeadState as L;
use baton_store::deliveries::DeliveryFilter;
use baton_store::leads::{EXAMINED_MAX, LeadFilter};

crate::on_both! {
    lists_by_a_rare_state_go_by_the_index_of_rare_states
    lists_with_filters_that_hit_rarely_look_at_so_many_rows_and_go_on
    lists_of_a_campaign_find_its_old_leads_at_once
    lists_by_a_tag_look_up_the_leads_that_have_it
}

/// Rows of the workspace besides what is looked for.
const COMMON: u32 = 3 * EXAMINED_MAX;

/// Stores leads of which the first is rejected and the others are received, each with a delivery
/// that failed or was accepted; all to one lane.
async fn fill(bench: &Bench, lane: DestinationId) {
    let (ws, lane) = (bench.workspace.uuid(), lane.uuid());
    let columns = "ws, id, campaign, source, state, status, data_version, captured_version, \
                   event_seq, config_version, test, created_at, updated_at";
    let more = "ws, id, lead, data_version, target_kind, lane, class, cause, state, starts, \
                attempts, created_at, updated_at";
    let statements = if bench.store.is_postgres() {
        let id = "lpad(to_hex(n), 32, '0')::uuid";
        let series = format!("FROM generate_series(1, {COMMON}) n");
        let of_n =
            |rare: &str, common: &str| format!("CASE n WHEN 1 THEN '{rare}' ELSE '{common}' END");
        [
            format!(
                "INSERT INTO leads ({columns}) SELECT '{ws}', {id}, '{ws}', '{ws}', {}, 'new', \
                     1, 1, 1, 1, 0, n, n {series}",
                of_n("rejected", "received")
            ),
            format!(
                "INSERT INTO lead_data (lead, version, ws, body) SELECT {id}, 1, '{ws}', \
                     '{{\"raw\":{{}}}}' {series}"
            ),
            format!(
                "INSERT INTO deliveries ({more}) SELECT '{ws}', {id}, {id}, 1, 0, '{lane}', 0, \
                     'lead', {}, 1, 1, n, n {series}",
                of_n("failed", "accepted")
            ),
            "ANALYZE".to_owned(),
        ]
    } else {
        let (ws, lane) = (format!("X'{}'", ws.simple()), format!("X'{}'", lane.simple()));
        let id = "unhex(printf('%032x', n))";
        let series = format!(
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s \
                              WHERE n < {COMMON})"
        );
        let of_n = |rare: &str, common: &str| format!("iif(n = 1, '{rare}', '{common}')");
        [
            format!(
                "INSERT INTO leads ({columns}) {series} SELECT {ws}, {id}, {ws}, {ws}, {}, \
                     'new', 1, 1, 1, 1, 0, n, n FROM s",
                of_n("rejected", "received")
            ),
            format!(
                "INSERT INTO lead_data (lead, version, ws, body) {series} SELECT {id}, 1, {ws}, \
                     CAST('{{\"raw\":{{}}}}' AS BLOB) FROM s"
            ),
            format!(
                "INSERT INTO deliveries ({more}) {series} SELECT {ws}, {id}, {id}, 1, 0, {lane}, \
                     0, 'lead', {}, 1, 1, n, n FROM s",
                of_n("failed", "accepted")
            ),
            // A server never analyses: its plans must be right without.
            "SELECT 1".to_owned(),
        ]
    };
    for statement in statements {
        bench.meddle(&statement).await;
    }
}

async fn lists_by_a_rare_state_go_by_the_index_of_rare_states(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    fill(&bench, lane).await;
    let workspace = bench.store.workspace(bench.workspace);
    for state in L::ALL {
        let filter = LeadFilter { states: vec![*state], limit: 50, ..LeadFilter::default() };
        let plan = workspace.explain_leads(&filter).await.unwrap();
        let rare = matches!(state, L::Partial | L::Held | L::Quarantined | L::Rejected | L::Erased);
        assert_eq!(plan.contains("leads_rare"), rare, "{state}: {plan}");
        check_plan(&plan);
    }
    for state in D::ALL {
        let filter = DeliveryFilter { state: Some(*state), limit: 50, ..DeliveryFilter::default() };
        let plan = workspace.explain_deliveries(&filter).await.unwrap();
        let rare = matches!(state, D::Failed | D::Held | D::Rejected | D::Unknown | D::Retrying);
        assert_eq!(plan.contains("deliveries_rare"), rare, "{state}: {plan}");
        check_plan(&plan);
    }
    let lead = LeadId::from_uuid(uuid::Uuid::from_u128(7));
    let of_lead = DeliveryFilter { lead: Some(lead), limit: 50, ..DeliveryFilter::default() };
    let plan = workspace.explain_deliveries(&of_lead).await.unwrap();
    assert!(plan.contains("deliveries_lead"), "{plan}");
}

/// No table is read as a whole.
#[track_caller]
fn check_plan(plan: &str) {
    for whole in ["SCAN leads", "SCAN deliveries", "Seq Scan on leads", "Seq Scan on deliveries"] {
        assert!(!plan.contains(whole), "{plan}");
    }
}

async fn lists_with_filters_that_hit_rarely_look_at_so_many_rows_and_go_on(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    fill(&bench, lane).await;
    let workspace = bench.store.workspace(bench.workspace);
    let nobody: DestinationId = bench.store.new_id();
    let pages = async |filter: DeliveryFilter| {
        let (mut filter, mut pages, mut rows) = (filter, 0, 0);
        loop {
            let page = workspace.deliveries(&filter).await.unwrap();
            (pages, rows) = (pages + 1, rows + page.rows.len());
            let Some(next) = page.next else { return (pages, rows) };
            filter.before = Some(DeliveryId::from_uuid(next));
        }
    };
    let filter = DeliveryFilter { limit: 200, ..DeliveryFilter::default() };
    let nowhere = DeliveryFilter { target: Some(nobody.uuid()), ..filter.clone() };
    let looks = (COMMON / EXAMINED_MAX + 1) as usize;
    assert_eq!(pages(nowhere).await, (looks, 0));
    let pending = DeliveryFilter { state: Some(D::Pending), ..filter.clone() };
    assert_eq!(pages(pending).await, (looks, 0));
    // What the indexes find is there at once.
    let failed = DeliveryFilter { state: Some(D::Failed), ..filter.clone() };
    assert_eq!(pages(failed.clone()).await, (1, 1));
    let lead = Some(LeadId::from_uuid(uuid::Uuid::from_u128(1)));
    assert_eq!(pages(DeliveryFilter { lead, ..filter.clone() }).await, (1, 1));
    let there = DeliveryFilter { target: Some(lane.uuid()), ..failed };
    assert_eq!(pages(there).await, (1, 1));
    let (_, rows) = pages(DeliveryFilter { target: Some(lane.uuid()), ..filter }).await;
    assert_eq!(rows, COMMON as usize);
}

async fn lists_of_a_campaign_find_its_old_leads_at_once(bench: Bench) {
    fill(&bench, bench.store.new_id()).await;
    let campaign: CampaignId = bench.store.new_id();
    let (set, oldest) = if bench.store.is_postgres() {
        (format!("'{}'", campaign.uuid()), format!("'{}'", uuid::Uuid::from_u128(1)))
    } else {
        (format!("X'{}'", campaign.uuid().simple()), format!("X'{:032x}'", 1))
    };
    bench.meddle(&format!("UPDATE leads SET campaign = {set} WHERE id = {oldest}")).await;
    let workspace = bench.store.workspace(bench.workspace);
    // As the inbox asks: for all but partial leads that are no tests.
    let states = L::ALL.iter().copied().filter(|state| *state != L::Partial).collect();
    let filter = LeadFilter {
        states,
        campaign: Some(campaign),
        test: Some(false),
        limit: 50,
        ..LeadFilter::default()
    };
    let plan = workspace.explain_leads(&filter).await.unwrap();
    assert!(plan.contains("leads_campaign"), "{plan}");
    check_plan(&plan);
    let page = workspace.leads(&filter).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (1, None));
    assert_eq!(page.rows[0].id.uuid(), uuid::Uuid::from_u128(1));
}

async fn lists_by_a_tag_look_up_the_leads_that_have_it(bench: Bench) {
    fill(&bench, bench.store.new_id()).await;
    let workspace = bench.store.workspace(bench.workspace);
    let filter = LeadFilter {
        states: vec![L::Received, L::Delivered],
        tag: Some("vip".to_owned()),
        test: Some(false),
        limit: 50,
        ..LeadFilter::default()
    };
    let plan = workspace.explain_leads(&filter).await.unwrap();
    // On SQLite: by the whole key each, not along all leads of the workspace.
    assert!(!plan.contains("PRIMARY KEY (ws=?)"), "{plan}");
    check_plan(&plan);
}

/// PostgreSQL keeps the plan it made of a statement on tables that were empty then, where every index
/// looks alike: one that begins with the workspace and has the id further on would be gone along.
#[tokio::test]
async fn rows_are_looked_up_by_their_key_as_planned_on_empty_tables() {
    let bench = Bench::new(Engine::Postgres).await;
    let baton_store::Location::Postgres { url } = &bench.location else { unreachable!() };
    let (client, connection) =
        tokio_postgres::connect(url.reveal(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    for table in ["leads", "deliveries"] {
        let sql = format!(
            "EXPLAIN UPDATE {table} SET updated_at = 0 \
             FROM unnest(ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()]) AS t(w, i) \
             WHERE {table}.ws = t.w AND {table}.id = t.i"
        );
        let lines = client.query(&sql, &[]).await.unwrap();
        let plan: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        assert!(plan.join("\n").contains(&format!("{table}_pkey")), "{plan:#?}");
    }
    drop(client);
    drop(driver.await);
}
