//! Every limit on what a policy may be, with its reason.

/// Largest policy file. A policy with 64 parties has about 10 kB.
pub const POLICY_BYTES: usize = 1 << 20;
/// Longest name of a party.
pub const PARTY_NAME_BYTES: usize = 64;
/// Most parties in one policy.
pub const PARTIES: usize = 64;
/// Most scopes and most exceptions in one policy.
pub const ENTRIES: usize = 10_000;
/// Longest time that an exception may last: a year, so that somebody looks at it again.
pub const EXCEPTION_DAYS: i64 = 366;
/// Longest wait that a policy may ask for, ten years: longer ones are typing errors.
pub const MINIMUM_AGE_DAYS: i64 = 3_660;
/// Longest path of a trusted root: what common systems accept.
pub const PATH_BYTES: usize = 4_096;
/// Longest project pattern: as long as a project name.
pub const GLOB_BYTES: usize = 128;
/// Longest host name in DNS.
pub const HOST_BYTES: usize = 253;
/// Longest reason of an exception: it is shown on one line.
pub const EXCEPTION_REASON_CHARACTERS: usize = 300;
/// Longest text from a policy that an error quotes.
pub const QUOTED_CHARACTERS: usize = 80;
/// Largest amount of trust, in thousandths: larger ones are typing errors, and sums stay far inside an integer.
pub const MILLI_TRUST: u32 = 1_000_000;
/// Longest rule: one that names all 64 parties with names of 60 characters, once.
pub const RULE_BYTES: usize = 4_096;
/// Deepest nesting of a rule: nobody understands more, and reading and judging recurse.
pub const RULE_DEPTH: usize = 16;
/// Most failure domains of all parties together, and most intents of one policy.
pub const SHORT_LIST: usize = 64;
/// Largest number in an intent: there are not more keys than that around.
pub const INTENT_NUMBER: u32 = 10_000;
/// Most curators that a statement may pass through: each of them can be fooled.
pub const DEPTH: i64 = 8;
/// Longest description of why a source could not be heard: the line has to fit into an HTTP reason phrase.
pub const PROBLEM_CHARACTERS: usize = 200;
/// Longest name of a role in a reason: names of projects' roles, which are bounded by names of projects, fit nearly always.
pub const ROLE_CHARACTERS: usize = 80;

/// Longest free text in a listing or an overlay (yank reasons, `requires-python`), in bytes.
pub const LISTING_TEXT_BYTES: usize = 1_024;

/// Most bytes of a file's attestations: one has about 10 kB.
pub const ATTESTATIONS_BYTES: usize = 1 << 20;
/// Most attestations of one file. Each costs most of a millisecond; a file has one for each kind of predicate and publisher.
pub const ATTESTATIONS: usize = 8;
/// Most log entries of one attestation. Today's have one; while a log is replaced by its successor, there may be two.
pub const TRANSPARENCY_ENTRIES: usize = 4;
/// Longest text in a certificate about who it is for: URIs of workflows have under 200 bytes.
pub const IDENTITY_BYTES: usize = 1_024;
/// Largest trusted root: that of Sigstore's public instance has 10 kB.
pub const TRUSTED_ROOT_BYTES: usize = 1 << 20;
/// Most ways in which the members of a rule are combined while origins are compared: beyond it a file is undecided.
pub const WAYS: usize = 4_096;
/// Most alternatives of one party that are looked at, the heaviest: a curator's levels, each by its auditors, voters and delegates. Those
/// that another one outdoes (as heavy, and on fewer origins) are not counted.
pub const ALTERNATIVES: usize = 32;
/// Most words that the search for the heaviest vouches without a common origin looks at: ten milliseconds or so. The hardest 64 parties
/// that we could find need a hundredth of it; beyond it a file is undecided.
pub const INDEPENDENT_WORK: usize = 10_000_000;
/// Most parties that a reason names: the line has to fit into a header.
pub const SHOWN_PARTIES: usize = 5;
/// Longest list of missing parties on one line, which has to fit into a header.
pub const MISSING_CHARACTERS: usize = 240;
/// Most sets of missing parties that are found: nobody reads more.
pub const MISSING_SETS: usize = 16;
/// Most sets of parties that are tried while looking for the smallest missing ones: about ten milliseconds.
pub const MISSING_STEPS: usize = 20_000;
/// Most nodes of a decision diagram: tens of megabytes, a second of work. Policies that people write have hundreds.
pub const DIAGRAM_NODES: usize = 1 << 20;
/// Most coalitions and most blocking sets that are listed; the others are counted.
pub const LISTED_SETS: usize = 1_000;
/// Most statements that stand at one place: ballots of a large electorate about a file.
pub const STATEMENTS: usize = 10_000;
/// Most voters and auditors of one curator.
pub const PEOPLE: usize = 10_000;
/// Longest name of a voter or an auditor.
pub const PERSON_BYTES: usize = 64;
/// Most keys of one person: one for each of their machines.
pub const PERSON_KEYS: usize = 8;
/// Longest time for which a ballot counts: voters who are gone are not counted for ever.
pub const BALLOT_DAYS: i64 = 90;
/// Most sets of voters that are told apart: in how many ways enough of a file's voters vote for it.
pub const ELECTORATES: usize = 16;
/// Most audits of one file that are looked at: people audit a file a few times.
pub const AUDITS_OF_A_FILE: usize = 64;
/// Most files whose audits are looked at on the way from a whole audit to a file: releases of a year or two.
pub const AUDIT_STEPS: usize = 64;
/// Most authors whom a curator trusts for one project.
pub const AUTHORS: usize = 1_000;
/// Most objections of a curator to one project, or to authors.
pub const OBJECTIONS: usize = 10_000;
/// Most curators that a curator passes on: each is a repository that every gateway asks.
pub const DELEGATES: usize = 16;
