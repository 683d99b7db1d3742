//! Rules as FHIRPath (<https://hl7.org/fhir/R4/conformance-rules.html#constraints>).

use super::{Check, Scope, is_base};
use crate::definitions::structure::Constraint;
use crate::outcome::{IssueType, Severity};
use crate::path::{self, Environment, EvaluationError, Expression, Hooks, Item, Node};
use crate::validation::findings::{Findings, Path};
use crate::validation::narrative;

/// The most that one rule may cost.
const STEPS_MAX: u32 = 500_000;

impl<'a> Check<'_, 'a> {
    /// Checks rules at a node.
    pub(super) fn invariants(
        &self,
        out: &mut Findings,
        rules: &'a [Constraint],
        node: Node<'a>,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        for rule in rules {
            let Some(severity) = self.severity(rule) else {
                continue;
            };
            if is_settled(rule, scope) {
                continue;
            }
            let Some(expression) = rule.parsed() else {
                self.unanswered(out, rule, (path, node), "is no FHIRPath");
                continue;
            };
            match self.holds(expression, node, scope) {
                // A rule that says nothing does not hold, as HL7's validator has it; those two say nothing of what is
                // not there.
                Ok(None) if matches!(&*rule.key, "bdl-8" | "ras-2") => {}
                Ok(Some(false) | None) => {
                    let human = rule.human.trim_end_matches('.');
                    let text = format!("breaks the rule {}: {human}", rule.key);
                    if let Some(value) = super::nodes::place(node) {
                        out.note(severity, path, value, (IssueType::Invariant, text.into()));
                    }
                }
                Ok(Some(true)) | Err(EvaluationError::NotSupported(_)) => {}
                Err(fault) => self.unanswered(out, rule, (path, node), &fault.to_string()),
            }
        }
    }

    /// How bad a breach is; nothing where nobody wants to hear of it.
    fn severity(&self, rule: &Constraint) -> Option<Severity> {
        let strictness = &self.validator.strictness;
        match rule.is_warning || rule.is_best_practice {
            false => Some(Severity::Error),
            true if !strictness.warnings => None,
            true if rule.is_best_practice && !strictness.best_practice => None,
            true => Some(Severity::Warning),
        }
    }

    fn unanswered(
        &self,
        out: &mut Findings,
        rule: &Constraint,
        (path, node): (&Path<'_>, Node<'a>),
        why: &str,
    ) {
        if self.steps.get() == 0 {
            let text = "the rules of this resource cost more together than is allowed";
            return self.error(out, path, node, (IssueType::TooCostly, text));
        }
        if let Some(value) = super::nodes::place(node) {
            let text = format!("the rule {} could not be checked: {why}", rule.key);
            self.note(
                out,
                Severity::Warning,
                (path, value),
                (IssueType::Processing, text),
            );
        }
    }

    /// What an expression says of a node.
    pub(super) fn holds(
        &self,
        expression: &Expression,
        node: Node<'a>,
        scope: Scope<'a>,
    ) -> Result<Option<bool>, EvaluationError> {
        let html_checks = |node: Node<'_>| {
            let text = node.value.and_then(|value| value.string());
            text.is_some_and(|text| narrative::check(&text).is_ok())
        };
        let member_of = |item: &Item<'_>, url: &str| self.is_member(item, url);
        let conforms_to = |node: Node<'_>, url: &str| {
            let node = self.world.own(node)?;
            let profile = self.validator.profiles.get(url);
            match profile {
                Some(profile) => Some(self.meets(node, profile, self.inner(node, scope))),
                None if is_base(url, self.type_name(node)) => Some(true),
                None => None,
            }
        };
        let mut environment = Environment::new(&self.definitions().structures);
        environment.limits.steps = STEPS_MAX;
        environment.now = self.validator.now;
        environment.resource = Some(scope.resource);
        environment.root_resource = Some(scope.root);
        environment.resources = Some(self.world.by_reference());
        environment.hooks = Hooks {
            html_checks: Some(&html_checks),
            member_of: Some(&member_of),
            conforms_to: Some(&conforms_to),
            ..Hooks::default()
        };
        let before = self.steps.get();
        let mut steps = before;
        let answer = path::condition_within(expression, Item::Node(node), &environment, &mut steps);
        // Where it asks for a profile, the rules of that have taken theirs meanwhile.
        let cost = before.saturating_sub(steps);
        self.steps.set(self.steps.get().saturating_sub(cost));
        answer
    }
}

/// Whether a rule cannot be broken here, or is held elsewhere at less cost.
fn is_settled(rule: &Constraint, scope: Scope<'_>) -> bool {
    match &*rule.key {
        // Only a container can break them.
        "dom-2" | "dom-4" | "dom-5" => scope
            .resource
            .value
            .is_none_or(|value| value.get("contained").is_none()),
        // The checks of narratives, of contained resources and of references.
        "txt-1" | "txt-2" | "dom-3" | "ref-1" => true,
        _ => false,
    }
}
