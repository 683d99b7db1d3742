//! Every definition is valid by itself, and profiles constrain what their base has.

use std::collections::{BTreeMap, BTreeSet};

use fhir::definitions::profiles::faults;
use fhir::definitions::structure::{Element, Structures, TypeId};
use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Kind, Value};
use fhir::path::Expression;
use fhir::resource::Resource;

use super::super::{definitions, named};
use super::{CANONICAL, Terminology, checks, elements, ours, structures, text};
use crate::definitions::own::own_profiles;
use crate::definitions::own_definition;

#[test]
fn every_definition_is_valid_and_is_what_its_file_is_called() {
    let Some(checks) = checks() else {
        return;
    };
    let mut urls = BTreeSet::new();
    for (path, content) in definitions() {
        let resource = Resource::parse(*content).unwrap();
        let (kind, id) = named(path).unwrap();
        assert_eq!(resource.resource_type().name(), kind, "{path}");
        assert_eq!(resource.id().as_deref(), Some(id), "{path}");
        let url = match resource.get("uniqueId") {
            Some(unique) => text(unique.items().next().unwrap(), "value"),
            None => text(resource.root(), "url"),
        };
        let url = url.unwrap();
        assert_eq!(url, format!("{CANONICAL}/{kind}/{id}"), "{path}");
        assert!(urls.insert(url), "{path}: its URL is that of another");
        let issues = checks.validate(&resource).err();
        let issues = issues.map(|error| format!("{:?}", error.issues()));
        assert_eq!(issues, None, "{path}");
        let key: ResourceKey = format!("{kind}/{id}").parse().unwrap();
        assert_eq!(own_definition(&key), Some(*content));
    }
    assert_eq!(own_definition(&"Patient/clinic".parse().unwrap()), None);
}

/// The element a path names: its definition, and the types that stand there.
fn at<'s>(structures: &'s Structures, path: &str) -> Option<(Option<&'s Element>, Vec<TypeId>)> {
    let mut segments = path.split('.');
    let mut types = vec![structures.by_name(segments.next()?)?];
    let mut element = None;
    for segment in segments {
        let name = segment.strip_suffix("[x]").unwrap_or(segment);
        let mut found = types.iter().map(|one| structures.get(*one).element(name));
        let found = found.find_map(|found| found)?;
        if found.is_choice != segment.ends_with("[x]") {
            return None;
        }
        types = found.types.iter().map(|one| one.type_id).collect();
        element = Some(found);
    }
    Some((element, types))
}

fn count(element: Value<'_>, name: &str) -> Option<u32> {
    element.get(name)?.primitive()?.parse().ok()
}

/// What an element of a differential says that its base does not allow.
fn misfit(structures: &Structures, element: Value<'_>) -> Option<String> {
    let (id, path) = (text(element, "id")?, text(element, "path")?);
    let bare = id.split('.').map(|part| part.split(':').next().unwrap());
    if bare.collect::<Vec<_>>().join(".") != path {
        return Some("the id is not the path".to_owned());
    }
    let Some((base, types)) = at(structures, &path) else {
        return Some("the base has no such element".to_owned());
    };
    let is_slice = id.rsplit('.').next().unwrap().contains(':');
    let base_min = base.map_or(0, |base| base.min);
    let base_max = base.and_then(|base| base.max);
    let (min, max) = (count(element, "min"), count(element, "max"));
    if !is_slice && min.is_some_and(|min| min < base_min) {
        return Some("fewer than the base asks for".to_owned());
    }
    let says_max = element.get("max").is_some();
    if says_max && base_max.is_some_and(|base| max.is_none_or(|max| max > base)) {
        return Some("more than the base allows".to_owned());
    }
    if max.is_some_and(|max| min.unwrap_or(if is_slice { 0 } else { base_min }) > max) {
        return Some("more at least than at most".to_owned());
    }
    let is_type = |name: &str| {
        let mut types = types.iter();
        types.any(|one| structures.get(*one).name.eq_ignore_ascii_case(name))
    };
    let given = element.get("type").into_iter().flat_map(Value::items);
    let mut codes = given.filter_map(|one| text(one, "code"));
    if let Some(code) = codes.find(|code| !is_type(code)) {
        return Some(format!("the base has no type {code} there"));
    }
    let of = |name: &str| {
        Some(
            name.strip_prefix("fixed")
                .or(name.strip_prefix("pattern"))?
                .to_owned(),
        )
    };
    let mut values = element.members().filter_map(|(name, _)| of(&name));
    if let Some(value) = values.find(|value| !is_type(value)) {
        return Some(format!("the base has no {value} there"));
    }
    let rules = element.get("constraint").into_iter().flat_map(Value::items);
    rules
        .filter_map(|rule| nonsense(structures, types[0], rule))
        .next()
}

/// Why a rule means nothing for a type.
fn nonsense(structures: &Structures, of: TypeId, rule: Value<'_>) -> Option<String> {
    let key = text(rule, "key")?;
    let fault = match Expression::parse(&text(rule, "expression")?) {
        Ok(expression) => expression.check(structures, of).err()?.to_string(),
        Err(fault) => fault.to_string(),
    };
    Some(format!("{key}: {fault}"))
}

