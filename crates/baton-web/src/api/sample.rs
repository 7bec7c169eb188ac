//! Leads to try destinations with: made up by a campaign's fields, or a real one.

use crate::auth::Access;
use crate::problem::{Code, Problem};
use baton_domain::config::{Campaign, Scope};
use baton_domain::id::LeadId;
use baton_domain::lead::schema::{CompiledSchema, FieldKind, FieldSpec};
use baton_domain::lead::validate::{Mode, validate};
use baton_domain::lead::{Context, LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_domain::probe::ProbeLead;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Which lead to try with.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleInput {
    /// A lead of the workspace; needs the scope `leads:read`. A made-up one when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub lead_id: Option<LeadId>,
    /// Values that replace those of the made-up lead.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub fields: Option<Map<String, Value>>,
}

/// The lead a caller chose, as a test.
///
/// # Errors
/// 403 without `leads:read` for a real lead, 404 when there is none of that id.
pub(super) async fn lead(
    access: &Access,
    campaign: Option<&Campaign>,
    input: SampleInput,
) -> Result<ProbeLead, Problem> {
    let Some(id) = input.lead_id else {
        return Ok(made_up(access, campaign, input.fields.unwrap_or_default()));
    };
    if access.lacks(&[Scope::LeadsRead]).is_some() {
        let detail = "trying with a real lead needs the scope `leads:read`";
        let scope = Scope::LeadsRead.as_str();
        return Err(Problem::new(Code::Forbidden, detail).with("scope", scope));
    }
    let row = access.workspace().lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    let version = row.data_version;
    let mut view = access.workspace().view(row, version);
    for (name, value) in input.fields.unwrap_or_default() {
        view.data.normal.0.shift_remove(&name);
        view.data.raw.set(name, value);
    }
    Ok(ProbeLead {
        id: view.id,
        data: view.data,
        state: view.state,
        status: view.status,
        score: view.score,
        source: view.source,
        campaign: view.campaign,
        created_at: view.created_at,
    })
}

fn made_up(
    access: &Access,
    campaign: Option<&Campaign>,
    replaced: Map<String, Value>,
) -> ProbeLead {
    let specs =
        campaign.map_or_else(baton_domain::lead::schema::default_fields, |c| c.fields.clone());
    let country = campaign.and_then(|c| c.country.as_deref());
    ProbeLead {
        id: access.store().new_id(),
        data: sample_data(&specs, country, replaced),
        state: LeadState::Received,
        status: "new".to_owned(),
        score: None,
        source: "Sample".to_owned(),
        campaign: campaign.map_or_else(|| "SAMPLE".to_owned(), |c| c.reference.clone()),
        created_at: access.store().now(),
    }
}

fn sample_data(
    specs: &[FieldSpec],
    country: Option<&str>,
    replaced: Map<String, Value>,
) -> LeadData {
    let mut raw: FieldMap =
        specs.iter().map(|spec| (spec.name.clone(), sample_value(spec, country))).collect();
    for (name, value) in replaced {
        raw.set(name, value);
    }
    // Values that do not pass are sent as they are: the test is of the receiver, not of the schema.
    let validated = CompiledSchema::compile(specs)
        .ok()
        .and_then(|schema| validate(&schema, country, &raw, Mode::Partial).ok())
        .unwrap_or_default();
    let context = Context {
        // Reserved for documentation: RFC 5737 and RFC 2606.
        ip: Some("192.0.2.10".to_owned()),
        user_agent: Some("Baton test".to_owned()),
        page_url: Some("https://example.com/form".to_owned()),
        ..Context::default()
    };
    LeadData {
        raw,
        normal: validated.normal,
        notes: validated.notes,
        context,
        ..LeadData::default()
    }
}

/// What is filled in for a country: values that belong together, and to nobody. Phone numbers are
/// those set aside for fiction: by Ofcom, the North American numbering plan, ACMA, BNetzA, Arcep.
struct Place {
    country: &'static str,
    phone: &'static str,
    postcode: &'static str,
    state: &'static str,
    city: &'static str,
}

/// The first is taken where there is no country.
const PLACES: [Place; 6] = [
    place("US", "+1 202-555-0123", "78701", "TX", "Austin"),
    place("GB", "07700 900123", "SW1A 1AA", "Greater London", "London"),
    place("CA", "+1 613-555-0123", "K1A 0B1", "ON", "Ottawa"),
    place("AU", "0491 570 006", "2000", "NSW", "Sydney"),
    place("DE", "030 23125 001", "10115", "Berlin", "Berlin"),
    place("FR", "06 39 98 00 01", "75001", "Île-de-France", "Paris"),
];
/// Of a country that is not among them. Its phone number names its own country.
const ELSEWHERE: Place = place("", "+1 202-555-0123", "10000", "Sample", "Sample");

const fn place(
    country: &'static str,
    phone: &'static str,
    postcode: &'static str,
    state: &'static str,
    city: &'static str,
) -> Place {
    Place { country, phone, postcode, state, city }
}

impl Place {
    fn of(country: Option<&str>) -> &'static Self {
        let wanted = country.unwrap_or(PLACES[0].country);
        PLACES.iter().find(|p| p.country.eq_ignore_ascii_case(wanted)).unwrap_or(&ELSEWHERE)
    }
}

