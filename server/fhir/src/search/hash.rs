//! Index elements: one 64-bit number says "this operand of this type's parameters has this value" (ADR 0005).
//!
//! `element = seed ^ value hash`; the seed is an operand's. For a reference the value hash is [`key_hash`] of its target, which the
//! store keeps as a column of the target: `seed # key_hash` joins a chain by arithmetic. All other value hashes begin
//! from a tag of their own, so that no two forms of a value share an encoding.
//!
//! The last bit of an element says whether the store also keeps it in order ([`is_listed`]): that of a code with its
//! system, and of a literal reference, where the operand's seed has it. The last bit of a value hash says nothing.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::definitions::search_parameters::SearchType;
use crate::ids::{ResourceKey, ResourceType};

/// The seed of every local literal reference anywhere in a resource: in elements, extensions and contained resources.
pub const ANY_REFERENCE: i64 = 2_889_250_350_351_258_638;

/// The seed of the compartments that a resource is in ([`compartment`]).
pub const COMPARTMENT: i64 = -3_472_722_020_672_663_656;

/// What a value hash speaks of; each form has a tag of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Present = 1,
    Pair,
    Code,
    System,
    CodeWithoutSystem,
    OfType,
    Url,
    VersionedKey,
    Exact,
    Target,
    Identifier,
    CanonicalUnit,
    Unit,
    SystemUnit,
    Group,
    GroupValue,
    Text,
    UrlBelow,
    Contains,
    Listed,
    Folded,
    FoldedPair,
    MediaType,
    Canonical,
    Named,
    Label,
}

/// The seed of one operand of the expressions of a concrete type's parameters: all parameters of the search type that
/// have the operand share it. `place` is the operand in a form of its own ([`super::index_plan`]).
pub fn operand_seed(resource_type: ResourceType, search_type: SearchType, place: &str) -> i64 {
    let name = resource_type.name();
    unlisted(signed(xxh3_64(
        format!("{name}|{}|{place}", search_type.code()).as_bytes(),
    )))
}

/// The seed of an operand whose codes and references the store keeps in order, from its [`operand_seed`]: another one, so
/// that no element that was stored before it was listed passes for one of its own.
pub fn listed_seed(seed: i64) -> i64 {
    (seed ^ tagged(Form::Listed, b"")) | LISTED
}

/// Whether the store keeps the resources that have an element in the order of their numbers, beside the index of all
/// elements.
pub fn is_listed(element: i64) -> bool {
    element & LISTED == LISTED
}

const LISTED: i64 = 1;

fn unlisted(element: i64) -> i64 {
    element & !LISTED
}

/// The seed of what only an operand's references to resources of one type have: presence, logical references, and
/// texts that name no resource of this server. Literal references need none: their elements tell the type.
pub fn filtered_seed(seed: i64, target: ResourceType) -> i64 {
    unlisted(seed ^ tagged(Form::Target, target.name().as_bytes()))
}

/// The seed of the logical references (`Reference.identifier`) of a reference operand.
pub fn identifier_seed(seed: i64) -> i64 {
    unlisted(seed ^ tagged(Form::Identifier, b""))
}

/// The seed of the texts that go with an operand's codes: what `:text` asks
/// (<https://hl7.org/fhir/R4/search.html#token>).
pub fn text_seed(seed: i64) -> i64 {
    unlisted(seed ^ tagged(Form::Text, b""))
}

/// The seed of an operand's quantities in a canonical UCUM unit ([`super::ucum`]).
pub fn canonical_seed(seed: i64, unit: &str) -> i64 {
    seed ^ tagged(Form::CanonicalUnit, unit.as_bytes())
}

/// The seed of the groups of values that one composite base holds; `place` is the base and its components.
pub fn group_seed(resource_type: ResourceType, place: &str) -> i64 {
    let name = resource_type.name();
    signed(xxh3_64_with_seed(
        format!("{name}|{place}").as_bytes(),
        tag(Form::Group),
    ))
}