/// Where each part of a path stands in the base, to compare two paths.
fn order(structures: &Structures, path: &str) -> Vec<usize> {
    let ends = path.match_indices('.').map(|(place, _)| place).skip(1);
    let prefixes = ends.map(|end| &path[..end]).chain([path]);
    let places = prefixes.filter_map(|prefix| {
        let (parent, name) = prefix.rsplit_once('.')?;
        let (_, types) = at(structures, parent)?;
        let name = name.strip_suffix("[x]").unwrap_or(name);
        let elements = &structures.get(types[0]).elements;
        elements.iter().position(|element| &*element.name == name)
    });
    places.collect()
}

#[test]
fn profiles_constrain_what_their_base_has() {
    let Some(checks) = checks() else {
        return;
    };
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    for (url, structure) in structures() {
        let own = |name| text(structure.root(), name).unwrap();
        let base = format!("http://hl7.org/fhir/StructureDefinition/{}", own("type"));
        assert_eq!(own("baseDefinition"), base, "{url}");
        assert_eq!(own("derivation"), "constraint", "{url}");
        assert!(
            structure.get("snapshot").is_none(),
            "{url}: differential only"
        );
        let mut before: Vec<usize> = Vec::new();
        let mut ids = BTreeSet::new();
        for element in elements(structure) {
            let id = text(element, "id").unwrap();
            assert_eq!(misfit(checks.structures(), element), None, "{url}: {id}");
            assert!(ids.insert(id.clone()), "{url}: {id} twice");
            if !id.contains(':') {
                let place = order(checks.structures(), &id);
                assert!(place >= before, "{url}: {id} stands too late");
                before = place;
            }
            // The events of the audit trail have keys in common that mean the same of each.
            let constraints = element.get("constraint").into_iter().flat_map(Value::items);
            for rule in constraints.filter(|_| !url.contains("/clinic-audit-")) {
                let key = text(rule, "key").unwrap();
                let expression = text(rule, "expression").unwrap();
                let known = rules.insert(key.clone(), expression.clone());
                let is_same = known.is_none_or(|known| known == expression);
                assert!(is_same, "{url}: {key} means something else elsewhere");
            }
        }
    }
    assert!(rules.len() > 15, "{}", rules.len());
}

#[test]
fn profiles_are_listed_by_their_types() {
    let listed = own_profiles();
    let of = |name: &str| listed.get(&ResourceType::parse(name).unwrap());
    let expected = ["clinic-appointment-waitlist", "clinic-appointment"];
    let expected = expected.map(|id| format!("{CANONICAL}/StructureDefinition/{id}"));
    let appointment = of("Appointment").unwrap().iter();
    assert_eq!(
        appointment.map(|url| url.to_string()).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(of("Basic"), None);
    let all: usize = listed.values().map(Vec::len).sum();
    let is_profile = |one: &Resource| text(one.root(), "type").as_deref() != Some("Extension");
    assert_eq!(all, structures().filter(|(_, one)| is_profile(one)).count());
}

/// Visits every object.
fn visit(value: Value<'_>, see: &mut dyn FnMut(Value<'_>)) {
    if value.kind() == Kind::Object {
        see(value);
    }
    value.members().for_each(|(_, member)| visit(member, see));
    value.items().for_each(|item| visit(item, see));
}

#[test]
fn what_definitions_name_exists() {
    let Some(terminology) = Terminology::read() else {
        return;
    };
    for (url, resource) in ours() {
        visit(resource.root(), &mut |object| {
            if let Some(value_set) = text(object, "valueSet") {
                let is_known = terminology.value_sets.contains_key(&value_set);
                assert!(is_known, "{url}: {value_set}");
            }
            let lists = ["profile", "targetProfile"].map(|name| object.get(name));
            let names = lists.into_iter().flatten().flat_map(Value::items);
            for name in names.filter_map(Value::string) {
                assert!(terminology.structures.contains(&*name), "{url}: {name}");
            }
            let Some(system) = text(object, "system") else {
                return;
            };
            let Some(codes) = terminology.systems.get(&system) else {
                let is_at_hand = system.contains("hl7.org") || system.contains("vesta");
                assert!(!is_at_hand, "{url}: {system}");
                return;
            };
            let concepts = object.get("concept").into_iter().flat_map(Value::items);
            for code in concepts.chain([object]).filter_map(|one| text(one, "code")) {
                assert!(codes.contains(&code), "{url}: {system}|{code}");
            }
        });
    }
}

/// What would be refused where somebody stored it: more than the base allows, among others.
#[test]
fn no_profile_has_a_fault() {
    let Some(checks) = checks() else {
        return;
    };
    let built_in = &checks.built_in;
    let tables = (&built_in.structures, &built_in.code_sets);
    for (path, content) in definitions() {
        let resource = Resource::parse(*content).unwrap();
        if resource.resource_type().name() == "StructureDefinition" {
            let found = faults(resource.root(), tables, &built_in.profiles, &[]);
            assert_eq!(found, [], "{path}");
        }
    }
}
