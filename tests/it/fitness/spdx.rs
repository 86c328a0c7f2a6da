//! Evaluates an SPDX licence expression: names, AND, OR, WITH, brackets, and the old `/` for OR.

/// Whether some choice that the expression offers consists of licences that `allowed` accepts.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, at: 0, allowed };
    let satisfied = reader.either();
    assert_eq!(reader.at, words.len(), "cannot read the licence expression: {expression}");
    satisfied
}

struct Reader<'e> {
    words: &'e [&'e str],
    at: usize,
    allowed: &'e dyn Fn(&str) -> bool,
}

impl<'e> Reader<'e> {
    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at) == Some(&word);
        self.at += usize::from(is);
        is
    }

    fn take(&mut self) -> &'e str {
        let word = self.words.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        word
    }

    /// OR binds loosest.
    fn either(&mut self) -> bool {
        let mut satisfied = self.both();
        while self.next_is("OR") {
            satisfied |= self.both();
        }
        satisfied
    }

    fn both(&mut self) -> bool {
        let mut satisfied = self.term();
        while self.next_is("AND") {
            satisfied &= self.term();
        }
        satisfied
    }

    fn term(&mut self) -> bool {
        if self.next_is("(") {
            let satisfied = self.either();
            assert!(self.next_is(")"), "a bracket is not closed");
            return satisfied;
        }
        let licence = self.take();
        if self.next_is("WITH") {
            let exception = self.take();
            return (self.allowed)(&format!("{licence} WITH {exception}"));
        }
        (self.allowed)(licence)
    }
}

#[test]
fn a_choice_needs_one_side_and_a_sum_needs_both() {
    let allowed = |licence: &str| ["MIT", "Apache-2.0", "ISC"].contains(&licence);
    for good in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(GPL-3.0 OR MIT) AND ISC", "GPL-3.0 OR MIT AND ISC"] {
        assert!(satisfied(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH LLVM-exception", "(MIT AND GPL-3.0) OR AGPL-3.0"] {
        assert!(!satisfied(bad, &allowed), "{bad}");
    }
}