/// A group whose first and second component have these values: an element. The value of a component is the hash of
/// one form of it, its element under the seed 0.
pub fn group_pair(group: i64, first: i64, second: i64) -> i64 {
    let first = xxh3_64_with_seed(&first.to_le_bytes(), tag(Form::Group));
    unlisted(group ^ signed(xxh3_64_with_seed(&second.to_le_bytes(), first)))
}

/// The parameter of the numbers that stand in a group beside a value; `component` is the place of that value's component.
pub fn group_value(group: i64, component: usize, value: i64) -> i64 {
    let place = if component == 0 { b"a" } else { b"b" };
    let place = xxh3_64_with_seed(place, tag(Form::GroupValue));
    group ^ signed(xxh3_64_with_seed(&value.to_le_bytes(), place))
}

/// A quantity's unit, by its code or by its text, whatever its system.
pub fn unit(text: &str) -> i64 {
    tagged(Form::Unit, text.as_bytes())
}

/// A quantity's unit, by its code or by its text, within a system.
pub fn system_unit(system: &str, text: &str) -> i64 {
    pair(Form::SystemUnit, system, text)
}

/// The number that equal criteria have in common: conditional interactions lock on it.
pub fn criteria_hash(criteria_key: &str) -> i64 {
    signed(xxh3_64_with_seed(criteria_key.as_bytes(), CRITERIA))
}

/// Keeps criteria apart from all that is hashed for the index.
const CRITERIA: u64 = 0xC417;

/// The hash of a resource's key, as `Type/id`: a column of every resource, and the value hash of references to it.
pub fn key_hash(key: &ResourceKey) -> i64 {
    target_hash(key.resource_type, key.id.as_str())
}

/// [`key_hash`] of a key that is still in two parts.
pub fn target_hash(resource_type: ResourceType, id: &str) -> i64 {
    // Ids are at most 64 bytes: the key is put together on the stack.
    let name = resource_type.name();
    let mut buffer = [0u8; 128];
    let length = name.len() + 1 + id.len();
    match buffer.get_mut(..length) {
        Some(text) => {
            text[..name.len()].copy_from_slice(name.as_bytes());
            text[name.len()] = b'/';
            text[name.len() + 1..].copy_from_slice(id.as_bytes());
            signed(xxh3_64(text))
        }
        None => signed(xxh3_64(format!("{name}/{id}").as_bytes())),
    }
}

/// "The parameter has a value": what `:missing` asks.
pub fn present(seed: i64) -> i64 {
    unlisted(seed ^ tagged(Form::Present, b""))
}

/// A token's system and code.
pub fn token(seed: i64, system: &str, code: &str) -> i64 {
    seed ^ unlisted(pair(Form::Pair, system, code))
}

/// A token's code, whatever its system.
pub fn code(seed: i64, code: &str) -> i64 {
    unlisted(seed ^ tagged(Form::Code, code.as_bytes()))
}

/// A token's system, whatever its code.
pub fn system(seed: i64, system: &str) -> i64 {
    unlisted(seed ^ tagged(Form::System, system.as_bytes()))
}

/// The code of a token that has no system.
pub fn code_without_system(seed: i64, code: &str) -> i64 {
    unlisted(seed ^ tagged(Form::CodeWithoutSystem, code.as_bytes()))
}

/// A token's code that has capital letters, without them, whatever its system: with [`code`] of the small letters it finds
/// all that differ in case alone.
pub fn folded_code(seed: i64, small: &str) -> i64 {
    unlisted(seed ^ tagged(Form::Folded, small.as_bytes()))
}

/// A token's system, an empty one where it has none, and its code that has capital letters, without them.
pub fn folded_token(seed: i64, system: &str, small: &str) -> i64 {
    unlisted(seed ^ pair(Form::FoldedPair, system, small))
}

/// A media type without its parameters, in small letters: what `:below` asks of it.
pub fn media_type(seed: i64, small: &str) -> i64 {
    unlisted(seed ^ tagged(Form::MediaType, small.as_bytes()))
}

/// An identifier's value together with one coding of its type.
pub fn of_type(seed: i64, type_system: &str, type_code: &str, value: &str) -> i64 {
    let kind = pair(Form::OfType, type_system, type_code);
    unlisted(seed ^ signed(xxh3_64_with_seed(value.as_bytes(), unsigned(kind))))
}

