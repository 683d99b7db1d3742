//! Whether a QuestionnaireResponse answers its Questionnaire
//! (<https://hl7.org/fhir/R4/questionnaireresponse.html#notes>).

mod answers;
mod enabled;

use std::borrow::Cow;

use super::Check;
use crate::json::Value;
use crate::outcome::{IssueType, Severity};
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

/// The text of a member.
fn text<'v>(value: Value<'v>, name: &str) -> Option<Cow<'v, str>> {
    value.get(name).and_then(Value::string)
}

fn list<'v>(value: Value<'v>, name: &str) -> impl Iterator<Item = Value<'v>> + use<'v> {
    value.get(name).into_iter().flat_map(Value::items)
}

/// The extension of that URL.
fn extension<'v>(item: Value<'v>, url: &str) -> Option<Value<'v>> {
    list(item, "extension").find(|one| text(*one, "url").as_deref() == Some(url))
}

/// The value of a choice: `valueString` of `value`, its JSON name and itself.
fn choice<'v>(object: Value<'v>, name: &str) -> Option<(Cow<'v, str>, Value<'v>)> {
    object.members().find(|(member, _)| {
        member
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
    })
}

/// A response beside the questions.
#[derive(Clone, Copy)]
struct Response<'a> {
    root: Value<'a>,
    /// Whether it says that it is complete.
    is_complete: bool,
}

impl<'a> Check<'_, 'a> {
    /// Checks a QuestionnaireResponse whose Questionnaire is at hand.
    pub(super) fn response(&self, out: &mut Findings, node: Node<'a>, path: &Path<'_>) {
        let Some(root) = node.value else { return };
        let Some(canonical) = text(root, "questionnaire") else {
            return;
        };
        let Some(questionnaire) = self.questionnaire(root, &canonical) else {
            return;
        };
        let status = text(root, "status");
        let response = Response {
            root,
            is_complete: matches!(status.as_deref(), Some("completed" | "amended")),
        };
        self.items(out, (questionnaire, root), response, path);
    }

    /// The Questionnaire that a response names: one that it contains, or one that is at hand.
    fn questionnaire(&self, response: Value<'a>, canonical: &str) -> Option<Value<'a>> {
        if let Some(id) = canonical.strip_prefix('#') {
            let mut contained = list(response, "contained");
            return contained
                .find(|one| {
                    text(*one, "id").as_deref() == Some(id)
                        && text(*one, "resourceType").as_deref() == Some("Questionnaire")
                })
                .filter(|_| self.validator.strictness.warnings);
        }
        let (url, version) = match canonical.split_once('|') {
            Some((url, version)) => (url, Some(version)),
            None => (canonical, None),
        };
        let is_meant = |one: &&&'a crate::resource::Resource| {
            text(one.root(), "url").as_deref() == Some(url)
                && version
                    .is_none_or(|version| text(one.root(), "version").as_deref() == Some(version))
        };
        let mut known = self.validator.questionnaires.iter();
        known.find(is_meant).map(|one| one.root())
    }

    /// The items below a question, or of the whole, beside those of the response.
    fn items(
        &self,
        out: &mut Findings,
        (questions, answers): (Value<'a>, Value<'a>),
        response: Response<'a>,
        path: &Path<'_>,
    ) {
        let here = path.member("item");
        for question in list(questions, "item") {
            let link = text(question, "linkId");
            let own: Vec<(usize, Value<'a>)> = list(answers, "item")
                .enumerate()
                .filter(|(_, item)| text(*item, "linkId") == link)
                .collect();
            self.item(out, question, &own, (answers, path), response);
        }
        for (index, item) in list(answers, "item").enumerate() {
            let link = text(item, "linkId");
            let is_known = list(questions, "item").any(|question| text(question, "linkId") == link);
            if !is_known && link.is_some() {
                let what = "the Questionnaire has no question with this linkId here";
                out.add(&here.item(index), item, IssueType::Structure, what);
            }
        }
    }

    fn item(
        &self,
        out: &mut Findings,
        question: Value<'a>,
        own: &[(usize, Value<'a>)],
        (parent, path): (Value<'a>, &Path<'_>),
        response: Response<'a>,
    ) {
        let here = path.member("item");
        let kind = text(question, "type").unwrap_or_default();
        let is_enabled = enabled::is_enabled(question, response.root);
        let count: usize = own
            .iter()
            .map(|(_, item)| list(*item, "answer").count())
            .sum();
        if !is_enabled {
            for (index, item) in own {
                if item.get("answer").is_some() {
                    let what =
                        "is answered, and the Questionnaire does not ask it here (enableWhen)";
                    out.add(&here.item(*index), *item, IssueType::BusinessRule, what);
                }
            }
            return;
        }
        let is_required = question.get("required").and_then(Value::boolean) == Some(true);
        let has_answers = !matches!(&*kind, "group" | "display");
        if is_required && ((has_answers && count == 0) || own.is_empty()) {
            let (place, value) = match own.first() {
                Some((index, item)) => (here.item(*index), *item),
                None => (*path, parent),
            };
            let link = text(question, "linkId").unwrap_or_default();
            let what = format!("the question '{link}' must be answered");
            let severity = match response.is_complete {
                true => Severity::Error,
                false => Severity::Warning,
            };
            self.note(out, severity, (&place, value), (IssueType::Required, what));
        }
        self.repeats(out, question, own, (&here, count));
        for (index, item) in own {
            let here = here.item(*index);
            self.answered(out, question, *item, &here);
            if kind == "group" {
                self.items(out, (question, *item), response, &here);
                continue;
            }
            let answers = here.member("answer");
            for (number, answer) in list(*item, "answer").enumerate() {
                if answer.get("item").is_some() || question.get("item").is_some() {
                    self.items(out, (question, answer), response, &answers.item(number));
                }
            }
        }
    }

    /// Whether there are as many answers as there may be.
    fn repeats(
        &self,
        out: &mut Findings,
        question: Value<'a>,
        own: &[(usize, Value<'a>)],
        (path, count): (&Path<'_>, usize),
    ) {
        let repeats = question.get("repeats").and_then(Value::boolean) == Some(true);
        let kind = text(question, "type").unwrap_or_default();
        let count = match &*kind {
            "group" => own.len(),
            _ => count.max(own.len()),
        };
        let Some((index, item)) = own.last() else {
            return;
        };
        let limit = |url: &str| -> Option<usize> {
            let value = extension(question, url)?.get("valueInteger")?;
            value.number()?.parse().ok()
        };
        let what = if !repeats && count > 1 {
            Some("may be answered only once".to_owned())
        } else if let Some(max) = limit(MAX_OCCURS).filter(|max| count > *max) {
            Some(format!("may have {max} answers, and has {count}"))
        } else {
            limit(MIN_OCCURS)
                .filter(|min| count < *min)
                .map(|min| format!("must have {min} answers, and has {count}"))
        };
        if let Some(what) = what {
            out.add(&path.item(*index), *item, IssueType::Structure, what);
        }
    }
}

const MAX_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs";
const MIN_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs";
