//! What nodes tell each other about their commits.

use super::connect::Connector;
use crate::command::Effects;
use crate::hints::Hints;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::AsyncMessage;
use uuid::Uuid;

/// Channel of the notifications between nodes.
pub(super) const CHANNEL: &str = "baton";
/// A notification's payload may be 8,000 bytes; longer lists say "look at all".
const PAYLOAD_BYTES_MAX: usize = 7_000;

/// `node|flags|lanes|leads and tasks`, ids in hex.
pub(super) fn encode_effects(node: Uuid, effects: &Effects) -> String {
    let mut flags = String::new();
    let told = [
        ('c', effects.config),
        ('e', effects.events),
        ('t', effects.tasks),
        ('r', effects.releases),
        ('i', effects.imports),
    ];
    for (flag, set) in told {
        if set {
            flags.push(flag);
        }
    }
    let mut lanes = effects.lanes.clone();
    lanes.sort_unstable();
    lanes.dedup();
    let hex =
        |ids: &[Uuid]| ids.iter().map(|u| u.simple().to_string()).collect::<Vec<_>>().join(",");
    let ended: Vec<Uuid> = effects
        .leads
        .iter()
        .map(|l| baton_domain::id::TypedId::uuid(*l))
        .chain(effects.finished_tasks.iter().copied())
        .collect();
    let payload = format!("{}|{flags}|{}|{}", node.simple(), hex(&lanes), hex(&ended));
    if payload.len() <= PAYLOAD_BYTES_MAX {
        return payload;
    }
    // The waits poll as well; lanes are looked at all.
    format!("{}|{flags}a||", node.simple())
}

fn take_message(message: &AsyncMessage, node: Uuid, hints: &Hints) {
    let AsyncMessage::Notification(notification) = message else { return };
    let mut parts = notification.payload().split('|');
    let (Some(from), Some(flags), Some(lanes), Some(ended)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    if from == node.simple().to_string() {
        return;
    }
    let ids = |text: &str| text.split(',').filter_map(|u| u.parse().ok()).collect::<Vec<Uuid>>();
    let effects = Effects {
        lanes: ids(lanes),
        leads: Vec::new(),
        config: flags.contains('c'),
        events: flags.contains('e'),
        tasks: flags.contains('t'),
        releases: flags.contains('r'),
        imports: flags.contains('i'),
        finished_tasks: ids(ended),
    };
    hints.tell(&effects);
    if flags.contains('a') {
        hints.look_at_all();
    }
    if effects.config {
        hints.config_is_stale();
    }
}

/// Listens for ever; while the connection is down, polling goes on everywhere.
pub(super) async fn listen(connector: Connector, node: Uuid, hints: Arc<Hints>) {
    loop {
        let own = Arc::downgrade(&hints);
        let connected = connector
            .connect_with(move |message| {
                if let Some(hints) = own.upgrade() {
                    take_message(&message, node, &hints);
                }
            })
            .await;
        if let Ok(connection) = connected
            && connection.client.batch_execute(&format!("LISTEN {CHANNEL}")).await.is_ok()
        {
            hints.look_at_all();
            while !connection.client.is_closed() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if Arc::strong_count(&hints) == 1 {
                    return;
                }
            }
        }
        if Arc::strong_count(&hints) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