/// A literal reference to `Type/id` on this server.
pub fn reference(seed: i64, target_hash: i64) -> i64 {
    seed ^ unlisted(target_hash)
}

/// A literal reference to one version of `Type/id` on this server.
pub fn versioned_reference(seed: i64, target_hash: i64, version: &str) -> i64 {
    let key = unsigned(target_hash ^ tagged(Form::VersionedKey, b""));
    unlisted(seed ^ signed(xxh3_64_with_seed(version.as_bytes(), key)))
}

/// A literal reference, canonical or uri that names no resource of this server, as it is written.
pub fn url(seed: i64, text: &str) -> i64 {
    unlisted(seed ^ tagged(Form::Url, text.as_bytes()))
}

/// A URL that is below another, or that other itself, which ends without a slash: what `:below` asks.
pub fn url_below(seed: i64, above: &str) -> i64 {
    unlisted(seed ^ tagged(Form::UrlBelow, above.as_bytes()))
}

/// A whole string, letter by letter: what `:exact` asks.
pub fn exact(seed: i64, text: &str) -> i64 {
    unlisted(seed ^ tagged(Form::Exact, text.as_bytes()))
}

/// A canonical reference as it is written, with its version where it has one: what leads to the resource that it names.
pub fn canonical(seed: i64, text: &str) -> i64 {
    unlisted(seed ^ tagged(Form::Canonical, text.as_bytes()))
}

/// The seed of the canonical URLs that resources of a type have, each without and with its version ([`canonical`]).
pub fn named_seed(resource_type: ResourceType) -> i64 {
    unlisted(tagged(Form::Named, resource_type.name().as_bytes()))
}

/// By what the element of a canonical reference differs from that of a resource of a type that it names.
pub fn canonical_way(seed: i64, resource_type: ResourceType) -> i64 {
    unlisted(seed) ^ named_seed(resource_type)
}

/// "The resource contains one of the type": what a search of contained resources begins from
/// (<https://hl7.org/fhir/R4/search.html#contained>).
pub fn contains(resource_type: ResourceType) -> i64 {
    unlisted(tagged(Form::Contains, resource_type.name().as_bytes()))
}

/// "The resource is in the compartment around that one" (<https://hl7.org/fhir/R4/compartmentdefinition.html>).
pub fn compartment(center: &ResourceKey) -> i64 {
    unlisted(reference(COMPARTMENT, key_hash(center)))
}

/// The compartment that a reference places its resource into, by its element ([`reference`]) and the seed that this was made with.
pub fn compartment_by(seed: i64, element: i64) -> i64 {
    unlisted(COMPARTMENT ^ element ^ seed)
}

/// "The resource has this security label", whatever its type (<https://hl7.org/fhir/R4/security-labels.html>).
pub fn label(system: &str, code: &str) -> i64 {
    unlisted(pair(Form::Label, system, code))
}

/// "The resource has a security label".
pub fn labelled() -> i64 {
    unlisted(tagged(Form::Label, b""))
}

fn tagged(form: Form, bytes: &[u8]) -> i64 {
    signed(xxh3_64_with_seed(bytes, tag(form)))
}

/// Two texts: the hash of the first is the seed of the second, so no separator is needed that could occur in either.
fn pair(form: Form, first: &str, second: &str) -> i64 {
    let first = xxh3_64_with_seed(first.as_bytes(), tag(form));
    signed(xxh3_64_with_seed(second.as_bytes(), first))
}

