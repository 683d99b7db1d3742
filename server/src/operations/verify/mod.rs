//! `AuditEvent/$verify`: computes the chain of the audit trail anew (server/AUDIT.md).

#[cfg(test)]
mod tests;

use fhir::json::{ObjectWriter, Writer};
use fhir::time::{DateTime, parse_partial};
use jiff::SignedDuration;

use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::audit::{AuditEventId, Checkpoint, Digest, GENESIS, event, link};
use crate::auth::Permission;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{ChainState, LinkedRow, permit_trail};

/// The operation.
pub(super) struct Verify;

/// What it takes.
pub(super) struct VerifyParams {
    start: Option<String>,
    end: Option<String>,
    chain: Option<String>,
}

impl Params for VerifyParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.optional("start")?,
            end: arguments.optional("end")?,
            chain: arguments.optional("chain")?,
        })
    }
}

impl Operation for Verify {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = VerifyParams;

    async fn invoke(cx: OperationContext<'_>, params: VerifyParams) -> Result<OperationAnswer> {
        cx.store.audit_key()?;
        permit_trail(cx.request, Permission::Search)?;
        let chain = cx.store.audit_chain_name().await?;
        if params.chain.is_some_and(|asked| asked != chain) {
            let sentence = format!("the chain of this installation is {chain}");
            return Err(Error::new(ErrorKind::NotFound, sentence));
        }
        let from = moment("start", params.start)?.map(|start| start.lower());
        let until = moment("end", params.end)?.map(|end| end.upper());
        let state = cx.store.chain_state(cx.request, from, until).await?;
        let mut verdict = Verdict {
            unsealed: state.unsealed,
            ..Verdict::default()
        };
        // Checkpoints are few: they are looked up while the links pass by.
        let checkpoints = checkpoints(cx, &chain, &mut verdict).await?;
        if let Some(cut_off) = cx.store.cut_off().await? {
            verdict.note(None, cut_off);
        }
        walk(cx, &state, &checkpoints, &mut verdict).await?;
        if let Some(unlinked) = state.unlinked {
            verdict.note(
                Some(unlinked),
                "it is older than sealed events and has no link",
            );
        }
        look_at_waiting(cx, &mut verdict).await?;
        if let Some(row) = cx.store.copied_row(cx.request).await? {
            verdict.note(
                Some(AuditEventId { row, place: 1 }),
                "it is a copy of another",
            );
        }
        Ok(OperationAnswer::resource(verdict.json()))
    }
}

pub(super) fn moment(name: &str, text: Option<String>) -> Result<Option<DateTime>> {
    let wrong = |_| {
        Error::new(
            ErrorKind::BadValue,
            format!("'{name}' is no date or moment"),
        )
    };
    text.map(|text| parse_partial(&text).map_err(wrong))
        .transpose()
}

/// Links and checkpoints that are read at once.
const PAGE: u32 = 1000;

/// What was found. The first fault counts.
#[derive(Debug, Default)]
struct Verdict {
    checked: i64,
    unsealed: i64,
    overdue: i64,
    checkpoints: i64,
    fault: Option<(Option<AuditEventId>, String)>,
}

impl Verdict {
    fn note(&mut self, event: Option<AuditEventId>, fault: impl Into<String>) {
        if self.fault.is_none() {
            self.fault = Some((event, fault.into()));
        }
    }

    fn json(&self) -> String {
        let mut writer = Writer::with_capacity(512);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|part| {
                    part.string("name", "intact");
                    part.boolean("valueBoolean", self.fault.is_none());
                });
                let counts = [
                    ("checked", self.checked),
                    ("unsealed", self.unsealed),
                    ("overdue", self.overdue),
                    ("checkpoints", self.checkpoints),
                ];
                for (name, count) in counts {
                    list.object(|part| {
                        part.string("name", name);
                        part.number("valueInteger", count);
                    });
                }
                if let Some((event, fault)) = &self.fault {
                    list.object(|part| first_bad(part, *event));
                    list.object(|part| {
                        part.string("name", "fault");
                        part.string("valueString", fault);
                    });
                }
            });
        });
        writer.finish()
    }
}

fn first_bad(part: &mut ObjectWriter<'_>, event: Option<AuditEventId>) {
    part.string("name", "first-bad");
    part.object("valueReference", |reference| match event {
        Some(event) => reference.string("reference", &format!("AuditEvent/{event}")),
        None => reference.string("display", "a checkpoint"),
    });
}

