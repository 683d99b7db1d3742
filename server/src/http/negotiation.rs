//! Which format a body has and which one the client gets (<https://hl7.org/fhir/R4/http.html#mime-type>).

use std::cmp::Reverse;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// The two formats of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// What the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Representation {
    pub(super) format: Format,
    /// Whether the client named the FHIR version, so that the answer names it too.
    pub(super) names_version: bool,
}

impl Representation {
    /// What a client gets that accepts nothing we have, or where nothing is known of it.
    pub(super) const DEFAULT: Self = Self {
        format: Format::Json,
        names_version: false,
    };

    /// The `Content-Type` of the answer.
    pub(super) fn content_type(self) -> &'static str {
        match (self.format, self.names_version) {
            (Format::Json, false) => "application/fhir+json; charset=utf-8",
            (Format::Json, true) => "application/fhir+json; fhirVersion=4.0; charset=utf-8",
            (Format::Xml, false) => "application/fhir+xml; charset=utf-8",
            (Format::Xml, true) => "application/fhir+xml; fhirVersion=4.0; charset=utf-8",
        }
    }
}

/// What a body is, by its `Content-Type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyType {
    /// A resource; whether the type says that it is FHIR, or only JSON or XML.
    Resource {
        format: Format,
        is_fhir: bool,
    },
    JsonPatch,
    XmlPatch,
    Form,
    /// Anything else, which only a Binary can hold: the header as it was sent.
    Other(Arc<str>),
}

/// Chooses by `_format` or else by `Accept`.
pub(super) fn negotiate(format: Option<&str>, accept: &[&str]) -> Result<Representation> {
    if let Some(format) = format {
        return by_parameter(format);
    }
    let ranges: Vec<Range<'_>> = ranges(accept).collect();
    if ranges.is_empty() {
        return Ok(Representation::DEFAULT);
    }
    // A browser lists HTML first and XML only as a fallback: it shows JSON better.
    let lists = |main, sub| ranges.iter().any(|range| range.essence.is(main, sub));
    let is_browser = lists("text", "html") && lists("*", "*");
    let choices = [Format::Json, Format::Xml].map(|format| {
        let found = ranges
            .iter()
            .filter(|range| range.matches_version && range.is_utf8)
            .filter_map(|range| {
                let precision = range.essence.precision(format)?;
                let is_fallback = is_browser && format == Format::Xml && precision == 2;
                (!is_fallback).then_some((precision, range))
            })
            .max_by_key(|(precision, range)| (*precision, range.quality, Reverse(range.place)));
        (format, found)
    });
    choices
        .into_iter()
        .filter_map(|(format, found)| found.map(|(precision, range)| (format, precision, range)))
        .filter(|(_, _, range)| range.quality > 0)
        .max_by_key(|(format, precision, range)| {
            let is_json = *format == Format::Json;
            // A wildcard leaves the choice to the server; between types the first named wins.
            let named = (*precision > 1).then_some(Reverse(range.place));
            (range.quality, named, is_json)
        })
        .map(|(format, _, range)| Representation {
            format,
            names_version: range.names_version,
        })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotAcceptable,
                "the server answers in application/fhir+json and application/fhir+xml of FHIR 4.0",
            )
        })
}

fn by_parameter(text: &str) -> Result<Representation> {
    // A plus sign that was not percent-encoded arrives as a space.
    let text = text.trim().replace("fhir ", "fhir+");
    let format = match text.as_str() {
        "json" => Some((Format::Json, false)),
        "xml" => Some((Format::Xml, false)),
        other => Range::parse(other, 0)
            .filter(|range| range.matches_version)
            .and_then(|range| Some((range.essence.format()?.0, range.names_version))),
    };
    format
        .map(|(format, names_version)| Representation {
            format,
            names_version,
        })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotAcceptable,
                "_format is json, xml, application/fhir+json or application/fhir+xml",
            )
        })
}

/// Whether a Binary goes out as what it holds: wherever the client does not ask for FHIR by name, or likes the
/// content's own type better (<https://hl7.org/fhir/R4/binary.html#rest>).
pub(super) fn wants_content(format: Option<&str>, accept: &[&str], content_type: &str) -> bool {
    if format.is_some() {
        return false;
    }
    let quality = |is_meant: &dyn Fn(&Range<'_>) -> bool| {
        ranges(accept)
            .filter(is_meant)
            .map(|range| range.quality)
            .max()
            .unwrap_or(0)
    };
    let fhir = quality(&|range| matches!(range.essence.format(), Some((_, true))));
    let content_type = Essence::parse(content_type.split(';').next().unwrap_or_default());
    let content = quality(&|range| content_type.is_some_and(|own| own == range.essence));
    fhir == 0 || content > fhir
}

/// The type of calendars.
pub(super) const CALENDAR: &str = "text/calendar";

