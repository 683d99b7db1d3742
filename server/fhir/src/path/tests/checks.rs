//! Checking expressions for a type.

use crate::fixtures;
use crate::path::Expression;

const TABLE: &str = "
Patient: name.given => ok
Patient: Patient.name.given => ok
Patient: Resource.id => ok
Patient: Patient.name | Practitioner.name => ok
Patient: Practitioner.name | Person.name => the expression is for the type 'Practitioner'
Patient: Encounter.name => the expression is for the type 'Encounter'
Patient: Nonsense.name => there is no element 'Nonsense' here
Patient: name.given1 => there is no element 'given1' here
Patient: name.where(given1 = 'a') => there is no element 'given1' here
Patient: name.select($this.family1) => there is no element 'family1' here
Patient: contained.code => ok
Patient: contained.ofType(Observation).code => ok
Patient: contained.ofType(Observation).code1 => there is no element 'code1' here
Observation: value.unit => ok
Observation: valueQuantity.unit => there is no element 'valueQuantity' here
Observation: value.as(Period).unit => there is no element 'unit' here
Observation: (value as Quantity).unit => ok
Observation: value.ofType(Nonsense) => the type 'Nonsense' is unknown
Observation: value is Nonsense => the type 'Nonsense' is unknown
Observation: value is System.Nonsense => ok
Observation: value is FHIR.String => the type 'String' is unknown
Observation: extension('x').value.nonsense => there is no element 'nonsense' here
Observation: code.text.startsWith('a') => ok
Observation: code.startsWith('a') => 'startsWith' does not take what stands before it
Observation: code.abs() => 'abs' does not take what stands before it
Observation: -code.text => '-' does not take what stands before it
Observation: -value => ok
Observation: iif(code.exists(), code, value).coding => ok
Observation: iif('a', 1, 2) => the condition of 'iif' is no boolean
Observation: children().skip(1) => 'skip' needs items that have an order
Observation: descendants()[0] => '[]' needs items that have an order
Observation: descendants().code.first() => 'first' needs items that have an order
Observation: category.skip(1) => ok
Observation: 'a'.nonsense => there is no element 'nonsense' here
Observation: {}.nonsense => ok
Observation: (1 'mg').value + 1 => ok
Questionnaire: repeat(item).linkId => ok
Questionnaire: repeat(item).nonsense => there is no element 'nonsense' here
Bundle: entry.resource.code => ok
";

#[test]
fn an_expression_is_checked_for_a_type() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let mut faults = Vec::new();
    for line in TABLE.trim().lines() {
        let (case, wanted) = line.split_once(" => ").unwrap();
        let (type_name, text) = case.split_once(": ").unwrap();
        let expression = Expression::parse(text).unwrap();
        let found = match expression.check(structures, structures.by_name(type_name).unwrap()) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        if found != wanted {
            faults.push(format!("{case} => {found}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
