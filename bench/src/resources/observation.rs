//! Observations: vital signs and laboratory results, the frequent ones far more often than the rare ones.

use crate::random::Random;

use super::{Subjects, date, time};

/// LOINC code, display, UCUM unit, lowest and highest value in tenths. Sorted by how often they are measured.
const MEASURES: [(&str, &str, &str, u64, u64); 24] = [
    ("8867-4", "Heart rate", "/min", 450, 1400),
    ("9279-1", "Respiratory rate", "/min", 100, 280),
    ("8310-5", "Body temperature", "Cel", 355, 402),
    (
        "2708-6",
        "Oxygen saturation in Arterial blood",
        "%",
        880,
        1000,
    ),
    ("29463-7", "Body weight", "kg", 380, 1400),
    ("8302-2", "Body height", "cm", 1400, 2050),
    (
        "39156-5",
        "Body mass index (BMI) [Ratio]",
        "kg/m2",
        160,
        450,
    ),
    (
        "718-7",
        "Hemoglobin [Mass/volume] in Blood",
        "g/dL",
        80,
        180,
    ),
    (
        "2345-7",
        "Glucose [Mass/volume] in Serum or Plasma",
        "mg/dL",
        600,
        3000,
    ),
    (
        "2160-0",
        "Creatinine [Mass/volume] in Serum or Plasma",
        "mg/dL",
        4,
        40,
    ),
    (
        "2951-2",
        "Sodium [Moles/volume] in Serum or Plasma",
        "mmol/L",
        1250,
        1500,
    ),
    (
        "2823-3",
        "Potassium [Moles/volume] in Serum or Plasma",
        "mmol/L",
        28,
        60,
    ),
    (
        "6690-2",
        "Leukocytes [#/volume] in Blood by Automated count",
        "10*3/uL",
        20,
        200,
    ),
    (
        "777-3",
        "Platelets [#/volume] in Blood by Automated count",
        "10*3/uL",
        800,
        5000,
    ),
    (
        "4548-4",
        "Hemoglobin A1c/Hemoglobin.total in Blood",
        "%",
        45,
        120,
    ),
    (
        "2093-3",
        "Cholesterol [Mass/volume] in Serum or Plasma",
        "mg/dL",
        1200,
        3000,
    ),
    (
        "2571-8",
        "Triglyceride [Mass/volume] in Serum or Plasma",
        "mg/dL",
        500,
        5000,
    ),
    (
        "3016-3",
        "Thyrotropin [Units/volume] in Serum or Plasma",
        "m[IU]/L",
        1,
        100,
    ),
    (
        "1742-6",
        "Alanine aminotransferase in Serum or Plasma",
        "U/L",
        50,
        900,
    ),
    (
        "2243-4",
        "Estradiol (E2) [Mass/volume] in Serum or Plasma",
        "pg/mL",
        150,
        30000,
    ),
    (
        "2839-9",
        "Progesterone [Mass/volume] in Serum or Plasma",
        "ng/mL",
        1,
        300,
    ),
    (
        "10501-5",
        "Lutropin [Units/volume] in Serum or Plasma",
        "m[IU]/mL",
        5,
        900,
    ),
    (
        "15067-2",
        "Follitropin [Units/volume] in Serum or Plasma",
        "m[IU]/mL",
        10,
        400,
    ),
    (
        "38476-8",
        "Mullerian inhibiting substance in Serum or Plasma",
        "ng/mL",
        1,
        120,
    ),
];

const NOTES: [&str; 6] = [
    "Measured at rest, seated, after five minutes.",
    "Sample slightly haemolysed; repeat if in doubt.",
    "Patient reports no symptoms. Compared with the previous visit there is no relevant change.",
    "Measured twice, the lower value is reported. Device calibrated this morning.",
    "Fasting since the evening before; medication taken as usual with a glass of water.",
    "Follow-up in three months as agreed with the patient; earlier if symptoms return.",
];

/// A result; its second variant is the amended value.
pub(super) fn observation(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let place = random.skewed(MEASURES.len());
    let (code, display, unit, low, high) = MEASURES[place];
    let category = if place < 7 {
        "vital-signs"
    } else {
        "laboratory"
    };
    let (date, time) = (date(random), time(random));
    let identifier = random.uuid();
    let mut optional = String::new();
    if place >= 7 || random.below(4) == 0 {
        optional.push_str(&format!(
            r#","referenceRange":[{{"low":{{"value":{}.{},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"high":{{"value":{}.{},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}]"#,
            low / 10 + 1, low % 10, high / 10, high % 10
        ));
    }
    if random.below(3) == 0 {
        let note = random.one_of(&NOTES);
        optional.push_str(&format!(r#","note":[{{"text":"{note}"}}]"#));
    }
    let Subjects {
        patient,
        encounter,
        practitioner,
    } = subjects;
    let (flag, meaning) = random.one_of(&[
        ("N", "Normal"),
        ("N", "Normal"),
        ("H", "High"),
        ("L", "Low"),
    ]);
    let mut variant = |status: &str| {
        let value = random.between(low, high);
        format!(
            r#""identifier":[{{"system":"https://vesta.example/observations","value":"{identifier}"}}],"status":"{status}","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{category}","display":"{category}"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{display}"}}],"text":"{display}"}},"subject":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"effectiveDateTime":"{date}T{time}+01:00","issued":"{date}T{time}.377+01:00","performer":[{{"reference":"{practitioner}"}}],"valueQuantity":{{"value":{}.{},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"{flag}","display":"{meaning}"}}]}}]{optional}}}"#,
            value / 10,
            value % 10
        )
    };
    [variant("final"), variant("amended")]
}
