//! Every vendor from end to end, over real sockets, with the sandbox as the vendor: one table of
//! vendors, and one test per thing that can happen.

use crate::house::{House, MINUTE};
use baton_domain::id::{DeliveryId, DestinationId, TypedId};
use baton_domain::lead::{Context, LeadState};
use baton_domain::personal::FieldMap;
use baton_sandbox::{Behaviour, Outcome, Reply, VendorName, VendorScript};
use baton_store::capture::{Capture, PartialKey};
use serde_json::{Value, json};

/// A vendor with the settings of a destination at an address, and its words for what can happen.
struct Vendor {
    connector: &'static str,
    name: VendorName,
    settings: fn(&str) -> Value,
    /// Verdicts of a no, of a lead it has already and of one that lacks a field; `None` where its
    /// API says no such thing.
    says: [Option<&'static str>; 3],
    /// What a lost answer leads to.
    lost: &'static str,
    /// What a test lead carries, as it stands in the body.
    test_mark: &'static str,
    /// What becomes of it.
    tested: &'static str,
}

const VENDORS: [Vendor; 7] = [
    Vendor {
        connector: "leadbyte",
        name: VendorName::Leadbyte,
        settings: |base| {
            json!({"url": format!("{base}/restapi/v1.3/leads"), "x_key": "key-of-acme",
                   "campid": "SOLAR-UK", "queue_key": "queue-key"})
        },
        says: [Some("rejected"), Some("duplicate"), Some("invalid")],
        lost: "retrying",
        test_mark: r#""testmode":"yes""#,
        tested: "accepted",
    },
    Vendor {
        connector: "leadprosper",
        name: VendorName::Leadprosper,
        settings: |base| {
            json!({"base_url": base, "lp_campaign_id": "1", "lp_supplier_id": "2",
                   "lp_key": "key-of-supplier"})
        },
        says: [Some("rejected"), Some("duplicate"), Some("invalid")],
        lost: "retrying",
        test_mark: r#""lp_action":"test""#,
        tested: "accepted",
    },
    Vendor {
        connector: "phonexa",
        name: VendorName::Phonexa,
        settings: |base| {
            json!({"base_url": base, "api_id": "ID", "api_password": "pass-word",
                   "product_id": 267})
        },
        says: [Some("rejected"), Some("duplicate"), Some("invalid")],
        lost: "unknown",
        test_mark: r#""testMode":1"#,
        tested: "rejected",
    },
    Vendor {
        connector: "leadconduit",
        name: VendorName::Leadconduit,
        settings: |base| {
            json!({"base_url": base, "flow_id": "5462c7eb76fefd217d333552",
                   "source_id": "5462c7fb745fb567baf2e093"})
        },
        says: [Some("rejected"), Some("duplicate"), None],
        lost: "retrying",
        test_mark: r#""is_test":true"#,
        tested: "accepted",
    },
    Vendor {
        connector: "boberdoo",
        name: VendorName::Boberdoo,
        settings: |base| {
            json!({"url": format!("{base}/new_api/api.php"), "key": "vendor-key", "type": "31",
                   "src": "Funnel1"})
        },
        says: [Some("rejected"), Some("duplicate"), Some("invalid")],
        lost: "retrying",
        test_mark: "Test_Lead=1",
        tested: "accepted",
    },
    Vendor {
        connector: "zapier",
        name: VendorName::Zapier,
        settings: |base| json!({"url": format!("{base}/hooks/catch/123456/abcdef/")}),
        says: [None, None, None],
        lost: "retrying",
        test_mark: "",
        tested: "accepted",
    },
    Vendor {
        connector: "keyed",
        name: VendorName::Crm,
        settings: |base| json!({"base_url": base, "client_secret": "client-secret"}),
        says: [None, None, None],
        lost: "retrying",
        test_mark: "",
        tested: "accepted",
    },
];

/// A destination at a vendor that answers by a script.
async fn place(
    house: &House,
    vendor: &Vendor,
    what: &str,
    script: impl Fn(VendorScript) -> Behaviour,
    (settings, change): (Value, Value),
) -> DestinationId {
    let prefix = format!("/{}-{what}", vendor.connector);
    let live = VendorScript { live: true, ..VendorScript::new(vendor.name) };
    house.sandbox.set_rule(&format!("{prefix}/*"), script(live)).unwrap();
    let mut all = (vendor.settings)(&house.sandbox.url(&prefix));
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    house.connected(vendor.connector, all, change).await
}

fn as_it_is(script: VendorScript) -> Behaviour {
    Behaviour::Vendor(Box::new(script))
}

fn plain() -> (Value, Value) {
    (json!({}), json!({}))
}

fn person(house: &House, to: &[DestinationId]) -> Capture {
    let fields = [
        ("first_name", "Jane"),
        ("last_name", "Smith"),
        ("email", "jane@example.com"),
        ("phone", "5125550100"),
        ("state", "TX"),
        ("zip", "78701"),
    ];
    let raw: FieldMap = fields.map(|(k, v)| (k.to_owned(), v.into())).into_iter().collect();
    let mut capture = house.incoming(LeadState::Received, to);
    capture.data.raw = raw;
    // As a capture keeps it.
    capture.data.normal.set("phone", json!("+15125550100"));
    capture.data.context = Context {
        ip: Some("203.0.113.7".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
        page_url: Some("https://form.example/solar".to_owned()),
        ..Context::default()
    };
    capture
}

async fn jane(house: &House, to: DestinationId) -> DeliveryId {
    house.store.capture(person(house, &[to])).await.unwrap().deliveries[0]
}

/// Waits for the state and compares the last verdict.
async fn ends(house: &House, vendor: &Vendor, delivery: DeliveryId, state: &str, verdict: &str) {
    house
        .until(&format!("{} {state}", vendor.connector), || async {
            let row = house.delivery(delivery).await;
            let moving = matches!(row.state.as_str(), "pending" | "in_flight");
            !moving && row.verdict.is_some()
        })
        .await;
    let row = house.delivery(delivery).await;
    let got = (row.state.as_str(), row.verdict.as_deref());
    let log = house.attempts(delivery).await;
    let last = log.last().map(|a| (&a.body.decided_by, String::from_utf8_lossy(&a.answer)));
    assert_eq!(got, (state, Some(verdict)), "{}: {last:?}", vendor.connector);
}

#[tokio::test]
async fn a_lead_is_taken_and_no_credential_is_shown() {
    let house = House::open().await;
    for vendor in &VENDORS {
        let to = place(&house, vendor, "yes", as_it_is, plain()).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, "accepted", "accepted").await;
        let shown = format!("{:?}", house.attempts(delivery).await);
        for secret in ["key-of-acme", "key-of-supplier", "pass-word", "vendor-key", "client-secret"]
        {
            assert!(!shown.contains(secret), "{}: {secret}", vendor.connector);
        }
    }
}

#[tokio::test]
async fn a_no_is_a_no_and_an_error_with_status_200_is_no_success() {
    let house = House::open().await;
    let outcomes = [Outcome::Rejected, Outcome::Duplicate, Outcome::Invalid];
    for vendor in &VENDORS {
        for (n, (says, outcome)) in vendor.says.iter().zip(outcomes).enumerate() {
            let Some(verdict) = says else { continue };
            let told = |script| as_it_is(VendorScript { outcome: Some(outcome), ..script });
            let to = place(&house, vendor, &format!("no{n}"), told, plain()).await;
            let delivery = jane(&house, to).await;
            ends(&house, vendor, delivery, "rejected", verdict).await;
            let status = house.attempts(delivery).await[0].body.status.unwrap();
            assert!((200..300).contains(&status), "{}: {status}", vendor.connector);
        }
    }
}

#[tokio::test]
async fn a_lead_that_comes_again_is_a_duplicate() {
    let house = House::open().await;
    for vendor in VENDORS.iter().filter(|v| v.says[1].is_some()) {
        let to = place(&house, vendor, "twice", as_it_is, plain()).await;
        let first = jane(&house, to).await;
        ends(&house, vendor, first, "accepted", "accepted").await;
        let second = jane(&house, to).await;
        ends(&house, vendor, second, "rejected", "duplicate").await;
    }
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_is_asked_again_unless_it_might_sell_twice() {
    let house = House::open().await;
    for vendor in &VENDORS {
        let silent = |script: VendorScript| {
            let fault = Some(Behaviour::Hang);
            as_it_is(VendorScript { fault_rate: 1.0, fault, ..script })
        };
        let quick = (json!({}), json!({"timeout_ms": 300}));
        let to = place(&house, vendor, "silent", silent, quick).await;
        let delivery = jane(&house, to).await;
        let verdict = if vendor.connector == "keyed" { "transient" } else { "unknown" };
        ends(&house, vendor, delivery, vendor.lost, verdict).await;
    }
}

#[tokio::test]
async fn a_vendor_that_fails_is_tried_again_and_then_another_gets_the_lead() {
    let house = House::open().await;
    let backup = house.destination("/backup", json!({"failover_only": true})).await;
    for vendor in &VENDORS {
        let later = |script| {
            let down = Behaviour::Reply(Reply::status(503).body("down"));
            Behaviour::Sequence(vec![down, as_it_is(script)])
        };
        let to = place(&house, vendor, "later", later, plain()).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, "retrying", "transient").await;
        house.clock.advance(MINUTE);
        house.until_state(delivery, "accepted").await;

        let down = |_| Behaviour::Reply(Reply::status(503).body("down"));
        let change = json!({"retry": {"schedule_ms": [0]}, "failover": backup});
        let to = place(&house, vendor, "down", down, (json!({}), change)).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, "failed", "transient").await;
        let over = house.deliveries_to(backup.uuid()).await.remove(0);
        assert_eq!(over.parent, Some(delivery), "{}", vendor.connector);
        house.until_state(over.id, "accepted").await;
    }
}

