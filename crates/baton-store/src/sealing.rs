//! The master key: what is secret at rest is sealed with it, what must be found again without
//! being readable is an HMAC under it.
//!
//! Sealed bytes: `1` (format), 4 bytes of key id, 24 bytes of nonce, XChaCha20-Poly1305 ciphertext.
//! The key id is the head of the key's SHA-256, so that a key can be changed and the former one
//! recognised.

use crate::error::StoreError;
use baton_domain::id::{CampaignId, SourceId, TypedId, UserId, WorkspaceId};
use baton_domain::secret::{Secret, Secrets};
use baton_domain::time::Entropy;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;

/// The key of an installation, 32 bytes. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct MasterKey {
    key_id: [u8; KEY_ID_BYTES],
    sealing: [u8; 32],
    lookup: [u8; 32],
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// Makes the working keys from 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32], entropy: Arc<dyn Entropy>) -> Self {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut key_id = [0; KEY_ID_BYTES];
        key_id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self {
            key_id,
            sealing: mac(&bytes, &[b"baton sealing 1"]),
            lookup: mac(&bytes, &[b"baton lookup 1"]),
            entropy,
        }
    }

    /// Seals bytes; `purpose` must be named again to open them.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let cipher = XChaCha20Poly1305::new((&self.sealing).into());
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| damaged("could not be sealed"))?;
        let mut out = Vec::with_capacity(1 + KEY_ID_BYTES + NONCE_BYTES + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Self::seal`] made for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let head = 1 + KEY_ID_BYTES + NONCE_BYTES;
        if sealed.len() < head || sealed[0] != FORMAT {
            return Err(damaged("is not of a known format"));
        }
        if sealed[1..=KEY_ID_BYTES] != self.key_id {
            return Err(damaged("was sealed with another master key"));
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&sealed[1 + KEY_ID_BYTES..head]);
        let cipher = XChaCha20Poly1305::new((&self.sealing).into());
        let payload = Payload { msg: &sealed[head..], aad: purpose.as_bytes() };
        cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| damaged("does not open: it was changed, or meant for something else"))
    }

    /// Seals a document's secrets.
    pub fn seal_secrets(&self, secrets: &Secrets) -> Result<Vec<u8>, StoreError> {
        let plain: BTreeMap<&str, &str> =
            secrets.iter().map(|(name, s)| (name.as_str(), s.reveal())).collect();
        let plain = serde_json::to_vec(&plain).map_err(|_| damaged("cannot be encoded"))?;
        self.seal("secrets", &plain)
    }

    /// Opens a document's secrets.
    pub fn open_secrets(&self, sealed: &[u8]) -> Result<Secrets, StoreError> {
        let plain = self.open("secrets", sealed)?;
        let plain: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_| damaged("is not a map"))?;
        Ok(plain.into_iter().map(|(name, text)| (name, Secret::new(text))).collect())
    }

    fn lookup_key(&self, kind: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut all: Vec<&[u8]> = vec![kind];
        all.extend_from_slice(parts);
        let digest = mac(&self.lookup, &all);
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        key
    }

    /// The key under which a campaign's duplicate rule claims a canonical value.
    #[must_use]
    pub fn claim_key(&self, campaign: CampaignId, canonical: &[u8]) -> [u8; 16] {
        self.lookup_key(b"claim", &[campaign.uuid().as_bytes(), canonical])
    }

    /// The key of a partial lead: its source and the sender's `lead_key`.
    #[must_use]
    pub fn partial_key(&self, source: SourceId, lead_key: &str) -> [u8; 16] {
        self.lookup_key(b"partial", &[source.uuid().as_bytes(), lead_key.as_bytes()])
    }

    /// The key of an idempotency row; `scope` is the source or API key it was sent with.
    #[must_use]
    pub fn idempotency_key(&self, workspace: WorkspaceId, scope: &[u8], sent: &str) -> [u8; 16] {
        self.lookup_key(b"idempotency", &[workspace.uuid().as_bytes(), scope, sent.as_bytes()])
    }

    /// What is kept of a person's recovery code. Codes are short, so a plain hash could be undone
    /// by trying them all; this one needs the key.
    #[must_use]
    pub fn recovery_hash(&self, user: UserId, code: &str) -> [u8; 32] {
        mac(&self.lookup, &[b"recovery", user.uuid().as_bytes(), code.as_bytes()])
    }

    /// The key under which an e-mail address or phone number can be searched exactly.
    #[must_use]
    pub fn search_key(&self, workspace: WorkspaceId, normalised: &str) -> [u8; 16] {
        self.lookup_key(b"search", &[workspace.uuid().as_bytes(), normalised.as_bytes()])
    }
}

/// HMAC-SHA256 over length-prefixed parts, so that no two lists of parts are alike.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so this arm is not reached; a zero key would be worse.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        return Sha256::digest(key).into();
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn damaged(detail: &str) -> StoreError {
    StoreError::Damaged { what: "sealed value", detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn key(byte: u8) -> MasterKey {
        MasterKey::new([byte; 32], Arc::new(Fixed))
    }

    #[test]
    fn sealed_bytes_open_only_with_the_same_key_and_purpose() {
        let sealed = key(1).seal("a", b"secret").unwrap();
        assert_eq!(key(1).open("a", &sealed).unwrap(), b"secret");
        assert!(key(1).open("b", &sealed).is_err());
        assert!(key(2).open("a", &sealed).is_err());
        let mut changed = sealed;
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        assert!(key(1).open("a", &changed).is_err());
    }

    #[test]
    fn lookup_keys_differ_by_scope_and_cannot_be_shifted() {
        let workspace = WorkspaceId::from_uuid(uuid::Uuid::nil());
        let key = key(1);
        assert_ne!(
            key.idempotency_key(workspace, b"ab", "c"),
            key.idempotency_key(workspace, b"a", "bc")
        );
        let other = WorkspaceId::from_uuid(uuid::Uuid::max());
        assert_ne!(key.search_key(workspace, "x"), key.search_key(other, "x"));
    }
}
