//! Visits that are offered, as Appointments that only who asked can hold or book, for a quarter of an hour.

use fhir::ids::ResourceKey;
use fhir::json::{ObjectWriter, Writer};
use fhir::outcome::Issue;
use fhir::resource::Resource;
use fhir::scheduling::Coding;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::asked::Asked;
use crate::error::{Error, Result};
use crate::operations::visits::OFFERED;
use crate::operations::{OperationAnswer, OperationContext};
use crate::scheduling::TZ_CODE;
use crate::searchset::{PageLinks, Searchset};
use crate::store::{Proposal, StoredVersion, Verb};

/// How long a proposal can be held or booked.
const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// One visit.
pub(super) struct Visit {
    pub(super) start: Timestamp,
    pub(super) duration: SignedDuration,
    /// `[type]/[id]` of those who are required.
    pub(super) actors: Vec<String>,
}

/// The answer of `$find`.
pub(super) struct Proposals<'a> {
    pub(super) cx: OperationContext<'a>,
    pub(super) asked: &'a Asked,
    /// `[type]/[id]` of the HealthcareService.
    pub(super) service: &'a str,
    pub(super) resource: &'a Resource,
    /// `[type]/[id]` of the referrals it is based on.
    pub(super) referrals: &'a [String],
    /// The zone that visits are told in.
    pub(super) zone: Option<TimeZone>,
}

impl Proposals<'_> {
    /// Keeps the visits and answers them.
    pub(super) async fn answer(
        &self,
        visits: &[&Visit],
        total: usize,
        issues: Vec<Issue>,
    ) -> Result<OperationAnswer> {
        let request = self.cx.request;
        let offered = visits.iter().map(|visit| {
            let id = format!("{OFFERED}{}", Uuid::now_v7());
            let content = self.appointment(&id, visit);
            Proposal { id, content }
        });
        let offered: Vec<Proposal> = offered.collect();
        if !offered.is_empty() {
            let expires = request.now.checked_add(LASTS).map_err(Error::internal)?;
            let holder = request.access.name();
            self.cx
                .store
                .add_proposals(&holder, &offered, request.now, expires)
                .await?;
        }
        let versions = offered.into_iter().map(|one| {
            let key: ResourceKey = format!("Appointment/{}", one.id)
                .parse()
                .map_err(Error::internal)?;
            Ok(StoredVersion {
                key,
                version: fhir::ids::VersionId::new(1)
                    .ok_or_else(|| Error::internal("1 is a version"))?,
                last_updated: request.now,
                verb: Verb::Post,
                content: Some(one.content.into()),
            })
        });
        let matches = versions.collect::<Result<Vec<StoredVersion>>>()?;
        let searchset = Searchset {
            base_url: &request.base_url,
            links: PageLinks {
                path: &format!("{}/Appointment/$find", request.base_url),
                understood: self.cx.formats,
                cursor: None,
                previous: None,
                next: None,
            },
            total: u64::try_from(total).ok(),
            matches: &matches,
            contained: &[],
            scores: &[],
            included: &[],
            warnings: &issues,
        };
        Ok(OperationAnswer::resource(searchset.json()))
    }

    /// A visit as an Appointment.
    pub(super) fn appointment(&self, id: &str, visit: &Visit) -> String {
        let end = visit
            .start
            .checked_add(visit.duration)
            .unwrap_or(visit.start);
        let mut writer = Writer::with_capacity(1024);
        writer.object(|appointment| {
            appointment.string("resourceType", "Appointment");
            appointment.string("id", id);
            appointment.string("status", "proposed");
            if let Some(types) = self.resource.get("type") {
                appointment.raw("serviceType", types.raw());
            }
            if !self.asked.reasons.is_empty() {
                appointment.array("reasonCode", |list| {
                    self.asked
                        .reasons
                        .iter()
                        .for_each(|reason| concept(list, reason));
                });
            }
            self.moment(appointment, "start", visit.start);
            self.moment(appointment, "end", end);
            appointment.number("minutesDuration", visit.duration.as_mins());
            appointment.array("participant", |list| {
                let patients = self.asked.patients.iter().map(String::as_str);
                for actor in patients.chain(visit.actors.iter().map(String::as_str)) {
                    participant(list, actor, "required");
                }
                participant(list, self.service, "information-only");
            });
            if !self.referrals.is_empty() {
                appointment.array("basedOn", |list| {
                    for referral in self.referrals {
                        list.object(|one| one.string("reference", referral));
                    }
                });
            }
            appointment.array("requestedPeriod", |list| {
                list.object(|period| {
                    period.string("start", &self.asked.given.0);
                    period.string("end", &self.asked.given.1);
                });
            });
        });
        writer.finish()
    }

    /// A moment with the offset of the clinic, and the name of its zone.
    fn moment(&self, appointment: &mut ObjectWriter<'_>, name: &str, moment: Timestamp) {
        let Some(zone) = &self.zone else {
            return appointment.string(name, &moment.to_string());
        };
        let offset = zone.to_offset(moment);
        appointment.string(name, &moment.display_with_offset(offset).to_string());
        if let Some(named) = zone.iana_name() {
            appointment.object(&format!("_{name}"), |element| {
                element.array("extension", |list| {
                    list.object(|extension| {
                        extension.string("url", TZ_CODE);
                        extension.string("valueCode", named);
                    });
                });
            });
        }
    }
}

fn concept(list: &mut Writer, coding: &Coding) {
    list.object(|concept| {
        concept.array("coding", |codings| {
            codings.object(|one| {
                one.string("system", &coding.system);
                one.string("code", &coding.code);
            });
        });
    });
}

fn participant(list: &mut Writer, actor: &str, required: &str) {
    list.object(|participant| {
        participant.object("actor", |reference| reference.string("reference", actor));
        participant.string("required", required);
        participant.string("status", "tentative");
    });
}
