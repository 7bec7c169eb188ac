//! The link that makes the first user.

use super::session::{new_token, token_hash};
use baton_domain::secret::Secret;
use baton_store::{Store, StoreError};

/// Path of the page that takes the link, before its `#` and the token.
pub const SETUP_PATH: &str = "/admin/setup";

/// Makes a link for the first user, as long as there is none: the path and token to put behind the
/// address of this server. It works once, and every link that was made before works until then, so
/// that several nodes may each show one. The token stands behind a `#`, which browsers keep to
/// themselves: no log of a proxy has it.
///
/// # Errors
/// What the store says.
pub async fn offer_setup(store: &Store) -> Result<Option<Secret>, StoreError> {
    if store.has_users().await? {
        return Ok(None);
    }
    let token = new_token(store);
    let offered = store.offer_setup(token_hash(token.reveal())).await?;
    Ok(offered.ok().map(|()| Secret::new(format!("{SETUP_PATH}#{}", token.reveal()))))
}
