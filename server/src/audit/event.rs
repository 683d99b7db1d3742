//! Rows of the trail as AuditEvents (<https://hl7.org/fhir/R4/auditevent.html>, <https://profiles.ihe.net/ITI/BALP/>), one
//! for each patient of a row. Members stand in the order of their names: the text is canonical as RFC 8785 has it, and
//! the chain covers it as it is.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fhir::json::{ObjectWriter, Writer};

use super::chain::Link;
use super::codes::{self, Code, Roles};
use super::key::AuditKey;
use super::record::AuditRecord;

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub seq: i64,
    /// What it says.
    pub record: AuditRecord,
    /// Whether it holds what a server writes; else what it says is only that.
    pub is_readable: bool,
    /// What it is found by.
    pub elements: Vec<i64>,
}

/// Which event of which row: `88213-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditEventId {
    /// The row.
    pub row: i64,
    /// The event's place among those of the row, from 1.
    pub place: i32,
}

impl fmt::Display for AuditEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.row, self.place)
    }
}

/// A text that is the id of no event of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is the id of no event of the trail")]
pub struct NoEventId;

impl FromStr for AuditEventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        let (row, place) = text.split_once('-').ok_or(NoEventId)?;
        let id = Self {
            row: row.parse().map_err(|_| NoEventId)?,
            place: place.parse().map_err(|_| NoEventId)?,
        };
        // One event has one id.
        match id.row > 0 && id.place > 0 && id.to_string() == text {
            true => Ok(id),
            false => Err(NoEventId),
        }
    }
}

impl AuditRow {
    /// What is wrong with it by itself, whatever its link says.
    pub fn fault(&self, key: &AuditKey) -> Option<&'static str> {
        if !self.is_readable {
            Some("its row is none that a server has written")
        } else if !self.record.is_proven(key) {
            Some("no server with the key of this trail has written it")
        } else if self.elements != self.record.elements() {
            Some("what it is found by is not what it says")
        } else {
            None
        }
    }

    /// The ids of its events.
    pub fn events(&self) -> impl Iterator<Item = AuditEventId> {
        let events = i32::try_from(self.record.events()).unwrap_or(i32::MAX);
        let row = self.seq;
        (1..=events).map(move |place| AuditEventId { row, place })
    }
}

/// The event at a place of a row; with its link in a chain of that name, the extension that tells it.
pub fn event(row: &AuditRow, place: i32, link: Option<(&str, &Link)>) -> String {
    let event = Event {
        row,
        record: &row.record,
        roles: codes::roles(&row.record.interaction),
        place,
    };
    let mut writer = Writer::with_capacity(2048);
    writer.object(|object| event.write(object, link));
    writer.finish()
}

struct Event<'a> {
    row: &'a AuditRow,
    record: &'a AuditRecord,
    roles: Roles,
    place: i32,
}

