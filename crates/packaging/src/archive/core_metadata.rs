//! Whether a `METADATA` is that of a wheel.

use super::WheelError;
use crate::{FileName, ProjectName, Version, limits};

/// Checks that a `METADATA` can be read by installers and is that of the wheel with this file name: its headers parse, and it
/// has exactly one `Metadata-Version`, `Name` (equal when normalised) and `Version` (equal as PEP 440 says).
///
/// # Errors
/// [`WheelError::TooLarge`], [`Headers`](WheelError::Headers), [`NotOne`](WheelError::NotOne),
/// [`OtherProject`](WheelError::OtherProject), [`OtherVersion`](WheelError::OtherVersion).
pub fn check_metadata(metadata: &[u8], name: &FileName) -> Result<(), WheelError> {
    if metadata.len() as u64 > limits::METADATA_BYTES {
        return Err(WheelError::TooLarge);
    }
    let headers = headers(metadata)?;
    only(&headers, "Metadata-Version")?;
    if only(&headers, "Name")?.parse::<ProjectName>().as_ref() != Ok(name.project()) {
        return Err(WheelError::OtherProject);
    }
    if only(&headers, "Version")?.parse::<Version>().ok().as_ref() != Some(name.version()) {
        return Err(WheelError::OtherVersion);
    }
    Ok(())
}

/// Name and value.
type Header<'a> = (&'a [u8], &'a [u8]);

/// Name and first line of each header, up to the first empty line. Values need not be UTF-8: old ones are not.
fn headers(metadata: &[u8]) -> Result<Vec<Header<'_>>, WheelError> {
    let mut headers = Vec::new();
    for line in metadata.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') {
            return Err(WheelError::Headers); // some readers see the end of a line here, others do not
        }
        match line {
            [] => break,
            [b' ' | b'\t', ..] if headers.is_empty() => return Err(WheelError::Headers),
            [b' ' | b'\t', ..] => {}
            _ => {
                let colon = line.iter().position(|byte| *byte == b':').ok_or(WheelError::Headers)?;
                let (name, value) = line.split_at(colon);
                let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if name.is_empty() || !name.iter().all(is_name) || headers.len() >= limits::METADATA_HEADERS {
                    return Err(WheelError::Headers);
                }
                headers.push((name, value.get(1..).unwrap_or_default().trim_ascii()));
            }
        }
    }
    Ok(headers)
}

fn only<'a>(headers: &[Header<'a>], wanted: &'static str) -> Result<&'a str, WheelError> {
    let mut values = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes())).map(|(_, value)| *value);
    match (values.next().map(std::str::from_utf8), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        _ => Err(WheelError::NotOne(wanted)),
    }
}
