//! Which states follow which, and who meets which need.

use fhir::ids::ResourceKey;
use fhir::resource::Resource;
use jiff::{SignedDuration, Timestamp};

use super::{Actors, Judged, Kind, Known, Participant, Status, Transition, Visit};
use crate::auth::{Access, Reason, Rows};
use crate::operations::testing::granted;

const ALL: [&str; 10] = [
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];

fn visit(status: &str) -> Visit {
    Visit {
        status: Status::parse(status),
        start: Some(Timestamp::UNIX_EPOCH),
        end: None,
        participants: Vec::new(),
        hold_expires: None,
        is_overbooked: false,
        based_on: Vec::new(),
        slots: Vec::new(),
    }
}

/// From where operations lead to a state, so long after the beginning of the visit; nothing stands for its begin.
fn leading_to(to: &str, after: SignedDuration) -> Vec<&'static str> {
    let access = Access::system(Reason::Job);
    let ways = ALL.iter().copied().filter(|from| {
        let (before, after_it) = (visit(from), visit(to));
        let transition = Transition {
            before: Some(&before),
            after: Some(&after_it),
            by_operation: true,
            now: Timestamp::UNIX_EPOCH + after,
        };
        *from != to && transition.permit(&access).is_ok()
    });
    ways.collect()
}

#[test]
fn every_state_is_reached_from_where_the_table_says() {
    let later = SignedDuration::from_mins(15);
    let check = |to: &str, expected: &[&str]| assert_eq!(leading_to(to, later), expected, "{to}");
    check("proposed", &[]);
    check("pending", &["proposed"]);
    check("booked", &["proposed", "pending"]);
    check("arrived", &["booked", "noshow"]);
    check("fulfilled", &["arrived", "checked-in"]);
    check(
        "cancelled",
        &[
            "proposed",
            "pending",
            "booked",
            "arrived",
            "checked-in",
            "waitlist",
        ],
    );
    check("noshow", &["booked"]);
    check(
        "entered-in-error",
        &[
            "proposed",
            "pending",
            "booked",
            "arrived",
            "checked-in",
            "waitlist",
        ],
    );
    check("checked-in", &["arrived"]);
    check("waitlist", &[]);
    assert_eq!(leading_to("noshow", SignedDuration::from_mins(14)), [""; 0]);
    let next_day = SignedDuration::from_hours(24);
    assert_eq!(leading_to("arrived", next_day), ["booked"]);
    for code in ALL {
        assert_eq!(Status::parse(code).map(Status::code), Some(code));
    }
}

fn resource(json: &str) -> (ResourceKey, Resource) {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let key = ResourceKey::new(
        resource.resource_type(),
        resource.id().unwrap().parse().unwrap(),
    );
    (key, resource)
}

/// Roles of people: the letter of the person, and what each of the roles is.
const ROLES: [&str; 8] = ["p-1", "q-2", "q-1", "r-4", "r-1", "s-4", "p-3", "p-2"];

/// A visit in which all of them take part, and what is stored of them.
fn of_four_people() -> (Visit, Known) {
    let mut stored = Vec::new();
    let mut participants = Vec::new();
    let requirement = |code: &str| {
        format!(
            r#"{{"url":"requirement","extension":[{{"url":"role","valueCode":"{code}"}},{{"url":"type","valueCode":"PractitionerRole"}},{{"url":"buffer-before","valueUnsignedInt":{code}}}]}}"#
        )
    };
    let requirements: Vec<String> = ["1", "2", "4", "3"].map(requirement).into();
    stored.push(resource(&format!(
        r#"{{"resourceType":"HealthcareService","id":"h","extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[{{"url":"duration","valuePositiveInt":30}},{}]}}]}}"#,
        requirements.join(",")
    )));
    for role in ROLES {
        let (person, code) = role.split_once('-').unwrap();
        stored.push(resource(&format!(
            r#"{{"resourceType":"PractitionerRole","id":"{role}","practitioner":{{"reference":"Practitioner/{person}"}},"code":[{{"coding":[{{"system":"{}","code":"{code}"}}]}}]}}"#,
            crate::auth::STAFF_ROLE
        )));
        participants.push(Participant {
            actor: Some(format!("PractitionerRole/{role}").into()),
            is_required: true,
        });
    }
    participants.push(Participant {
        actor: Some("HealthcareService/h".into()),
        is_required: false,
    });
    let known = Known {
        actors: Actors::new(stored),
        ..Known::default()
    };
    let visit = Visit {
        participants,
        ..visit("booked")
    };
    (visit, known)
}

/// Whoever has several roles meets one need, in one of them.
#[test]
fn each_need_is_met_by_a_person_of_its_own() {
    let (visit, known) = of_four_people();
    let kind = Kind::of(&visit, &known.actors, "").unwrap().unwrap();
    let buffers = Judged::new(&visit, &kind, &known, "").buffers();
    let before: Vec<(String, u32)> = buffers
        .iter()
        .map(|(key, (before, _))| (key.id.to_string(), *before))
        .collect();
    let expected = [("p", 3), ("q", 2), ("r", 1), ("s", 4)];
    let expected = expected.map(|(person, before)| (person.to_owned(), before));
    assert_eq!(before, expected);
}

#[test]
fn a_visit_is_as_it_was_whoever_else_is_named_in_whatever_order() {
    let with = |names: &[(&str, bool)]| Visit {
        participants: names
            .iter()
            .map(|(actor, is_required)| Participant {
                actor: Some((*actor).into()),
                is_required: *is_required,
            })
            .collect(),
        ..visit("booked")
    };
    let (doctor, anna) = (("Practitioner/a", true), ("Patient/anna", true));
    let kind = ("HealthcareService/scan", false);
    let was = with(&[doctor, anna, kind]);
    assert!(was.is_as(&with(&[anna, kind, doctor])));
    assert!(was.is_as(&with(&[doctor, anna, kind, ("RelatedPerson/r", false)])));
    for other in [
        with(&[doctor, kind]),
        with(&[doctor, anna]),
        with(&[doctor, anna, kind, ("Device/d", true)]),
        with(&[doctor, ("Patient/anna", false), kind]),
    ] {
        assert!(!was.is_as(&other), "{other:?}");
    }
}

/// A visit to which nobody came stays what it was, but for what is said beside it, until it turns out that somebody did.
#[test]
fn nobody_makes_another_visit_of_one_to_which_nobody_came() {
    let hour = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let was = visit("noshow");
    let staff = granted(Some("Practitioner/desk"), Rows::All, Vec::new());
    let load = Access::system(Reason::Load);
    let with = |status: &str, start, actor: Option<&str>| Visit {
        start: Some(hour(start)),
        participants: actor
            .map(|actor| Participant {
                actor: Some(actor.into()),
                is_required: true,
            })
            .into_iter()
            .collect(),
        ..visit(status)
    };
    let check = |after: &Visit, by_operation, access: &Access, expected| {
        let transition = Transition {
            before: Some(&was),
            after: Some(after),
            by_operation,
            now: hour(1),
        };
        let done = transition.permit(access);
        assert_eq!(done.is_ok(), expected, "{after:?}");
    };
    for (start, actor, is_same) in [
        (0, None, true),
        (2, None, false),
        (0, Some("Practitioner/a"), false),
    ] {
        for status in ["noshow", "arrived"] {
            for by_operation in [false, true] {
                let after = with(status, start, actor);
                check(&after, by_operation, &staff.access, is_same);
                // The history of another system is corrected.
                check(&after, by_operation, &load, true);
            }
        }
    }
}