impl Event<'_> {
    fn write(&self, event: &mut ObjectWriter<'_>, link: Option<(&str, &Link)>) {
        let record = self.record;
        event.string("action", &record.action);
        event.array("agent", |agents| self.agents(agents));
        event.array("entity", |entities| self.entities(entities));
        if let Some((chain, link)) = link {
            event.array("extension", |list| chained(list, chain, link));
        }
        let id = AuditEventId {
            row: self.row.seq,
            place: self.place,
        };
        event.string("id", &id.to_string());
        event.object("meta", |meta| {
            meta.string("lastUpdated", &record.recorded.to_string());
            if let Some(profile) = self.profile() {
                meta.array("profile", |list| list.string(&profile));
            }
            meta.string("versionId", "1");
        });
        event.string("outcome", &record.outcome.to_string());
        event.optional("outcomeDesc", record.reason.as_deref());
        self.purpose(event, "purposeOfEvent");
        event.string("recorded", &record.recorded.to_string());
        event.string("resourceType", "AuditEvent");
        event.object("source", |source| {
            source.object("observer", |who| who.string("reference", &self.device()));
            source.optional("site", record.source.site.as_deref());
            source.array("type", |list| {
                list.object(|coding| write_code(coding, codes::WEB_SERVER));
            });
        });
        event.array("subtype", |list| self.subtypes(list));
        event.object("type", |coding| write_code(coding, self.kind()));
    }

    fn device(&self) -> String {
        format!("Device/{}", self.record.source.node)
    }

    fn kind(&self) -> Code {
        match (self.record.status, &*self.record.interaction) {
            (_, "login" | "logout") => codes::LOGIN,
            (_, "security") => codes::ALERT,
            (401 | 403, _) => codes::ALERT,
            _ => codes::REST,
        }
    }

    fn subtypes(&self, list: &mut Writer) {
        let record = self.record;
        let subtype = |list: &mut Writer, code: &str, system: &str| {
            list.object(|coding| {
                coding.string("code", code);
                coding.string("system", system);
            });
        };
        match &*record.interaction {
            "login" => subtype(list, "110122", codes::DCM),
            "logout" => subtype(list, "110123", codes::DCM),
            own @ ("refused" | "unreadable" | "security") => subtype(list, own, codes::OPERATIONS),
            interaction => subtype(list, interaction, codes::INTERACTIONS),
        }
        if let Some(operation) = &record.operation {
            subtype(list, operation, codes::OPERATIONS);
            if &**operation == "break-glass" && record.outcome == 0 {
                subtype(list, "110127", codes::DCM);
            }
            if &**operation == "break-glass-ended" {
                subtype(list, "110138", codes::DCM);
            }
        }
    }

    /// The profile that it meets: of what failed, or touched more or less than one resource, none is claimed.
    fn profile(&self) -> Option<String> {
        let name = self.roles.profile?;
        let is_met = match name {
            "Query" => true,
            _ => self.data().count() == 1,
        };
        let of_patient = match self.record.patients.is_empty() {
            true => "",
            false => "Patient",
        };
        (self.record.outcome == 0 && is_met).then(|| {
            format!("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{of_patient}{name}")
        })
    }

    fn agents(&self, agents: &mut Writer) {
        let who = &self.record.who;
        let has_user = who.agent.is_some() || who.login.is_some();
        agents.object(|agent| {
            if let Some(address) = &self.record.address {
                agent.object("network", |network| {
                    network.string("address", address);
                    network.string("type", "2");
                });
            }
            if !has_user {
                self.policy(agent);
            }
            agent.boolean("requestor", !has_user);
            agent.object("type", |concept| write_concept(concept, self.roles.client));
            agent.object("who", |reference| match (&who.client, &*who.access) {
                (Some(client), _) => {
                    reference.object("identifier", |one| one.string("value", client));
                }
                (None, "auth-disabled") => {
                    reference.string("display", "anybody: authorization is disabled")
                }
                (None, "command") => reference.string("display", "an administrator's command"),
                (None, "load") => reference.string("display", "vesta load"),
                (None, "job" | "admission") => reference.string("display", "a job of the server"),
                (None, _) => reference.string("display", "unknown"),
            });
        });
        agents.object(|agent| {
            agent.object("network", |network| {
                network.string("address", &self.record.base_url);
                network.string("type", "5");
            });
            agent.boolean("requestor", false);
            agent.object("type", |concept| write_concept(concept, self.roles.server));
            agent.object("who", |reference| {
                reference.string("reference", &self.device())
            });
        });
        if has_user {
            agents.object(|agent| {
                agent.optional("altId", who.login.as_deref());
                self.policy(agent);
                self.purpose(agent, "purposeOfUse");
                agent.boolean("requestor", true);
                agent.object("type", |concept| write_concept(concept, self.roles.user));
                agent.object("who", |reference| match (&who.agent, &who.login) {
                    (Some(person), _) => reference.string("reference", person),
                    (None, Some(login)) => {
                        reference.object("identifier", |one| one.string("value", login));
                    }
                    (None, None) => {}
                });
            });
        }
    }

    fn policy(&self, agent: &mut ObjectWriter<'_>) {
        if let Some(grant) = &self.record.who.grant {
            agent.array("policy", |list| list.string(&policy(grant)));
        }
    }

    fn purpose(&self, object: &mut ObjectWriter<'_>, name: &str) {
        if let Some((system, code)) = &self.record.who.purpose {
            object.array(name, |list| {
                list.object(|concept| {
                    concept.array("coding", |codings| {
                        codings.object(|coding| {
                            coding.string("code", code);
                            coding.string("system", system);
                        });
                    });
                });
            });
        }
    }

    /// What was touched of this event's patient; what is nobody's stands in the first event.
    fn data(&self) -> impl Iterator<Item = &str> {
        let record = self.record;
        let entities = record.entities.iter().zip(&record.owners);
        let own = entities
            .filter(|(_, owner)| **owner == self.place || (**owner == 0 && self.place == 1));
        own.map(|(entity, _)| &**entity)
    }

    fn entities(&self, entities: &mut Writer) {
        let record = self.record;
        let place = usize::try_from(self.place - 1).unwrap_or(usize::MAX);
        if let Some(patient) = record.patients.get(place) {
            entities.object(|entity| {
                entity.object("role", |coding| write_code(coding, codes::PATIENT));
                entity.object("type", |coding| write_code(coding, codes::PERSON));
                entity.object("what", |what| {
                    what.string("reference", &format!("Patient/{patient}"))
                });
            });
        }
        for data in self.data() {
            entities.object(|entity| {
                entity.object("role", |coding| write_code(coding, codes::DOMAIN_RESOURCE));
                entity.object("type", |coding| write_code(coding, codes::SYSTEM_OBJECT));
                entity.object("what", |what| what.string("reference", data));
            });
        }
        if let Some(asked) = self.asked() {
            entities.object(|entity| {
                entity.string("description", &cleaned(&asked));
                entity.string("query", &STANDARD.encode(&asked));
                entity.object("role", |coding| write_code(coding, codes::QUERY));
                entity.object("type", |coding| write_code(coding, codes::SYSTEM_OBJECT));
            });
        }
        entities.object(|entity| {
            entity.object("type", |coding| write_code(coding, codes::REQUEST_ID));
            entity.object("what", |what| {
                what.object("identifier", |one| one.string("value", &record.request_id));
            });
        });
    }

    /// The query as it came, below the base; what no resource stands for is told in the same way.
    fn asked(&self) -> Option<String> {
        let record = self.record;
        let target = record.target.as_deref().unwrap_or_default();
        let is_told = record.query.is_some() || record.entities.is_empty();
        let operation = match &record.operation {
            Some(code) if *record.interaction == *"operation" => format!("${code}"),
            _ => String::new(),
        };
        let slash = match operation.is_empty() || target.is_empty() {
            true => "",
            false => "/",
        };
        let path = format!("{target}{slash}{operation}");
        match &record.query {
            Some(query) => Some(format!("{path}?{query}")),
            None => (is_told && !path.is_empty()).then_some(path),
        }
    }
}

