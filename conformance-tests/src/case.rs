//! A case file: one rule of the specification as a sequence of HTTP steps.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One rule, the page that states it, and the requests that prove it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// The rule as a sentence.
    pub title: String,
    /// The page (and anchor) that states the rule.
    pub spec: String,
    /// What the capability statement must say for the case to apply: path to matcher.
    #[serde(default)]
    pub needs: BTreeMap<String, Box<RawValue>>,
    /// Named texts for `${name}` in steps.
    #[serde(default)]
    pub vars: BTreeMap<String, Variable>,
    /// What is sent and expected, in order.
    pub steps: Vec<Step>,
}

/// A named text: given, or repeated.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Variable {
    /// The text itself.
    Text(String),
    /// A text many times over.
    Repeat(Repeat),
}

/// A text repeated; `${i}` in it is the number of the repetition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// The text.
    pub repeat: String,
    /// How often.
    pub times: usize,
    /// What stands between.
    #[serde(default)]
    pub join: String,
    /// With which number to begin, modulo `times`: a template, such as `${n}` in parallel steps.
    #[serde(default)]
    pub rotate: String,
}

/// One request, or many equal ones at once, and what has to come back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Why the step is there, where it is not plain.
    #[serde(default)]
    pub note: String,
    /// Method and target: a path under the base, or an absolute URL.
    pub request: String,
    /// Headers; `null` removes one that the runner would send.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<OneOrMany<String>>>,
    /// A JSON body, sent to the letter as `application/fhir+json`.
    pub json: Option<Box<RawValue>>,
    /// An XML body, sent as `application/fhir+xml`.
    pub xml: Option<String>,
    /// A body as text; the content type is among the headers.
    pub text: Option<String>,
    /// A body as bytes, in base64; the content type is among the headers.
    pub base64: Option<String>,
    /// A content coding for the body.
    pub encode: Option<Coding>,
    /// Over HTTP/2 without upgrade.
    #[serde(default)]
    pub http2: bool,
    /// How many such requests at once; `${n}` numbers them from 0.
    pub parallel: Option<usize>,
    /// For how many seconds the request may be repeated until it has the answer: work that the server does on its own.
    pub eventually: Option<u64>,
    /// What has to come back.
    pub expect: Expect,
    /// Names for parts of the answer, for later steps.
    #[serde(default)]
    pub capture: BTreeMap<String, Capture>,
}

/// A content coding of HTTP.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coding {
    /// RFC 1952
    Gzip,
    /// RFC 8878
    Zstd,
}

/// One value, or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }
}

/// What an answer has to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// The status, or those allowed.
    pub status: OneOrMany<u16>,
    /// Of a parallel step: exactly how many answers have which status.
    #[serde(default)]
    pub counts: BTreeMap<u16, usize>,
    /// Of a parallel step: paths whose value is the same in every JSON answer.
    #[serde(default)]
    pub alike: Vec<String>,
    /// Headers; `null` means absent.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<TextRule>>,
    /// Path to matcher, in a JSON body.
    #[serde(default)]
    pub json: BTreeMap<String, Box<RawValue>>,
    /// The JSON body equals this resource, but for `meta.versionId` and `meta.lastUpdated`.
    pub resource: Option<Box<RawValue>>,
    /// As `resource`; the name of a captured body.
    pub same_as: Option<String>,
    /// Path to matcher, in an XML body: `Patient/name/family/@value`.
    #[serde(default)]
    pub xml: BTreeMap<String, Box<RawValue>>,
    /// The XML body equals this resource, but for `meta.versionId` and `meta.lastUpdated`.
    pub xml_resource: Option<String>,
    /// The body as text.
    pub text: Option<TextRule>,
    /// The body as bytes, in base64.
    pub base64: Option<String>,
    /// The bytes that the body begins with, in base64.
    pub base64_start: Option<String>,
    /// No body at all.
    #[serde(default)]
    pub empty: bool,
    /// More about the OperationOutcome that every error has to carry.
    pub outcome: Option<Outcome>,
    /// The error carries no OperationOutcome.
    #[serde(default)]
    pub no_outcome: bool,
}

/// What a text has to be.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum TextRule {
    /// Exactly this.
    Exact(String),
    /// All that is given holds.
    Rule(TextRules),
}

/// Conditions on a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextRules {
    /// A pattern found in it.
    pub regex: Option<String>,
    /// Texts found in it.
    pub contains: Option<OneOrMany<String>>,
    /// Texts not found in it.
    pub lacks: Option<OneOrMany<String>>,
}

/// What an OperationOutcome has to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Outcome {
    /// One of these is the code of an issue.
    pub code: Option<OneOrMany<String>>,
    /// An expression of an issue names one of these places, or a place inside.
    pub at: Option<OneOrMany<String>>,
    /// All of these stand in it somewhere.
    pub mentions: Option<OneOrMany<String>>,
}

/// Which part of an answer gets a name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Capture {
    /// A path in the JSON body.
    pub json: Option<String>,
    /// A header.
    pub header: Option<String>,
    /// The body whole.
    #[serde(default)]
    pub body: bool,
    /// The first group of this pattern, instead of the whole.
    pub regex: Option<String>,
}