#[tokio::test]
async fn a_test_is_marked_as_each_vendor_wants_it() {
    let house = House::open().await;
    for vendor in VENDORS.iter().filter(|v| !v.test_mark.is_empty()) {
        let testing = (json!({"test_mode": true}), json!({}));
        let to = place(&house, vendor, "test", as_it_is, testing).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, vendor.tested, vendor.tested).await;
        let received = house.sandbox.received();
        let body = String::from_utf8_lossy(&received.last().unwrap().body).into_owned();
        assert!(body.contains(vendor.test_mark), "{}: {body}", vendor.connector);
    }
}

#[tokio::test]
async fn a_bid_is_asked_for_where_the_destination_wants_it() {
    let house = House::open().await;
    for vendor in &VENDORS[1..5] {
        let bidding = (json!({"ping_first": true}), json!({}));
        let to = place(&house, vendor, "bid", as_it_is, bidding).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, "accepted", "accepted").await;
        let attempt = house.attempts(delivery).await.remove(0);
        assert_eq!(attempt.body.steps.len(), 1, "{}", vendor.connector);
        let asked = attempt.body.steps[0].request.as_ref().unwrap();
        assert!(!asked.body.contains("Jane") && !asked.body.contains("jane@"), "{}", asked.body);
        let refusing = |script: VendorScript| as_it_is(VendorScript { accept_rate: 0.0, ..script });
        let bidding = (json!({"ping_first": true}), json!({}));
        let to = place(&house, vendor, "nobid", refusing, bidding).await;
        let delivery = jane(&house, to).await;
        ends(&house, vendor, delivery, "rejected", "rejected").await;
    }
}

