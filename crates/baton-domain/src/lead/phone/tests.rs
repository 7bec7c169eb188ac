use super::*;
use proptest::prelude::*;

#[test]
fn e164_of_what_people_type() {
    let check = |country: Option<&str>, raw: &str, expect: Option<&str>| {
        assert_eq!(to_e164(raw, country).as_deref(), expect, "{raw} in {country:?}");
    };
    let gb = Some("GB");
    check(gb, "07700 900123", Some("+447700900123"));
    check(gb, "+44 7700 900123", Some("+447700900123"));
    check(gb, "+44 (0)7700 900123", Some("+447700900123"));
    check(gb, "0044 7700 900123", Some("+447700900123"));
    check(gb, "447700900123", Some("+447700900123"));
    check(gb, "7700900123", Some("+447700900123"));
    check(gb, "tel:+44-7700-900123", Some("+447700900123"));
    check(gb, "\u{202A}+44 7700 900123\u{202C}", Some("+447700900123"));
    check(gb, "０７７００ ９００１２３", Some("+447700900123"));
    check(gb, "020 7946 0018 ext. 12", Some("+442079460018"));
    check(Some("gb"), "07700 900123", Some("+447700900123"));
    check(Some("US"), "(512) 555-0100", Some("+15125550100"));
    check(Some("US"), "1-512-555-0100", Some("+15125550100"));
    check(Some("US"), "512.555.0100 x99", Some("+15125550100"));
    check(Some("US"), "011 44 7700 900123", Some("+447700900123"));
    check(Some("US"), "0044 7700 900123", Some("+447700900123"));
    check(Some("US"), "+49 1512 3456789", Some("+4915123456789"));
    check(Some("CA"), "416 555 0123", Some("+14165550123"));
    check(Some("IT"), "06 1234 5678", Some("+390612345678"));
    check(Some("RU"), "8 800 555-35-35", Some("+78005553535"));
    check(Some("RU"), "+7 495 123-45-67", Some("+74951234567"));
    check(Some("AR"), "011 15-2345-6789", Some("+5491123456789"));
    check(Some("BR"), "(11) 96123-4567", Some("+5511961234567"));
    check(Some("DE"), "030 123456", Some("+4930123456"));
    check(Some("FR"), "06 31 96 65 43", Some("+33631966543"));
    check(None, "+1 512 555 0100", Some("+15125550100"));
    check(None, "00 44 7700 900123", Some("+447700900123"));
    check(None, "512 555 0100", None);
    check(Some("US"), "555-0100", None);
}

#[test]
fn numbers_that_are_not_possible_are_refused() {
    let check = |country: Option<&str>, raw: &str| {
        assert_eq!(read_phone(raw, country), None, "{raw} in {country:?}");
    };
    for raw in ["", " ", "+", "()", "call me", "12", "07700 900123 or 900124", "+44 7700 9a0123"] {
        check(Some("GB"), raw);
        check(None, raw);
    }
    check(Some("GB"), "07700 900123 4567");
    check(Some("GB"), "+999 123456789");
    check(Some("GB"), "+0 7700 900123");
    check(Some("US"), "512555010012");
    check(None, "1234567890123456");
    check(Some("GB"), &"0".repeat(PHONE_CHARS_MAX + 1));
}

#[test]
fn validity_and_kind_of_line_are_found() {
    let check = |raw: &str, country: Option<&str>, expect: (bool, &str, Option<&str>)| {
        let phone = read_phone(raw, country).unwrap();
        assert_eq!((phone.valid, phone.line, phone.country), expect, "{raw}");
    };
    check("+447912345678", None, (true, "mobile", Some("GB")));
    check("+44 20 7946 0018", None, (true, "fixed_line", Some("GB")));
    check("5128782491", Some("US"), (true, "fixed_line_or_mobile", Some("US")));
    check("+1 613 782 7274", None, (true, "fixed_line_or_mobile", Some("CA")));
    check("+1 345 949 2311", None, (true, "fixed_line", Some("KY")));
    check("+1 800 723 3456", None, (true, "toll_free", Some("US")));
    check("+800 1234 0000", None, (true, "toll_free", None));
    check("+39 06 1234 5678", None, (true, "fixed_line", Some("IT")));
    check("+1 123 456 7890", None, (false, "unknown", None));
    check("555-0100", Some("US"), (false, "unknown", None));
    check("512 555 0100", None, (false, "unknown", None));
}

