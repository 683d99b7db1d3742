//! The registry of search parameters (<https://hl7.org/fhir/R4/searchparameter.html>).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::DefinitionError;
use super::structure::{Structures, TypeKind};
use super::unready::Unready;
use crate::ids::ResourceType;
use crate::json::Value;

macro_rules! search_types {
    ($($(#[$doc:meta])* $name:ident => $code:literal,)*) => {
        /// How a parameter's values are searched (<https://hl7.org/fhir/R4/search.html#ptypes>).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum SearchType { $($(#[$doc])* $name,)* }

        impl SearchType {
            /// The type of that code.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

search_types! {
    /// A number, with precision.
    Number => "number",
    /// A date or period.
    Date => "date",
    /// Text, from its beginning, without case and accents.
    String => "string",
    /// A coded value or identifier.
    Token => "token",
    /// A link to a resource.
    Reference => "reference",
    /// Several values of one place together.
    Composite => "composite",
    /// A number with a unit.
    Quantity => "quantity",
    /// A URI, letter by letter.
    Uri => "uri",
    /// As its own description says.
    Special => "special",
}

/// Whether a parameter is offered, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// Offered.
    Active,
    /// Marked experimental: R4's examples of parameters and its parameters for extensions.
    Experimental,
    /// Retired by its publisher.
    Retired,
    /// For no type of resource.
    NoBase,
}

/// One search parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchParameter {
    /// The canonical URL.
    pub url: Box<str>,
    /// The name in URLs.
    pub code: Box<str>,
    /// How its values are searched.
    pub search_type: SearchType,
    /// Whether it is offered.
    pub activity: Activity,
    /// Names of the types it is for, abstract ones too.
    pub base: Vec<Box<str>>,
    /// Where its values stand, as FHIRPath; none for `_content`, `_text`, `_query`, `_filter`.
    pub expression: Option<Box<str>>,
    /// Names of the types a reference may point at.
    pub targets: Vec<Box<str>>,
    /// The parts of a composite.
    pub components: Vec<SearchComponent>,
    /// Codes of the prefixes declared; none declared means all its type has.
    pub comparators: Vec<Box<str>>,
    /// Codes of the modifiers declared; none declared means all its type has.
    pub modifiers: Vec<Box<str>>,
    /// `false` where values may not be alternatives.
    pub multiple_or: bool,
    /// `false` where the parameter may not repeat.
    pub multiple_and: bool,
}

/// One part of a composite parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchComponent {
    /// The canonical URL of the parameter that says the type.
    pub definition: Box<str>,
    /// Where its value stands, relative to the composite's own expression.
    pub expression: Box<str>,
}

/// All search parameters, and which are offered for which type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Lists", into = "Lists")]
pub struct SearchParameters {
    lists: Lists,
    by_type: HashMap<ResourceType, Vec<u16>>,
    by_url: HashMap<Box<str>, u16>,
    /// Where those begin that were added to the server's own.
    added: usize,
    unready: Unready,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Lists {
    all: Vec<SearchParameter>,
    /// Places in `all` of the active ones, sorted by code, for each concrete type.
    by_type: Vec<(Box<str>, Vec<u16>)>,
}

impl TryFrom<Lists> for SearchParameters {
    type Error = DefinitionError;

    fn try_from(lists: Lists) -> Result<Self, DefinitionError> {
        let by_type = lists
            .by_type
            .iter()
            .map(|(name, places)| {
                let resource_type =
                    ResourceType::parse(name).ok_or_else(|| DefinitionError::UnknownType {
                        path: "SearchParameter.base".to_owned(),
                        name: name.as_ref().to_owned(),
                    })?;
                Ok((resource_type, places.clone()))
            })
            .collect::<Result<_, DefinitionError>>()?;
        let by_url = lists
            .all
            .iter()
            .zip(0u16..)
            .map(|(parameter, place)| (parameter.url.clone(), place))
            .collect();
        Ok(Self {
            added: lists.all.len(),
            lists,
            by_type,
            by_url,
            unready: Unready::none(),
        })
    }
}

impl From<SearchParameters> for Lists {
    fn from(parameters: SearchParameters) -> Self {
        parameters.lists
    }
}

impl SearchParameters {
    /// All of them, inactive ones too, in the order they were loaded.
    pub fn all(&self) -> &[SearchParameter] {
        &self.lists.all
    }

    /// The active one of that code for a type, be it defined for the type, `DomainResource` or `Resource`.
    pub fn by_type_and_code(
        &self,
        resource_type: ResourceType,
        code: &str,
    ) -> Option<&SearchParameter> {
        let places = self.by_type.get(&resource_type)?;
        let found = places
            .binary_search_by(|place| (*self.lists.all[usize::from(*place)].code).cmp(code))
            .ok()?;
        self.lists.all.get(usize::from(places[found]))
    }

    /// The active ones for a type, by code.
    pub fn for_type(&self, resource_type: ResourceType) -> impl Iterator<Item = &SearchParameter> {
        self.by_type
            .get(&resource_type)
            .into_iter()
            .flatten()
            .map(|place| &self.lists.all[usize::from(*place)])
    }

    /// The one of that canonical URL, active or not.
    pub fn by_url(&self, url: &str) -> Option<&SearchParameter> {
        let place = self.by_url.get(url)?;
        self.lists.all.get(usize::from(*place))
    }

    /// Those of them that are not answered at the moment.
    pub fn unready(&self) -> &Unready {
        &self.unready
    }

    /// Notes which of them are not answered at the moment.
    pub fn set_unready(&mut self, unready: Unready) {
        self.unready = unready;
    }

    /// These and further ones, which count where none of these has their code.
    pub fn with(
        &self,
        structures: &Structures,
        further: impl IntoIterator<Item = SearchParameter>,
    ) -> Result<SearchParameters, DefinitionError> {
        let mut builder = SearchParametersBuilder {
            all: self.lists.all.clone(),
        };
        for parameter in further {
            builder.push(parameter);
        }
        let mut all = builder.build(structures)?;
        all.added = self.lists.all.len();
        Ok(all)
    }

    /// Whether one of them was added to the server's own ([`SearchParameters::with`]).
    pub fn is_added(&self, parameter: &SearchParameter) -> bool {
        let place = self.by_url.get(&parameter.url);
        place.is_some_and(|place| usize::from(*place) >= self.added)
    }

    /// How many are active.
    pub fn active_count(&self) -> usize {
        let active = |parameter: &&SearchParameter| parameter.activity == Activity::Active;
        self.lists.all.iter().filter(active).count()
    }
}

/// Collects SearchParameters.
#[derive(Debug, Default)]
pub(super) struct SearchParametersBuilder {
    all: Vec<SearchParameter>,
}

impl SearchParametersBuilder {
    /// Adds one. The first of a URL counts.
    pub(super) fn add(&mut self, definition: Value<'_>) -> Result<(), DefinitionError> {
        self.push(SearchParameter::read(definition)?);
        Ok(())
    }

    fn push(&mut self, parameter: SearchParameter) {
        if !self.all.iter().any(|known| known.url == parameter.url) {
            self.all.push(parameter);
        }
    }

    /// The registry. Where two active parameters share type and code, the one loaded first is offered.
    pub(super) fn build(
        self,
        structures: &Structures,
    ) -> Result<SearchParameters, DefinitionError> {
        let mut by_type = Vec::new();
        for parameter in &self.all {
            for base in &parameter.base {
                if structures.by_name(base).is_none() {
                    return Err(DefinitionError::UnknownType {
                        path: parameter.url.as_ref().to_owned(),
                        name: base.as_ref().to_owned(),
                    });
                }
            }
        }
        u16::try_from(self.all.len()).map_err(|_| DefinitionError::TooManyTypes)?;
        let concrete = structures.all().filter(|(_, definition)| {
            definition.kind == TypeKind::Resource && !definition.is_abstract
        });
        for (id, definition) in concrete {
            let mut offered: BTreeMap<&str, u16> = BTreeMap::new();
            let active = self.all.iter().zip(0u16..);
            for (parameter, place) in active.filter(|one| one.0.activity == Activity::Active) {
                let applies = parameter.base.iter().any(|base| {
                    structures
                        .by_name(base)
                        .is_some_and(|base| structures.is_a(id, base))
                });
                if applies {
                    offered.entry(&parameter.code).or_insert(place);
                }
            }
            by_type.push((definition.name.clone(), offered.into_values().collect()));
        }
        Lists {
            all: self.all,
            by_type,
        }
        .try_into()
    }
}

impl SearchParameter {
    /// Reads a SearchParameter resource.
    pub fn read(definition: Value<'_>) -> Result<SearchParameter, DefinitionError> {
        let text = |name| definition.get(name).and_then(Value::string);
        let url = text("url").unwrap_or_default();
        let missing = |member| DefinitionError::Missing {
            definition: url.as_ref().to_owned(),
            member,
        };
        let list = |name| -> Vec<Box<str>> {
            definition
                .get(name)
                .into_iter()
                .flat_map(Value::items)
                .filter_map(|item| item.string())
                .map(|item| item.as_ref().into())
                .collect()
        };
        let flag = |name| definition.get(name).and_then(Value::boolean);
        let type_code = text("type").ok_or_else(|| missing("type"))?;
        let search_type =
            SearchType::parse(&type_code).ok_or_else(|| DefinitionError::UnknownCode {
                definition: url.as_ref().to_owned(),
                member: "type",
                code: type_code.as_ref().to_owned(),
            })?;
        let base = list("base");
        let activity = if text("status").as_deref() == Some("retired") {
            Activity::Retired
        } else if flag("experimental") == Some(true) {
            Activity::Experimental
        } else if base.is_empty() {
            Activity::NoBase
        } else {
            Activity::Active
        };
        let components = definition
            .get("component")
            .into_iter()
            .flat_map(Value::items)
            .map(|component| {
                let text = |name| component.get(name).and_then(Value::string);
                Ok(SearchComponent {
                    definition: text("definition")
                        .ok_or_else(|| missing("component.definition"))?
                        .as_ref()
                        .into(),
                    expression: text("expression")
                        .ok_or_else(|| missing("component.expression"))?
                        .as_ref()
                        .into(),
                })
            })
            .collect::<Result<_, DefinitionError>>()?;
        Ok(SearchParameter {
            code: text("code").ok_or_else(|| missing("code"))?.as_ref().into(),
            search_type,
            activity,
            base,
            expression: text("expression").map(|expression| expression.as_ref().into()),
            targets: list("target"),
            components,
            comparators: list("comparator"),
            modifiers: list("modifier"),
            multiple_or: flag("multipleOr") != Some(false),
            multiple_and: flag("multipleAnd") != Some(false),
            url: url.as_ref().into(),
        })
    }
}
