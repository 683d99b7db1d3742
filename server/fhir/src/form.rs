//! Names and values of a query string or form (`application/x-www-form-urlencoded`).

/// The name or value is not well percent-encoded UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query string is not well percent-encoded UTF-8")]
pub struct FormError;

/// Names and values in the order of the text, decoded; a name without `=` has an empty value.
pub fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), FormError>> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    })
}

fn decoded(text: &str) -> Result<String, FormError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next())? * 16 + hex(bytes.next())?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| FormError)
}

fn hex(digit: Option<u8>) -> Result<u8, FormError> {
    digit
        .and_then(|digit| char::from(digit).to_digit(16))
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(FormError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_or_refused() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let read: Vec<(String, String)> = pairs(text).map(Result::unwrap).collect();
            let read: Vec<(&str, &str)> = read.iter().map(|(a, b)| (&**a, &**b)).collect();
            assert_eq!(read, expected, "{text}");
        };
        check("", &[]);
        check("&&a&", &[("a", "")]);
        check(
            "a=1&b=%C3%A4+x&a=2",
            &[("a", "1"), ("b", "ä x"), ("a", "2")],
        );
        check("a=b=c", &[("a", "b=c")]);
        for broken in ["%", "a=%4", "a=%zz", "%ff=1"] {
            assert!(pairs(broken).any(|pair| pair.is_err()), "{broken}");
        }
    }
}
