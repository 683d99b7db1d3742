//! Requests made up from parts. `$X` stands for the marker of another patient, or of nobody.

/// A marker that no resource has.
pub(super) const NOBODY: &str = "zqxxzq";

/// A request with a place for markers.
#[derive(Clone, Debug)]
pub(super) struct Template(String);

impl Template {
    pub(super) fn filled(&self, marker: &str) -> String {
        self.0.replace("$X", marker)
    }
}

/// Numbers that look random and are the same in every run of a seed.
pub(super) struct Dice(u64);

const TYPES: [&str; 22] = [
    "Patient",
    "Observation",
    "Encounter",
    "Condition",
    "MedicationRequest",
    "Appointment",
    "DocumentReference",
    "Communication",
    "RelatedPerson",
    "QuestionnaireResponse",
    "Consent",
    "Task",
    "Provenance",
    "Binary",
    "Flag",
    "List",
    "Basic",
    "Device",
    "Group",
    "Organization",
    "Practitioner",
    "CareTeam",
];

/// Ids as the clinic gives them, by type.
const KEYS: [&str; 19] = [
    "Patient/$M",
    "Encounter/e-$M",
    "Observation/o1-$M",
    "Observation/o2-$M",
    "Observation/moved-$M",
    "Observation/gone-$M",
    "Condition/c-$M",
    "MedicationRequest/r-$M",
    "Appointment/a-$M",
    "DocumentReference/d-$M",
    "Communication/m-$M",
    "RelatedPerson/p-$M",
    "QuestionnaireResponse/q-$M",
    "Task/t-$M",
    "Provenance/v-$M",
    "Binary/b-$M",
    "List/l-$M",
    "Device/y-$M",
    "Consent/n-$M",
];

/// Searches: the type and one parameter.
const CRITERIA: [(&str, &str); 44] = [
    ("Patient", "family=$M"),
    ("Patient", "name:contains=q"),
    ("Patient", "identifier=$M"),
    ("Patient", "_id=$M"),
    ("Patient", "birthdate=ge1970"),
    ("Patient", "gender=female"),
    ("Patient", "_tag=$M"),
    ("Patient", "gender:not=male"),
    ("Patient", "_has:Observation:patient:code=1234-5"),
    (
        "Patient",
        "_has:Observation:focus:code-value-string:missing=false",
    ),
    ("Patient", "_has:Group:member:_id=all"),
    (
        "Patient",
        "_has:Observation:subject:_has:Provenance:target:_id=v-$M",
    ),
    ("Patient", "_content=$M"),
    ("Patient", "_list=l-$M"),
    ("Patient", "_has:Observation:focus:_id=o2-$M"),
    ("Patient", "_filter=family eq \"$M\""),
    (
        "Patient",
        "_filter=gender eq female and not (family eq \"$M\")",
    ),
    ("Observation", "subject=Patient/$M"),
    ("Observation", "patient=$M"),
    ("Observation", "patient.name=$M"),
    ("Observation", "subject:Patient.identifier=$M"),
    ("Observation", "code:text=$M"),
    ("Observation", "value-string=$M"),
    ("Observation", "value-quantity=gt1"),
    ("Observation", "date=ge2020"),
    ("Observation", "derived-from=Observation/o1-$M"),
    ("Observation", "derived-from.subject:Patient.family=$M"),
    ("Observation", "has-member.patient.family=$M"),
    ("Observation", "_has:Observation:derived-from:code:text=$M"),
    ("Observation", "_has:Provenance:target:_id=v-$M"),
    ("Observation", "_has:List:item:title=$M"),
    ("Observation", "_list=l-$M"),
    ("Observation", "encounter.identifier=$M"),
    ("Observation", "performer.name=doctor"),
    ("Observation", "_lastUpdated=gt2020"),
    ("Observation", "_id=o1-$M,o2-$M"),
    ("Observation", "patient:missing=true"),
    ("Observation", "_security:missing=true"),
    ("Observation", "category=laboratory"),
    ("Encounter", "_has:Task:focus:description:missing=false"),
    ("Encounter", "patient._has:Condition:patient:code:text=$M"),
    ("Condition", "_has:Communication:about:_id=m-$M"),
    ("MedicationRequest", "medication.code:text=$M"),
    (
        "Practitioner",
        "_has:Observation:performer:patient.family=$M",
    ),
];

