//! Makes the canonical form of a file so many times: `canonical PROGRAM FILE PASSES`, where PROGRAM is `affineur`, `olpc-cjson`,
//! or `both`, which compares what they make.

use std::hint::black_box;

use serde::Serialize;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("canonical PROGRAM FILE PASSES");
    let (program, text, passes) = (next()?, std::fs::read(next()?)?, next()?.parse::<u32>()?);
    match program.as_str() {
        "affineur" => {
            for _ in 0..passes {
                black_box(affineur_tuf::json::canonical(black_box(&text))?);
            }
        }
        "both" => {
            assert!(*affineur_tuf::json::canonical(&text)? == *olpc(&serde_json::from_slice(&text)?)?, "both make the same")
        }
        _ => {
            let value: serde_json::Value = serde_json::from_slice(&text)?;
            for _ in 0..passes {
                black_box(olpc(black_box(&value))?);
            }
        }
    }
    Ok(())
}

fn olpc(value: &serde_json::Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut form = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut form, olpc_cjson::CanonicalFormatter::new()))?;
    Ok(form)
}
