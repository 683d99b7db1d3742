//! Where a page ends in the order of its search: what a link carries.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// A place between two matches, and the way to go from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The sort values of the match at the place, as the database writes them; `None` where it has none.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Option<String>>,
    /// The match's number.
    #[serde(rename = "r")]
    pub(super) rid: i64,
    /// Toward the beginning.
    #[serde(rename = "b", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_back: bool,
}

impl Place {
    /// As text.
    pub(super) fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// Reads what [`Place::write`] wrote for an order of so many keys.
    pub(super) fn read(text: &str, keys: usize) -> Result<Self> {
        serde_json::from_str(text)
            .ok()
            .filter(|place: &Self| place.keys.len() == keys)
            .ok_or_else(|| Error::new(ErrorKind::BadValue, "the page link cannot be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text() {
        let check = |keys: &[Option<&str>], is_back| {
            let place = Place {
                keys: keys.iter().map(|key| key.map(str::to_owned)).collect(),
                rid: 7,
                is_back,
            };
            let text = place.write().unwrap();
            assert_eq!(Place::read(&text, keys.len()).unwrap(), place);
        };
        check(&[], false);
        check(&[None, Some(""), Some("a|\"b\"\n")], true);
    }

    #[test]
    fn a_place_of_another_order_is_refused() {
        for text in ["", "{}", "17", r#"{"r":1}"#, r#"{"k":["a","b"],"r":1}"#] {
            assert_eq!(
                Place::read(text, 1).unwrap_err().kind(),
                ErrorKind::BadValue
            );
        }
    }
}
