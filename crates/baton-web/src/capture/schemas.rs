//! Schemas made ready for use, one for each campaign and version.

use baton_domain::config::Campaign;
use baton_domain::id::CampaignId;
use baton_domain::lead::schema::CompiledSchema;
use baton_store::Doc;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Most schemas that are kept; they are made again when more are in use.
pub(crate) const SCHEMAS_MAX: usize = 10_000;

/// A campaign's version with its schema; `None` when it cannot be compiled.
type Versioned = (i64, Option<Arc<CompiledSchema>>);

#[derive(Debug, Default)]
pub(crate) struct Schemas(RwLock<HashMap<CampaignId, Versioned>>);

impl Schemas {
    /// The campaign's schema; `None` when it is one that cannot be compiled, which the API never
    /// publishes.
    pub(crate) fn of(
        &self,
        id: CampaignId,
        campaign: &Doc<Campaign>,
    ) -> Option<Arc<CompiledSchema>> {
        let version = campaign.meta.version;
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some((of, schema)) = kept
            && of == version
        {
            return schema;
        }
        let schema = match CompiledSchema::compile(&campaign.body.fields) {
            Ok(schema) => Some(Arc::new(schema)),
            Err(problems) => {
                let count = problems.len();
                tracing::error!(campaign = %id, version, count, "a campaign's fields are broken");
                None
            }
        };
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SCHEMAS_MAX {
            kept.clear();
        }
        kept.insert(id, (version, schema.clone()));
        schema
    }
}
