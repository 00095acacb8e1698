//! Spans of time as a policy writes them: `3d`, `12h`, `90m`, `2w`, `0`.

use jiff::SignedDuration;

use crate::limits;

const UNITS: [(char, i64); 4] = [('w', 7 * 24 * 60), ('d', 24 * 60), ('h', 60), ('m', 1)];

/// Parses a wait. The error says what was expected.
pub(crate) fn parse(text: &str) -> Result<SignedDuration, String> {
    const FORM: &str = "expected a whole number and a unit, m, h, d or w: \"3d\", \"12h\", \"90m\", or \"0\"";
    if text == "0" {
        return Ok(SignedDuration::ZERO);
    }
    let unit = UNITS.iter().find_map(|(unit, minutes)| Some((text.strip_suffix(*unit)?, minutes)));
    let Some((number, unit_minutes)) = unit else { return Err(FORM.to_owned()) };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FORM.to_owned());
    }
    let minutes = number.parse::<i64>().ok().and_then(|number| number.checked_mul(*unit_minutes));
    match minutes {
        Some(minutes) if minutes <= limits::MINIMUM_AGE_DAYS * 24 * 60 => Ok(SignedDuration::from_mins(minutes)),
        _ => Err(format!("at most {} days, longer waits are typing errors", limits::MINIMUM_AGE_DAYS)),
    }
}

/// Prints a wait so that it parses to the same.
pub(crate) fn print(wait: SignedDuration) -> String {
    let minutes = wait.as_mins();
    // Weeks are printed as days, which everybody compares more easily.
    let unit = UNITS.iter().skip(1).find(|(_, unit_minutes)| minutes % unit_minutes == 0);
    match unit {
        Some((unit, unit_minutes)) if minutes != 0 => format!("{}{unit}", minutes / unit_minutes),
        _ => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_a_number_and_a_unit() {
        for (text, minutes) in [("0", 0), ("0d", 0), ("90m", 90), ("12h", 720), ("3d", 4_320), ("2w", 20_160)] {
            assert_eq!(parse(text), Ok(SignedDuration::from_mins(minutes)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_wait() {
        for text in [
            "",
            "d",
            "3",
            "-3d",
            "+3d",
            "3.5d",
            "3 d",
            " 3d",
            "3D",
            "3s",
            "1d12h",
            "٣d",
            "00",
            "3661d",
            "99999999999999999999d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_printed_wait_parses_to_the_same() {
        for text in ["0", "90m", "12h", "36h", "3d", "14d", "1501m"] {
            assert_eq!(print(parse(text).unwrap()), text);
        }
        assert_eq!(print(parse("2w").unwrap()), "14d");
        assert_eq!(print(parse("24h").unwrap()), "1d");
    }
}