const CONTROLS: [&str; 24] = [
    "_sort=_id",
    "_sort=-_lastUpdated",
    "_sort=_lastUpdated",
    "_count=1",
    "_count=2",
    "_count=0",
    "_summary=count",
    "_total=accurate",
    "_total=estimate",
    "_summary=true",
    "_elements=id",
    "_include=*",
    "_revinclude=*",
    "_include=Observation:subject",
    "_include=Observation:has-member&_include:iterate=Observation:derived-from",
    "_revinclude=Observation:derived-from",
    "_revinclude=Provenance:target",
    "_revinclude=Task:focus",
    "_revinclude=Group:member",
    "_revinclude=List:item",
    "_revinclude:iterate=Observation:subject",
    "_contained=true",
    "_contained=both&_containedType=contained",
    "_sort=-date",
];

const OPERATIONS: [&str; 14] = [
    "GET Patient/$M/$everything",
    "GET Patient/$M/$everything?_count=2",
    "GET Encounter/e-$M/$everything",
    "GET Observation/$lastn?patient=$M&category=laboratory",
    "GET Observation/$lastn?subject=Patient/$M&code=1234-5",
    "GET Patient/$M/$meta",
    "GET Patient/$meta",
    "GET $meta",
    "GET Observation/o1-$M/$meta",
    "GET Observation/$explain?patient=$M",
    "GET Observation/o1-$M/$validate",
    "GET Observation/o1-$M/$validate?mode=delete",
    "GET SearchParameter/$index-status",
    "GET Patient/$M/Observation/$explain",
];

const WRITES: [&str; 16] = [
    r#"PUT Appointment/a-$M {"resourceType":"Appointment","id":"a-$M","status":"proposed","participant":[{"actor":{"reference":"Patient/zq00zq"},"status":"accepted"}]}"#,
    r#"PUT Observation/o1-$X {"resourceType":"Observation","id":"o1-$X","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/zq00zq"}}"#,
    r#"PUT Observation/gone-$X {"resourceType":"Observation","id":"gone-$X","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/zq00zq"}}"#,
    r#"PUT Observation?identifier=$X {"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/$X"}}"#,
    r#"PUT Appointment?identifier=$X {"resourceType":"Appointment","status":"proposed","participant":[{"actor":{"reference":"Patient/zq00zq"},"status":"accepted"}]}"#,
    r#"POST Appointment!identifier=$X {"resourceType":"Appointment","status":"proposed","participant":[{"actor":{"reference":"Patient/zq00zq"},"status":"accepted"}]}"#,
    r#"POST Communication/$validate {"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/zq00zq"},"about":[{"reference":"Condition/c-$X"}]}"#,
    r#"POST Communication {"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/$X"}}"#,
    r#"POST Communication!subject=Patient/$X {"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/zq00zq"}}"#,
    r#"PATCH Appointment/a-$X [{"op":"replace","path":"/status","value":"cancelled"}]"#,
    r#"PATCH Appointment?identifier=$X [{"op":"replace","path":"/status","value":"cancelled"}]"#,
    "DELETE Appointment/a-$X",
    "DELETE Appointment?identifier=$X",
    "DELETE Observation/o1-$X",
    r#"POST Observation/o1-$X/$meta-add {"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"a"}]}}]}"#,
    r#"POST Observation/$validate {"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/$X"}}"#,
];

