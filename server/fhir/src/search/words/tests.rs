//! Words of texts, narratives and resources.

use super::*;
use crate::resource::Resource;

#[test]
fn words_are_runs_of_folded_letters_and_digits() {
    let check = |text: &str, expected: &str| assert_eq!(words(text), expected, "{text}");
    check("", "");
    check(" - ", "");
    check("Blood-Pressure, 120/80", "blood pressure 120 80");
    check("  Åse\u{a0}MÜLLER ", "ase muller");
    check("don't", "don t");
    check("ﬁne Ⅻ", "fine xii");
    check("血圧 高い", "血圧 高い");
}

#[test]
fn narratives_are_read_as_they_are_shown() {
    let check = |div: &str, expected: &str| assert_eq!(words(&shown(div)), expected, "{div}");
    check("<div><p>One</p><p>two</p></div>", "one two");
    check("<div>a<b>b</b>c<br/>d</div>", "abc d");
    check("<div>1<!-- <p>no</p> -- > -->2</div>", "12");
    check("<td title=\"a > b\">x</td><td class='>'>y</td>", "x y");
    check(
        "R&amp;D &lt;b&gt; caf&#233; caf&#xE9; a&nbsp;b",
        "r d b cafe cafe a b",
    );
    check("a & b &unfinished", "a b unfinished");
    check("<![CDATA[a<b]]>c", "a bc");
    check("<p>cut <b", "cut");
    check("&#1114112;&#xD800;x", "x");
}

#[test]
fn content_is_all_texts_but_names_of_systems_and_data() {
    let text = r##"{"resourceType":"Observation","id":"secret","text":{"status":"generated",
        "div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>High</p>pulse</div>"},
        "code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},
        "subject":{"reference":"Patient/x","display":"Anna"},"valueQuantity":{"value":99,"unit":"/min"},
        "extension":[{"url":"http://e","valueString":"Extra"}],
        "note":[{"text":"one"},{"text":"two"}],"_status":{"extension":[{"url":"u","valueCode":"why"}]},
        "contained":[{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"aGVsbG8="}]}"##;
    let resource = Resource::parse(text.to_owned()).unwrap();
    assert_eq!(narrative(resource.root()), "high pulse");
    assert_eq!(
        content(resource.root(), false),
        "generated high pulse 8867 4 heart rate anna min extra one two why text plain"
    );
    assert_eq!(count(&content(resource.root(), false)), 15);
    assert_eq!(count(""), 0);
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":
        {"resourceType":"Patient","name":[{"family":"Ann"}]},"search":{"mode":"match"}}]}"#;
    let bundle = Resource::parse(bundle.to_owned()).unwrap();
    assert_eq!(content(bundle.root(), true), "collection match");
}
