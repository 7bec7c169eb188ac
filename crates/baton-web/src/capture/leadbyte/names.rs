//! LeadByte's names and ours.
//!
//! A name the campaign's schema has stays as it is. Otherwise it is compared without case and
//! punctuation (`First_Name`, `Phone_1` are seen in the wild) with the schema's names, then with
//! LeadByte's stock names. What is still unknown is kept under the name it came with.

use baton_domain::lead::body::is_reserved;
use baton_domain::lead::schema::FieldSpec;
use baton_domain::lead::words::yes_or_no;
use baton_domain::personal::scalar_text;
use serde_json::{Map, Value};

/// LeadByte's stock names (`reference/integrations.md` 1.1) and what campaigns call the same.
const FIELDS: [(&str, &[&str]); 9] = [
    ("firstname", &["first_name", "fname", "given_name"]),
    ("lastname", &["last_name", "lname", "surname", "family_name"]),
    ("phone1", &["phone", "phone_number", "mobile", "telephone"]),
    ("phone2", &["phone_2", "alternate_phone", "home_phone"]),
    ("street1", &["address", "address1", "address_1", "street", "street_address"]),
    ("towncity", &["city", "town"]),
    ("county", &["state", "region", "province"]),
    ("postcode", &["zip", "zip_code", "zipcode", "postal_code"]),
    ("dob", &["date_of_birth", "birth_date", "birthdate", "birthday"]),
];
/// LeadByte's names of what is not a field here.
const RESERVED: [(&str, &str); 4] = [
    ("ipaddress", "ip_address"),
    ("useragent", "user_agent"),
    ("optinurl", "page_url"),
    ("optindate", "optin_at"),
];

/// A lead under our names.
#[derive(Clone)]
pub(super) struct Translated {
    pub lead: Map<String, Value>,
    /// Our name and the caller's, where they differ.
    renamed: Vec<(String, String)>,
}

impl Translated {
    /// The caller's name of a field; ours when it did not come.
    pub(super) fn as_sent<'a>(&'a self, ours: &'a str) -> &'a str {
        self.renamed.iter().find(|(to, _)| to == ours).map_or(ours, |(_, sent)| sent.as_str())
    }
}

/// Puts a lead under our names. A name that is taken already is not taken twice: the value then
/// stays under the name it came with.
pub(super) fn translate(schema: &[FieldSpec], sent: Map<String, Value>) -> Translated {
    let mut lead = Map::new();
    let mut renamed = Vec::new();
    let taken: Vec<String> = sent.keys().cloned().collect();
    for (name, value) in sent {
        if plain(&name) == "testmode" {
            let is_test = scalar_text(&value).and_then(|text| yes_or_no(&text)) == Some(true);
            if is_test {
                lead.insert("test".to_owned(), Value::Bool(true));
            }
            continue;
        }
        let ours = our_name(schema, &name)
            .filter(|ours| !taken.iter().any(|t| t == ours) && !lead.contains_key(*ours));
        match ours {
            Some(ours) => {
                renamed.push((ours.to_owned(), name));
                lead.insert(ours.to_owned(), value);
            }
            None => {
                lead.insert(name, value);
            }
        }
    }
    Translated { lead, renamed }
}

/// Our name of a caller's name, where it is another.
fn our_name<'a>(schema: &'a [FieldSpec], name: &str) -> Option<&'a str> {
    let has = |wanted: &str| schema.iter().find(|f| f.name == wanted).map(|f| f.name.as_str());
    if has(name).is_some() || is_reserved(name) {
        return None;
    }
    let plain_name = plain(name);
    let alike = schema.iter().find(|f| plain(&f.name) == plain_name).map(|f| f.name.as_str());
    let stock = || {
        let (_, ours) = FIELDS.iter().find(|(theirs, _)| *theirs == plain_name)?;
        ours.iter().find_map(|ours| has(ours))
    };
    let reserved =
        || RESERVED.iter().find(|(theirs, _)| *theirs == plain_name).map(|(_, ours)| *ours);
    alike.or_else(stock).or_else(reserved)
}

/// A name without case and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::lead::schema::{FieldKind, default_fields};
    use serde_json::json;

    #[track_caller]
    fn check(schema: &[FieldSpec], sent: Value, expect: Value) {
        let Value::Object(sent) = sent else { panic!("an object is expected") };
        assert_eq!(Value::Object(translate(schema, sent).lead), expect);
    }

    #[test]
    fn stock_names_become_the_schemas() {
        check(
            &default_fields(),
            json!({"firstname": "J", "lastname": "S", "phone1": "1", "email": "e", "phone2": "2",
                   "ipaddress": "203.0.113.7", "optinurl": "https://a", "optindate": "2026-01-28",
                   "source": "fb", "c1": "x", "data12": "y"}),
            json!({"first_name": "J", "last_name": "S", "phone": "1", "email": "e", "phone2": "2",
                   "ip_address": "203.0.113.7", "page_url": "https://a", "optin_at": "2026-01-28",
                   "source": "fb", "c1": "x", "data12": "y"}),
        );
    }

    #[test]
    fn names_the_schema_has_stay() {
        let schema =
            ["firstname", "phone1", "optinurl"].map(|n| FieldSpec::new(n, FieldKind::Text));
        let sent = json!({"firstname": "J", "phone1": "1", "optinurl": "u", "towncity": "Leeds"});
        check(&schema, sent.clone(), sent);
    }

    #[test]
    fn labels_are_understood_and_names_that_are_taken_are_not_taken_twice() {
        check(
            &default_fields(),
            json!({"Email": "e", "First_Name": "J", "Phone_1": "1", "IP_Address": "i",
                   "Opt-in_Date": "d"}),
            json!({"email": "e", "first_name": "J", "phone": "1", "ip_address": "i",
                   "optin_at": "d"}),
        );
        check(
            &default_fields(),
            json!({"phone1": "1", "phone": "2"}),
            json!({"phone1": "1", "phone": "2"}),
        );
    }

    #[test]
    fn testmode_is_a_test_only_when_it_says_yes() {
        check(&default_fields(), json!({"testmode": "yes"}), json!({"test": true}));
        check(&default_fields(), json!({"testmode": "no"}), json!({}));
        check(&default_fields(), json!({"testmode": "live"}), json!({}));
    }
}
