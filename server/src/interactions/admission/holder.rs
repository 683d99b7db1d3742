//! Who a person is here: the patient they are or speak for, the work they do, and for whom.

use std::collections::BTreeSet;

use fhir::ids::{Reference, ResourceKey, ResourceType};
use fhir::json::{ParseLimits, Value};
use fhir::resource::Resource;
use fhir::time::{DateTime, parse_partial};

use super::moment::Moment;
use crate::auth::STAFF_ROLE;
use crate::context::{Handling, RequestContext};
use crate::definitions::Searched;
use crate::error::{Error, Result};
use crate::interactions::perform::Interactions;
use crate::store::{Source, StoredVersion};

/// Looks up what the database says of a person.
pub(super) struct Holder<'a> {
    pub(super) interactions: &'a Interactions,
    pub(super) cx: &'a RequestContext,
    pub(super) moment: Moment,
}

/// Somebody who works here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Staff {
    /// Codes of the roles they have today.
    pub(super) codes: BTreeSet<Box<str>>,
    /// What a care team may name them by.
    pub(super) names: BTreeSet<ResourceKey>,
    /// What they are where.
    pub(super) posts: Vec<Post>,
}

/// One role that somebody has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Post {
    /// Its codes.
    pub(super) codes: BTreeSet<Box<str>>,
    /// What whoever has it may be named by.
    pub(super) names: BTreeSet<ResourceKey>,
    /// The organization it is for.
    organization: Option<ResourceKey>,
}

impl Holder<'_> {
    /// The patient that a Patient is, or that a RelatedPerson speaks for today.
    pub(super) async fn patient(&self, key: &ResourceKey) -> Result<Option<ResourceKey>> {
        if key.resource_type.name() == "Patient" {
            return Ok(Some(key.clone()));
        }
        let Some(person) = self.read(key).await? else {
            return Ok(None);
        };
        let is_here = is_active(person.root()) && self.is_now(person.get("period"));
        Ok(self.local(person.get("patient")).filter(|_| is_here))
    }

    /// What somebody does: all their roles, or the one they came as.
    pub(super) async fn staff(&self, key: &ResourceKey) -> Result<Staff> {
        let roles = match key.resource_type.name() {
            "PractitionerRole" => self.read(key).await?.into_iter().collect(),
            _ => {
                let query = format!("practitioner={key}");
                self.all("PractitionerRole", &query).await?
            }
        };
        let mut staff = Staff::default();
        staff.names.insert(key.clone());
        for role in &roles {
            if !is_active(role.root()) || !self.is_now(role.get("period")) {
                continue;
            }
            let id = role.id().and_then(|id| id.parse().ok());
            let own = id.map(|id| ResourceKey::new(role.resource_type(), id));
            let mut post = Post {
                organization: self.local(role.get("organization")),
                ..Post::default()
            };
            post.names.extend(own);
            post.names.extend(self.local(role.get("practitioner")));
            let concepts = items(role.root(), "code");
            let codings = concepts.flat_map(|concept| items(concept, "coding"));
            for coding in codings {
                let text = |name: &str| coding.get(name).and_then(Value::string);
                if text("system").as_deref() == Some(STAFF_ROLE) {
                    let code = text("code").map(|code| code.as_ref().into());
                    post.codes.extend(code);
                }
            }
            staff.codes.extend(post.codes.iter().cloned());
            staff.names.extend(post.names.iter().cloned());
            staff.posts.push(post);
        }
        Ok(staff)
    }

    /// The organization that a role is for, and those that it is a part of.
    pub(super) async fn organizations(&self, post: &Post) -> Result<BTreeSet<ResourceKey>> {
        let mut found = BTreeSet::new();
        let mut next: Vec<ResourceKey> = post.organization.iter().cloned().collect();
        while let Some(key) = next.pop() {
            if found.contains(&key) {
                continue;
            }
            if let Some(organization) = self.read(&key).await? {
                next.extend(self.local(organization.get("partOf")));
            }
            found.insert(key);
        }
        Ok(found)
    }

    /// The patients in whose care teams somebody is today, and the teams.
    pub(super) async fn care_teams(
        &self,
        staff: &Staff,
    ) -> Result<(BTreeSet<ResourceKey>, BTreeSet<ResourceKey>)> {
        let names: Vec<String> = staff.names.iter().map(ToString::to_string).collect();
        let query = format!("participant={}&status=active", names.join(","));
        let mut patients = BTreeSet::new();
        let mut teams = BTreeSet::new();
        for team in self.all("CareTeam", &query).await? {
            let mut participants = items(team.root(), "participant");
            let is_in = participants.any(|one| {
                let member = self.local(one.get("member"));
                member.is_some_and(|key| staff.names.contains(&key))
                    && self.is_now(one.get("period"))
            });
            if is_in && self.is_now(team.get("period")) {
                let subject = self.local(team.get("subject"));
                patients.extend(subject.filter(|key| key.resource_type.name() == "Patient"));
                let id = team.id().and_then(|id| id.parse().ok());
                teams.extend(id.map(|id| ResourceKey::new(team.resource_type(), id)));
            }
        }
        Ok((patients, teams))
    }

    async fn read(&self, key: &ResourceKey) -> Result<Option<Resource>> {
        let mut source = Source::Committed(&self.interactions.store);
        let found = source.read(self.cx, key).await?;
        found.and_then(resource).transpose()
    }

    /// Everything of a type that a search finds.
    async fn all(&self, name: &str, query: &str) -> Result<Vec<Resource>> {
        let types = ResourceType::parse(name);
        let types = [types.ok_or_else(|| Error::internal("a type is unknown"))?];
        let searched = Searched::of(&types, query, Handling::Strict);
        let plan = self
            .interactions
            .definitions
            .plan(self.cx, &searched, None)?;
        let mut source = Source::Committed(&self.interactions.store);
        let mut cursor: Option<String> = None;
        let mut all = Vec::new();
        loop {
            let count = self.cx.limits.page_size_max;
            let page = source
                .search(self.cx, &plan, count, "admission", cursor.as_deref())
                .await?;
            let resources = page.matches.into_iter().filter_map(resource);
            all.extend(resources.collect::<Result<Vec<_>>>()?);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// The resource of this server that a reference names.
    fn local(&self, reference: Option<Value<'_>>) -> Option<ResourceKey> {
        let text = reference?.get("reference")?.string()?;
        match Reference::parse(&text, &self.cx.base_url) {
            Reference::Local { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Whether a period is about this moment; what has none is about all.
    fn is_now(&self, period: Option<Value<'_>>) -> bool {
        let Some(period) = period else {
            return true;
        };
        let moment = |name: &str| -> Option<Option<DateTime>> {
            match period.get(name).and_then(Value::string) {
                None => Some(None),
                Some(text) => parse_partial(&text).ok().map(Some),
            }
        };
        // What cannot be read is no time at which anything is allowed.
        let (Some(start), Some(end)) = (moment("start"), moment("end")) else {
            return false;
        };
        start.is_none_or(|start| self.moment.is_behind(start.lower()))
            && end.is_none_or(|end| !self.moment.is_behind(end.upper()))
    }
}

fn resource(version: StoredVersion) -> Option<Result<Resource>> {
    let content = version.content?;
    Some(Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal))
}

fn is_active(resource: Value<'_>) -> bool {
    resource.get("active").and_then(Value::boolean) != Some(false)
}

fn items<'v>(object: Value<'v>, name: &str) -> impl Iterator<Item = Value<'v>> + use<'v> {
    object.get(name).into_iter().flat_map(Value::items)
}