#[test]
fn why_there_is_no_e164_is_said() {
    let check = |raw: &str, country: Option<&str>, expect: &str| {
        assert_eq!(read_phone(raw, country).unwrap().doubt, Some(expect), "{raw}");
    };
    check("555-0100", Some("US"), "area_code_missing");
    check("512 555 0100", None, "country_unknown");
    check("512 555 0100", Some("ZZ"), "country_unknown");
}

#[test]
fn extension_is_kept_apart() {
    let check = |raw: &str, expect: Option<&str>| {
        let phone = read_phone(raw, Some("GB")).unwrap();
        assert_eq!(phone.extension.as_deref(), expect, "{raw}");
    };
    check("020 7946 0018", None);
    check("020 7946 0018x12", Some("12"));
    check("020 7946 0018 #12", Some("12"));
    check("020 7946 0018 Extension: 1 2", Some("12"));
    check("+442079460018;ext=12", Some("12"));
}

#[test]
fn national_digits() {
    let check = |raw: &str, country: Option<&str>, expect: Option<&str>| {
        assert_eq!(to_national(raw, country).as_deref(), expect, "{raw}");
    };
    check("+447700900123", None, Some("07700900123"));
    check("+15125550100", None, Some("5125550100"));
    check("(512) 555-0100", Some("US"), Some("5125550100"));
    check("+33631966543", None, Some("0631966543"));
    check("+390612345678", None, Some("0612345678"));
    check("+5491123456789", None, Some("01115 23456789".replace(' ', "").as_str()));
    check("+4930123456", None, Some("030123456"));
    check("512 555 0100", None, None);
    check("nonsense", Some("GB"), None);
}

/// Every example number of the metadata: of each country, valid, and read back from both forms.
#[test]
fn example_numbers_of_all_countries_are_valid() {
    let mut checked = 0;
    for meta in phonenumber::metadata::DATABASE.iter().filter(|meta| meta.id() != "001") {
        let kinds = meta.descriptors();
        for example in [kinds.fixed_line(), kinds.mobile(), kinds.toll_free(), kinds.voip()] {
            let Some(national) = example.and_then(|descriptor| descriptor.example()) else {
                continue;
            };
            let whole = format!("+{}{national}", meta.country_code());
            let phone = read_phone(&whole, Some(meta.id())).unwrap();
            assert!(phone.valid, "{whole} of {}", meta.id());
            assert_eq!(phone.e164.as_deref(), Some(whole.as_str()));
            let dialled = to_national(&whole, None).unwrap();
            assert_eq!(to_e164(&dialled, Some(meta.id())), Some(whole), "{dialled} {}", meta.id());
            checked += 1;
        }
    }
    assert!(checked > 500, "only {checked} examples");
}

#[test]
fn debug_shows_no_number() {
    let phone = read_phone("07700 900123", Some("GB")).unwrap();
    assert!(!format!("{phone:?}").contains("900123"));
}

fn any_country() -> impl Strategy<Value = Option<String>> {
    let known: Vec<String> =
        phonenumber::metadata::DATABASE.iter().map(|meta| meta.id().to_owned()).collect();
    proptest::option::of(prop_oneof![9 => proptest::sample::select(known), 1 => "[A-Z]{2}"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reading_never_panics(raw in "\\PC{0,70}", country in any_country()) {
        let _ = to_national(&raw, country.as_deref());
    }

    #[test]
    fn e164_reads_back_as_itself(raw in "[+0]{0,2}[0-9 ()]{3,20}", country in any_country()) {
        if let Some(e164) = to_e164(&raw, country.as_deref()) {
            prop_assert_eq!(to_e164(&e164, country.as_deref()), Some(e164.clone()));
            prop_assert_eq!(to_e164(&e164, None), Some(e164));
        }
    }
}

#[test]
fn warming_up_changes_nothing_whatever_the_countries() {
    warm_up(["GB", "gb", "", "ZZ", "not a country"]);
    let read = read_phone("07700 900123", Some("GB")).unwrap();
    assert_eq!(read.e164.as_deref(), Some("+447700900123"));
}
