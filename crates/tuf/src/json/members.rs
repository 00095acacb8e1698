//! Where the members of an object are, in a text that is canonical and has no control characters.

use std::ops::Range;

use super::reader::Reader;

/// Where each member of an object is, given what is between its braces: from its name to before the comma.
pub(crate) fn members(inside: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut reader = Reader::new(inside);
    std::iter::from_fn(move || {
        let start = reader.at();
        reader.peek()?;
        let mut depth = 0_usize;
        while let Some(byte) = reader.peek() {
            match byte {
                b'"' => {
                    skip_string(&mut reader);
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => break,
                _ => {}
            }
            reader.advance(1);
        }
        let end = reader.at();
        reader.eat(b',');
        Some(start..end)
    })
}

/// The name of a member as it is written, with its quotes.
pub(crate) fn name_of(member: &[u8]) -> &[u8] {
    let mut reader = Reader::new(member);
    skip_string(&mut reader);
    reader.between(0, reader.at().min(member.len()))
}

/// Skips a string from its first quote to after its last one.
fn skip_string(reader: &mut Reader<'_>) {
    reader.advance(1);
    loop {
        reader.skip_plain();
        match reader.peek() {
            Some(b'\\') => reader.advance(2),
            Some(b'"') | None => break,
            Some(_) => reader.advance(1),
        }
    }
    reader.advance(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_whatever_their_strings_have() {
        let inside = br#""a":{"b":[1,{"c":"},\""}],"d":"x,y"},"e\"\\":[],"f":-1"#;
        let found: Vec<_> = members(inside).map(|range| std::str::from_utf8(&inside[range]).unwrap()).collect();
        assert_eq!(found, [r#""a":{"b":[1,{"c":"},\""}],"d":"x,y"}"#, r#""e\"\\":[]"#, r#""f":-1"#]);
        let names: Vec<_> = found.iter().map(|member| std::str::from_utf8(name_of(member.as_bytes())).unwrap()).collect();
        assert_eq!(names, [r#""a""#, r#""e\"\\""#, r#""f""#]);
        assert_eq!(members(b"").count(), 0);
    }
}
