//! What a clinic measures, finds and calls people: few things often, many rarely, as in life.

use crate::random::Random;

/// Chooses places of a list so that the second is half as frequent as the first, the third a third (Zipf).
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    sums: Vec<u64>,
}

impl Skew {
    /// Over that many places.
    pub(crate) fn new(length: u64) -> Self {
        let weights = (1..=length.max(1)).map(|rank| 10_000_000 / rank);
        let sums = weights
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Self { sums }
    }

    /// A place; the first most often.
    pub(crate) fn choose(&self, random: &mut Random) -> usize {
        let all = self.sums.last().copied().unwrap_or(1);
        let drawn = random.below(all);
        self.sums.partition_point(|sum| *sum <= drawn)
    }
}

/// Something that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) code: String,
    pub(crate) display: String,
    pub(crate) unit: &'static str,
    /// The least and the greatest value, in tenths.
    pub(crate) low: u64,
    pub(crate) high: u64,
    pub(crate) category: &'static str,
}

/// Blood pressure: a panel without a value of its own.
pub(crate) const PRESSURE: &str = "85354-9";
pub(crate) const SYSTOLIC: &str = "8480-6";
pub(crate) const DIASTOLIC: &str = "8462-4";

/// LOINC code, display, UCUM unit, least and greatest value in tenths, category. The frequent ones first.
const FREQUENT: [(&str, &str, &str, u64, u64, &str); 16] = [
    ("8867-4", "Heart rate", "/min", 450, 1400, VITAL),
    (PRESSURE, "Blood pressure panel", "mm[Hg]", 500, 2000, VITAL),
    ("8310-5", "Body temperature", "Cel", 355, 402, VITAL),
    ("29463-7", "Body weight", "kg", 380, 1400, VITAL),
    (
        "2345-7",
        "Glucose in Serum or Plasma",
        "mg/dL",
        600,
        3000,
        LABORATORY,
    ),
    ("9279-1", "Respiratory rate", "/min", 100, 280, VITAL),
    ("718-7", "Hemoglobin in Blood", "g/dL", 80, 180, LABORATORY),
    (
        "2951-2",
        "Sodium in Serum or Plasma",
        "mmol/L",
        1250,
        1500,
        LABORATORY,
    ),
    ("8302-2", "Body height", "cm", 1400, 2050, VITAL),
    (
        "2823-3",
        "Potassium in Serum or Plasma",
        "mmol/L",
        28,
        60,
        LABORATORY,
    ),
    (
        "2160-0",
        "Creatinine in Serum or Plasma",
        "mg/dL",
        4,
        40,
        LABORATORY,
    ),
    (
        "2708-6",
        "Oxygen saturation in Arterial blood",
        "%",
        880,
        1000,
        VITAL,
    ),
    (
        "6690-2",
        "Leukocytes in Blood",
        "10*3/uL",
        20,
        200,
        LABORATORY,
    ),
    (
        "777-3",
        "Platelets in Blood",
        "10*3/uL",
        800,
        5000,
        LABORATORY,
    ),
    (
        "3016-3",
        "Thyrotropin in Serum or Plasma",
        "m[IU]/L",
        1,
        100,
        LABORATORY,
    ),
    (
        "2243-4",
        "Estradiol in Serum or Plasma",
        "pg/mL",
        150,
        30000,
        LABORATORY,
    ),
];

const VITAL: &str = "vital-signs";
pub(crate) const LABORATORY: &str = "laboratory";

/// Units of what is rarely measured.
const RARE_UNITS: [&str; 5] = ["mg/dL", "ng/mL", "U/L", "%", "m[IU]/mL"];

/// How many things are measured, frequent and rare.
const MEASURES: usize = 400;

/// How many diagnoses are made.
pub(crate) const DIAGNOSES: u64 = 200;

/// Everything that is measured.
pub(crate) fn measures() -> Vec<Measure> {
    let frequent = FREQUENT.map(|(code, display, unit, low, high, category)| Measure {
        code: code.to_owned(),
        display: display.to_owned(),
        unit,
        low,
        high,
        category,
    });
    let rare = (FREQUENT.len()..MEASURES).map(|place| Measure {
        code: format!("{}-{}", 30_000 + place * 53, place % 10),
        display: format!("Analyte {place} in Serum or Plasma"),
        unit: RARE_UNITS[place % RARE_UNITS.len()],
        low: 10,
        high: 1_000 + u64::try_from(place).unwrap_or(0) * 20,
        category: LABORATORY,
    });
    frequent.into_iter().chain(rare).collect()
}

/// The SNOMED CT code of a diagnosis.
pub(crate) fn diagnosis(place: usize) -> String {
    (38_341_003 + place * 104_729).to_string()
}

const STARTS: [&str; 40] = [
    "Mor", "Oka", "Ngu", "Schä", "Gar", "Kowal", "Hadd", "Tana", "Iva", "Bri", "Ross", "Yıl",
    "Sil", "Ander", "Papa", "Kim", "Lind", "Berg", "Cast", "Dub", "Eng", "Fern", "Gold", "Hoff",
    "Ito", "Jans", "Kra", "Lem", "Mül", "Nov", "Oliv", "Petr", "Quin", "Ram", "Sant", "Tho",
    "Ueda", "Vas", "Wal", "Zim",
];
const ENDS: [&str; 50] = [
    "eau", "for", "yen", "fer", "cía", "ska", "ad", "ka", "nova", "en", "i", "maz", "va", "sson",
    "dopoulos", "ber", "qvist", "man", "illo", "ois", "els", "andez", "stein", "mann", "hara",
    "sen", "mer", "aire", "ler", "ák", "eira", "ov", "tero", "irez", "oro", "mas", "moto", "quez",
    "ter", "ski", "well", "ton", "ley", "shaw", "field", "wood", "ström", "dal", "gård", "land",
];
const GIVENS: [&str; 32] = [
    "Ada", "Chidi", "Linh", "Jonas", "Lucía", "Zofia", "Omar", "Yuki", "Olga", "Siobhan", "Marco",
    "Elif", "João", "Astrid", "Eleni", "Minjun", "Clara", "David", "Fatima", "Georg", "Hana",
    "Igor", "Julia", "Karim", "Lena", "Mateo", "Nadia", "Oskar", "Paula", "Rafael", "Sara",
    "Tomas",
];

/// How many family names there are.
pub(crate) const FAMILIES: u64 = 2_000;
/// How many given names there are.
pub(crate) const GIVEN_NAMES: u64 = 32;

/// A family name; neighbours share neither start nor end.
pub(crate) fn family(place: usize) -> String {
    let start = STARTS[place % STARTS.len()];
    let end = ENDS[(place / STARTS.len() + place * 7) % ENDS.len()];
    format!("{start}{end}")
}

/// A given name.
pub(crate) fn given(place: usize) -> &'static str {
    GIVENS[place % GIVENS.len()]
}
