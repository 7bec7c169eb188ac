use crate::id::{LeadId, TypedId as _};
use crate::lead::{Context, LeadData, LeadState, LeadView};
use crate::personal::FieldMap;
use crate::time::Millis;
use serde_json::{Value, json};

/// 2026-01-28T14:30:00Z, the instant of the seeds' examples.
pub(crate) const AT: Millis = Millis(1_769_610_600_000);

fn fields(value: Value) -> FieldMap {
    value.as_object().unwrap().clone().into_iter().collect()
}

/// A lead with most of what a lead can have.
pub(crate) fn lead() -> LeadView {
    let tracking = json!({"utm_source":"fb","gclid":"g-1","sub_id1":"77"});
    LeadView {
        id: LeadId::new(AT, [1; 10]),
        data_version: 1,
        data: LeadData {
            raw: fields(json!({
                "first_name":"Jane","last_name":"Smith","email":"jane@example.com",
                "phone":"(512) 555-0100","state":"Texas",
            })),
            normal: fields(json!({"phone":"+15125550100"})),
            context: Context {
                ip: Some("203.0.113.7".to_owned()),
                page_url: Some("https://form.example/solar".to_owned()),
                tracking: tracking.as_object().unwrap().clone(),
                ..Context::default()
            },
            ..LeadData::default()
        },
        state: LeadState::Received,
        status: "new".to_owned(),
        score: Some(88),
        source: "Partner A".to_owned(),
        campaign: "SOLAR-US".to_owned(),
        created_at: AT,
        test: false,
        seq: None,
    }
}