/// Checks the signatures, each of which covers the one before, and answers the checkpoints by their links.
async fn checkpoints(
    cx: OperationContext<'_>,
    chain: &str,
    verdict: &mut Verdict,
) -> Result<Vec<Checkpoint>> {
    let key = cx.store.audit_key()?;
    let mut all: Vec<Checkpoint> = Vec::new();
    loop {
        let behind = all.last().map_or(0, |last| last.number);
        let page = cx.store.checkpoints(cx.request, behind, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for one in page {
            let (number, prev) = match all.last() {
                Some(last) => (last.number + 1, &*last.signature),
                None => (1, &[][..]),
            };
            let fault = if one.number != number || one.prev != prev {
                Some("a checkpoint is missing before it")
            } else if one.key_id != key.id() {
                Some("it is signed with another key than that of this server")
            } else if !key.has_signed(&one.text(chain), &one.signature) {
                Some("its signature does not hold")
            } else {
                None
            };
            if let Some(fault) = fault {
                verdict.note(None, format!("checkpoint {}: {fault}", one.number));
            }
            verdict.checkpoints += 1;
            all.push(one);
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Computes the links of a period anew.
async fn walk(
    cx: OperationContext<'_>,
    state: &ChainState,
    checkpoints: &[Checkpoint],
    verdict: &mut Verdict,
) -> Result<()> {
    let mut head = Head {
        seq: state.first.max(1) - 1,
        hash: state.before.unwrap_or(GENESIS),
    };
    let is_from_beginning = head.seq == 0;
    loop {
        let page = cx
            .store
            .chain_page(cx.request, (head.seq, state.last), PAGE)
            .await?;
        if page.is_empty() {
            break;
        }
        for one in &page {
            if let Err(fault) = check(cx, &head, one)? {
                verdict.note(Some(one.event), fault);
            }
            let signed = checkpoints.binary_search_by_key(&one.link.seq, |signed| signed.seq);
            if let Ok(place) = signed
                && checkpoints[place].hash != one.link.hash
            {
                verdict.note(
                    Some(one.event),
                    "a checkpoint was signed for another event here",
                );
            }
            verdict.checked += 1;
            head = Head {
                seq: one.link.seq,
                hash: one.link.hash,
            };
        }
        tokio::task::yield_now().await;
    }
    let is_to_end = checkpoints.last().is_some_and(|last| last.seq > head.seq);
    if is_from_beginning && is_to_end && state.last == head.seq && is_whole(cx, head.seq).await? {
        verdict.note(
            None,
            "the end of the chain is missing: a checkpoint was signed behind it",
        );
    }
    Ok(())
}

/// Links are made four times a second: what waits longer than this, waits for a transaction that does not end, or for
/// something worse.
const OVERDUE: SignedDuration = SignedDuration::from_mins(1);

/// Checks the rows that have no links yet.
async fn look_at_waiting(cx: OperationContext<'_>, verdict: &mut Verdict) -> Result<()> {
    let key = cx.store.audit_key()?;
    let mut behind = 0;
    loop {
        let page = cx.store.waiting_rows(cx.request, behind, PAGE).await?;
        for waiting in &page {
            let row = &waiting.row;
            let first = AuditEventId {
                row: row.seq,
                place: 1,
            };
            if let Some(fault) = row.fault(key) {
                verdict.note(Some(first), fault);
            }
            if waiting.is_of_future {
                let fault = "it is of a transaction that has not begun, and would never be sealed";
                verdict.note(Some(first), fault);
            }
            if cx.request.now.duration_since(row.record.recorded) > OVERDUE {
                verdict.overdue += 1;
            }
            behind = row.seq;
        }
        if page.len() < PAGE as usize {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Whether no link stands behind this one.
async fn is_whole(cx: OperationContext<'_>, seq: i64) -> Result<bool> {
    let behind = cx.store.chain_page(cx.request, (seq, i64::MAX), 1).await?;
    Ok(behind.is_empty())
}

/// Where the walk is.
struct Head {
    seq: i64,
    hash: Digest,
}

/// What is wrong with a link, or with what it tells of.
fn check(
    cx: OperationContext<'_>,
    head: &Head,
    one: &LinkedRow,
) -> Result<std::result::Result<(), &'static str>> {
    let key = cx.store.audit_key()?;
    let Some(row) = &one.row else {
        return Ok(Err("its row is gone"));
    };
    let expected = link(head.seq + 1, head.hash, &event(row, one.event.place, None));
    Ok(if one.link.seq != expected.seq {
        Err("a link is missing before it")
    } else if one.link.prev != expected.prev {
        Err("it does not follow the link before it")
    } else if one.link.hash != expected.hash {
        Err("it is not the event that was sealed")
    } else {
        row.fault(key).map_or(Ok(()), Err)
    })
}
