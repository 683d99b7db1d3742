//! Releases of SNOMED CT, LOINC and ICD-10-CM, with invented codes.

use std::path::Path;

use super::{Imported, expanded, has, importer, write};
use crate::config::CodeSource;
use crate::operations::testing::World;
use crate::testing::TempDir;

/// A table of RF2: tabs for spaces, spaces for underscores.
fn table(rows: &[&str]) -> String {
    let text = rows.join("\r\n").replace(' ', "\t").replace('_', " ");
    text + "\r\n"
}

/// Things: the colour 20 is red 21 and blue 22, the shape 30 is round 31; 41 is both red and round; 50 is not used.
fn write_snomed(folder: &Path) {
    let concepts = [
        "100000", "200000", "210000", "220000", "300000", "310000", "410000", "500000",
    ];
    let rows = concepts.map(|id| {
        let active = u8::from(id != "500000");
        format!("{id} 20310101 {active} 900000000000207008 900000000000074008")
    });
    let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    rows.insert(0, "id effectiveTime active moduleId definitionStatusId");
    let release = "Release_20310101/Snapshot/Terminology";
    let name = |name: &str| format!("{release}/sct2_{name}_INT_20310101.txt");
    write(folder, &name("Concept_Snapshot"), &table(&rows));
    let descriptions = [
        "id active conceptId languageCode typeId term",
        "1000011 1 100000 en 900000000000003001 Thing_(thing)",
        "2000011 1 200000 en 900000000000013009 Colour",
        "2100011 1 210000 en 900000000000013009 Red",
        "2100012 1 210000 en 900000000000013009 Crimson",
        "2100013 1 210000 de 900000000000013009 Rot",
        "2200011 1 220000 en 900000000000013009 Blue",
        "3000011 1 300000 en 900000000000013009 Shape",
        "3100011 1 310000 en 900000000000013009 Round_shape",
        "4100011 1 410000 en 900000000000013009 Red_Ball",
        "5000011 1 500000 en 900000000000003001 Old_(thing)",
    ];
    write(
        folder,
        &name("Description_Snapshot-en"),
        &table(&descriptions),
    );
    let steps = [
        "id active sourceId destinationId typeId",
        "1 1 200000 100000 116680003",
        "2 1 300000 100000 116680003",
        "3 1 210000 200000 116680003",
        "4 1 220000 200000 116680003",
        "5 1 310000 300000 116680003",
        "6 1 410000 210000 116680003",
        "7 1 410000 310000 116680003",
        "8 1 410000 999999 116680003",
        "9 1 410000 310000 363698007",
    ];
    write(folder, &name("Relationship_Snapshot"), &table(&steps));
    let languages = [
        "id active refsetId referencedComponentId acceptabilityId",
        "a 1 900000000000509007 2100011 900000000000548007",
        "b 1 888888 2100013 900000000000548007",
    ];
    let language = "Release_20310101/Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_20310101.txt";
    write(folder, language, &table(&languages));
    let members = [
        "id active refsetId referencedComponentId",
        "a 1 777777 220000",
        "b 1 777777 410000",
    ];
    let refset =
        "Release_20310101/Snapshot/Refset/Content/der2_Refset_SimpleSnapshot_INT_20310101.txt";
    write(folder, refset, &table(&members));
    // Another way to tell the same, which is not read.
    write(
        folder,
        "Release_20310101/Full/sct2_Concept_Full_INT_20310101.txt",
        "nothing\n",
    );
}

pub(super) fn snomed(folder: &Path) -> CodeSource {
    CodeSource::Snomed {
        path: folder.to_owned(),
        version: None,
        refsets: Vec::new(),
    }
}

const SNOMED: &str = "http://snomed.info/sct";

const VERSION: &str = "http://snomed.info/sct/900000000000207008/version/20310101";

/// A world that has the release.
async fn with_snomed() -> Option<(World, Imported)> {
    let world = World::new().await?;
    let folder = TempDir::new("import");
    write_snomed(folder.path());
    let imported = importer(&world).import(&snomed(folder.path())).await;
    Some((world, imported.unwrap()))
}

