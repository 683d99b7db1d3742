//! XML meant to break a reader: always an error, never a panic, never more than linear work.

use proptest::prelude::*;

use crate::fixtures::structures;
use crate::xml::scanner::{Scanner, Token};
use crate::xml::{XmlError, XmlErrorKind, XmlLimits, from_xml};

/// The scanner alone, to the end of the text.
fn scan(bytes: &[u8]) -> Result<usize, XmlError> {
    let mut scanner = Scanner::new(bytes, XmlLimits::default())?;
    let mut tokens = 0;
    while !matches!(scanner.next()?, Token::Eof) {
        tokens += 1;
    }
    Ok(tokens)
}

const ILL_FORMED: &[&str] = &[
    "",
    " ",
    "x",
    "<a",
    "<a>",
    "<a></b>",
    "</a>",
    "<a/><b/>",
    "<a/>x",
    "x<a/>",
    "<a/>&amp;",
    "&lt;<a/>",
    "<1a/>",
    "< a/>",
    "<a b/>",
    "<a b=c/>",
    "<a b=é/>",
    "<a b= ",
    "<a b='é/>",
    "<a b='1'c='2'/>",
    "<a b='1' b='2'/>",
    "<a b='<'/>",
    "<a b=\"1'/>",
    "<a><b></a></b>",
    "<a>]]></a>",
    "<a><!-- -- --></a>",
    "<a><!-- ---></a>",
    "<a><![CDATA[</a>",
    "<a>&</a>",
    "<a:b:c xmlns:a='b'/>",
    "<a :b='1'/>",
    "<a><?xml version='1.0'?></a>",
    " <?xml version='1.0'?><a/>",
    "<?xml encoding='UTF-8'?><a/>",
    "<?xml version='1.0' a='b'?><a/>",
    "<a><?1?></a>",
    "<![CDATA[a]]><a/>",
    "<a xmlns='b' xmlns='c'/>",
    "\u{FEFF}\u{FEFF}<a/>",
    "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
    "<a xmlns:b='c' xmlns:d='c' b:e='1' d:e='2'/>",
    "<a\u{A0}b='1'/>",
    "<>",
    "<a",
    "<!",
    "<!-",
    "<?",
    "<!a><a/>",
];

const ENTITIES: &[&str] = &[
    "<a>&nbsp;</a>",
    "<a>& b;</a>",
    "<a b='&b;'/>",
    "<a b='&amp'/>",
    "<a>&#0;</a>",
    "<a>&#xFFFE;</a>",
    "<a>&#xD800;</a>",
    "<a>&#x110000;</a>",
    "<a>&#;</a>",
    "<a>&#x;</a>",
    "<a>&#+9;</a>",
    "<a>&#99999999999;</a>",
    "<a b='&#1;'/>",
];

