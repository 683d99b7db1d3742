//! Files of code systems: whatever they are, they are read or refused, and what is said of codes can be stored.

use fhir::json::Document;
use fhir::terminology::concept::{Concept, Designation};
use fhir::terminology::import::columns::{self, Mapping};
use fhir::terminology::import::{ImportFault, Piece, PieceKind, Sink, icd_10_cm, loinc, snomed};

const LAYOUTS: u8 = 10;

/// The first byte says the layout, the rest is the file. What is read twice is the same; each piece has a code, and JSON
/// that is what it says it is, without a character that a database cannot keep.
pub fn import_codes(input: &[u8]) {
    let Some((layout, file)) = input.split_first() else {
        return;
    };
    let (pieces, fault) = read(layout % LAYOUTS, file);
    let (again, same_fault) = read(layout % LAYOUTS, file);
    assert_eq!(pieces, again, "the pieces change");
    assert_eq!(fault, same_fault, "the fault changes");
    for piece in &pieces {
        check(piece);
    }
}

/// What is read before a fault, and the fault.
fn read(layout: u8, file: &[u8]) -> (Vec<Piece>, Option<String>) {
    let mut pieces = Vec::new();
    let result = with(layout, file, &mut |piece| {
        pieces.push(piece);
        pieces.len() < 10_000
    });
    (pieces, result.err().map(|fault| fault.to_string()))
}

fn with(layout: u8, file: &[u8], sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    match layout {
        0 => loinc::terms(file, sink),
        1 => loinc::hierarchy(file, sink),
        2 => loinc::variants(file)?
            .iter()
            .try_for_each(|one| loinc::translation(file, &one.language, sink)),
        3 => snomed::concepts(file, sink),
        4 => {
            let mut preferences = snomed::Preferences::of(&[]);
            let read = preferences.read(file);
            snomed::descriptions(file, &preferences, sink).and(read)
        }
        5 => snomed::relationships(file, sink),
        6 => snomed::members(file, sink),
        7 => loinc::answers(file, sink),
        8 => {
            let version = icd_10_cm::version(file);
            let read = icd_10_cm::tabular(file, sink);
            if let (Ok(version), Ok(whole)) = (version, read.as_ref()) {
                assert!(!version.is_empty() && !whole.is_empty());
            }
            read.map(|_| ())
        }
        _ => {
            let mut mapping = Mapping::default();
            for pair in ["fee=price", "designation=other"] {
                mapping.add(pair).unwrap();
            }
            columns::read(file, &mapping, sink)?;
            columns::read(file, &Mapping::default(), sink)
        }
    }
}

fn check(piece: &Piece) {
    assert!(!piece.code.is_empty(), "a piece without a code");
    let texts = [&*piece.code, &piece.json, &piece.words];
    assert!(!texts.iter().any(|text| text.contains('\0')), "a zero");
    // A file may say so in letters; then the backslash is escaped itself.
    let escapes = piece.json.replace("\\\\", "");
    assert!(!escapes.contains("\\u0000"), "an escaped zero");
    if piece.kind == PieceKind::Parent {
        assert!(!piece.words.is_empty(), "a step to nothing");
        return;
    }
    let json = Document::parse(piece.json.clone()).expect("a piece is JSON");
    match piece.kind {
        PieceKind::Concept | PieceKind::Mentioned => {
            let concept = Concept::read(json.root()).expect("a concept");
            assert_eq!(concept.code, piece.code);
        }
        PieceKind::Designation => assert!(Designation::read(json.root()).is_some()),
        PieceKind::Property => assert!(json.root().get("code").is_some()),
        PieceKind::Parent => {}
    }
}
