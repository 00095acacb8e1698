//! Arbitrary demands, curators, and what curators say.

use std::sync::LazyLock;

use affineur_tuf::Chain;
use proptest::sample::Index;

use super::*;
use crate::testing::Vouch;
use crate::{
    Against, Author, Domain, Intent, Level, MilliTrust, Objection, Origin, Origins, PublisherName, Rule, Track, Vouches, Worth,
};

static CHAIN: LazyLock<std::sync::Arc<Chain>> = LazyLock::new(|| std::sync::Arc::new(super::VOUCHED[0].1.chain().clone()));

fn publisher() -> impl Strategy<Value = PublisherName> {
    let names = ["github:a/b/release.yml", "github:A/b/release.yml@x", "github:a/b/ci.yml", "google:a@b.example"];
    select(names.map(|name| name.parse().unwrap()).to_vec())
}

/// One to three of a few keys and publishers, so that they meet.
pub(crate) fn origins() -> impl Strategy<Value = Origins> {
    let origin = || {
        prop_oneof![
            4 => (1..8_u8).prop_map(|byte| Origin::Key(Sha256::from_bytes([byte; 32]))),
            1 => (publisher(), select(&["x", "y"][..])).prop_map(|(name, identity)| Origin::publisher(name, "i".into(), identity.into())),
        ]
    };
    (origin(), vec(origin(), 0..2)).prop_map(|(first, others)| Origins::new(first, others))
}

/// One alternative of a curator for this file.
pub(crate) fn alternative(file: FileFact) -> impl Strategy<Value = Vouched> {
    let file = std::sync::Arc::new(file);
    (select(&Level::ALL[..]), origins(), option::weighted(0.2, time())).prop_map(move |(level, origins, until)| {
        let file = std::sync::Arc::clone(&file);
        let vouch = Vouch { file, worth: Worth::Curator(level), origins, pin: None, attested: None, until };
        vouch.made(&CHAIN)
    })
}

/// What a curator vouches with for this file.
pub(crate) fn curated(file: FileFact) -> impl Strategy<Value = Claim> {
    let others = vec(alternative(file.clone()), 0..3);
    (alternative(file), others).prop_map(|(first, others)| Claim::Vouched(Vouches::new(first, others)))
}

pub(crate) fn objection() -> impl Strategy<Value = Objection> {
    let against = prop_oneof![
        Just(Against::File(Sha256::from_bytes([7; 32]))),
        Just(Against::File(Sha256::from_bytes([8; 32]))),
        select(&["abc", "requests"][..]).prop_map(|name| Against::Project(name.parse().unwrap())),
        select(&["a-b", "b-c"][..])
            .prop_map(|name| Against::Versions { project: name.parse().unwrap(), versions: "<2".parse().unwrap() }),
        (1..8_u8).prop_map(|byte| Against::Author(Author::Key(Sha256::from_bytes([byte; 32])))),
        publisher().prop_map(|name| Against::Author(Author::Publisher(name))),
    ];
    (prop_oneof![3 => curator(), 1 => party()], against, ".{1,20}", time())
        .prop_map(|(party, against, reason, expires)| Objection { party, against, reason: format!("x{reason}"), expires })
}

pub(crate) fn heard() -> impl Strategy<Value = BTreeMap<PartyName, Timestamp>> {
    let anybody = prop_oneof![curator(), party()];
    proptest::collection::btree_map(anybody, time(), 0..5)
}

/// Choices from which demands are made.
#[derive(Debug, Clone)]
struct Choices {
    score: Option<u32>,
    require: Vec<Index>,
    rule: Option<Vec<Index>>,
    urgent: Option<Vec<Index>>,
    track: Option<Track>,
}

fn choices() -> impl Strategy<Value = Choices> {
    let indices = |range: std::ops::Range<usize>| vec(any::<Index>(), range);
    let track = option::of(select(&[Track::Stable, Track::Latest][..]));
    (option::of(1..6_000_u32), indices(0..2), option::of(indices(1..12)), option::of(indices(1..6)), track)
        .prop_map(|(score, require, rule, urgent, track)| Choices { score, require, rule, urgent, track })
}