#[tokio::test]
async fn a_queued_lead_is_asked_after_until_the_vendor_has_decided() {
    let house = House::open().await;
    let vendor = &VENDORS[0];
    let queueing =
        |script: VendorScript| as_it_is(VendorScript { live: false, polls: 2, ..script });
    let to = place(&house, vendor, "queue", queueing, plain()).await;
    let delivery = jane(&house, to).await;
    ends(&house, vendor, delivery, "queued", "queued").await;
    for asked in 1..=3 {
        house.clock.advance(10_000);
        house.until("asked", || async { house.delivery(delivery).await.asked == asked }).await;
    }
    let row = house.delivery(delivery).await;
    assert_eq!((row.state.as_str(), row.attempts), ("accepted", 1), "{:?}", row.note);
    assert!(row.answered.unwrap().values.contains_key("vendor_id"));
}

#[tokio::test]
async fn a_partial_lead_is_completed() {
    let house = House::open().await;
    for vendor in &VENDORS {
        let again = |script| as_it_is(VendorScript { duplicates: false, ..script });
        let settings = match vendor.connector {
            "leadbyte" => json!({"update_completed": true}),
            _ => json!({}),
        };
        let both = json!({"partials": "partial_and_complete"});
        let to = place(&house, vendor, "parts", again, (settings, both)).await;
        let key = vendor.name as u8 + 1;
        for (seq, partial) in [(1, true), (2, false)] {
            let mut capture = person(&house, &[to]);
            capture.partial = Some(PartialKey { key: [key; 16], seq, partial });
            if partial {
                capture.state = LeadState::Partial;
            }
            let delivery = house.store.capture(capture).await.unwrap().deliveries[0];
            ends(&house, vendor, delivery, "accepted", "accepted").await;
        }
        let prefix = format!("/{}-parts", vendor.connector);
        let received = house.sandbox.received();
        let sent: Vec<_> = received
            .iter()
            .filter(|r| r.path.starts_with(&prefix) && !r.path.ends_with("/token"))
            .collect();
        assert_eq!(sent.len(), 2, "{}", vendor.connector);
        let marked = |n: usize| String::from_utf8_lossy(&sent[n].body).contains("is_partial_lead");
        assert!(marked(0) && !marked(1), "{}", vendor.connector);
        let completing = if vendor.connector == "leadbyte" { "PUT" } else { "POST" };
        assert_eq!(sent[1].method, completing);
    }
}
