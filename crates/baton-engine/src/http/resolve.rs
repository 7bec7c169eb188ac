//! Host names to addresses.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Names that are being looked up at once, at most. Each takes a thread until the system's
/// resolver gives up, which may be later than the exchange's deadline.
pub const LOOKUPS_MAX: usize = 64;

/// A lookup under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Turns a host name into its addresses. Its own deadline is the exchange's: a lookup that is
/// too slow is dropped.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, in order of preference; an error or none at all is a name that
    /// could not be resolved.
    fn resolve(&self, host: &str) -> Lookup<'_>;
}

/// The system's resolver (hosts file, DNS, whatever the machine is set up to use).
#[derive(Debug)]
pub struct SystemResolver {
    slots: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Lookup<'_> {
        let host = host.to_owned();
        let slots = Arc::clone(&self.slots);
        Box::pin(async move {
            let slot = slots.acquire_owned().await.map_err(io::Error::other)?;
            tokio::task::spawn_blocking(move || {
                // Held by the thread, not by the caller: a caller that gave up frees no thread.
                let _slot = slot;
                Ok((host.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())
            })
            .await
            .map_err(io::Error::other)?
        })
    }
}
