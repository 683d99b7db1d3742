//! What `_include` and `_revinclude` can name: what the planner takes for each type.

use std::collections::BTreeMap;

use fhir::definitions::Definitions as Registries;
use fhir::definitions::search_parameters::{SearchParameter, SearchType};
use fhir::ids::ResourceType;
use fhir::search::planner::Planner;
use fhir::search::query::{Query, QueryLimits};

/// What can be included with the matches of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inclusions {
    /// Values of `_include`.
    pub forward: Vec<String>,
    /// Values of `_revinclude`.
    pub reverse: Vec<String>,
}

/// The inclusions of every type that has any; parameters that are not `ready` are left out.
pub(in crate::definitions) fn inclusions(
    registries: &Registries,
    planner: &Planner<'_>,
    ready: impl Fn(ResourceType, &str) -> bool,
) -> BTreeMap<ResourceType, Inclusions> {
    let mut all: BTreeMap<ResourceType, Inclusions> = BTreeMap::new();
    for source in ResourceType::all() {
        let parameters = registries.search_parameters.for_type(source);
        let references = parameters.filter(|one| one.search_type == SearchType::Reference);
        for parameter in references.filter(|one| ready(source, &one.code)) {
            let name = format!("{source}:{}", parameter.code);
            if !is_planned(planner, source, "_include", &name) {
                continue;
            }
            all.entry(source).or_default().forward.push(name.clone());
            for target in targets(parameter) {
                if is_planned(planner, target, "_revinclude", &name) {
                    all.entry(target).or_default().reverse.push(name.clone());
                }
            }
        }
    }
    for (resource_type, inclusions) in &mut all {
        if !inclusions.forward.is_empty() && is_planned(planner, *resource_type, "_include", "*") {
            inclusions.forward.insert(0, "*".to_owned());
        }
    }
    all
}

/// The types that a parameter names, or all where it names none or an abstract one.
fn targets(parameter: &SearchParameter) -> Vec<ResourceType> {
    let named: Vec<ResourceType> = parameter
        .targets
        .iter()
        .filter_map(|name| ResourceType::parse(name))
        .collect();
    match named.is_empty() || named.len() < parameter.targets.len() {
        true => ResourceType::all().collect(),
        false => named,
    }
}

fn is_planned(planner: &Planner<'_>, searched: ResourceType, name: &str, value: &str) -> bool {
    Query::parse(&format!("{name}={value}"), QueryLimits::default())
        .and_then(|query| planner.plan(&[searched], &query))
        .is_ok()
}
