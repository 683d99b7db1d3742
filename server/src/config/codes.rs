//! The arguments of `vesta import-codes`: which code system, and where its publisher's files are.

use std::path::PathBuf;

use clap::Subcommand;

/// A code system in the files of its publisher.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum CodeSource {
    /// LOINC: the folder of an unpacked release, or its Loinc.csv
    Loinc {
        /// Folder or file
        path: PathBuf,
        /// Version [default: the one in the name of the file or of a folder it is in: Loinc_2.77]
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
        /// Translation to import, as the release calls it: de-DE; may be repeated
        #[arg(long = "language", value_name = "LANGUAGE")]
        languages: Vec<String>,
    },
    /// SNOMED CT: the folder of an unpacked release in RF2, of which the snapshot is read
    Snomed {
        /// Folder
        path: PathBuf,
        /// Version URI: http://snomed.info/sct/[module]/version/[date] [default: that of the
        /// international edition, where the files are named after it]
        #[arg(long, value_name = "URI")]
        version: Option<String>,
        /// Language reference set whose preferred terms are the displays; further ones are displays
        /// in their languages [default: all there are, US English first]
        #[arg(long = "language-refset", value_name = "SCTID")]
        refsets: Vec<u64>,
    },
    /// ICD-10-CM: the XML of the tabular list
    #[command(name = "icd-10-cm")]
    Icd10Cm {
        /// File, or a folder it is in
        path: PathBuf,
        /// Version [default: the one in the file]
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
    /// Codes in a CSV file: a column of codes, one of displays, and others as they are mapped
    Csv {
        /// File; the first line names the columns
        path: PathBuf,
        /// Canonical URL of the code system
        #[arg(long, value_name = "URL")]
        system: String,
        /// Version of the code system
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
        /// Name for people [default: the end of the URL]
        #[arg(long, value_name = "TITLE")]
        title: Option<String>,
        /// Id of the CodeSystem [default: the end of the URL and the version]
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// The file has only some of the codes: others are not wrong, but unknown
        #[arg(long)]
        fragment: bool,
        /// What a column is: code, display, definition, parent, designation, or a property of any
        /// name; may be repeated [default: columns called code, display, definition, parent]
        #[arg(long = "column", value_name = "NAME=COLUMN")]
        columns: Vec<String>,
    },
}