/// A grant as the policy under which somebody acted.
pub(crate) fn policy(grant: &str) -> String {
    format!("urn:uuid:{grant}")
}

/// The query decoded, for people; what cannot be decoded stays as it is.
fn cleaned(asked: &str) -> String {
    let decoded = asked
        .split('&')
        .map(|pair| fhir::search::query::decode(pair).unwrap_or_else(|_| pair.to_owned()));
    let text = decoded.collect::<Vec<_>>().join("&");
    text.chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect()
}

fn write_code(coding: &mut ObjectWriter<'_>, code: Code) {
    coding.string("code", code.code);
    coding.string("display", code.display);
    coding.string("system", code.system);
}

fn write_concept(concept: &mut ObjectWriter<'_>, code: Code) {
    concept.array("coding", |list| {
        list.object(|coding| write_code(coding, code))
    });
}

fn chained(list: &mut Writer, chain: &str, link: &Link) {
    list.object(|extension| {
        extension.array("extension", |parts| {
            parts.object(|part| {
                part.string("url", "chain");
                part.string("valueString", &numbered(chain, link.seq).0);
            });
            parts.object(|part| {
                part.string("url", "seq");
                part.number("valuePositiveInt", numbered(chain, link.seq).1);
            });
            for (name, hash) in [("prev", &link.prev), ("hash", &link.hash)] {
                parts.object(|part| {
                    part.string("url", name);
                    part.string("valueBase64Binary", &STANDARD.encode(hash));
                });
            }
        });
        extension.string("url", codes::CHAIN);
    });
}

/// A positiveInt ends at 2147483647: what comes behind is told as another chain, that goes on with the same hashes.
fn numbered(chain: &str, seq: i64) -> (String, i64) {
    let most = i64::from(i32::MAX);
    match (seq - 1) / most {
        0 => (chain.to_owned(), seq),
        era => (format!("{chain}.{}", era + 1), (seq - 1) % most + 1),
    }
}
