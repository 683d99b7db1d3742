//! See `fhir_fuzz::import_codes`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fhir_fuzz::import_codes(input));
