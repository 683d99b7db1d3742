//! What files say, whatever their layout; and what is refused, by its name and place. All codes and texts are invented.

use super::columns::{self, Mapping};
use super::head::Head;
use super::snomed::{self, Preferences};
use super::snomed_names::{self, FileKind};
use super::{ImportFault, Piece, PieceKind, Sink, icd_10_cm, loinc};
use crate::resource::Resource;

/// What a reader says, a line for each piece; or its fault.
fn said(read: impl FnOnce(&mut Sink<'_>) -> Result<(), ImportFault>) -> String {
    let mut lines = Vec::new();
    let mut take = |piece: Piece| {
        let what = match piece.kind {
            PieceKind::Parent => &piece.words,
            _ => &piece.json,
        };
        let rank = piece.rank.map_or(String::new(), |rank| format!(" #{rank}"));
        let letter = piece.kind.letter();
        lines.push(format!("{letter} {} {what}{rank}", piece.code).replace('"', "'"));
        true
    };
    match read(&mut take) {
        Ok(()) => lines.join("\n"),
        Err(fault) => fault.to_string(),
    }
}

fn table(rows: &[&str]) -> String {
    rows.join("\n").replace(' ', "\t").replace('_', " ")
}

const TERMS: &str = "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,CLASS,STATUS,LONG_COMMON_NAME,SHORTNAME
1-8,Sugar,MCnc,Pt,Ser,Qn,,CHEM,ACTIVE,\"Sugar, in serum\",Sugar SerPl
2-6,Salt,MCnc,Pt,Ser,Qn,Calc,CHEM,DEPRECATED,Salt in serum,
";

#[test]
fn loinc_terms_are_read_by_the_names_of_columns() {
    let expected = "c 1-8 {'code':'1-8','display':'Sugar, in serum','designation':[{'language':'en-US','use':{'system':'http://loinc.org','code':'SHORTNAME','display':'SHORTNAME'},'value':'Sugar SerPl'}],'property':[{'code':'COMPONENT','valueString':'Sugar'},{'code':'PROPERTY','valueString':'MCnc'},{'code':'TIME_ASPCT','valueString':'Pt'},{'code':'SYSTEM','valueString':'Ser'},{'code':'SCALE_TYP','valueString':'Qn'},{'code':'CLASS','valueString':'CHEM'},{'code':'STATUS','valueString':'ACTIVE'}]}
c 2-6 {'code':'2-6','display':'Salt in serum','property':[{'code':'COMPONENT','valueString':'Salt'},{'code':'PROPERTY','valueString':'MCnc'},{'code':'TIME_ASPCT','valueString':'Pt'},{'code':'SYSTEM','valueString':'Ser'},{'code':'SCALE_TYP','valueString':'Qn'},{'code':'METHOD_TYP','valueString':'Calc'},{'code':'CLASS','valueString':'CHEM'},{'code':'STATUS','valueString':'DEPRECATED'},{'code':'inactive','valueBoolean':true}]}";
    let check = |text: &str, expected: &str| {
        assert_eq!(said(|sink| loinc::terms(text.as_bytes(), sink)), expected);
    };
    check(TERMS, expected);
    check(
        &format!("\u{feff}{}", TERMS.replace('\n', "\r\n")),
        expected,
    );
    check(
        &format!("\u{feff}\"{}", TERMS.replacen(',', "\",", 1)),
        expected,
    );
    // Other columns, in another order, in any case.
    let lines = TERMS.lines().enumerate().map(|(n, line)| match n {
        0 => format!("New,{}", line.to_lowercase()),
        _ => format!("x,{line}"),
    });
    check(&lines.collect::<Vec<_>>().join("\n"), expected);
    let without = TERMS.replace("SYSTEM", "S").replace("STATUS", "T");
    check(&without, "the file has no column SYSTEM, STATUS");
    check(
        "",
        "the file has no column LOINC_NUM, LONG_COMMON_NAME, COMPONENT, PROPERTY, TIME_ASPCT, SYSTEM, SCALE_TYP, METHOD_TYP, CLASS, STATUS",
    );
    let no_code = "line 3: \"\" is no code: it is empty, has control characters, spaces at an end or side by side, or is longer than 512 bytes";
    check(&TERMS.replace("2-6", " "), no_code);
    let control = "line 2: there is a control character";
    check(&TERMS.replace("MCnc", "M\u{1}"), control);
}

#[test]
fn a_text_that_is_not_utf_8_or_does_not_end_is_refused() {
    let check = |text: &[u8], expected: &str| {
        assert_eq!(said(|sink| loinc::terms(text, sink)), expected);
    };
    check(
        &TERMS
            .replace("Salt", "Gl\u{fc}")
            .bytes()
            .filter(|byte| *byte != 0xBC)
            .collect::<Vec<_>>(),
        "line 3: the text is not UTF-8",
    );
    let open = format!("{TERMS}3-4,\"{}", "x,".repeat(4 << 20));
    check(
        open.as_bytes(),
        "a row or element does not end: is a quotation mark or tag left open?",
    );
}

#[test]
fn loinc_has_parts_above_terms_answers_and_translations() {
    let hierarchy = "PATH_TO_ROOT,SEQUENCE,IMMEDIATE_PARENT,CODE,CODE_TEXT\n,1,,LP1-1,Things\nLP1-1,1,LP1-1,1-8,Sugar\n";
    assert_eq!(
        said(|sink| loinc::hierarchy(hierarchy.as_bytes(), sink)),
        "w LP1-1 {'code':'LP1-1','display':'Things'}\nw 1-8 {'code':'1-8','display':'Sugar'}\nu 1-8 LP1-1"
    );
    let list = "ID,ISO_LANGUAGE,ISO_COUNTRY,LANGUAGE_NAME\n24,de,AT,German\n";
    let variants = loinc::variants(list.as_bytes()).unwrap();
    assert_eq!((&*variants[0].id, &*variants[0].language), ("24", "de-AT"));
    let german =
        "LOINC_NUM,LONG_COMMON_NAME,LinguisticVariantDisplayName\n1-8,Zucker,Z\n2-6,,Salz\n3-4,,\n";
    assert_eq!(
        said(|sink| loinc::translation(german.as_bytes(), "de-AT", sink)),
        "d 1-8 {'language':'de-AT','value':'Zucker'}\nd 2-6 {'language':'de-AT','value':'Salz'}"
    );
    let answers = "AnswerListId,AnswerListName,AnswerStringId,DisplayText\nLL1-1,How,LA1-1,Well\nLL2-2,Extern,,\n";
    assert_eq!(
        said(|sink| loinc::answers(answers.as_bytes(), sink)),
        "w LL1-1 {'code':'LL1-1','display':'How'}\nw LA1-1 {'code':'LA1-1','display':'Well'}\np LA1-1 {'code':'answer-list','valueCode':'LL1-1'}\nw LL2-2 {'code':'LL2-2','display':'Extern'}"
    );
    let told = [
        ("Loinc_2.77", Some("2.77")),
        ("loinc-v2.8.zip", Some("2.8")),
        ("LoincTable", None),
        ("Loinc.csv", None),
        ("notes 2.77", None),
    ];
    for (name, version) in told {
        assert_eq!(loinc::version_of_name(name), version, "{name}");
    }
}

#[test]
fn snomed_concepts_and_relationships_are_read() {
    let concepts = table(&[
        "id effectiveTime active moduleId definitionStatusId",
        "111111 20240101 1 999999 900000000000073002",
        "222222 20240101 0 999999 900000000000074008",
    ]);
    assert_eq!(
        said(|sink| snomed::concepts(concepts.as_bytes(), sink)),
        "c 111111 {'code':'111111','property':[{'code':'inactive','valueBoolean':false},{'code':'sufficientlyDefined','valueBoolean':true},{'code':'moduleId','valueCode':'999999'}]}
c 222222 {'code':'222222','property':[{'code':'inactive','valueBoolean':true},{'code':'sufficientlyDefined','valueBoolean':false},{'code':'moduleId','valueCode':'999999'}]}"
    );
    let relationships = table(&[
        "id active sourceId destinationId typeId characteristicTypeId",
        "1 1 222222 111111 116680003 900000000000011006",
        "2 0 222222 333333 116680003 900000000000011006",
        "3 1 222222 444444 116680003 900000000000010007",
        "4 1 222222 555555 363698007 900000000000011006",
    ]);
    assert_eq!(
        said(|sink| snomed::relationships(relationships.as_bytes(), sink)),
        "u 222222 111111\np 222222 {'code':'363698007','valueCode':'555555'}"
    );
    let members = table(&[
        "active refsetId referencedComponentId",
        "1 777777 111111",
        "0 777777 222222",
    ]);
    assert_eq!(
        said(|sink| snomed::members(members.as_bytes(), sink)),
        "p 111111 {'code':'memberOf','valueCode':'777777'}"
    );
    let check = |from: &str, to: &str, expected: &str| {
        let wrong = concepts.replacen(from, to, 1);
        assert_eq!(
            said(|sink| snomed::concepts(wrong.as_bytes(), sink)),
            expected
        );
    };
    check("moduleId", "module", "the file has no column moduleId");
    check("\t1\t", "\tyes\t", "line 2: 'active' is neither 0 nor 1");
    check(
        "222222",
        "'; drop",
        "line 3: \"'; drop\" is no SNOMED CT identifier",
    );
}

#[test]
fn the_preferred_synonym_of_the_wanted_language_is_the_display() {
    let languages = table(&[
        "id active refsetId referencedComponentId acceptabilityId",
        "a 1 900000000000509007 100001 900000000000548007",
        "b 1 900000000000508004 100002 900000000000548007",
        "c 1 900000000000509007 100002 900000000000549004",
        "d 0 900000000000509007 100003 900000000000548007",
        "e 1 888888 100004 900000000000548007",
    ]);
    let descriptions = table(&[
        "id active conceptId languageCode typeId term",
        "100000 1 111111 en 900000000000003001 Sick_(thing)",
        "100001 1 111111 en 900000000000013009 Ill_\"here",
        "100002 1 111111 en 900000000000013009 Poorly",
        "100003 1 111111 en 900000000000013009 Unwell",
        "100004 1 111111 de 900000000000013009 Krank",
        "100005 0 111111 en 900000000000013009 Gone",
        "100006 1 111111 en 900000000000550004 To_be_ill",
    ]);
    let check = |refsets: &[u64], expected: &str| {
        let mut preferences = Preferences::of(refsets);
        preferences.read(languages.as_bytes()).unwrap();
        let text = said(|sink| snomed::descriptions(descriptions.as_bytes(), &preferences, sink));
        let short = |line: &str| {
            let (_, value) = line.split_once("'value':'").unwrap_or_default();
            let (value, rank) = value.split_once("'}").unwrap_or_default();
            let preferred = if line.contains("preferredForLanguage") {
                "+"
            } else {
                ""
            };
            let (_, language) = line.split_once("'language':'").unwrap_or_default();
            let (language, _) = language.split_once('\'').unwrap_or_default();
            format!("{preferred}{value} {language}{rank}")
        };
        assert_eq!(
            text.lines().map(short).collect::<Vec<_>>().join("|"),
            expected
        );
    };
    check(
        &[],
        "Sick (thing) en #100|Ill \\'here en #0|+Ill \\'here en-US|Poorly en #1|+Poorly en-GB|Unwell en #200|Krank de #2|+Krank de|To be ill en",
    );
    check(
        &[888_888],
        "Sick (thing) en #100|Ill \\'here en #200|Poorly en #200|Unwell en #200|Krank de #0|+Krank de|To be ill en",
    );
}

#[test]
fn names_say_what_is_in_a_file_of_snomed_ct_and_its_version() {
    let version = "http://snomed.info/sct/731000124108/version/20240901";
    assert!(snomed_names::is_version(version));
    assert!(!snomed_names::is_version(
        "http://snomed.info/sct/731000124108"
    ));
    assert_eq!(
        snomed_names::short_version(version),
        "731000124108-20240901"
    );
    let core = "http://snomed.info/sct/900000000000207008/version/20240701";
    let named = snomed_names::international_version;
    assert_eq!(
        named("sct2_Concept_Snapshot_INT_20240701.txt").as_deref(),
        Some(core)
    );
    assert_eq!(named("sct2_Concept_Snapshot_US1000124_20240901.txt"), None);
    let kinds = [
        (
            "sct2_Concept_Snapshot_INT_20240701.txt",
            Some(FileKind::Concepts),
        ),
        (
            "xsct2_Concept_Snapshot_INT_20240701.txt",
            Some(FileKind::Concepts),
        ),
        ("sct2_Concept_Full_INT_20240701.txt", None),
        (
            "sct2_Description_Snapshot-en_INT_20240701.txt",
            Some(FileKind::Descriptions),
        ),
        (
            "sct2_TextDefinition_Snapshot-en_INT_20240701.txt",
            Some(FileKind::Descriptions),
        ),
        (
            "sct2_Relationship_Snapshot_INT_20240701.txt",
            Some(FileKind::Relationships),
        ),
        ("sct2_StatedRelationship_Snapshot_INT_20240701.txt", None),
        (
            "sct2_RelationshipConcreteValues_Snapshot_INT_20240701.txt",
            None,
        ),
        (
            "der2_cRefset_LanguageSnapshot-en_INT_20240701.txt",
            Some(FileKind::Languages),
        ),
        ("der2_cRefset_AssociationSnapshot_INT_20240701.txt", None),
        (
            "der2_Refset_SimpleSnapshot_INT_20240701.txt",
            Some(FileKind::Members),
        ),
        ("der2_sRefset_SimpleMapSnapshot_INT_20240701.txt", None),
        (
            "der2_ssRefset_ModuleDependencySnapshot_INT_20240701.txt",
            None,
        ),
    ];
    for (name, kind) in kinds {
        assert_eq!(FileKind::of(name), kind, "{name}");
    }
}

const TABULAR: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- invented -->
<ICD10CM.tabular><version>2031</version><title>T</title>
 <chapter><name>1</name><desc>Spells &amp; hexes (A00-A09)</desc>
  <sectionIndex><sectionRef first="A00" last="A09" id="A00-A09">Spells</sectionRef></sectionIndex>
  <includes><note>curses</note></includes>
  <section id="A00-A09"><desc>Spells (A00-A09)</desc>
   <diag><name>A00</name><desc>Sleep</desc>
    <inclusionTerm><note>Slumber</note></inclusionTerm>
    <excludes1><note>fatigue (R53)</note><note>coma</note></excludes1>
    <sevenChrNote><note>One is added</note></sevenChrNote>
    <sevenChrDef><extension char="A">first night</extension><extension char="D">later</extension></sevenChrDef>
    <diag><name>A00.1</name><desc>Deep</desc></diag>
    <diag><name>A00.2</name><desc>Light</desc>
     <diag><name>A00.20X1</name><desc>Lightest</desc></diag></diag>
   </diag>
   <diag><name>A01</name><desc>Wake</desc></diag>
  </section>
 </chapter>
</ICD10CM.tabular>
"#;

#[test]
fn icd_10_cm_is_read_with_its_seventh_characters() {
    let check = |text: &str, expected: &str| {
        let read = said(|sink| icd_10_cm::tabular(text.as_bytes(), sink).map(|_| ()));
        assert_eq!(read, expected);
    };
    let expected = "c 1 {'code':'1','display':'Spells & hexes (A00-A09)','property':[{'code':'notSelectable','valueBoolean':true}]}
c A00-A09 {'code':'A00-A09','display':'Spells (A00-A09)','property':[{'code':'notSelectable','valueBoolean':true}]}
u A00-A09 1
c A00 {'code':'A00','display':'Sleep','designation':[{'language':'en-US','use':{'system':'http://hl7.org/fhir/sid/icd-10-cm','code':'inclusionTerm','display':'Inclusion term'},'value':'Slumber'}],'property':[{'code':'billable','valueBoolean':false},{'code':'excludes1','valueString':'fatigue (R53)'},{'code':'excludes1','valueString':'coma'},{'code':'seventhCharacterNote','valueString':'One is added'}]}
u A00 A00-A09
c A00.1 {'code':'A00.1','display':'Deep','property':[{'code':'billable','valueBoolean':false}]}
u A00.1 A00
c A00.1XXA {'code':'A00.1XXA','display':'Deep, first night','property':[{'code':'billable','valueBoolean':true}]}
u A00.1XXA A00.1
c A00.1XXD {'code':'A00.1XXD','display':'Deep, later','property':[{'code':'billable','valueBoolean':true}]}
u A00.1XXD A00.1
c A00.2 {'code':'A00.2','display':'Light','property':[{'code':'billable','valueBoolean':false}]}
u A00.2 A00
c A00.20X1 {'code':'A00.20X1','display':'Lightest','property':[{'code':'billable','valueBoolean':true}]}
u A00.20X1 A00.2
c A01 {'code':'A01','display':'Wake','property':[{'code':'billable','valueBoolean':true}]}
u A01 A00-A09
p 1 {'code':'includes','valueString':'curses'}";
    check(TABULAR, expected);
    check(
        &format!("\u{feff}{}", TABULAR.replace('\n', "\r\n")),
        expected,
    );
    // Where the characters stand makes no difference.
    let def = r#"<sevenChrDef><extension char="A">first night</extension><extension char="D">later</extension></sevenChrDef>"#;
    let moved = TABULAR.replace(def, "").replace(
        "   </diag>\n   <diag><name>A01",
        &format!("   {def}</diag>\n   <diag><name>A01"),
    );
    check(&moved, expected);
    assert_eq!(icd_10_cm::version(TABULAR.as_bytes()).unwrap(), "2031");
}

#[test]
fn what_is_no_tabular_list_is_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = TABULAR.replacen(from, to, 1);
        let read = said(|sink| icd_10_cm::tabular(text.as_bytes(), sink).map(|_| ()));
        let (place, what) = read.split_once(": ").unwrap();
        assert!(place.starts_with("byte "), "{read}");
        assert_eq!(what, expected);
    };
    check("<name>A00</name>", "", "a diag has no name");
    let no_code = "\"A0\\u{1}\" is no code: it is empty, has control characters, spaces at an end or side by side, or is longer than 512 bytes";
    check("id=\"A00-A09\"><desc>", "id=\"A0\u{1}\"><desc>", no_code);
    check(
        "</ICD10CM.tabular>",
        "",
        "the file ends before its elements do",
    );
    check("</desc>", "</dsc>", "the XML is not well-formed");
    check("&amp;", "&evil;", "an entity is not defined");
    check("char=\"A\"", "char=\"AB\"", "\"AB\" is no 7th character");
    check("Slumber", "&#1;", "there is a control character");
    check(
        "Slumber",
        &"<x>".repeat(64),
        "elements stand too deep in each other",
    );
    let other =
        said(|sink| icd_10_cm::tabular(&b"<a><version>1</version></a>"[..], sink).map(|_| ()));
    assert!(
        other.ends_with("there is no chapter: is it the tabular list?"),
        "{other}"
    );
}