/// Whether an Appointment goes out as an event of a calendar: only where that is asked for by name, before FHIR.
pub(super) fn wants_calendar(format: Option<&str>, accept: &[&str]) -> bool {
    if let Some(format) = format {
        return format == CALENDAR;
    }
    let is_named =
        ranges(accept).any(|range| range.quality > 0 && range.essence.is("text", "calendar"));
    is_named && wants_content(None, accept, CALENDAR)
}

/// What a `Content-Type` says a body is.
pub(super) fn body_type(header: Option<&str>) -> Result<BodyType> {
    let unsupported = |sentence: &str| Error::new(ErrorKind::UnsupportedMediaType, sentence);
    let header = header.ok_or_else(|| unsupported("a body needs a Content-Type"))?;
    let media_type = Range::parse(header, 0)
        .ok_or_else(|| unsupported("the Content-Type is not a media type"))?;
    let essence = media_type.essence;
    let body_type = match essence.format() {
        Some((format, is_fhir)) => BodyType::Resource { format, is_fhir },
        None if essence.is("application", "json-patch+json") => BodyType::JsonPatch,
        None if essence.is("application", "xml-patch+xml") => BodyType::XmlPatch,
        None if essence.is("application", "x-www-form-urlencoded") => BodyType::Form,
        None => return Ok(BodyType::Other(header.trim().into())),
    };
    if !media_type.is_utf8 {
        return Err(unsupported("the only charset of FHIR is UTF-8"));
    }
    if !media_type.matches_version {
        return Err(unsupported("the server reads FHIR version 4.0"));
    }
    Ok(body_type)
}

/// `type/subtype`.
#[derive(Clone, Copy, Debug)]
struct Essence<'a> {
    main: &'a str,
    sub: &'a str,
}

impl PartialEq for Essence<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.main, other.sub)
    }
}

impl<'a> Essence<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (main, sub) = text.trim().split_once('/')?;
        let is_token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&byte))
        };
        (is_token(main) && is_token(sub)).then_some(Self { main, sub })
    }

    fn is(self, main: &str, sub: &str) -> bool {
        self.main.eq_ignore_ascii_case(main) && self.sub.eq_ignore_ascii_case(sub)
    }

    /// The format of a resource of this type, and whether the type says that it is FHIR.
    fn format(self) -> Option<(Format, bool)> {
        const TYPES: [(&str, &str, Format, bool); 6] = [
            ("application", "fhir+json", Format::Json, true),
            ("application", "fhir+xml", Format::Xml, true),
            ("application", "json", Format::Json, false),
            ("application", "xml", Format::Xml, false),
            ("text", "json", Format::Json, false),
            ("text", "xml", Format::Xml, false),
        ];
        TYPES
            .iter()
            .find(|(main, sub, _, _)| self.is(main, sub))
            .map(|(_, _, format, is_fhir)| (*format, *is_fhir))
    }

    /// How precisely the range names a format: 3 as FHIR, 2 as JSON or XML, 1 and 0 by wildcard.
    fn precision(self, format: Format) -> Option<u8> {
        match self.format() {
            Some((found, is_fhir)) if found == format => Some(if is_fhir { 3 } else { 2 }),
            Some(_) => None,
            None if self.is("application", "*") => Some(1),
            None if self.is("*", "*") => Some(0),
            None => None,
        }
    }
}

/// One media range of `Accept`, or the media type of `Content-Type`.
#[derive(Clone, Copy, Debug)]
struct Range<'a> {
    essence: Essence<'a>,
    /// `q` in thousandths.
    quality: u16,
    names_version: bool,
    matches_version: bool,
    is_utf8: bool,
    place: usize,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str, place: usize) -> Option<Self> {
        let mut parts = text.split(';');
        let mut range = Self {
            essence: Essence::parse(parts.next()?)?,
            quality: 1000,
            names_version: false,
            matches_version: true,
            is_utf8: true,
            place,
        };
        for parameter in parts.filter(|parameter| !parameter.trim().is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                range.quality = thousandths(value)?;
            } else if name.eq_ignore_ascii_case("fhirVersion") {
                range.names_version = true;
                range.matches_version = matches!(value, "4.0" | "4.0.1");
            } else if name.eq_ignore_ascii_case("charset") {
                range.is_utf8 = ["utf-8", "utf8"]
                    .iter()
                    .any(|utf8| value.eq_ignore_ascii_case(utf8));
            }
        }
        Some(range)
    }
}

/// The ranges of `Accept` that can be understood, in the order they were sent; others are as if they were not there.
fn ranges<'a>(accept: &[&'a str]) -> impl Iterator<Item = Range<'a>> {
    accept
        .iter()
        .flat_map(|header| header.split(','))
        .enumerate()
        .filter_map(|(place, text)| Range::parse(text, place))
}

/// `0`, `1`, and up to three decimals between.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}