/// Tags far apart: neighbouring seeds of xxh3 are as good as any, but this costs nothing.
fn tag(form: Form) -> u64 {
    (form as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn signed(hash: u64) -> i64 {
    i64::from_ne_bytes(hash.to_ne_bytes())
}

fn unsigned(hash: i64) -> u64 {
    u64::from_ne_bytes(hash.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn observation() -> ResourceType {
        ResourceType::parse("Observation").unwrap()
    }

    #[test]
    fn the_encoding_is_fixed_because_it_is_stored() {
        let check = |actual: i64, expected: i64| assert_eq!(actual, expected);
        check(ANY_REFERENCE, signed(xxh3_64(b"*reference")));
        check(COMPARTMENT, unlisted(signed(xxh3_64(b"*compartment"))));
        check(
            operand_seed(observation(), SearchType::Token, "code"),
            unlisted(signed(xxh3_64(b"Observation|token|code"))),
        );
        let key: ResourceKey = "Patient/123".parse().unwrap();
        check(key_hash(&key), signed(xxh3_64(b"Patient/123")));
        let long = "x".repeat(200);
        check(
            target_hash(key.resource_type, &long),
            signed(xxh3_64(format!("Patient/{long}").as_bytes())),
        );
        check(token(0, "http://loinc.org", "1234-5"), TOKEN & !1);
    }

    /// `http://loinc.org|1234-5`: changes only with a reindex of everything stored.
    const TOKEN: i64 = -3_418_934_635_956_383_105;

    #[test]
    fn only_codes_with_a_system_and_literal_references_are_listed_and_only_under_such_a_seed() {
        let plain = operand_seed(observation(), SearchType::Token, "code");
        let listed = listed_seed(plain);
        let key: ResourceKey = "Patient/a".parse().unwrap();
        for n in 0..64 {
            let text = n.to_string();
            let target = key_hash(&key) ^ n;
            assert!(is_listed(token(listed, "a", &text)));
            assert!(is_listed(reference(listed, target)));
            let others = [
                token(plain, "a", &text),
                reference(plain, target),
                reference(ANY_REFERENCE, target),
                reference(filtered_seed(listed, key.resource_type), target),
                compartment(&format!("Patient/{n}").parse().unwrap()),
                token(identifier_seed(listed), "a", &text),
                versioned_reference(listed, target, "1"),
                code(listed, &text),
                system(listed, &text),
                code_without_system(listed, &text),
                of_type(listed, "a", "b", &text),
                url(listed, &text),
                url_below(listed, &text),
                exact(listed, &text),
                present(listed),
                group_pair(listed, 1, n),
            ];
            assert!(!others.into_iter().any(is_listed));
        }
    }

    #[test]
    fn every_form_of_a_value_is_another_element() {
        let seed = operand_seed(observation(), SearchType::Token, "code");
        let key: ResourceKey = "Patient/a".parse().unwrap();
        let patient = key.resource_type;
        let mut elements = vec![
            present(seed),
            of_type(seed, "a", "b", "c"),
            of_type(seed, "ab", "", "c"),
            of_type(seed, "", "ab", "c"),
            reference(seed, key_hash(&key)),
            reference(ANY_REFERENCE, key_hash(&key)),
            compartment(&key),
            versioned_reference(seed, key_hash(&key), "1"),
            versioned_reference(seed, key_hash(&key), "2"),
            identifier_seed(seed),
            filtered_seed(seed, patient),
            filtered_seed(seed, observation()),
            identifier_seed(filtered_seed(seed, patient)),
            text_seed(seed),
            canonical_seed(seed, "a"),
            canonical_seed(seed, "Patient"),
            group_seed(observation(), "code"),
            group_pair(seed, 1, 2),
            group_pair(seed, 2, 1),
            group_value(seed, 0, 1),
            group_value(seed, 1, 1),
            seed,
            operand_seed(observation(), SearchType::String, "code"),
            operand_seed(patient, SearchType::Token, "code"),
            unit("a"),
            contains(patient),
            contains(observation()),
            system_unit("a", "b"),
            named_seed(patient),
            canonical(seed, "a"),
            canonical(seed, "a|b"),
            canonical(named_seed(patient), "a"),
            labelled(),
            label("a", "b"),
            label("", "b"),
        ];
        for text in ["", "a", "ab", "a|b"] {
            elements.extend([
                code(seed, text),
                system(seed, text),
                code_without_system(seed, text),
                url(seed, text),
                url_below(seed, text),
                exact(seed, text),
            ]);
            for other in ["", "b", "bc"] {
                elements.push(token(seed, text, other));
            }
        }
        let distinct: HashSet<i64> = elements.iter().copied().collect();
        assert_eq!(distinct.len(), elements.len());
    }
}
