//! What a policy says about one file.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{Class, FileFact, Reason};

/// What the policy says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may reach the user.
    Allow(Allowed),
    /// It may not.
    Withhold(Withheld),
}

/// A file that the policy let through. Only a policy makes one: there is no other constructor.
///
/// ```
/// fn install(allowed: &affineur_trust::Allowed) -> &affineur_trust::FileFact { allowed.file() }
/// ```
///
/// ```compile_fail,E0451
/// fn forge(file: std::sync::Arc<affineur_trust::FileFact>) -> affineur_trust::Allowed {
///     affineur_trust::Allowed { file, reasons: Vec::new(), valid_until: None }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub(crate) file: Arc<FileFact>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) valid_until: Option<Timestamp>,
}

/// A file that the policy does not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    pub(crate) file: Arc<FileFact>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) class: Class,
    pub(crate) until: Option<Timestamp>,
}

impl Allowed {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &FileFact {
        &self.file
    }

    /// Why, most important first; never empty.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// When this decision has to be made again (an exception ends), if ever.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }
}

impl Withheld {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &FileFact {
        &self.file
    }

    /// Why, most important first; never empty.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Refused, undecided or hostile: the worst of the reasons.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// From when on the file passes if nothing but time changes. `None` where waiting alone does not help.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl Decision {
    /// Whether the file may reach the user.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// Why, most important first; never empty.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Allow(allowed) => &allowed.reasons,
            Self::Withhold(withheld) => &withheld.reasons,
        }
    }

    /// Both decisions about the same file together: it passes only if both let it through.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allow(one), Self::Allow(other)) => Self::Allow(Allowed {
                file: one.file,
                reasons: joined(one.reasons, other.reasons),
                valid_until: [one.valid_until, other.valid_until].into_iter().flatten().min(),
            }),
            (Self::Allow(_), withheld) | (withheld, Self::Allow(_)) => withheld,
            (Self::Withhold(one), Self::Withhold(other)) => Self::Withhold(Withheld {
                file: one.file,
                reasons: joined(one.reasons, other.reasons),
                class: one.class.max(other.class),
                until: one.until.zip(other.until).map(|(one, other)| one.max(other)),
            }),
        }
    }
}

/// What both policies say (a changed digest, say) is said once.
fn joined(mut reasons: Vec<Reason>, others: Vec<Reason>) -> Vec<Reason> {
    for other in others {
        if !reasons.contains(&other) {
            reasons.push(other);
        }
    }
    reasons
}
