//! `/api/v1/campaigns/check`: what fields that need not be saved make of a sample.

use super::Strict;
use crate::api::answer;
use crate::api::input::{Body, Faults};
use crate::auth::{Permit, scopes};
use crate::problem::Problem;
use axum::response::Response;
use baton_domain::lead::countries::country_code;
use baton_domain::lead::schema::{CompiledSchema, FieldSpec, check_schema};
use baton_domain::lead::validate::{Mode, validate};
use baton_domain::personal::FieldMap;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Fields, and values for them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldTrialInput {
    /// The country of the campaign, an ISO 3166-1 alpha-2 code.
    #[serde(default)]
    #[schema(example = "GB")]
    country: Option<String>,
    /// The fields, as a campaign has them.
    #[schema(value_type = Vec<FieldSpec>)]
    fields: Vec<Strict<FieldSpec>>,
    /// A value for each field that is to be tried, as a caller would post it.
    #[schema(value_type = Object)]
    sample: Map<String, Value>,
}

/// What became of the values.
#[derive(Serialize, ToSchema)]
pub struct FieldTrialView {
    /// Whether a lead with these values would be accepted.
    ok: bool,
    /// The values in their normal form, where they are taken.
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
    /// What was found out about values, by field.
    #[schema(value_type = Object)]
    notes: Map<String, Value>,
    /// Why values are refused.
    errors: Vec<FieldTrialError>,
}

/// Why a value is refused.
#[derive(Serialize, ToSchema)]
pub struct FieldTrialError {
    /// Name of the field.
    field: String,
    /// A stable word.
    code: &'static str,
    /// One line for people.
    message: String,
}

/// Try values on fields
///
/// Reads a sample as a capture would, by fields that need not be saved. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/campaigns/check", tag = "campaigns",
    request_body = FieldTrialInput,
    responses((status = 200, body = FieldTrialView)), security(("key" = ["config:read"])))]
pub(in crate::api) async fn check_sample(
    _permit: Permit<scopes::ConfigRead>,
    Body(input): Body<FieldTrialInput>,
) -> Result<Response, Problem> {
    let specs: Vec<FieldSpec> = input.fields.into_iter().map(|Strict(spec)| spec).collect();
    let mut faults = Faults::default();
    for problem in check_schema(&specs) {
        faults.add(problem.field, problem.code, problem.message);
    }
    let country = input.country.as_deref().map(str::trim).map(str::to_ascii_uppercase);
    if country.as_deref().is_some_and(|country| country_code(country) != Some(country)) {
        faults.add("country", "invalid", "must be an ISO 3166-1 alpha-2 code such as GB");
    }
    faults.into_result()?;
    let schema = CompiledSchema::compile(&specs).map_err(|_| Problem::internal())?;
    answer::json(StatusCode::OK, &tried(&schema, country.as_deref(), input.sample))
}

/// What a capture would make of the sample; values beside a refused one are shown too.
fn tried(
    schema: &CompiledSchema,
    country: Option<&str>,
    sample: Map<String, Value>,
) -> FieldTrialView {
    let mut raw = FieldMap(sample);
    let mut errors = Vec::new();
    let validated = validate(schema, country, &raw, Mode::Complete).or_else(|problems| {
        for problem in problems {
            raw.0.shift_remove(&problem.field);
            errors.push(FieldTrialError {
                field: problem.field,
                code: problem.code,
                message: problem.message,
            });
        }
        validate(schema, country, &raw, Mode::Partial)
    });
    let validated = validated.unwrap_or_default();
    let mut fields = raw.0;
    fields.extend(validated.normal.0);
    FieldTrialView { ok: errors.is_empty(), fields, notes: validated.notes.0, errors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sample_shows_normal_forms_beside_what_is_refused() {
        let specs: Vec<FieldSpec> = serde_json::from_value(json!([
            {"name": "email", "type": "email", "required": true},
            {"name": "phone", "type": "phone"},
            {"name": "amount", "type": "integer", "min": 500},
        ]))
        .unwrap();
        let schema = CompiledSchema::compile(&specs).unwrap();
        let check = |sample: Value, fields: Value, errors: &[(&str, &str)]| {
            let Value::Object(sample) = sample else { panic!("an object") };
            let view = tried(&schema, Some("GB"), sample);
            assert_eq!(Value::Object(view.fields), fields);
            let told: Vec<_> = view.errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
            assert_eq!(told, errors);
            assert_eq!(view.ok, errors.is_empty());
        };
        check(
            json!({"email": " Ada@Example.COM ", "phone": "07400 123456"}),
            json!({"email": "Ada@example.com", "phone": "+447400123456"}),
            &[],
        );
        check(
            json!({"phone": "07400 123456", "amount": "12"}),
            json!({"phone": "+447400123456"}),
            &[("email", "required"), ("amount", "out_of_range")],
        );
    }
}
