use super::{Ask, notes, with};
use crate::peer::sandbox;
use baton_domain::secret::Secret;
use serde_json::{Value, json};

const API: &str = "/boberdoo/new_api/api.php";
const PING: &str =
    "Key=K&API_Action=pingPostLead&Format=JSON&Mode=ping&TYPE=31&SRC=Funnel1&Zip=78701";
const FULL: &str = "Key=K&API_Action=pingPostLead&Format=JSON&Mode=full&TYPE=31&SRC=Funnel1\
                    &Email=jane%40example.com&Phone=5125550100";

fn form(query: &str, body: &str) -> Ask {
    Ask::form(&format!("{API}?{query}"), body)
}

fn matched(id: u64, price: Option<&str>) -> String {
    let mut response = json!({"status": "Matched", "lead_id": id.to_string()});
    if let Some(price) = price {
        response = with(response, json!({"price": price}));
    }
    json!({"response": response}).to_string()
}

fn unmatched(id: u64) -> String {
    json!({"response": {"status": "Unmatched", "lead_id": id.to_string()}}).to_string()
}

fn error(text: &str) -> String {
    json!({"response": {"status": "Error", "error": text}}).to_string()
}

fn missing(name: &str) -> String {
    format!("Insert Error #8: Required value for field \"{name}\" missing")
}

#[tokio::test]
async fn a_post_follows_its_ping() {
    let sandbox = sandbox().await;
    let best = format!("{PING}&Return_Best_Price=1");
    form("prices=6.66", &best).expect_json(&sandbox, 200, &matched(21_777_961, Some("6.66"))).await;
    form("", PING).expect_json(&sandbox, 200, &matched(21_777_962, None)).await;
    form("accept_rate=0", PING).expect_json(&sandbox, 200, &unmatched(21_777_963)).await;
    let post = FULL.replace("Mode=full", "Mode=post");
    let known = format!("{post}&Lead_ID=21777961");
    form("", &known).expect_json(&sandbox, 200, &matched(21_777_961, Some("6.66"))).await;
    form("", &known).expect_json(&sandbox, 200, &error("Duplicate Lead")).await;
    let no_ping = error("Insert Error #4: NO VALID PING MATCHES FOUND");
    for id in ["21777963", "1"] {
        form("", &format!("{post}&Lead_ID={id}")).expect_json(&sandbox, 200, &no_ping).await;
    }
    form("", &post).expect_json(&sandbox, 200, &error(&missing("Lead_ID"))).await;
    assert_eq!(notes(&sandbox)[..4], ["accepted", "accepted", "rejected", "accepted"]);
}

#[tokio::test]
async fn both_in_one_has_every_answer() {
    let sandbox = sandbox().await;
    form("", FULL).expect_json(&sandbox, 200, &matched(21_777_961, Some("25.00"))).await;
    form("", FULL).expect_json(&sandbox, 200, &error("Duplicate Lead")).await;
    for (query, expect) in [
        ("outcome=rejected", unmatched(21_777_963)),
        ("outcome=invalid", error(&missing("Email"))),
        ("outcome=auth_or_config", error("Invalid Key")),
        ("outcome=duplicate&reason=Known", error("Known")),
    ] {
        form(query, FULL).expect_json(&sandbox, 200, &expect).await;
    }
    let hidden = r#"{"response":{"status":"Success","lead_id":"21777967"}}"#;
    form("hidden=1&outcome=rejected", FULL).expect_json(&sandbox, 200, hidden).await;
    form("outcome=transient", FULL).expect(&sandbox, 503, "Service Unavailable\n").await;
    let test = form("Test_Lead=1&accept_rate=0", FULL);
    test.expect_json(&sandbox, 200, &matched(21_777_969, Some("25.00"))).await;
    let test = form("accept_rate=0", &format!("{FULL}&Test_Lead=1"));
    test.expect_json(&sandbox, 200, &matched(21_777_970, Some("25.00"))).await;
    let old = FULL.replace("pingPostLead", "submitLead").replace("&Mode=full", "");
    form("duplicates=0", &old)
        .expect_json(&sandbox, 200, &matched(21_777_971, Some("25.00")))
        .await;
}

