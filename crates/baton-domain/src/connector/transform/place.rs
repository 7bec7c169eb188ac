use crate::lead::{phone, states};

pub(super) fn e164(text: &str, country: Option<&str>) -> Option<String> {
    phone::to_e164(text, country)
}

pub(super) fn national(text: &str, country: Option<&str>) -> Option<String> {
    phone::to_national(text, country)
}

pub(super) fn state_code(text: &str) -> Option<String> {
    states::us_state_code(text).map(str::to_owned)
}

pub(super) fn state_name(text: &str) -> Option<String> {
    states::us_state_name(text).map(str::to_owned)
}
