//! See `Bench::validate`.
#![no_main]

use std::sync::LazyLock;

use fhir_fuzz::Bench;
use libfuzzer_sys::fuzz_target;

static BENCH: LazyLock<Bench> = LazyLock::new(|| Bench::new().expect("the packages are needed"));

fuzz_target!(|input: &[u8]| BENCH.validate(input));