#[test]
fn columns_are_what_they_are_called_or_said_to_be() {
    let check = |text: &str, pairs: &[&str], expected: &str| {
        let mut mapping = Mapping::default();
        for pair in pairs {
            mapping.add(pair).unwrap();
        }
        assert_eq!(
            said(|sink| columns::read(text.as_bytes(), &mapping, sink)),
            expected
        );
    };
    let plain = "c 1 {'code':'1','display':'one'}";
    check("code,display\n1,one\n", &[], plain);
    check("Display;Code\none;1\n", &[], plain);
    check("x\tcode\tdisplay\n\t1\tone\n", &[], plain);
    check("No,Text\n1,one\n", &["code=No", "display=Text"], plain);
    let rich = "c 1 {'code':'1','display':'one','definition':'the first','designation':[{'value':'I'}],'property':[{'code':'fee','valueString':'5.00'}]}\nu 1 0";
    check(
        "code,display,definition,parent,roman,price\n1,one,the first,0,I,5.00\n",
        &["designation=roman", "fee=price"],
        rich,
    );
    check("code,text\n", &[], "the file has no column display");
    let named = "the file has no column above";
    check("code,display\n", &["parent=above"], named);
    for wrong in ["code", "=x", "fee=", "a b=c"] {
        assert!(Mapping::default().add(wrong).is_err(), "{wrong}");
    }
    let mut twice = Mapping::default();
    twice.add("code=a").unwrap();
    assert_eq!(twice.add("code=b").unwrap_err(), "'code' has two columns");
}

