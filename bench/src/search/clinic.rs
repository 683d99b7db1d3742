//! A clinic of any size, the same for equal seeds: what its resources say is known without asking the server.

mod catalogue;
mod texts;

use crate::random::Random;
use catalogue::{DIAGNOSES, FAMILIES, GIVEN_NAMES, Measure, Skew, measures};

pub(crate) use catalogue::{DIASTOLIC, LABORATORY, PRESSURE, SYSTOLIC};

/// When the first visit takes place (2015-01-01), and over how long visits are spread, in seconds.
const OPENING: i64 = 1_420_070_400;
const DAYS: u64 = 3_650;
const DAY: i64 = 86_400;

/// How long an appointment takes, in seconds, and how many follow each other in a day from seven o'clock on.
const APPOINTED: i64 = 15 * 60;
const APPOINTED_A_DAY: u64 = 44;

/// Resources of each type for each patient.
const VISITS: u64 = 8;
const RESULTS: u64 = 100;
const CONDITIONS: u64 = 4;
const APPOINTMENTS: u64 = 3;
const CLAIMS: u64 = 3;

/// The types, in the order in which references among them can be followed.
pub(crate) const TYPES: [&str; 8] = [
    "Organization",
    "Practitioner",
    "Patient",
    "Encounter",
    "Condition",
    "Observation",
    "Appointment",
    "Claim",
];

/// Half of them are female.
const GENDERS: [&str; 6] = ["female", "female", "female", "male", "male", "other"];

/// A clinic.
#[derive(Debug)]
pub(crate) struct Clinic {
    seed: u64,
    patients: u64,
    measures: Vec<Measure>,
    measured: Skew,
    diagnosed: Skew,
    families: Skew,
    givens: Skew,
    practitioners: Skew,
}

/// What is said of a patient.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) record: String,
    pub(crate) family: String,
    pub(crate) given: &'static str,
    pub(crate) gender: &'static str,
}

/// A visit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) patient: u64,
    pub(crate) practitioner: u64,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// A result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured<'a> {
    pub(crate) measure: &'a Measure,
    pub(crate) patient: u64,
    pub(crate) encounter: u64,
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// Tenths.
    pub(crate) value: u64,
    /// Tenths; the second component of a panel.
    pub(crate) second: u64,
}

impl Clinic {
    /// A clinic with that many patients.
    pub(crate) fn new(seed: u64, patients: u64) -> Self {
        let measures = measures();
        Self {
            seed,
            patients: patients.max(1),
            measured: Skew::new(u64::try_from(measures.len()).unwrap_or(1)),
            measures,
            diagnosed: Skew::new(DIAGNOSES),
            families: Skew::new(FAMILIES),
            givens: Skew::new(GIVEN_NAMES),
            practitioners: Skew::new(practitioners(patients)),
        }
    }

    /// How many resources of a type there are.
    pub(crate) fn count(&self, resource_type: &str) -> u64 {
        let each = match resource_type {
            "Organization" => return 5,
            "Practitioner" => return practitioners(self.patients),
            "Patient" => 1,
            "Encounter" => VISITS,
            "Condition" => CONDITIONS,
            "Observation" => RESULTS,
            "Appointment" => APPOINTMENTS,
            _ => CLAIMS,
        };
        self.patients * each
    }

    /// All resources.
    pub(crate) fn size(&self) -> u64 {
        TYPES.iter().map(|name| self.count(name)).sum()
    }

    /// Equal for equal clinics.
    pub(crate) fn name(&self) -> String {
        format!("clinic 2, seed {}, {} patients", self.seed, self.patients)
    }

    /// The numbers behind one resource: nothing depends on what was generated before.
    fn random(&self, resource_type: &str, number: u64) -> Random {
        let name = resource_type.bytes().fold(self.seed, |mixed, byte| {
            Random::new(mixed ^ u64::from(byte)).next()
        });
        Random::new(Random::new(name ^ number.wrapping_mul(0xd134_2543_de82_ef95)).next())
    }

    /// The id of a resource.
    pub(crate) fn id(&self, resource_type: &str, number: u64) -> String {
        self.random(resource_type, number).uuid()
    }

    /// What is said of a patient.
    pub(crate) fn person(&self, number: u64) -> Person {
        let mut random = self.random("Person", number);
        Person {
            record: format!("{}", 10_000_000 + number * 7_919),
            family: catalogue::family(self.families.choose(&mut random)),
            given: catalogue::given(self.givens.choose(&mut random)),
            gender: random.one_of::<&str>(&GENDERS),
        }
    }

    /// A visit: in the order of their numbers, some patients far more often than others.
    pub(crate) fn visit(&self, number: u64) -> Visit {
        let mut random = self.random("Visit", number);
        let day = number * DAYS / self.count("Encounter").max(1);
        let second = random.between(7 * 3_600, 18 * 3_600);
        let patients = usize::try_from(self.patients).unwrap_or(1);
        Visit {
            patient: u64::try_from(random.skewed(patients)).unwrap_or(0),
            practitioner: u64::try_from(self.practitioners.choose(&mut random)).unwrap_or(0),
            at: OPENING + days(day) + i64::try_from(second).unwrap_or(0),
        }
    }