/// A policy with curators and demands.
pub(super) fn demanding(plain: impl Strategy<Value = Policy>) -> impl Strategy<Value = Policy> {
    let curator = (vec(0..3_000_u32, 3), any::<bool>(), 1..=3_u32, option::of(1..9 * 24 * 60_i64), any::<bool>());
    let curators = vec(option::weighted(0.8, curator), CURATORS.len());
    (plain, curators, choices(), vec(choices(), PATTERNS.len()), vec(any::<bool>(), CURATORS.len() + PARTIES.len())).prop_map(
        |(mut policy, curators, top, scoped, vetoes)| {
            for (name, (weights, weighed, depth, stale, domain)) in
                CURATORS.iter().zip(curators).filter_map(|(name, curator)| Some((name, curator?)))
            {
                let url = format!("https://{name}.example/tuf/").parse().unwrap();
                let mut repository = Repository::at(url, "trust/curator.json".to_owned()).unwrap();
                if weighed {
                    let kinds = VouchKind::ALL.into_iter().filter(|kind| kind.is_level());
                    repository.weight = kinds.zip(weights.into_iter().map(MilliTrust::of_thousandths)).collect();
                }
                repository.depth = depth;
                repository.max_stale = stale.map(SignedDuration::from_mins);
                let domains: Vec<Domain> = if domain { vec!["hsm:a".parse().unwrap()] } else { Vec::new() };
                policy.parties.insert(name.parse().unwrap(), Party { kind: PartyKind::Repository(repository), domains });
            }
            policy.demand = demand(&policy, &top, None);
            for (at, choices) in (0..policy.scopes.len()).zip(&scoped) {
                let mut demand = demand(&policy, choices, policy.scopes[at].only.as_deref());
                if policy.demand.asks_for_vouches() && !demand.states_vouches() {
                    demand.minimum_score = Some(MilliTrust::default());
                }
                policy.scopes[at].demand = demand;
            }
            // Whoever is of no use has a veto.
            let names: Vec<_> = policy.parties.keys().filter(|name| policy.repository(name).is_some()).cloned().collect();
            let used = |name: &PartyName| policy.sources.contains(name) || policy.demand.named().contains(name);
            let veto = names.iter().zip(&vetoes).filter(|(name, veto)| **veto || !used(name)).map(|(name, _)| name.clone());
            policy.veto = veto.collect();
            policy.intents =
                names.first().map(|name| vec![Intent::Requires(name.clone()), Intent::AtLeastDomains(2)]).unwrap_or_default();
            policy
        },
    )
}

fn demand(policy: &Policy, choices: &Choices, only: Option<&[PartyName]>) -> Demand {
    let heard: Vec<&PartyName> = policy.parties.keys().filter(|name| only.is_none_or(|only| only.contains(name))).collect();
    let able: Vec<&PartyName> = heard.iter().copied().filter(|name| policy.repository(name).is_some()).collect();
    let most: u32 = heard.iter().map(|name| policy.parties[*name].heaviest().thousandths()).sum();
    let mut require: Vec<PartyName> = Vec::new();
    for index in choices.require.iter().filter(|_| !able.is_empty()) {
        let name = (*index.get(&able)).clone();
        if !require.contains(&name) {
            require.push(name);
        }
    }
    Demand {
        minimum_score: choices.score.filter(|_| most > 0).map(|score| MilliTrust::of_thousandths((score % most).max(1))),
        require,
        rule: choices.rule.as_ref().and_then(|indices| rule(&able, indices)),
        urgent: choices.urgent.as_ref().and_then(|indices| rule(&able, indices)),
        track: choices.track,
    }
}

/// A rule over some of these: what a row of choices makes of them, as text, since only reading makes rules.
fn rule(able: &[&PartyName], choices: &[Index]) -> Option<Rule> {
    if able.is_empty() {
        return None;
    }
    let mut text = choices[0].get(able).to_string();
    for index in &choices[1..] {
        let (name, shape) = (index.get(able), index.index(97) % 5);
        let longer = match shape {
            0 => format!("({text}) and {name}"),
            1 => format!("({text}) or {name}"),
            2 => format!("1 of ({text}, {name})"),
            3 => format!("2 of ({name}, {text})"),
            _ => format!("2 of ({text}, {name}, {} and {})", able[0], able[able.len() - 1]),
        };
        if crate::policy::read_rule(&longer).is_some() {
            text = longer;
        }
    }
    crate::policy::read_rule(&text)
}
