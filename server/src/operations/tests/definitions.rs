//! What definitions must say, how code is held to them, and what is published of them.

use fhir::resource::Resource;

use super::made_up::{DEMANDING, EVERYTHING, Rule};
use crate::error::{Error, Result};
use crate::interactions::OperationTarget;
use crate::operations::definition::OperationDefinition;
use crate::operations::testing::{context, definitions};
use crate::operations::{
    Arguments, Operation, OperationAnswer, OperationContext, Params, Registry, all,
};

type Take = fn(&mut Arguments<'_>) -> Result<()>;

/// Takes what is written in [`TAKES`].
struct Taking<const N: usize>;
/// What an operation may get wrong about [`DEMANDING`], and what the fault is called.
const TAKES: [(Take, &str); 6] = [
    (|taken| taken.required::<Resource>("patient").map(drop), ""),
    (|_| Ok(()), "parameter 'patient', which is never taken"),
    (
        |taken| taken.list::<Resource>("patients").map(drop),
        "parameter 'patients', which is not in the definition",
    ),
    (
        |taken| taken.required::<bool>("patient").map(drop),
        "parameter 'patient', which has another type",
    ),
    (
        |taken| taken.parts::<Rule>("patient").map(drop),
        "parameter 'patient', which has another type",
    ),
    (
        |taken| {
            taken.required::<Resource>("patient")?;
            taken.required::<Resource>("patient").map(drop)
        },
        "parameter 'patient', which is not required",
    ),
];

impl<const N: usize> Params for Taking<N> {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        TAKES[N].0(arguments).map(|()| Self)
    }
}

impl<const N: usize> Operation for Taking<N> {
    const DEFINITION: &'static str = DEMANDING;
    type Params = Self;

    async fn invoke(_: OperationContext<'_>, _: Self) -> Result<OperationAnswer> {
        Err(Error::internal("only bound, never called"))
    }
}

#[test]
fn code_that_drifts_from_its_definition_is_found() {
    fn check<const N: usize>() {
        let registry = Registry::default().with::<Taking<N>>().unwrap();
        let found = super::drift(&registry).unwrap_or_default();
        assert!(found.contains(TAKES[N].1), "{found}");
        assert_eq!(found.is_empty(), TAKES[N].1.is_empty(), "{found}");
    }
    check::<0>();
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
    check::<5>();
}

/// [`DEMANDING`] with one text in place of another, and the fault that makes.
fn check_fault(from: &str, to: &str, expected: &str) {
    assert!(DEMANDING.contains(from), "{from}");
    let text: &'static str = DEMANDING.replace(from, to).leak();
    assert_eq!(OperationDefinition::parse(text).unwrap_err(), expected);
}