#[tokio::test]
async fn snomed_ct_is_imported_and_looked_up() {
    let Some((world, imported)) = with_snomed().await else {
        return;
    };
    assert_eq!((imported.concepts, imported.lost), (8, 1));
    assert_eq!(imported.version, VERSION);
    let id = "snomed-ct-900000000000207008-20310101";
    assert_eq!(imported.id, id);
    let stored = world.read(&format!("CodeSystem/{id}")).await.unwrap();
    assert!(stored.contains(r#""content": "not-present""#), "{stored}");

    let lookup = |code: &str| format!("CodeSystem/$lookup?system={SNOMED}&code={code}");
    let red_ball = [
        r#"{"name":"display","valueString":"Red Ball"}"#,
        r#""valueCode":"210000"},{"name":"description","valueString":"Red"}"#,
        r#""valueCode":"363698007"},{"name":"value","valueCode":"310000"}"#,
        r#"{"name":"code","valueCode":"moduleId"}"#,
    ];
    has(&world, &lookup("410000"), &red_ball).await;
    has(
        &world,
        &lookup("500000"),
        &[r#""valueCode":"inactive"},{"name":"value","valueBoolean":true}"#],
    )
    .await;
    has(
        &world,
        &format!("{}&displayLanguage=de", lookup("210000")),
        &[r#""display","valueString":"Rot""#],
    )
    .await;
    let validate = format!("CodeSystem/$validate-code?url={SNOMED}&code=");
    has(
        &world,
        &format!("{validate}410000&display=red+ball"),
        &[r#""result","valueBoolean":true"#],
    )
    .await;
    has(
        &world,
        &format!("{validate}600000"),
        &[r#""result","valueBoolean":false"#],
    )
    .await;
    let subsumes = format!("CodeSystem/$subsumes?system={SNOMED}");
    let check = async |a: &str, b: &str, outcome: &str| {
        let url = format!("{subsumes}&codeA={a}&codeB={b}");
        has(&world, &url, &[&format!(r#""valueCode":"{outcome}""#)]).await;
    };
    check("100000", "410000", "subsumes").await;
    check("410000", "300000", "subsumed-by").await;
    check("410000", "220000", "not-subsumed").await;
    world.close().await;
}

#[tokio::test]
async fn snomed_ct_is_expanded_by_the_value_sets_it_implies() {
    let Some((world, _)) = with_snomed().await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        assert_eq!(expanded(&world, query).await, expected, "{query}");
    };
    check(
        "url=http://snomed.info/sct?fhir_vs=isa/200000",
        "200000 210000 410000 220000",
    )
    .await;
    check(
        "url=http://snomed.info/sct?fhir_vs=isa/200000&filter=red",
        "210000 410000",
    )
    .await;
    check(
        "url=http://snomed.info/sct?fhir_vs=isa/300000&filter=CRIM",
        "",
    )
    .await;
    check("url=http://snomed.info/sct?fhir_vs&filter=crim", "210000").await;
    check(
        "url=http://snomed.info/sct?fhir_vs&filter=ball+re",
        "410000",
    )
    .await;
    check(
        "url=http://snomed.info/sct?fhir_vs&filter=thing&activeOnly=true",
        "100000",
    )
    .await;
    check(
        &format!("url={VERSION}?fhir_vs=isa/310000"),
        "310000 410000",
    )
    .await;
    check(
        "url=http://snomed.info/sct?fhir_vs=refset/777777",
        "220000 410000",
    )
    .await;
    for form in ["refset", "ecl/%3C100000"] {
        let refusal = expanded(
            &world,
            &format!("url=http://snomed.info/sct?fhir_vs={form}"),
        )
        .await;
        assert_eq!(refusal, "400 ");
    }
    world.close().await;
}

#[tokio::test]
async fn loinc_is_imported_and_answers() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let terms = "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,CLASS,STATUS,LONG_COMMON_NAME\n1-8,Sugar,MCnc,Pt,Ser,Qn,,CHEM,ACTIVE,Sugar in serum\n2-6,Sugar,MCnc,Pt,Urine,Qn,,CHEM,DEPRECATED,Sugar in urine\n";
    write(folder.path(), "Loinc_9.01/LoincTable/Loinc.csv", terms);
    let hierarchy = "PATH_TO_ROOT,IMMEDIATE_PARENT,CODE,CODE_TEXT\n,,LP1-1,Sugar\nLP1-1,LP1-1,1-8,x\nLP1-1,LP1-1,2-6,x\n";
    let name =
        "Loinc_9.01/AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv";
    write(folder.path(), name, hierarchy);
    let answers = "AnswerListId,AnswerListName,AnswerStringId,DisplayText\nLL1-1,How,LA1-1,Well\n";
    write(
        folder.path(),
        "Loinc_9.01/AccessoryFiles/AnswerFile/AnswerList.csv",
        answers,
    );
    let variants = "Loinc_9.01/AccessoryFiles/LinguisticVariants";
    write(
        folder.path(),
        &format!("{variants}/LinguisticVariants.csv"),
        "ID,ISO_LANGUAGE,ISO_COUNTRY\n7,de,DE\n",
    );
    let german = "LOINC_NUM,LONG_COMMON_NAME\n1-8,Zucker im Serum\n";
    write(
        folder.path(),
        &format!("{variants}/deDE7LinguisticVariant.csv"),
        german,
    );
    let loinc = |language: &str| CodeSource::Loinc {
        path: folder.path().to_owned(),
        version: None,
        languages: vec![language.to_owned()],
    };
    let refusal = importer(&world).import(&loinc("fr-FR")).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "there is no translation 'fr-FR'; there are: de-DE"
    );
    let imported = importer(&world).import(&loinc("de-de")).await.unwrap();
    assert_eq!((&*imported.id, imported.concepts), ("loinc-9.01", 5));
    let lookup = "CodeSystem/$lookup?system=http://loinc.org&code=1-8";
    let scale = r#""SCALE_TYP"},{"name":"value","valueString":"Qn"}"#;
    has(
        &world,
        lookup,
        &[scale, r#""version","valueString":"9.01""#],
    )
    .await;
    has(
        &world,
        &format!("{lookup}&displayLanguage=de"),
        &["Zucker im Serum"],
    )
    .await;
    assert_eq!(
        expanded(&world, "url=http://loinc.org/vs&filter=serum").await,
        "1-8"
    );
    assert_eq!(
        expanded(&world, "url=http://loinc.org?fhir_vs=isa/LP1-1").await,
        "LP1-1 1-8 2-6"
    );

    assert_eq!(
        expanded(&world, "url=http://loinc.org/vs/LL1-1").await,
        "LA1-1"
    );

    world.close().await;
}

#[tokio::test]
async fn icd_10_cm_is_imported_and_answers() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let tabular = r#"<ICD10CM.tabular><version>2031</version><chapter><name>1</name><desc>Spells</desc><section id="A00-A09"><desc>Spells</desc>
        <diag><name>A00</name><desc>Sleep</desc><sevenChrDef><extension char="A">first</extension></sevenChrDef>
        <diag><name>A00.1</name><desc>Deep</desc></diag></diag></section></chapter></ICD10CM.tabular>"#;
    write(folder.path(), "icd/icd10cm_tabular_2031.xml", tabular);
    let icd = CodeSource::Icd10Cm {
        path: folder.path().join("icd"),
        version: None,
    };
    let imported = importer(&world).import(&icd).await.unwrap();
    assert_eq!((&*imported.id, imported.concepts), ("icd-10-cm-2031", 5));
    let system = "http://hl7.org/fhir/sid/icd-10-cm";
    let lookup = format!("CodeSystem/$lookup?system={system}&code=A00.1XXA");
    has(&world, &lookup, &["Deep, first"]).await;
    let below = format!("url={system}?fhir_vs=isa/A00&excludeNested=true");
    assert_eq!(expanded(&world, &below).await, "A00 A00.1 A00.1XXA");
    world.close().await;
}
