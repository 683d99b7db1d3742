//! `$validate` (<https://hl7.org/fhir/R4/resource-operation-validate.html>).

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use fhir::ids::{ResourceId, ResourceKey};
use fhir::json::Value;
use fhir::outcome::{Issue, IssueType, operation_outcome};
use fhir::resource::Resource;

use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::auth::Permission;
use crate::context::Handling;
use crate::definitions::{RequiredTargets, Searched};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Source;
use crate::terminology::{CodeAnswers, Given, coding_faults};

/// The operation.
pub(super) struct Validate;

/// What it takes.
pub(super) struct ValidateParams {
    resource: Option<Resource>,
    mode: Option<String>,
    profile: Option<String>,
}

impl Params for ValidateParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            resource: arguments.optional("resource")?,
            mode: arguments.optional("mode")?,
            profile: arguments.optional("profile")?,
        })
    }
}

/// What is planned with a resource (<https://hl7.org/fhir/R4/valueset-resource-validation-mode.html>).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Content,
    Create,
    Update,
    Delete,
    Profile,
}

impl Mode {
    fn of(params: &ValidateParams) -> Result<Self> {
        let mode = match params.mode.as_deref() {
            None => Self::Content,
            Some("create") => Self::Create,
            Some("update") => Self::Update,
            Some("delete") => Self::Delete,
            Some("profile") => Self::Profile,
            Some(_) => {
                let text = "mode is create, update, delete or profile";
                return Err(Error::new(ErrorKind::BadValue, text));
            }
        };
        match (mode, &params.profile) {
            (Self::Profile, None) => {
                let text = "mode=profile needs the parameter 'profile'";
                Err(Error::new(ErrorKind::BadValue, text))
            }
            _ => Ok(mode),
        }
    }
}

impl Operation for Validate {
    const DEFINITION: &'static str = include_str!("definition.json");
    const JUDGES_BODIES: bool = true;
    type Params = ValidateParams;

    async fn invoke(cx: OperationContext<'_>, params: ValidateParams) -> Result<OperationAnswer> {
        let mode = Mode::of(&params)?;
        let mut issues = Vec::new();
        if mode == Mode::Delete {
            issues.extend(delete(cx).await?);
        } else {
            let resource = match params.resource {
                Some(resource) => resource,
                None => stored(cx).await?,
            };
            issues.extend(place(cx, mode, &resource));
            let profiles: Vec<&str> = params.profile.as_deref().into_iter().collect();
            let questionnaire = questionnaire(cx, &resource).await?;
            let questionnaires: Vec<&Resource> = questionnaire.iter().collect();
            let definitions = cx.definitions;
            let mut report = definitions.report(cx.request, &resource, &profiles, &questionnaires);
            let targets = RequiredTargets::new(std::mem::take(&mut report.references));
            let given = Given::contained_in(questionnaires.into_iter().chain([&resource]));
            let questions = report.questions.iter();
            let answers = CodeAnswers::beside(cx.request, cx.store, questions, &given).await?;
            let mut told = answers.issues(&report.questions);
            told.extend(coding_faults(cx.request, cx.store, &report.codings).await?);
            let own = key(cx, &resource).map(|key| key.id);
            told.extend(definitions.definition_faults(own.as_ref(), &resource));
            issues.extend(in_order(report.issues, told));
            issues.extend(targets.issues(&absent(cx, &targets, &resource).await?));
            if let Some(key) = key(cx, &resource) {
                issues.extend(
                    definitions
                        .check_search_parameter(&key, &resource)
                        .err()
                        .map(|error| Issue::error(IssueType::BusinessRule, error.to_string())),
                );
            }
        }
        Ok(OperationAnswer::resource(operation_outcome(&issues)))
    }
}

/// Issues with others among them, by their places in the text.
fn in_order(mut issues: Vec<Issue>, others: Vec<Issue>) -> Vec<Issue> {
    if !others.is_empty() {
        issues.extend(others);
        // What has no place is about the whole, and stays in front.
        issues.sort_by_key(|issue| issue.position.map(|place| (place.line, place.column)));
    }
    issues
}

/// What the resource refers to and is not there; it may refer to itself.
async fn absent(
    cx: OperationContext<'_>,
    targets: &RequiredTargets,
    resource: &Resource,
) -> Result<HashSet<ResourceKey>> {
    let mut absent = cx.store.absent(cx.request, targets).await?;
    if let Some(key) = key(cx, resource) {
        absent.remove(&key);
    }
    Ok(absent)
}