#[test]
fn a_definition_that_says_too_little_ends_the_start() {
    let check = check_fault;
    check(
        "OperationDefinition",
        "Basic",
        "it is not an OperationDefinition",
    );
    check(
        r#""kind":"operation""#,
        r#""kind":"query""#,
        "its kind is not 'operation'",
    );
    check(r#""status":"active","#, "", "'status' is missing");
    check(r#""affectsState":true,"#, "", "'affectsState' is missing");
    check(
        r#""code":"try""#,
        r#""code":"Try me""#,
        "its code has other characters than a-z, 0-9 and '-'",
    );
    check(
        r#""id":"demanding""#,
        r#""id":"a/b""#,
        "its id is not an id",
    );
    check(
        r#""instance":true"#,
        r#""instance":false"#,
        "it can be called nowhere: system, type and instance are false",
    );
    check(
        r#"["Resource"]"#,
        "[]",
        "'resource' names types where, and only where, it is called on types or instances",
    );
    check(
        r#"["Resource"]"#,
        r#"["Patinet"]"#,
        "'Patinet' is not a resource type",
    );
}

#[test]
fn a_parameter_that_says_too_little_ends_the_start() {
    let check = check_fault;
    check(
        r#""use":"in""#,
        r#""use":"inout""#,
        "the use of parameter 'patient' is neither in nor out",
    );
    check(
        r#""max":"1""#,
        r#""max":"many""#,
        "parameter 'patient': 'max' is no number",
    );
    check(
        r#""max":"1""#,
        r#""max":"0""#,
        "parameter 'patient': 'max' is below 'min' or zero",
    );
    check(r#""min":1,"#, "", "parameter 'patient': 'min' is missing");
    check(
        r#","type":"Patient""#,
        "",
        "parameter 'patient': it has either a type or parts",
    );
    check(
        r#""type":"Patient""#,
        r#""type":"bool""#,
        "parameter 'patient': 'bool' is not a type",
    );
    let twice = r#"{"name":"patient","use":"in","min":1,"max":"1","type":"Patient"}"#;
    check(
        twice,
        &format!("{twice},{twice}"),
        "parameter 'patient' is defined twice",
    );
}

#[test]
fn a_call_that_could_mean_two_operations_ends_the_start() {
    let twice = Registry::default()
        .with::<Taking<0>>()
        .unwrap()
        .with::<Taking<1>>();
    assert_eq!(
        twice.unwrap_err().to_string(),
        "operation definition urn:demanding: a call of $try could mean urn:demanding as well"
    );
    let check = |levels: &str, types: &str, expected: bool| {
        let text = EVERYTHING.replace(r#""system":true,"type":true,"instance":false"#, levels);
        let text = text.replace(r#""Patient","Basic""#, types);
        let other = OperationDefinition::parse(text.leak()).unwrap();
        let first = OperationDefinition::parse(EVERYTHING).unwrap();
        assert_eq!(first.collides_with(&other), expected, "{levels} {types}");
    };
    check(
        r#""system":false,"type":true,"instance":false"#,
        r#""Basic""#,
        true,
    );
    check(
        r#""system":false,"type":true,"instance":false"#,
        r#""Resource""#,
        true,
    );
    check(
        r#""system":false,"type":true,"instance":true"#,
        r#""Device""#,
        false,
    );
    check(
        r#""system":false,"type":false,"instance":true"#,
        r#""Basic""#,
        false,
    );
    check(
        r#""system":true,"type":true,"instance":false"#,
        r#""Device""#,
        true,
    );
}

#[test]
fn an_operation_is_called_where_its_definition_says() {
    let definition = OperationDefinition::parse(EVERYTHING).unwrap();
    let check = |target: OperationTarget, expected: bool| {
        assert_eq!(definition.is_called_on(&target), expected, "{target:?}");
    };
    let patient: fhir::ids::ResourceKey = "Patient/a".parse().unwrap();
    let device = fhir::ids::ResourceType::parse("Device").unwrap();
    check(OperationTarget::System, true);
    check(OperationTarget::Type(patient.resource_type), true);
    check(OperationTarget::Type(device), false);
    check(OperationTarget::Instance(patient), false);
    assert_eq!(definition.places(), "the base or a type (Patient, Basic)");
}

#[test]
fn what_is_published_is_valid_and_complete() {
    let registry = all().unwrap();
    for resource in registry.definitions() {
        let id = resource.id().unwrap();
        assert_eq!(registry.definition(&id), Some(resource.text()));
        if let Some(definitions) = definitions() {
            definitions.validate(resource).unwrap();
            definitions
                .index_values(resource, &context().base_url)
                .unwrap();
        }
    }
    assert_eq!(registry.definition("nope"), None);
    let entries = registry.entries();
    let meta = entries.iter().find(|entry| entry.code == "meta").unwrap();
    assert!(meta.is_system && meta.resource_types.len() > 140);
    let add = entries
        .iter()
        .find(|entry| entry.code == "meta-add")
        .unwrap();
    assert!(!add.is_system && add.definition.ends_with("/Resource-meta-add"));
}
