//! Pages in JSON.
#![no_main]

use affineur_packaging::page::Format;

libfuzzer_sys::fuzz_target!(|body: &[u8]| affineur_fuzz::check_page(Format::Json, body));
