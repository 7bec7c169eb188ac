//! The reserved keys of a body.

use super::Claims;

/// Click ids of advertising networks and what their scripts put beside them.
const CLICK_IDS: [&str; 19] = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "gclsrc",
    "fbclid",
    "fbc",
    "fbp",
    "_fbc",
    "_fbp",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "rdt_cid",
    "sccid",
    "epik",
    "yclid",
    "irclickid",
];

/// What a key is for.
pub(super) enum Key {
    Field,
    /// A context value with a place of its own.
    Text(TextKey),
    /// Another name of such a value.
    Alias(TextKey),
    /// A context value kept under its own name.
    Tracking,
    Control(ControlKey),
}

#[derive(Clone, Copy)]
pub(super) enum TextKey {
    IpAddress,
    UserAgent,
    PageUrl,
    Referrer,
    LandingPage,
    ConsentText,
    TrustedFormCertUrl,
    JornayaLeadId,
    OptinAt,
}

#[derive(Clone, Copy)]
pub(super) enum ControlKey {
    Campaign,
    Test,
    Partial,
    LeadKey,
    Seq,
}

impl TextKey {
    pub(super) fn slot(self, claims: &mut Claims) -> &mut Option<String> {
        match self {
            Self::IpAddress => &mut claims.ip_address,
            Self::UserAgent => &mut claims.user_agent,
            Self::PageUrl => &mut claims.page_url,
            Self::Referrer => &mut claims.referrer,
            Self::LandingPage => &mut claims.landing_page,
            Self::ConsentText => &mut claims.consent_text,
            Self::TrustedFormCertUrl => &mut claims.trustedform_cert_url,
            Self::JornayaLeadId => &mut claims.jornaya_leadid,
            Self::OptinAt => &mut claims.optin_at,
        }
    }
}

impl Key {
    /// `in_context`: whether the key stands in the object `context`, where the stored context's
    /// own name for the address is understood too.
    pub(super) fn of(key: &str, in_context: bool) -> Self {
        match key {
            "campaign" => Self::Control(ControlKey::Campaign),
            "test" => Self::Control(ControlKey::Test),
            "partial" => Self::Control(ControlKey::Partial),
            "lead_key" => Self::Control(ControlKey::LeadKey),
            "seq" => Self::Control(ControlKey::Seq),
            "ip_address" => Self::Text(TextKey::IpAddress),
            "ip" if in_context => Self::Alias(TextKey::IpAddress),
            "user_agent" => Self::Text(TextKey::UserAgent),
            "page_url" => Self::Text(TextKey::PageUrl),
            "referrer" => Self::Text(TextKey::Referrer),
            "landing_page" => Self::Text(TextKey::LandingPage),
            "consent_text" => Self::Text(TextKey::ConsentText),
            "trustedform_cert_url" => Self::Text(TextKey::TrustedFormCertUrl),
            // The names of the hidden inputs that the vendors' scripts fill.
            "universal_leadid" | "leadid_token" => Self::Alias(TextKey::JornayaLeadId),
            "jornaya_leadid" => Self::Text(TextKey::JornayaLeadId),
            "optin_at" => Self::Text(TextKey::OptinAt),
            _ if key.eq_ignore_ascii_case("xxTrustedFormCertUrl") => {
                Self::Alias(TextKey::TrustedFormCertUrl)
            }
            _ if key.starts_with("utm_") || key.starts_with("sub_id") => Self::Tracking,
            _ if CLICK_IDS.contains(&key) => Self::Tracking,
            _ => Self::Field,
        }
    }
}

/// Whether a key of a capture's body is reserved, so that no field can have that name.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    matches!(key, "fields" | "context") || !matches!(Key::of(key, false), Key::Field)
}
