//! People who do not exist: the same number always gives the same person. Addresses are at
//! example.com and its kin (RFC 2606), numbers are from the ranges kept for drama (Ofcom's 07700
//! 900xxx, the North American 555-01xx).

use serde_json::{Map, Value, json};

const FIRST: [&str; 24] = [
    "Ada", "Bilal", "Chloe", "Dev", "Erin", "Farah", "George", "Hannah", "Isaac", "Jo", "Kofi",
    "Leila", "Martin", "Nia", "Oscar", "Priya", "Quentin", "Rosa", "Sam", "Tara", "Uma", "Victor",
    "Wen", "Zoë",
];
const LAST: [&str; 23] = [
    "Abbott", "Bell", "Carter", "Das", "Evans", "Fischer", "Grant", "Hughes", "Iqbal", "Jones",
    "Khan", "Lopez", "Mason", "Novak", "O'Brien", "Patel", "Reid", "Singh", "Taylor", "Usman",
    "Vance", "Walsh", "Young",
];
const POSTCODES: [&str; 7] =
    ["SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "EH1 1YZ", "CF10 1DD", "LS1 4AP"];
const US_PLACES: [(&str, &str); 6] = [
    ("TX", "78701"),
    ("California", "90210"),
    ("NY", "10001"),
    ("FL", "33101"),
    ("ohio", "43004"),
    ("WA", "98101"),
];
const HOSTS: [&str; 3] = ["example.com", "example.net", "example.org"];
const UTM: [(&str, &str); 4] =
    [("google", "cpc"), ("facebook", "paid"), ("bing", "cpc"), ("newsletter", "email")];

/// Spreads neighbouring numbers (the finaliser of splitmix64).
fn mix(n: u64, salt: u64) -> u64 {
    let mut z = n.wrapping_add(salt.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn pick<T: Copy>(of: &[T], n: u64, salt: u64) -> T {
    let at = mix(n, salt) % of.len() as u64;
    of[usize::try_from(at).unwrap_or_default()]
}

/// What person `n` enters into a form of the campaign with that reference.
pub(super) fn person(reference: &str, n: u64) -> Map<String, Value> {
    let (first, last) = (pick(&FIRST, n, 1), pick(&LAST, n, 2));
    let plain: String = last.chars().filter(char::is_ascii_alphabetic).collect();
    let name = if first.is_ascii() { first } else { "zoe" };
    let email = format!("{name}.{plain}{n}@{}", pick(&HOSTS, n, 3)).to_lowercase();
    let (source, medium) = pick(&UTM, n, 4);
    let mut lead = Map::new();
    let mut put = |key: &str, value: Value| lead.insert(key.to_owned(), value);
    put("email", email.into());
    put("first_name", first.into());
    put("last_name", last.into());
    put("utm_source", source.into());
    put("utm_medium", medium.into());
    put("ip_address", format!("203.0.113.{}", mix(n, 5) % 254 + 1).into());
    put("user_agent", "Mozilla/5.0 (demo)".into());
    if reference == "HOME-US" {
        let (state, zip) = pick(&US_PLACES, n, 6);
        put("phone", format!("(212) 555-01{:02}", mix(n, 7) % 100).into());
        put("state", state.into());
        put("zip", zip.into());
        put("own_home", json!(!mix(n, 8).is_multiple_of(3)));
        put("page_url", "https://insure.example.com/quote".into());
    } else {
        put("phone", format!("07700 900{:03}", mix(n, 7) % 1_000).into());
        put("postcode", pick(&POSTCODES, n, 6).into());
        put("page_url", "https://compare.example.com/start".into());
        put("consent_text", "I agree to be called about my request.".into());
    }
    match reference {
        "SOLAR-UK" => {
            put("roof", pick(&["pitched", "flat", "not sure"], n, 9).into());
        }
        "LOANS-UK" => {
            put("amount", json!(500 + mix(n, 9) % 90 * 500));
        }
        _ => {}
    }
    lead
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_number_is_one_person_and_another_number_another() {
        let emails: HashSet<String> = (0..1_000)
            .map(|n| person("SOLAR-UK", n)["email"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(emails.len(), 1_000);
        assert_eq!(person("HOME-US", 7), person("HOME-US", 7));
    }
}
