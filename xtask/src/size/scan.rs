//! Functions in masked source, found by counting braces.

/// One function with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// From `fn` to the closing brace, both counted.
    pub(super) lines: usize,
}

/// Every function with a body, nested ones too, in the order in which they begin.
pub(super) fn functions(masked: &str) -> Vec<Function> {
    let starts = words(masked).filter(|(_, word)| *word == "fn").map(|(at, _)| at);
    starts.filter_map(|at| function(masked, at)).collect()
}

/// The source with every item under `#[cfg(test)]` blanked out.
pub(super) fn without_tests(masked: &str) -> String {
    let mut text = masked.to_owned();
    while let Some(start) = text.find("#[cfg(test)]") {
        let end = item_end(&text, start);
        let blank: String = text[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        text.replace_range(start..end, &blank);
    }
    text
}

/// `None` for a function pointer type and for a declaration without a body.
fn function(masked: &str, at: usize) -> Option<Function> {
    let after = masked[at + "fn".len()..].trim_start();
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '#').collect();
    let body = body(masked, at)?;
    let end = closing(masked, body);
    let line = masked[..at].matches('\n').count() + 1;
    let lines = masked[at..end].matches('\n').count() + 1;
    (!name.is_empty()).then_some(Function { name, line, lines })
}

/// Where the item after an attribute ends: its closing brace, or its semicolon if it has no body.
fn item_end(text: &str, start: usize) -> usize {
    let after = start + "#[cfg(test)]".len();
    body(text, after)
        .map_or_else(|| text[after..].find(';').map_or(text.len(), |i| after + i + 1), |open| closing(text, open))
}

/// The opening brace of the body that belongs to what starts at `from`; `None` if a semicolon comes first.
/// Braces inside parentheses and brackets belong to types and patterns.
fn body(masked: &str, from: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (offset, c) in masked[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(from + offset),
            ';' if depth == 0 => return None,
            // What we started in ended: a type inside of something else.
            '}' if depth == 0 => return None,
            _ if depth < 0 => return None,
            _ => {}
        }
    }
    None
}

/// Just after the brace that closes the one at `open`.
fn closing(masked: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (offset, c) in masked[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return open + offset + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    masked.len()
}

/// Names and keywords with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(name)?;
        let end = text[start..].find(|c| !name(c)).map_or(text.len(), |offset| start + offset);
        at = end;
        Some((start, &text[start..end]))
    })
}

#[cfg(test)]
mod tests;
