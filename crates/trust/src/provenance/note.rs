//! Checkpoints of transparency logs: signed notes, written in one way only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A checkpoint as it is signed, with the log's own signature.
///
/// ```text
/// log.example - 1193050959916656506      origin, whose first word is the log's name
/// 31550402                               size
/// y0mvJokg0K9X78/zSkzLfaoYE1EUnA0l4CTQQXV1g4o=
///
/// — log.example wNI9ajBFAiBegciq…        one signature, by that name
/// ```
///
/// Whoever verifies it looks at key and signature alone. Names and white space in the last line are anybody's to change, so
/// anything but this form is refused, other signatures too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Note(String);

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_note(&text) { Ok(Self(text)) } else { Err(D::Error::custom("a checkpoint is no note with its log's signature")) }
    }
}

fn is_note(text: &str) -> bool {
    let Some((body, signature)) = text.split_once("\n\n") else { return false };
    let name = body.lines().next().and_then(|origin| origin.split(' ').next()).unwrap_or_default();
    let signature = signature.strip_prefix("\u{2014} ").and_then(|line| line.strip_prefix(name));
    let signature = signature.and_then(|line| line.strip_prefix(' ')).and_then(|line| line.strip_suffix('\n'));
    !name.is_empty() && signature.is_some_and(|signature| STANDARD.decode(signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_written_in_one_way() {
        assert!(is_note("log.example - 12\n7\nAAAA\n\n\u{2014} log.example AAAA\n"));
        assert!(is_note("log.example\n7\nAAAA\n\n\u{2014} log.example AAAA\n"));
        for bad in [
            "",
            "log.example\n7\nAAAA\n",
            "log.example\n7\nAAAA\n\n",
            "log.example\n7\nAAAA\n\n\u{2014} log.example AAAA",
            "log.example\n7\nAAAA\n\n\u{2014} other.example AAAA\n",
            "log.example\n7\nAAAA\n\n\u{2014}  log.example AAAA\n",
            "log.example\n7\nAAAA\n\n\u{2014} log.example  AAAA\n",
            "log.example\n7\nAAAA\n\n- log.example AAAA\n",
            "log.example\n7\nAAAA\n\n\u{2014} log.example AAA\n",
            "log.example\n7\nAAAA\n\n\u{2014} log.example AAAA\n\u{2014} log.example AAAA\n",
            "log.example\n7\nAAAA\n\n\n\u{2014} log.example AAAA\n",
            "\n7\nAAAA\n\n\u{2014}  AAAA\n",
        ] {
            assert!(!is_note(bad), "{bad:?}");
        }
    }
}