#[test]
fn reading_ends_where_nobody_wants_more() {
    let mut count = 0;
    let read = loinc::terms(TERMS.as_bytes(), &mut |_| {
        count += 1;
        false
    });
    assert!(matches!(read, Err(ImportFault::Ended)));
    assert_eq!(count, 1);
}

#[test]
fn heads_are_code_systems() {
    let check = |head: &Head, id: &str, name: &str| {
        let text = head.resource(7);
        let resource = Resource::parse(text.clone()).unwrap();
        assert_eq!(resource.id().as_deref(), Some(id));
        assert_eq!(head.name, name);
        assert!(
            text.contains(r#""content":"not-present","count":7"#),
            "{text}"
        );
    };
    check(&Head::loinc("2.77", true), "loinc-2.77", "LOINC");
    let version = "http://snomed.info/sct/900000000000207008/version/20240701";
    check(
        &Head::snomed(version),
        "snomed-ct-900000000000207008-20240701",
        "SNOMED_CT",
    );
    check(&Head::icd_10_cm("2031"), "icd-10-cm-2031", "ICD_10_CM");
    let mapping = Mapping::default();
    let cpt = Head::columns("http://www.ama-assn.org/go/cpt", "2031", None, &mapping);
    check(&cpt, "cpt-2031", "Cpt");
    let own = Head::columns("urn:oid:1.2", "", Some("3 of us"), &mapping);
    check(&own, "1.2", "C3_of_us");
}
