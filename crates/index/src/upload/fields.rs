//! The fields of a form: those that count, each once, and room for those that do not.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{Bytes, BytesMut};

use super::form::{FormFault, shown};
use crate::limits;

/// A field that counts. All others may stand there, any number of times, and are not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `:action`
    Action,
    /// `protocol_version`
    ProtocolVersion,
    /// `name`
    Name,
    /// `version`
    Version,
    /// `filetype`
    Filetype,
    /// `sha256_digest`
    Sha256,
    /// `blake2_256_digest`
    Blake2,
    /// `md5_digest`
    Md5,
    /// `attestations`
    Attestations,
    /// `content`: the file.
    Content,
}

impl Field {
    const ALL: [Self; 10] = [
        Self::Action,
        Self::ProtocolVersion,
        Self::Name,
        Self::Version,
        Self::Filetype,
        Self::Sha256,
        Self::Blake2,
        Self::Md5,
        Self::Attestations,
        Self::Content,
    ];

    /// Its name in the form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => ":action",
            Self::ProtocolVersion => "protocol_version",
            Self::Name => "name",
            Self::Version => "version",
            Self::Filetype => "filetype",
            Self::Sha256 => "sha256_digest",
            Self::Blake2 => "blake2_256_digest",
            Self::Md5 => "md5_digest",
            Self::Attestations => "attestations",
            Self::Content => "content",
        }
    }

    /// Most bytes of its value.
    const fn most(self) -> usize {
        match self {
            Self::Attestations => limits::ATTESTATIONS_BYTES,
            _ => limits::FORM_VALUE_BYTES,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of the form beside the file.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: BTreeMap<Field, BytesMut>,
    /// The field that is being read, if it counts.
    current: Option<Field>,
    count: usize,
    bytes: usize,
}

impl Fields {
    /// A field begins; says which, if it counts.
    pub(super) fn begin(&mut self, name: &str) -> Result<Option<Field>, FormFault> {
        self.count += 1;
        if self.count > limits::FORM_FIELDS {
            return Err(FormFault::TooManyFields);
        }
        self.current = Field::ALL.into_iter().find(|field| field.as_str() == name);
        match self.current {
            Some(field) if self.values.insert(field, BytesMut::new()).is_some() => Err(FormFault::Twice(field)),
            current => Ok(current),
        }
    }

    /// Takes the next bytes of the field that began last.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), FormFault> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > limits::FORM_BYTES {
            return Err(FormFault::TooLong);
        }
        let Some((field, value)) = self.current.and_then(|field| Some((field, self.values.get_mut(&field)?))) else {
            return Ok(());
        };
        let most = field.most();
        if value.len() + bytes.len() > most {
            return Err(FormFault::LongField { field, most });
        }
        value.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn required(&self, field: Field) -> Result<&str, FormFault> {
        self.text(field)?.ok_or(FormFault::Missing(field))
    }

    pub(super) fn expect(&self, field: Field, expected: &'static str) -> Result<(), FormFault> {
        let found = self.required(field)?;
        if found == expected { Ok(()) } else { Err(FormFault::Unexpected { field, found: shown(found), expected }) }
    }

    /// Checks a digest, if the form has it.
    pub(super) fn check_digest(&self, field: Field, computed: &[u8; 32]) -> Result<(), FormFault> {
        let Some(text) = self.text(field)? else { return Ok(()) };
        let claimed: affineur_packaging::Sha256 = text.parse().map_err(|_| FormFault::NoDigest(field))?;
        if claimed.as_bytes() == computed { Ok(()) } else { Err(FormFault::OtherDigest { field }) }
    }

    /// MD5 says nothing about a file that anybody may have made; it only has to look like one.
    pub(super) fn check_md5(&self) -> Result<(), FormFault> {
        let is_md5 = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.text(Field::Md5)? {
            Some(text) if !is_md5(text) => Err(FormFault::NoDigest(Field::Md5)),
            _ => Ok(()),
        }
    }

    pub(super) fn into_attestations(mut self) -> Option<Bytes> {
        self.values.remove(&Field::Attestations).map(BytesMut::freeze)
    }

    fn text(&self, field: Field) -> Result<Option<&str>, FormFault> {
        let value = self.values.get(&field);
        value.map(|value| str::from_utf8(value).map_err(|_| FormFault::NotUtf8(field))).transpose()
    }
}