/// The stored resource that a call on an instance is about.
async fn stored(cx: OperationContext<'_>) -> Result<Resource> {
    let OperationTarget::Instance(key) = cx.target else {
        let text = "the parameter 'resource' must be given, or the call be on an instance";
        return Err(Error::new(ErrorKind::Malformed, text));
    };
    let (version, content) = cx.read(key).await?;
    cx.note_read(&version, &content)?;
    Resource::parse_with(content, cx.request.limits.parse).map_err(Error::internal)
}

/// The key the resource would have.
fn key(cx: OperationContext<'_>, resource: &Resource) -> Option<ResourceKey> {
    match cx.target {
        OperationTarget::Instance(key) => Some(key.clone()),
        OperationTarget::System | OperationTarget::Type(_) => {
            let id: ResourceId = resource.id()?.parse().ok()?;
            Some(ResourceKey::new(resource.resource_type(), id))
        }
    }
}

/// Whether the resource belongs where it is planned to be.
fn place(cx: OperationContext<'_>, mode: Mode, resource: &Resource) -> Vec<Issue> {
    let own = resource.resource_type();
    let mut issues = Vec::new();
    let wanted = match cx.target {
        OperationTarget::System => own,
        OperationTarget::Type(wanted) => *wanted,
        OperationTarget::Instance(key) => key.resource_type,
    };
    if wanted != own {
        let text = format!("the URL says {wanted}, the resource is {own}");
        issues.push(Issue::error(IssueType::Invalid, text).at("resourceType"));
    }
    let id = resource.id();
    let id_fault = match (mode, cx.target, &id) {
        (Mode::Update, OperationTarget::Instance(key), Some(id)) if id != key.id.as_str() => {
            Some("the id of the resource is not the id of the URL")
        }
        (Mode::Update, _, None) => Some("the resource of an update must carry its id"),
        _ => None,
    };
    if let Some(text) = id_fault {
        issues.push(Issue::error(IssueType::Value, text).at(format!("{own}.id")));
    }
    issues
}

/// Whether the resource is there and nothing keeps it from being deleted.
async fn delete(cx: OperationContext<'_>) -> Result<Option<Issue>> {
    let OperationTarget::Instance(key) = cx.target else {
        let text = "mode=delete is for a call on an instance";
        return Err(Error::new(ErrorKind::BadValue, text));
    };
    let (version, content) = cx.read(key).await?;
    cx.note_read(&version, &content)?;
    // Who may not delete is not told who, or whether anybody, refers to it.
    let access = &cx.request.access;
    if !access.may(Permission::Delete, key.resource_type) {
        let text = format!("this access does not include {}.d", key.resource_type);
        return Ok(Some(Issue::error(IssueType::Forbidden, text)));
    }
    if cx.request.limits.delete_referenced {
        return Ok(None);
    }
    let mut attempts = cx.store.attempts();
    loop {
        let mut tx = attempts.begin(cx.request).await?;
        let found = tx.find_referenced(std::slice::from_ref(key)).await;
        if let Some(answer) = attempts.finish(tx, found).await {
            let refusal = answer?.map(|(_, error)| error.to_string());
            return Ok(refusal.map(|text| Issue::error(IssueType::Conflict, text)));
        }
    }
}

/// The stored Questionnaire that a QuestionnaireResponse answers.
async fn questionnaire(cx: OperationContext<'_>, resource: &Resource) -> Result<Option<Resource>> {
    let canonical = resource.get("questionnaire").and_then(Value::string);
    // One that the response contains is at hand.
    let is_stored = |canonical: &str| {
        resource.resource_type().name() == "QuestionnaireResponse" && !canonical.starts_with('#')
    };
    let Some(canonical) = canonical.filter(|canonical| is_stored(canonical)) else {
        return Ok(None);
    };
    let (url, version) = match canonical.split_once('|') {
        Some((url, version)) => (url, Some(version)),
        None => (&*canonical, None),
    };
    let mut pairs = vec![("url".to_owned(), escaped(url))];
    pairs.extend(version.map(|version| ("version".to_owned(), escaped(version))));
    let query = crate::searchset::query_text(&pairs);
    let types: Vec<_> = fhir::ids::ResourceType::parse("Questionnaire")
        .into_iter()
        .collect();
    let searched = Searched::of(&types, &query, Handling::Strict);
    let plan = cx.definitions.plan(cx.request, &searched, None)?;
    let mut source = Source::Committed(cx.store);
    let page = source.search(cx.request, &plan, 1, "", None).await?;
    let content = page
        .matches
        .first()
        .and_then(|version| version.content.clone());
    let limits = cx.request.limits.parse;
    content
        .map(|content| Resource::parse_with(content, limits).map_err(Error::internal))
        .transpose()
}

/// A value of a search parameter, letter by letter (<https://hl7.org/fhir/R4/search.html#escaping>).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '$' | '|') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