/// A value that a field takes, and that is nobody's.
pub(crate) fn sample_value(spec: &FieldSpec, country: Option<&str>) -> Value {
    let place = Place::of(country);
    match spec.kind {
        FieldKind::Email => json!("jane.doe@example.com"),
        FieldKind::Phone => json!(place.phone),
        FieldKind::Number => json!("12.50"),
        FieldKind::Integer => json!(42),
        FieldKind::Boolean | FieldKind::Consent => json!(true),
        FieldKind::Date => json!("1985-04-12"),
        FieldKind::Choice => spec.choices.first().map_or(Value::Null, |c| json!(c)),
        FieldKind::Postcode => json!(place.postcode),
        FieldKind::Country => json!(country.unwrap_or(PLACES[0].country)),
        FieldKind::State => json!(place.state),
        FieldKind::Url => json!("https://example.com/"),
        FieldKind::Text => json!(sample_text(&spec.name, place)),
    }
}

fn sample_text(name: &str, place: &Place) -> &'static str {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        n if n.contains("first") => "Jane",
        n if n.contains("last") || n.contains("surname") => "Doe",
        n if n.contains("name") => "Jane Doe",
        n if n.contains("city") || n.contains("town") => place.city,
        n if ["state", "county", "province", "region"].contains(&n) => place.state,
        n if n.contains("zip") || n.contains("postcode") || n.contains("postal") => place.postcode,
        n if n.contains("street") || n.contains("address") => "1 Example Street",
        _ => "Sample",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_field_gets_a_value_of_its_kind() {
        use FieldKind as K;
        let kinds = [
            K::Text,
            K::Email,
            K::Phone,
            K::Number,
            K::Integer,
            K::Boolean,
            K::Date,
            K::Choice,
            K::Postcode,
            K::Country,
            K::State,
            K::Url,
            K::Consent,
        ];
        let places = PLACES.iter().map(|p| Some(p.country));
        for country in places.chain([None, Some("gb"), Some("NL"), Some("JP")]) {
            for (at, kind) in kinds.into_iter().enumerate() {
                let mut spec = FieldSpec::new(&format!("f{at}"), kind);
                spec.required = true;
                if kind == K::Choice {
                    spec.choices = vec!["yes".to_owned()];
                }
                let data = sample_data(std::slice::from_ref(&spec), country, Map::new());
                let schema = CompiledSchema::compile(&[spec]).unwrap();
                let checked = validate(&schema, country, &data.raw, Mode::Complete);
                assert!(checked.is_ok(), "{kind:?} {country:?} {checked:?}");
            }
        }
    }

    #[test]
    fn values_fit_the_country() {
        use FieldKind as K;
        let specs: Vec<FieldSpec> = [
            ("phone", K::Phone),
            ("postcode", K::Postcode),
            ("state", K::State),
            ("city", K::Text),
            ("county", K::Text),
        ]
        .map(|(name, kind)| FieldSpec::new(name, kind))
        .into();
        let check = |country: Option<&str>, expect: [&str; 5]| {
            let fields = sample_data(&specs, country, Map::new()).fields();
            let got = ["phone", "postcode", "state", "city", "county"].map(|n| fields.text(n));
            assert_eq!(got, expect.map(|text| Some(text.to_owned())), "{country:?}");
        };
        let london = "Greater London";
        check(Some("GB"), ["+447700900123", "SW1A 1AA", london, "London", london]);
        check(Some("US"), ["+12025550123", "78701", "TX", "Austin", "TX"]);
        check(None, ["+12025550123", "78701", "TX", "Austin", "TX"]);
        check(Some("CA"), ["+16135550123", "K1A 0B1", "ON", "Ottawa", "ON"]);
        check(Some("DE"), ["+493023125001", "10115", "Berlin", "Berlin", "Berlin"]);
        check(Some("FR"), ["+33639980001", "75001", "Île-de-France", "Paris", "Île-de-France"]);
        check(Some("AU"), ["+61491570006", "2000", "NSW", "Sydney", "NSW"]);
    }

    #[test]
    fn given_values_replace_made_up_ones() {
        let specs = baton_domain::lead::schema::default_fields();
        let given = json!({"email": "me@example.org", "extra": 1});
        let data = sample_data(&specs, None, given.as_object().unwrap().clone());
        assert_eq!(data.fields().text("email").as_deref(), Some("me@example.org"));
        assert_eq!(data.fields().text("extra").as_deref(), Some("1"));
        assert_eq!(data.fields().text("phone").as_deref(), Some("+12025550123"));
    }
}
