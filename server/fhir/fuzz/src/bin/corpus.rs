//! Between a corpus file of the repository and the folder of files that libFuzzer works with.
//! `corpus expand FILE FOLDER` fills the folder; `corpus collect FOLDER FILE` writes the file anew, sorted.

use std::collections::BTreeSet;
use std::error::Error;
use std::{env, fs};

/// Longer inputs are not kept.
const LENGTH_MAX: u64 = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["expand", file, folder] => {
            fs::create_dir_all(folder)?;
            for (number, input) in fhir_fuzz::inputs(&fs::read_to_string(file)?)
                .iter()
                .enumerate()
            {
                fs::write(format!("{folder}/kept-{number:05}"), input)?;
            }
        }
        ["collect", folder, file] => {
            let mut lines = BTreeSet::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.metadata()?.len() <= LENGTH_MAX {
                    lines.insert(fhir_fuzz::line(&fs::read(entry.path())?));
                }
            }
            let lines: Vec<String> = lines.into_iter().collect();
            fs::write(file, lines.join("\n") + "\n")?;
        }
        _ => return Err("corpus expand FILE FOLDER | corpus collect FOLDER FILE".into()),
    }
    Ok(())
}
