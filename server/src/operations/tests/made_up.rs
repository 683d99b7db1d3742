//! Definitions made up to try the mechanism on.

use crate::error::Result;
use crate::operations::{Arguments, Params};

macro_rules! definition {
    ($id:literal, $flags:literal, $parameters:literal) => {
        concat!(
            r#"{"resourceType":"OperationDefinition","id":""#,
            $id,
            r#"","url":"urn:"#,
            $id,
            r#"","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/operation-scope","valueString":"*.r"}],"name":"N","status":"active","description":"d","kind":"operation","code":"try","#,
            $flags,
            r#","parameter":["#,
            $parameters,
            "]}"
        )
    };
}

/// Takes one of everything.
pub(super) const EVERYTHING: &str = definition!(
    "everything",
    r#""affectsState":false,"system":true,"type":true,"instance":false,"resource":["Patient","Basic"]"#,
    r#"{"name":"flag","use":"in","min":0,"max":"1","type":"boolean"},
       {"name":"count","use":"in","min":0,"max":"2","type":"positiveInt"},
       {"name":"amount","use":"in","min":0,"max":"1","type":"decimal"},
       {"name":"words","use":"in","min":0,"max":"*","type":"string"},
       {"name":"coding","use":"in","min":0,"max":"1","type":"Coding"},
       {"name":"any","use":"in","min":0,"max":"1","type":"Element"},
       {"name":"patient","use":"in","min":0,"max":"1","type":"Patient"},
       {"name":"rule","use":"in","min":0,"max":"*","part":[
          {"name":"key","use":"in","min":1,"max":"1","type":"code"},
          {"name":"text","use":"in","min":0,"max":"1","type":"string"}]},
       {"name":"return","use":"out","min":1,"max":"1","type":"Resource"}"#
);

pub(super) const DEMANDING: &str = definition!(
    "demanding",
    r#""affectsState":true,"system":false,"type":false,"instance":true,"resource":["Resource"]"#,
    r#"{"name":"patient","use":"in","min":1,"max":"1","type":"Patient"}"#
);

/// One of the parameters that have parts.
pub(super) struct Rule {
    pub(super) key: String,
    pub(super) text: Option<String>,
}

impl Params for Rule {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            key: arguments.required("key")?,
            text: arguments.optional("text")?,
        })
    }
}
