//! Writes as data: what a writer takes from its queue, and what it answers.
//!
//! A command can be run again: a batch that collided or lost a member to an error is rolled back
//! and run anew. Bodies are encoded and sealed by the caller, so that the writer only writes.

use crate::capture::{Capture, Captured};
use crate::claim::{Claim, Claimed};
use crate::deliveries::resend::ResendCommand;
use crate::direct::Lease;
use crate::docs::DocWrite;
use crate::error::StoreError;
use crate::events::FanOut;
use crate::finish::{Finish, Release};
use crate::proof::Durability;
use crate::retention::{RetentionReport, RetentionSlice};
use crate::search::{IndexBatch, Unindex};
use crate::tasks::{NewTask, TaskClaim, TaskFinish, TaskRow};
use baton_domain::id::{DeliveryId, LeadId};
use baton_domain::time::Millis;
use tokio::sync::oneshot;
use uuid::Uuid;

/// A capture with its data encoded.
pub(crate) struct CaptureCommand {
    pub capture: Capture,
    pub body: Vec<u8>,
    /// Slots reserved for deliveries of it.
    pub leases: Vec<(DeliveryId, Lease)>,
    /// Whether its events are told to no webhook.
    pub quiet: bool,
}

/// A finish with attempt and request encoded.
pub(crate) struct FinishCommand {
    pub finish: Finish,
    pub attempt_body: Option<Vec<u8>>,
    pub request_body: Option<(bool, Vec<u8>)>,
    /// Which of several counters this node adds to.
    pub slot: i64,
}

pub(crate) enum Command {
    Capture(Box<CaptureCommand>),
    Finish(Box<FinishCommand>),
    Claim(Claim),
    Release(Vec<Release>),
    Renew {
        deliveries: Vec<(Uuid, DeliveryId)>,
        token_until: Millis,
        tokens: Vec<Uuid>,
    },
    FreeLeases {
        now: Millis,
    },
    Docs(Vec<DocWrite>),
    Resend(Box<ResendCommand>),
    FanOut(FanOut),
    NewTask(NewTask),
    ClaimTask(TaskClaim),
    FinishTask(TaskFinish),
    Index(IndexBatch),
    Unindex(Unindex),
    Retain(RetentionSlice),
    Heartbeat {
        node: Uuid,
        now: Millis,
        forget_before: Millis,
    },
    /// Proves that a transaction can be committed.
    Probe {
        now: Millis,
    },
    AskRelease {
        workspace: Uuid,
        lane: Uuid,
        now: Millis,
    },
    ReleaseSlice {
        now: Millis,
    },
    ResumeHeldLeads(crate::leads::ResumeHeld),
    Import(crate::imports::ImportCommand),
    CancelOrphans {
        now: Millis,
    },
    /// Says when commits are on disk.
    Durability,
    /// Panics, to show that the writer goes on.
    Panic,
    NoteTest(crate::outcomes::TestNote),
    /// Lines for the audit alone.
    Note(Vec<crate::audit::AuditEntry>),
    ChangeLeads(Box<crate::leads::ChangeLeads>),
    LeadNote(crate::leads::notes::NoteCommand),
    Erase(Box<crate::leads::erase::EraseCommand>),
    Job(crate::jobs::JobCommand),
    Account(Box<crate::accounts::AccountCommand>),
    KeysUsed(Vec<crate::key_uses::KeyUse>),
}

/// Which of the writers runs a command, where there are several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WriterOf {
    /// Captures, and what people and scripts ask for.
    Intake,
    /// Claims, finishes, renewals.
    Engine,
    /// What nobody waits for, some of it long.
    Upkeep,
    /// The search index: a file of its own on SQLite.
    Search,
}

impl Command {
    /// Whether it waits while the log of SQLite is too long.
    pub(crate) fn is_bulk(&self) -> bool {
        match self {
            Self::Capture(_) => true,
            Self::Import(import) => import.is_bulk(),
            _ => false,
        }
    }

    pub(crate) fn writer(&self) -> WriterOf {
        match self {
            Self::Claim(_) | Self::Finish(_) | Self::Release(_) | Self::Renew { .. } => {
                WriterOf::Engine
            }
            Self::FanOut(_)
            | Self::Retain(_)
            | Self::Heartbeat { .. }
            | Self::ReleaseSlice { .. }
            | Self::ResumeHeldLeads(_)
            | Self::CancelOrphans { .. }
            | Self::KeysUsed(_) => WriterOf::Upkeep,
            Self::Index(_) | Self::Unindex(_) => WriterOf::Search,
            Self::Import(import) => import.writer(),
            Self::Job(job) => job.writer(),
            _ => WriterOf::Intake,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Reply {
    Captured(Captured),
    Finished { owned: bool },
    Claimed(Claimed),
    Docs(Vec<i64>),
    Resent(DeliveryId),
    FannedOut(bool),
    Task(Option<TaskRow>),
    Retained(RetentionReport),
    Import(Option<Box<crate::imports::ImportRow>>),
    Imported(Option<Box<baton_domain::import::ImportProgress>>),
    Count(u64),
    Durability(Durability),
    Account(Result<(), crate::accounts::Refusal>),
}

/// A command on its way, with the way back.
pub(crate) struct Job {
    pub command: Command,
    pub reply: oneshot::Sender<Result<Reply, StoreError>>,
}

/// What others are told after the commit.
#[derive(Default, Debug)]
pub(crate) struct Effects {
    /// Lanes in which something may have become due.
    pub lanes: Vec<Uuid>,
    /// Leads of which a delivery ended.
    pub leads: Vec<LeadId>,
    /// Configuration changed.
    pub config: bool,
    /// Events were written.
    pub events: bool,
    /// A task was made.
    pub tasks: bool,
    /// Deliveries are to be let go or made, slice by slice.
    pub releases: bool,
    /// An import has something to do.
    pub imports: bool,
    /// Tasks that ended.
    pub finished_tasks: Vec<Uuid>,
}

impl Effects {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
            && self.leads.is_empty()
            && !self.config
            && !self.events
            && !self.tasks
            && !self.releases
            && !self.imports
            && self.finished_tasks.is_empty()
    }

    /// Adds what another part of the batch brought about.
    pub fn merge(&mut self, other: Self) {
        self.lanes.extend(other.lanes);
        self.leads.extend(other.leads);
        self.config |= other.config;
        self.events |= other.events;
        self.tasks |= other.tasks;
        self.releases |= other.releases;
        self.imports |= other.imports;
        self.finished_tasks.extend(other.finished_tasks);
    }
}