    /// The visit at which something happened, of which there are `count`.
    fn visit_of(&self, number: u64, count: u64) -> u64 {
        number * self.count("Encounter") / count.max(1)
    }

    /// When the appointment of a visit begins, in seconds since 1970: nobody has two at one time, as long as there are no more
    /// in a day than follow each other.
    fn appointed(&self, number: u64, visit: &Visit) -> i64 {
        let place = i64::try_from(number % APPOINTED_A_DAY).unwrap_or(0);
        visit.at - visit.at % DAY + 7 * 3_600 + place * APPOINTED
    }

    /// A result.
    pub(crate) fn measured(&self, number: u64) -> Measured<'_> {
        let mut random = self.random("Measured", number);
        let encounter = self.visit_of(number, self.count("Observation"));
        let visit = self.visit(encounter);
        let measure = &self.measures[self.measured.choose(&mut random)];
        Measured {
            measure,
            patient: visit.patient,
            encounter,
            at: visit.at + i64::try_from(random.below(3_600)).unwrap_or(0),
            value: random.between(measure.low, measure.high),
            second: random.between(measure.low, measure.high),
        }
    }

    /// A patient, as often as they have results.
    pub(crate) fn some_patient(&self, random: &mut Random) -> u64 {
        self.some_result(random).patient
    }

    /// A result that exists.
    pub(crate) fn some_result(&self, random: &mut Random) -> Measured<'_> {
        self.measured(random.below(self.count("Observation")))
    }

    /// Something that is measured, the frequent and the rare alike among the first `most`.
    pub(crate) fn some_measure(&self, random: &mut Random, most: usize) -> &Measure {
        random.one_of(&self.measures[..most.min(self.measures.len())])
    }

    /// The code of a diagnosis, the frequent and the rare alike.
    pub(crate) fn some_diagnosis(&self, random: &mut Random) -> String {
        catalogue::diagnosis(usize::try_from(random.below(DIAGNOSES)).unwrap_or(0))
    }

    /// The number of a patient, each as often.
    pub(crate) fn any_patient(&self, random: &mut Random) -> u64 {
        random.below(self.patients)
    }

    /// A moment in the years of the clinic.
    pub(crate) fn some_day(&self, random: &mut Random) -> i64 {
        OPENING + days(random.below(DAYS - 100))
    }

    /// The text of a resource.
    pub(crate) fn text(&self, resource_type: &str, number: u64) -> String {
        texts::text(self, resource_type, number)
    }
}

fn days(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(0) * DAY
}

fn practitioners(patients: u64) -> u64 {
    20 + patients / 100
}

/// A moment as FHIR writes it.
pub(crate) fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at)
        .unwrap_or_default()
        .to_string()
}

/// Tenths as FHIR writes them.
pub(crate) fn decimal(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_json_with_its_type_and_id_and_the_same_again() {
        let (clinic, again) = (Clinic::new(1, 50), Clinic::new(1, 50));
        for resource_type in TYPES {
            for number in 0..clinic.count(resource_type) {
                let text = clinic.text(resource_type, number);
                let value: serde_json::Value = serde_json::from_str(&text).expect(&text);
                assert_eq!(value["resourceType"], resource_type);
                assert_eq!(value["id"], clinic.id(resource_type, number));
                assert_eq!(text, again.text(resource_type, number));
            }
        }
        assert_ne!(
            clinic.text("Patient", 3),
            Clinic::new(2, 50).text("Patient", 3)
        );
    }

    #[test]
    fn nobody_has_two_appointments_at_one_time() {
        let clinic = Clinic::new(1, 50_000);
        let mut taken = std::collections::HashSet::new();
        let count = clinic.count("Appointment");
        for number in 0..20 * APPOINTED_A_DAY {
            let visit = clinic.visit(clinic.visit_of(number, count));
            let start = clinic.appointed(number, &visit);
            assert!(taken.insert(start), "{number}");
        }
    }

    #[test]
    fn few_codes_are_frequent_and_time_goes_forward() {
        let clinic = Clinic::new(1, 200);
        let count = clinic.count("Observation");
        let code = |number| clinic.measured(number).measure.code.as_str();
        let first = (0..count).filter(|n| code(*n) == "8867-4").count();
        assert!((2_500..3_500).contains(&first), "{first} of {count}");
        let laboratory = (0..count)
            .filter(|n| clinic.measured(*n).measure.category == LABORATORY)
            .count();
        assert!((10_000..13_500).contains(&laboratory), "{laboratory}");
        assert!(clinic.measured(count - 1).at - clinic.measured(0).at > 3_000 * DAY);
    }
}