#[tokio::test]
async fn xml_is_the_default() {
    let sandbox = sandbox().await;
    let plain = FULL.replace("&Format=JSON", "");
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let sold = "<response><status>Matched</status><lead_id>21777961</lead_id><price>25.00</price></response>";
    form("", &plain).expect(&sandbox, 200, &format!("{head}{sold}")).await;
    let no = "<response><status>Unmatched</status><lead_id>21777962</lead_id></response>";
    form("outcome=rejected", &plain).expect(&sandbox, 200, &format!("{head}{no}")).await;
    let without = plain.replace("&SRC=Funnel1", "");
    let one = "<response><status>Error</status><error>Insert Error #8: Required value for field \
               &quot;SRC&quot; missing</error></response>";
    form("", &without).expect(&sandbox, 200, &format!("{head}{one}")).await;
    let without = without.replace("&TYPE=31", "");
    let two = "<response><errors><error>Insert Error #8: Required value for field &quot;TYPE&quot; missing\
               </error><error>Insert Error #8: Required value for field &quot;SRC&quot; missing</error></errors></response>";
    form("", &without).expect(&sandbox, 200, &format!("{head}{two}")).await;
    let twice = form("escaped=1&outcome=rejected", &plain).send(&sandbox).await;
    assert!(twice.body().starts_with(b"&lt;?xml "), "{:?}", twice.body());
    assert_eq!(twice.headers()["content-type"], "text/xml; charset=utf-8");
}

fn in_json(members: Value) -> Ask {
    let own =
        json!({"Key": "K", "API_Action": "pingPostLead", "Mode": "full", "TYPE": "31", "SRC": "F"});
    Ask::json("POST", "/boberdoo/apiJSON.php", &json!({"Request": with(own, members)}))
}

#[tokio::test]
async fn json_and_xml_requests_are_read() {
    let sandbox = sandbox().await;
    in_json(json!({})).expect_json(&sandbox, 200, &matched(21_777_961, Some("25.00"))).await;
    let xml = Ask::xml(
        "POST",
        "/boberdoo/apiXML.php",
        "<Request><Key>K</Key><API_Action>pingPostLead</API_Action><Format>json</Format>\
         <Mode>full</Mode><TYPE>31</TYPE><SRC>F</SRC></Request>",
    );
    xml.expect_json(&sandbox, 200, &matched(21_777_962, Some("25.00"))).await;
    let by_query = Ask::new("GET", &format!("{API}?{FULL}"));
    by_query.expect_json(&sandbox, 200, &matched(21_777_963, Some("25.00"))).await;
}

#[tokio::test]
async fn what_is_not_as_documented_is_refused() {
    let sandbox = sandbox().await;
    sandbox.set_secret("/boberdoo/*", Secret::new("K")).unwrap();
    for (changes, text) in [
        (json!({"Key": null}), missing("Key")),
        (json!({"API_Action": null}), missing("API_Action")),
        (json!({"Mode": null}), missing("Mode")),
        (json!({"TYPE": null}), missing("TYPE")),
        (json!({"SRC": ""}), missing("SRC")),
        (json!({"SRC": null, "src": "F"}), missing("SRC")),
        (json!({"Key": "wrong"}), "Invalid Key".to_owned()),
        (json!({"API_Action": "sell"}), "Invalid value for field \"API_Action\"".to_owned()),
        (json!({"Mode": "Ping"}), "Invalid value for field \"Mode\"".to_owned()),
        (json!({"TYPE": "solar"}), "Invalid value for field \"TYPE\"".to_owned()),
    ] {
        in_json(changes).expect_json(&sandbox, 200, &error(&text)).await;
    }
    let several = json!({"response": {"errors": {"error": [missing("TYPE"), missing("SRC")]}}});
    let two = in_json(json!({"TYPE": null, "SRC": null}));
    two.expect_json(&sandbox, 200, &several.to_string()).await;
    let unreadable = error("Invalid request");
    let bare = Ask::json("POST", "/boberdoo/apiJSON.php", &json!({"Key": "K"}));
    bare.expect_json(&sandbox, 200, &unreadable).await;
    in_json(json!({}))
        .header("content-type", "text/plain")
        .expect_json(&sandbox, 200, &unreadable)
        .await;
    let required = form("required=Zip", FULL);
    required.expect_json(&sandbox, 200, &error(&missing("Zip"))).await;
    assert_eq!(Ask::new("PUT", API).send(&sandbox).await.status().as_u16(), 405);
}