/// Entries of transactions that write.
const ENTRIES: [&str; 4] = [
    r#"{"resource":{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient?identifier=$X"}},"request":{"method":"POST","url":"Communication"}}"#,
    r#"{"resource":{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/$X"}},"request":{"method":"POST","url":"Communication"}}"#,
    r#"{"request":{"method":"DELETE","url":"Appointment/a-$X"}}"#,
    r#"{"resource":{"resourceType":"Appointment","id":"a-$X","status":"proposed","participant":[{"actor":{"reference":"Patient/zq00zq"},"status":"accepted"}]},"request":{"method":"PUT","url":"Appointment/a-$X"}}"#,
];

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % sides as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// The marker of somebody: own, or another's.
    fn somebody(&mut self, text: &str) -> String {
        let marker = if self.below(3) == 0 { "zq00zq" } else { "$X" };
        text.replace("$M", marker)
    }

    pub(super) fn request(&mut self) -> Template {
        let text = match self.below(20) {
            0..=2 => self.look(),
            3..=11 => format!("GET {}", self.search()),
            12 => self.history(),
            13 | 14 => {
                let operation = self.pick(&OPERATIONS);
                self.somebody(operation)
            }
            15 | 16 => {
                let write = self.pick(&WRITES);
                self.somebody(write)
            }
            17 => self.compartment(),
            18 => self.bundle("batch"),
            _ => self.bundle("transaction"),
        };
        Template(text)
    }

    fn look(&mut self) -> String {
        let key = self.pick(&KEYS);
        let key = self.somebody(key);
        match self.below(5) {
            0 => format!("GET {key}/_history"),
            1 => format!("GET {key}/_history/1"),
            2 => format!("GET {key}/_history/2"),
            3 => format!("HEAD {key}"),
            _ => format!("GET {key}"),
        }
    }

    fn search(&mut self) -> String {
        if self.below(8) == 0 {
            let types: Vec<&str> = (0..self.below(4)).map(|_| self.pick(&TYPES)).collect();
            let controls = self.controls();
            let types = if types.is_empty() {
                String::new()
            } else {
                format!("_type={}&", types.join(","))
            };
            return format!("?{types}{controls}");
        }
        let (searched, _) = self.pick(&CRITERIA);
        let mut parts = Vec::new();
        for (name, criterion) in CRITERIA {
            if name == searched && self.below(6) == 0 {
                parts.push(self.somebody(criterion));
            }
        }
        if parts.is_empty() {
            let fitting: Vec<&str> = CRITERIA
                .iter()
                .filter(|one| one.0 == searched)
                .map(|one| one.1)
                .collect();
            let criterion = self.pick(&fitting);
            parts.push(self.somebody(criterion));
        }
        let searched = if self.below(10) == 0 {
            self.pick(&TYPES)
        } else {
            searched
        };
        parts.push(self.controls());
        format!(
            "{searched}?{}",
            parts.join("&").replace(' ', "%20").replace('"', "%22")
        )
    }

    fn controls(&mut self) -> String {
        let controls: Vec<&str> = (0..self.below(3)).map(|_| self.pick(&CONTROLS)).collect();
        controls.join("&")
    }

    fn history(&mut self) -> String {
        let of = match self.below(3) {
            0 => String::new(),
            _ => format!("{}/", self.pick(&TYPES)),
        };
        let query = self.pick(&["", "?_count=3", "?_since=2020", "?_at=2020"]);
        format!("GET {of}_history{query}")
    }

    fn compartment(&mut self) -> String {
        let around = self.pick(&["Patient/$M", "Encounter/e-$M", "Practitioner/doctor"]);
        let around = self.somebody(around);
        let member = self.pick(&["*", "Observation", "Condition", "Appointment", "Task"]);
        format!("GET {around}/{member}?{}", self.controls())
    }

    fn bundle(&mut self, kind: &str) -> String {
        let mut entries = Vec::new();
        for _ in 0..=self.below(4) {
            let url = match self.below(3) {
                0 => self.look(),
                1 => format!("GET {}", self.search()),
                _ => {
                    let entry = self.pick(&ENTRIES);
                    entries.push(entry.to_owned());
                    continue;
                }
            };
            let (method, url) = url.split_once(' ').unwrap();
            entries.push(format!(
                r#"{{"request":{{"method":"{method}","url":"{url}"}}}}"#
            ));
        }
        format!(
            r#"POST / {{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#,
            entries.join(",")
        )
    }
}
