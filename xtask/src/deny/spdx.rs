//! SPDX licence expressions, as far as crates use them: `AND`, `OR`, parentheses, `WITH`, and the old `/` for `OR`.

/// Whether a user who accepts only `allowed` may use what stands under `expression`. What cannot be read is refused.
pub(super) fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { rest: spaced.split_whitespace().collect(), allowed };
    words.any().is_some_and(|verdict| verdict && words.rest.is_empty())
}

struct Words<'a> {
    rest: Vec<&'a str>,
    allowed: &'a [String],
}

impl<'a> Words<'a> {
    /// `all OR all …`
    fn any(&mut self) -> Option<bool> {
        let mut verdict = self.all()?;
        while self.eat("OR") {
            verdict |= self.all()?;
        }
        Some(verdict)
    }

    /// `one AND one …`
    fn all(&mut self) -> Option<bool> {
        let mut verdict = self.one()?;
        while self.eat("AND") {
            verdict &= self.one()?;
        }
        Some(verdict)
    }

    /// A licence or a group. An exception only ever grants more than its licence.
    fn one(&mut self) -> Option<bool> {
        if self.eat("(") {
            let verdict = self.any()?;
            return self.eat(")").then_some(verdict);
        }
        let name = self.next()?;
        if self.eat("WITH") {
            self.next()?;
        }
        Some(self.allowed.iter().any(|allowed| allowed == name))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.rest.first().is_some_and(|first| *first == word);
        if found {
            self.rest.remove(0);
        }
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        (!self.rest.is_empty()).then(|| self.rest.remove(0))
    }
}

#[cfg(test)]
mod tests;
