//! Reading rules.
//!
//! ```text
//! rule   = all { "or" all }
//! all    = member { "and" member }
//! member = NAME | NUMBER "of" "(" rule { "," rule } ")" | "(" rule ")"
//! ```

use std::collections::BTreeSet;

use super::{Node, Rule};
use crate::limits;
use crate::policy::PartyName;
use crate::policy::document::quoted;

/// What is wrong with a rule, and at which byte of it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) struct RuleError {
    pub(in crate::policy) at: usize,
    pub(in crate::policy) problem: String,
}

/// Reads a rule; with it, where it names whom.
pub(in crate::policy) fn read(text: &str) -> Result<(Rule, Vec<(usize, PartyName)>), RuleError> {
    if text.len() > limits::RULE_BYTES {
        return Err(RuleError { at: 0, problem: format!("a rule has at most {} bytes", limits::RULE_BYTES) });
    }
    let mut reader = Reader { text, at: 0, names: Vec::new() };
    let node = reader.any(0)?;
    match reader.next() {
        Word { at, text: "" } if at == text.len() => Ok((Rule(node), reader.names)),
        word => Err(word.expected("`and`, `or` or the end")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: Vec<(usize, PartyName)>,
}

/// A name, a number, or one character; empty at the end.
#[derive(Clone, Copy)]
struct Word<'a> {
    at: usize,
    text: &'a str,
}

impl Word<'_> {
    fn expected(self, what: &str) -> RuleError {
        let found = if self.text.is_empty() { "the end".to_owned() } else { quoted(self.text) };
        RuleError { at: self.at, problem: format!("expected {what}, found {found}") }
    }

    fn problem(self, problem: String) -> RuleError {
        RuleError { at: self.at, problem }
    }
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Word<'a> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let start = rest.trim_start();
        let at = self.at + (rest.len() - start.len());
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let length = match start.find(|c| !in_name(c)) {
            Some(0) => start.chars().next().map_or(0, char::len_utf8),
            Some(length) => length,
            None => start.len(),
        };
        Word { at, text: start.get(..length).unwrap_or_default() }
    }

    fn next(&mut self) -> Word<'a> {
        let word = self.peek();
        self.at = word.at + word.text.len();
        word
    }

    /// Takes the next word if it is this one.
    fn take(&mut self, text: &str) -> bool {
        let taken = self.peek().text == text;
        if taken {
            self.next();
        }
        taken
    }

    fn any(&mut self, depth: usize) -> Result<Node, RuleError> {
        let (start, mut members) = (self.peek(), vec![self.all(depth)?]);
        while self.take("or") {
            members.push(self.all(depth)?);
        }
        let flat = members.into_iter().flat_map(|member| match member {
            Node::Any(inner) => inner,
            other => vec![other],
        });
        joined(start, flat.collect(), Node::Any)
    }

    fn all(&mut self, depth: usize) -> Result<Node, RuleError> {
        let (start, mut members) = (self.peek(), vec![self.member(depth)?]);
        while self.take("and") {
            members.push(self.member(depth)?);
        }
        let flat = members.into_iter().flat_map(|member| match member {
            Node::All(inner) => inner,
            other => vec![other],
        });
        joined(start, flat.collect(), Node::All)
    }

    fn member(&mut self, depth: usize) -> Result<Node, RuleError> {
        let word = self.next();
        if depth > limits::RULE_DEPTH {
            return Err(word.problem(format!("a rule is nested at most {} deep", limits::RULE_DEPTH)));
        }
        if word.text == "(" {
            let inside = self.any(depth + 1)?;
            return self.close().map(|()| inside);
        }
        if self.peek().text == "of" && word.text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.next();
            return self.at_least(word, depth);
        }
        if matches!(word.text, "and" | "or" | "of") {
            return Err(word.expected("a party, `K of (...)` or `(`"));
        }
        let name: PartyName = word.text.parse().map_err(|_| word.expected("a party, `K of (...)` or `(`"))?;
        self.names.push((word.at, name.clone()));
        Ok(Node::Party(name))
    }

    /// The list after `K of`.
    fn at_least(&mut self, count: Word<'_>, depth: usize) -> Result<Node, RuleError> {
        let open = self.next();
        if open.text != "(" {
            return Err(open.expected("`(` after `of`"));
        }
        let mut members = vec![self.any(depth + 1)?];
        while self.take(",") {
            members.push(self.any(depth + 1)?);
        }
        self.close()?;
        let wanted: usize = count.text.parse().unwrap_or(usize::MAX);
        if wanted == 0 {
            return Err(count.problem("`0 of` always holds: it demands nothing".to_owned()));
        }
        if wanted > members.len() {
            let problem = format!("{} of {} can never hold", count.text, members.len());
            return Err(count.problem(problem));
        }
        let mut seen = BTreeSet::new();
        let twice = members.iter().flat_map(Node::parties).find(|name| !seen.insert((*name).clone())).cloned();
        match twice {
            Some(twice) => {
                Err(count.problem(format!("`{twice}` is in two members of this `{} of`: it would count twice", count.text)))
            }
            None => Ok(Node::AtLeast(wanted, members)),
        }
    }

    fn close(&mut self) -> Result<(), RuleError> {
        let word = self.next();
        if word.text == ")" { Ok(()) } else { Err(word.expected("`and`, `or`, `,` or `)`")) }
    }
}

fn joined(start: Word<'_>, mut members: Vec<Node>, join: impl FnOnce(Vec<Node>) -> Node) -> Result<Node, RuleError> {
    if members.len() == 1
        && let Some(only) = members.pop()
    {
        return Ok(only);
    }
    let mut seen = BTreeSet::new();
    match members.iter().map(ToString::to_string).find(|member| !seen.insert(member.clone())) {
        Some(twice) => Err(start.problem(format!("{} is here twice", quoted(&twice)))),
        None => Ok(join(members)),
    }
}
