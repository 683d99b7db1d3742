//! What the front desk is to do about a visit that cannot take place as it is (<https://hl7.org/fhir/R4/task.html>).

use fhir::ids::ResourceKey;
use fhir::json::{ObjectWriter, Writer};
use fhir::resource::Resource;
use jiff::Timestamp;

use crate::auth::STAFF_ROLE;
use crate::error::{Error, Result};

/// Of which the codes of Tasks are.
const TASKS: &str = "https://vesta.example/fhir/CodeSystem/task-code";

/// That a visit needs another time, or somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Rebook<'a> {
    /// The Appointment.
    pub visit: &'a ResourceKey,
    /// `Patient/[id]`
    pub patient: Option<&'a str>,
    /// Who asks for it, `[type]/[id]`.
    pub requester: Option<&'a str>,
    /// Because of which block or answer.
    pub because_of: &'a ResourceKey,
    /// When the visit begins.
    pub until: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Rebook<'_> {
    /// The Task.
    pub fn resource(&self) -> Result<Resource> {
        let refer = |task: &mut ObjectWriter<'_>, name: &str, key: &str| {
            task.object(name, |one| one.string("reference", key));
        };
        let coding = |list: &mut Writer, system: &str, code: &str| {
            list.object(|coding| {
                coding.string("system", system);
                coding.string("code", code);
            });
        };
        let mut writer = Writer::with_capacity(1024);
        writer.object(|task| {
            task.string("resourceType", "Task");
            task.string("status", "requested");
            task.string("intent", "order");
            task.object("code", |code| {
                code.array("coding", |list| coding(list, TASKS, "rebook"));
            });
            refer(task, "focus", &self.visit.to_string());
            if let Some(patient) = self.patient {
                refer(task, "for", patient);
            }
            task.string("authoredOn", &self.now.to_string());
            if let Some(requester) = self.requester {
                refer(task, "requester", requester);
            }
            task.array("performerType", |list| {
                list.object(|role| {
                    role.array("coding", |list| coding(list, STAFF_ROLE, "front-desk"));
                });
            });
            refer(task, "reasonReference", &self.because_of.to_string());
            if let Some(until) = self.until {
                task.object("restriction", |restriction| {
                    restriction.object("period", |period| {
                        period.string("end", &until.to_string());
                    });
                });
            }
        });
        Resource::parse(writer.finish()).map_err(Error::internal)
    }
}
