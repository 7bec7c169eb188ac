//! States of the United States and provinces of Canada: names and postal codes.
//!
//! Source: USPS Publication 28, appendix B, and Canada Post's addressing guidelines; the codes are
//! also the second half of ISO 3166-2:US and ISO 3166-2:CA.

/// USPS code and name of the 50 states, the District of Columbia, the territories, the freely
/// associated states and the military "states".
const US: [(&str, &str); 62] = [
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AS", "American Samoa"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FM", "Federated States of Micronesia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("GU", "Guam"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MH", "Marshall Islands"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("MP", "Northern Mariana Islands"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PW", "Palau"),
    ("PA", "Pennsylvania"),
    ("PR", "Puerto Rico"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VI", "Virgin Islands"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
    ("AA", "Armed Forces Americas"),
    ("AE", "Armed Forces Europe"),
    ("AP", "Armed Forces Pacific"),
];

/// Other names people write, beside those of [`US`].
const US_ALIASES: [(&str, &str); 5] = [
    ("DC", "Washington DC"),
    ("DC", "Washington D.C."),
    ("DC", "D.C."),
    ("VI", "US Virgin Islands"),
    ("VI", "U.S. Virgin Islands"),
];

/// Canada Post code and English name of the provinces and territories.
const CANADA: [(&str, &str); 13] = [
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

/// Other names and codes people write, beside those of [`CANADA`].
const CANADA_ALIASES: [(&str, &str); 5] = [
    ("NL", "Newfoundland"),
    ("NL", "Newfoundland & Labrador"),
    ("PE", "PEI"),
    ("QC", "Québec"),
    ("YT", "Yukon Territory"),
];

/// The two-letter code of a US state or territory, from its name or its code, in any case and with
/// any spacing (`new  york`, `ny`). `None` when it is neither.
#[must_use]
pub fn us_state_code(name: &str) -> Option<&'static str> {
    find_code(name, &US, &US_ALIASES)
}

/// The name of a US state or territory, from its code or its name, in any case.
#[must_use]
pub fn us_state_name(code: &str) -> Option<&'static str> {
    let code = us_state_code(code)?;
    US.iter().find(|(c, _)| *c == code).map(|(_, name)| *name)
}

/// The two-letter code of a Canadian province or territory, from its name or its code, in any case
/// and with any spacing.
#[must_use]
pub fn canadian_province_code(name: &str) -> Option<&'static str> {
    find_code(name, &CANADA, &CANADA_ALIASES)
}

/// The name of a Canadian province or territory, from its code or its name, in any case.
#[must_use]
pub fn canadian_province_name(code: &str) -> Option<&'static str> {
    let code = canadian_province_code(code)?;
    CANADA.iter().find(|(c, _)| *c == code).map(|(_, name)| *name)
}

fn find_code(
    text: &str,
    table: &[(&'static str, &'static str)],
    aliases: &[(&'static str, &'static str)],
) -> Option<&'static str> {
    table
        .iter()
        .chain(aliases)
        .find(|(code, name)| code.eq_ignore_ascii_case(text.trim()) || same_words(name, text))
        .map(|(code, _)| *code)
}

/// Whether two texts have the same words, whatever their case and the space around them.
fn same_words(a: &str, b: &str) -> bool {
    let mut left = a.split_whitespace();
    let mut right = b.split_whitespace();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(l), Some(r)) if l.to_lowercase() == r.to_lowercase() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn us_names_and_codes_lead_to_each_other() {
        for (code, name) in US {
            assert_eq!(us_state_code(name), Some(code));
            assert_eq!(us_state_code(code), Some(code));
            assert_eq!(us_state_name(code), Some(name));
            assert_eq!(us_state_name(&name.to_uppercase()), Some(name));
        }
        assert_eq!(US.iter().map(|(c, _)| c).collect::<BTreeSet<_>>().len(), US.len());
    }

    #[test]
    fn us_state_is_found_however_it_is_written() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(us_state_code(input), expect, "{input}");
        };
        check("Texas", Some("TX"));
        check(" texas ", Some("TX"));
        check("tx", Some("TX"));
        check("NEW   york", Some("NY"));
        check("Washington", Some("WA"));
        check("washington d.c.", Some("DC"));
        check("U.S. Virgin Islands", Some("VI"));
        check("west virginia", Some("WV"));
        check("", None);
        check("Ontario", None);
        check("T X", None);
        check("Texa", None);
    }

    #[test]
    fn canadian_provinces() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(canadian_province_code(input), expect, "{input}");
        };
        for (code, name) in CANADA {
            check(code, Some(code));
            check(name, Some(code));
            assert_eq!(canadian_province_name(code), Some(name));
        }
        check("QUÉBEC", Some("QC"));
        check("newfoundland", Some("NL"));
        check("Texas", None);
        check("", None);
    }
}