#[test]
fn ill_formed_texts_are_refused() {
    let check = |bytes: &[u8], kind: &str| {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let error = scan(bytes).expect_err(&shown);
        assert_eq!(
            format!("{:?}", error.kind).split('(').next(),
            Some(kind),
            "{shown}: {error}"
        );
    };
    for syntax in ILL_FORMED {
        check(syntax.as_bytes(), "Syntax");
    }
    for entity in ENTITIES {
        check(entity.as_bytes(), "Entity");
    }
    for namespace in [
        "<a:b/>",
        "<b a:c='1'/>",
        "<a xmlns:b=''/>",
        "<a xmlns:xmlns='b'/>",
        "<a xmlns:xml='b'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
    ] {
        check(namespace.as_bytes(), "Namespace");
    }
    for declaration in [
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
    ] {
        check(declaration.as_bytes(), "Declaration");
    }
    check(b"<!DOCTYPE a><a/>", "Doctype");
    check(
        b"<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>",
        "Doctype",
    );
    check(b"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "Doctype");
    check(b"<a>\xFF</a>", "Utf8");
    check(b"\xFF\xFE<\0a\0/\0>\0", "Utf8");
    check(b"<a>\x01</a>", "Character");
    check("<a>\u{FFFF}</a>".as_bytes(), "Character");
    check("<a>".repeat(300).as_bytes(), "TooDeep");
    let many = |attribute: &str| {
        (0..40)
            .map(|n| format!(" {attribute}{n}='v'"))
            .collect::<String>()
    };
    check(format!("<a{}/>", many("b")).as_bytes(), "TooManyAttributes");
    check(
        format!("<a{}/>", many("xmlns:b")).as_bytes(),
        "TooManyAttributes",
    );
}

#[test]
fn well_formed_texts_are_read() {
    for text in [
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\" standalone='no' ?>\n<!-- a --><?b c?>\n<a/>\n<!-- d -->",
        "<a b = '1'\n\tc=\"'\" xml:lang='de'></a  >",
        "<é xmlns:ü='x' ü:ö='1'>\u{10FFFF}&#x10FFFF;&#9;</é>",
        "<a><![CDATA[<&]] >]]></a>",
        "<a xmlns='b'><c xmlns=''/></a>",
    ] {
        scan(text.as_bytes()).expect(text);
        roxmltree::Document::parse(text).expect(text);
    }
}

#[test]
fn limits_of_the_json_hold_for_its_xml() {
    let Some(structures) = structures() else {
        return;
    };
    let nested = |depth: usize| {
        format!(
            "<Basic xmlns=\"http://hl7.org/fhir\">{}{}</Basic>",
            "<extension url=\"u\">".repeat(depth),
            "</extension>".repeat(depth)
        )
    };
    let read = |xml: &str, limits| {
        from_xml(xml.as_bytes(), structures, limits).map_err(|error| error.kind)
    };
    // Each extension is an object in an array.
    assert!(read(&nested(31), XmlLimits::default()).is_ok());
    assert_eq!(
        read(&nested(32), XmlLimits::default()).unwrap_err(),
        XmlErrorKind::TooDeep
    );
    assert_eq!(
        read(&nested(100_000), XmlLimits::default()).unwrap_err(),
        XmlErrorKind::TooDeep
    );
    let limits = XmlLimits {
        size: 10,
        ..XmlLimits::default()
    };
    assert_eq!(
        read(&nested(1), limits).unwrap_err(),
        XmlErrorKind::TooLarge
    );
}

/// Work is counted in tokens, not in time: a text of the same length has no more of them, whatever it holds.
#[test]
fn long_texts_are_read_in_one_pass() {
    let long = "x".repeat(1 << 20);
    assert_eq!(scan(format!("<a b='{long}'/>").as_bytes()), Ok(2));
    assert_eq!(scan(format!("<a>{long}</a>").as_bytes()), Ok(3));
    assert_eq!(scan(format!("<{long}/>").as_bytes()), Ok(2));
    assert_eq!(
        scan(format!("<a>{}</a>", "<b/>".repeat(1 << 16)).as_bytes()),
        Ok((2 << 16) + 2)
    );
    assert_eq!(
        scan(format!("<a>{}</a>", "&lt;".repeat(1 << 16)).as_bytes()),
        Ok((1 << 16) + 2)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the scanner accepts, a strict reader accepts too.
    #[test]
    fn accepts_nothing_that_roxmltree_refuses(
        text in r#"(<[a-c:/ ]{1,3}( (xmlns|b|xmlns:a|a:b)=['"][a-c&;<#x9]{0,3}['"]){0,2}/?>|</?[ab]>|[a\]>&;#-]|<!--[a-]{0,3}-->|<\?[a ?]{1,3}\?>){1,6}"#
    ) {
        if scan(text.as_bytes()).is_ok() {
            prop_assert!(roxmltree::Document::parse(&text).is_ok(), "{}", text);
        }
    }

    /// No bytes make it panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = scan(&bytes);
        let around = [b"<a b='".as_slice(), &bytes, b"'>", &bytes, b"</a>"].concat();
        let _ = scan(&around);
    }

    /// No text makes it panic, nor the reader of selectors.
    #[test]
    fn any_text_is_read_or_refused(text in "[<>/=\"'&;!?a:é\u{1F600} \\[\\]-]{0,24}") {
        let _ = scan(text.as_bytes());
        let _ = scan(format!("<a {text}>").as_bytes());
        let _ = scan(format!("<a>{text}</a>").as_bytes());
    }

    /// A real resource with a piece cut out or put in is read or refused; what is read is written again.
    #[test]
    fn a_damaged_resource_is_read_or_refused(at in 0usize..400, length in 0usize..12, put in r#"[<>/="a &;!?\[\]-]{0,4}"#) {
        if let Some(structures) = structures() {
            let xml = SOUND.as_bytes();
            let at = at.min(xml.len());
            let damaged = [&xml[..at], put.as_bytes(), &xml[(at + length).min(xml.len())..]].concat();
            if let Ok(resource) = from_xml(&damaged, structures, XmlLimits::default()) {
                prop_assert!(crate::xml::to_xml(&resource, structures, true).is_ok());
            }
        }
    }
}

const SOUND: &str = r#"<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="1"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p class="a">b &amp; c<br/></p></div></text><extension url="u"><valueDecimal value="1.0"/></extension><active value="true"/><name><given value="a"/><given id="b"><extension url="u"><valueCode value="c"/></extension></given></name></Patient>"#;
