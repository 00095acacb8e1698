use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::arbitrary::policy;
use crate::demand::{Met, Parties, Tally, positions};

fn party(name: &str) -> PartyName {
    name.parse().unwrap()
}

/// The mail's numbers with so many curators of one's own.
fn mail(curators: usize, more: &str) -> Policy {
    let mut text = format!(
        "{more}\nsources = ['index']\nminimum-score = '5.5'\n[party.index]\nrepository = 'https://i.example/'\nroot = 'r'\n\
         weight = {{ unclaimed = '0.5' }}\n[party.pypi-curator]\nrepository = 'https://p.example/'\nroot = 'r'\n\
         weight = {{ audited = '1.0' }}\n"
    );
    for at in 1..=curators {
        text += &format!(
            "[party.curator-{at}]\nrepository = 'https://c{at}.example/'\nroot = 'r'\nweight = {{ audited = '2.0' }}\n\
             domains = ['okta', 'hsm-{at}']\n"
        );
    }
    Policy::parse(&text).unwrap()
}

fn analysed(policy: &Policy) -> Analysis {
    policy.analysis(None, &Keys::new()).unwrap()
}

fn shown(sets: &[Vec<PartyName>]) -> Vec<String> {
    sets.iter().map(|set| set.iter().map(PartyName::as_str).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn with_two_curators_of_ones_own_the_mails_policy_needs_everybody() {
    let analysis = analysed(&mail(2, ""));
    assert_eq!(shown(&analysis.coalitions.sets), ["curator-1 curator-2 index pypi-curator"]);
    assert_eq!(shown(&analysis.blocking.sets), ["curator-1", "curator-2", "index", "pypi-curator"]);
    assert_eq!(analysis.interchangeable.len(), 1, "0.5 and 2.0 are equally powerful");
    assert_eq!((analysis.gap, analysis.suggestion), (None, None));
    assert!(analysis.losing.iter().all(|loss| loss.coalitions == 0), "any one outage stops everything");
    let twin = analysis.adding.iter().find(|growth| growth.like == party("curator-1")).unwrap();
    assert_eq!(twin.coalitions, 4);
    assert_eq!(
        twin.no_longer_needed,
        [party("curator-1"), party("curator-2"), party("index"), party("pypi-curator")],
        "a third one changes what the policy means"
    );
}

#[test]
fn with_three_curators_they_are_enough_by_themselves_and_require_repairs_it() {
    let analysis = analysed(&mail(3, "assert = ['requires(index)', 'never-alone(curator-1)', 'min-forge-parties(4)']"));
    assert_eq!(
        shown(&analysis.coalitions.sets),
        [
            "curator-1 curator-2 curator-3",
            "curator-1 curator-2 index pypi-curator",
            "curator-1 curator-3 index pypi-curator",
            "curator-2 curator-3 index pypi-curator",
        ]
    );
    assert_eq!(
        shown(&analysis.blocking.sets),
        [
            "curator-1 curator-2",
            "curator-1 curator-3",
            "curator-2 curator-3",
            "curator-1 index",
            "curator-1 pypi-curator",
            "curator-2 index",
            "curator-2 pypi-curator",
            "curator-3 index",
            "curator-3 pypi-curator"
        ]
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
    let gap = analysis.gap.unwrap();
    assert_eq!((shown(&[gap.alone]), gap.score), (vec!["curator-1 curator-2 curator-3".to_owned()], 6_000));
    assert_eq!(gap.left_out, [party("index"), party("pypi-curator")]);
    assert_eq!(analysis.interchangeable.len(), 1, "index and pypi-curator");
    assert_eq!(analysis.broken.len(), 2, "never-alone holds");
    assert_eq!(analysis.broken[0].by, Culprits::Parties([1, 2, 3].map(|at| party(&format!("curator-{at}"))).into()));
    let suggestion = analysis.suggestion.unwrap();
    assert_eq!((suggestion.require, suggestion.coalitions), (vec![party("index"), party("pypi-curator")], 3));

    let repaired =
        analysed(&mail(3, "require = ['index', 'pypi-curator']\nassert = ['requires(index)', 'min-forge-parties(4)']"));
    assert_eq!((repaired.coalitions.count, repaired.broken, repaired.gap, repaired.suggestion), (3, vec![], None, None));
}

#[test]
fn the_table_of_coalitions_and_powerless_parties() {
    for (curators, count, fewest, blocks) in [(2, 1, 4, 1), (3, 4, 3, 2), (4, 10, 3, 3), (5, 20, 3, 4)] {
        let analysis = analysed(&mail(curators, ""));
        assert_eq!(analysis.coalitions.count, count, "{curators}");
        assert_eq!(analysis.forging.parties.len(), fewest, "{curators}");
        assert_eq!(analysis.blocking.sets[0].len(), blocks, "{curators}");
    }
    let seven = Policy::parse(&mail(3, "").canonical().replace("minimum-score = \"5.5\"", "minimum-score = \"7.0\"")).unwrap();
    assert_eq!(analysed(&seven).powerless, [party("index")]);
}

#[test]
fn forging_is_counted_in_keys_and_failure_domains() {
    let keys = Keys::from([(party("curator-1"), 3), (party("index"), 2)]);
    let analysis =
        mail(3, "assert = ['min-forge-keys(6)', 'at-least-domains(2)', 'survives-any-domain', 'min-block-parties(3)']")
            .analysis(None, &keys)
            .unwrap();
    assert_eq!(analysis.forging.keys, 5);
    assert_eq!(shown(&[analysis.forging.keys_of]), ["curator-1 curator-2 curator-3"]);
    assert_eq!(analysis.forging.domains, ["okta".parse().unwrap()], "all three log in there");
    assert_eq!(analysis.fatal_domains, ["okta".parse().unwrap()]);
    assert_eq!(analysis.broken.len(), 4);
}

#[test]
fn a_rule_and_a_scope_are_analysed_too() {
    let text =
        mail(3, "").canonical().replace("minimum-score", "rule = \"curator-1 or (pypi-curator and index)\"\nminimum-score");
    let scope = "[[scope]]\nprojects = ['acme-*']\nrule = '2 of (curator-1, curator-2, curator-3 and index)'\n";
    let policy = Policy::parse(&(text + scope)).unwrap();
    assert_eq!(analysed(&policy).coalitions.count, 4);
    let scope = policy.analysis(Some(0), &Keys::new()).unwrap();
    assert_eq!(
        shown(&scope.coalitions.sets),
        ["curator-1 curator-2", "curator-1 curator-3 index", "curator-2 curator-3 index"]
    );
    assert_eq!(scope.adding, [], "weights count nothing there");
}

#[test]
fn nothing_asked_is_met_by_nobody_and_blocked_by_nothing() {
    let policy = Policy::parse("sources = ['i']\n[party.i]\nrepository = 'https://i.example/'\nroot = 'r'\n").unwrap();
    let analysis = analysed(&policy);
    assert_eq!((analysis.coalitions.sets, analysis.coalitions.count), (vec![vec![]], 1));
    assert_eq!(analysis.blocking.count, 0);
    assert_eq!(analysis.losing, []);
}

fn many(weight: impl Fn(usize) -> String, more: &str) -> Policy {
    let mut text = format!("sources = ['c0']\n{more}\n");
    for at in 0..64 {
        let kind = if at == 0 { "unclaimed" } else { "audited" };
        text += &format!(
            "[party.c{at}]\nrepository = 'https://c{at}.example/'\nroot = 'r'\nweight = {{ {kind} = '{}' }}\n",
            weight(at)
        );
    }
    Policy::parse(&text).unwrap()
}

#[test]
fn sixty_four_parties_are_analysed_and_their_coalitions_counted() {
    let equal = analysed(&many(|_| "1.0".to_owned(), "minimum-score = '32.0'"));
    assert_eq!(equal.coalitions.count, 1_832_624_140_942_590_534, "64 choose 32");
    assert_eq!(equal.coalitions.sets.len(), limits::LISTED_SETS);
    assert_eq!(equal.blocking.sets[0].len(), 33);
    let several = analysed(&many(
        |at| ["0.5", "1.0", "2.0", "2.5"][at % 4].to_owned(),
        "minimum-score = '40.5'\nrequire = ['c0']\nrule = 'c1 and 2 of (c2, c3, c4, c5)'",
    ));
    assert!(several.coalitions.count > 1 << 40);
    assert!(several.coalitions.sets.iter().all(|set| set.contains(&party("c0")) && set.contains(&party("c1"))));
}

/// What the analysis must say, by trying everything.
fn winning(demand: &CompiledDemand) -> Vec<Parties> {
    let nobody = Tally::nobody(demand.parties.len());
    let sets = (0..1 << demand.parties.len()).filter(|set| set & !demand.counted == 0);
    sets.filter(|set| demand.met(&nobody.with(*set, demand)) == Met::Yes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p13_coalitions_blocking_sets_and_power_are_those_that_trying_everything_finds(policy in policy()) {
        let demand = policy.compiled(None);
        let winning: BTreeSet<Parties> = winning(&demand).into_iter().collect();
        let analysis = analysed(&policy);
        let names = |set: Parties| demand.names(set).cloned().collect::<Vec<_>>();
        let minimal = |holds: &dyn Fn(Parties) -> bool| {
            let sets = (0..1 << demand.parties.len()).filter(|set| set & !demand.counted == 0 && holds(*set));
            sets.filter(|set| positions(*set).all(|at| !holds(set & !(1 << at)))).map(names).collect::<BTreeSet<_>>()
        };
        let wins = |set: Parties| winning.contains(&set);
        prop_assert_eq!(analysis.coalitions.sets.iter().cloned().collect::<BTreeSet<_>>(), minimal(&wins));
        prop_assert_eq!(analysis.blocking.sets.iter().cloned().collect::<BTreeSet<_>>(), minimal(&|set| !wins(demand.counted & !set)));
        prop_assert_eq!(analysis.coalitions.count, analysis.coalitions.sets.len() as u128);
        prop_assert!(!winning.is_empty(), "a1: what parses can be met");
        prop_assert!(!demand.asks_for_vouches() || !wins(0), "a1: and demands something");
        for (at, party) in demand.parties.iter().enumerate() {
            let bit = 1 << at;
            let power = winning.iter().any(|set| set & bit != 0 && !wins(set & !bit));
            prop_assert!(!(power && analysis.powerless.contains(&party.name)), "a4");
        }
        for loss in &analysis.losing {
            let at = demand.parties.iter().position(|party| party.name == loss.party).unwrap();
            let left = analysis.coalitions.sets.iter().filter(|set| !set.contains(&loss.party)).count();
            prop_assert!(loss.coalitions == left as u128, "{at}");
        }
    }

    #[test]
    fn a2_an_asserted_requires_is_broken_exactly_where_a_coalition_does_without(policy in policy()) {
        let analysis = analysed(&policy);
        for intent in &policy.intents {
            if let Intent::Requires(party) = intent {
                let without = analysis.coalitions.sets.iter().any(|set| !set.contains(party));
                prop_assert_eq!(analysis.broken.iter().any(|broken| broken.intent == *intent), without);
            }
        }
    }

    #[test]
    fn a5_a6_what_forging_takes_and_which_losses_are_fatal_is_what_trying_everything_finds(
        policy in policy(), keys in proptest::collection::vec(1..5_u32, 8), least in 1..5_u32,
    ) {
        let mut policy = policy;
        policy.intents = vec![
            Intent::MinForgeParties(least), Intent::MinForgeKeys(least), Intent::MinBlockParties(least),
            Intent::AtLeastDomains(least), Intent::SurvivesAnyDomain,
        ];
        let demand = policy.compiled(None);
        let winning = winning(&demand);
        let keys: Keys = policy.parties.keys().cloned().zip(keys).collect();
        let analysis = policy.analysis(None, &keys).unwrap();
        let keys_of = |set: Parties| demand.names(set).map(|name| u64::from(keys[name])).sum::<u64>();
        let parties = winning.iter().map(|set| set.count_ones()).min().unwrap();
        let fewest_keys = winning.iter().map(|set| keys_of(*set)).min().unwrap();
        prop_assert_eq!(analysis.forging.parties.len(), parties as usize);
        prop_assert_eq!(analysis.forging.keys, fewest_keys);
        // A party without domains is one of its own.
        let domains = |at: usize| {
            let party = &demand.parties[at].name;
            let own = policy.party(party).unwrap().domains.clone();
            if own.is_empty() { vec![Domain::of_party(party)] } else { own }
        };
        let all: BTreeSet<Domain> = positions(demand.counted).flat_map(domains).collect();
        let lost = |domain: &Domain| positions(demand.counted).filter(|at| domains(*at).contains(domain)).fold(0, |set, at| set | 1 << at);
        let fatal: BTreeSet<&Domain> = all.iter().filter(|domain| !winning.contains(&(demand.counted & !lost(domain)))).collect();
        prop_assert_eq!(analysis.fatal_domains.iter().filter(|domain| all.contains(domain)).collect::<BTreeSet<_>>(), fatal.clone());
        let blocks = |set: &Parties| !winning.contains(&(demand.counted & !set));
        let sets = (0..1 << demand.parties.len()).filter(|set: &Parties| set & !demand.counted == 0);
        let outage = sets.filter(blocks).map(Parties::count_ones).min();
        let broken = |intent: Intent| analysis.broken.iter().any(|broken| broken.intent == intent);
        prop_assert_eq!(broken(Intent::MinForgeParties(least)), parties < least);
        prop_assert_eq!(broken(Intent::MinForgeKeys(least)), fewest_keys < u64::from(least));
        prop_assert_eq!(broken(Intent::MinBlockParties(least)), outage.is_some_and(|outage| outage < least));
        prop_assert_eq!(broken(Intent::SurvivesAnyDomain), !fatal.is_empty());
    }

    #[test]
    fn a3_a_policy_refines_itself_and_differences_are_witnessed(old in policy(), new in policy()) {
        prop_assert_eq!(differences(&old, &old).unwrap(), []);
        let differences = differences(&old, &new).unwrap();
        let enough = |policy: &Policy, by: &[PartyName]| {
            let demand = policy.compiled(None);
            let set = demand.parties.iter().enumerate().filter(|(_, party)| by.contains(&party.name)).fold(0, |set, (at, _)| set | 1 << at);
            winning(&demand).contains(&(set & demand.counted))
        };
        for difference in differences.iter().filter(|difference| difference.projects.is_none() && difference.key == "demand") {
            let (more, less) = if difference.admits { (&new, &old) } else { (&old, &new) };
            prop_assert!(enough(more, &difference.by) && !enough(less, &difference.by), "{:?}", difference.by);
        }
    }

    #[test]
    fn p5_renaming_parties_renames_the_result(policy in policy()) {
        // `f` becomes `a-f`: the last curator becomes the first.
        let text = Policy { intents: Vec::new(), ..policy.clone() }.canonical();
        let renamed = text.replace("\"f\"", "\"a-f\"");
        if ["rule", "urgent"].iter().any(|key| text.contains(&format!("{key} = "))) {
            return Ok(());
        }
        let Ok(renamed) = Policy::parse(&renamed) else { return Ok(()) };
        let back = |sets: Sets| sets.sets.into_iter().map(|set| {
            set.into_iter().map(|name| if name.as_str() == "a-f" { party("f") } else { name }).collect::<BTreeSet<_>>()
        }).collect::<BTreeSet<_>>();
        prop_assert_eq!(back(analysed(&policy).coalitions), back(analysed(&renamed).coalitions));
    }
}

#[test]
fn a_third_curator_and_a_lower_score_are_differences_with_witnesses() {
    let (two, three) = (mail(2, ""), mail(3, ""));
    let found = differences(&two, &three).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].admits, found[0].key), (true, "demand"));
    assert_eq!(shown(&[found[0].by.clone()]), ["curator-1 curator-2 curator-3"]);
    let stricter = mail(3, "require = ['index']\nveto = ['curator-1']\nminimum-age = '9d'");
    let found = differences(&three, &stricter).unwrap();
    assert!(found.iter().all(|difference| !difference.admits), "{found:?}");
    assert_eq!(found.iter().map(|difference| difference.key).collect::<Vec<_>>(), ["demand", "minimum-age", "veto"]);
}
