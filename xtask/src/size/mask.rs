//! Rust source with comments and literals blanked out, so that braces can be counted.

/// Replaces every character of comments, strings and character literals by a blank; lines stay where they are.
pub(super) fn mask(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => line_end(chars, at),
        '/' if next == Some('*') => block_end(chars, at),
        '"' => string_end(chars, at),
        '\'' => char_end(chars, at),
        'r' | 'b' | 'c' if !follows_name(chars, at) => prefixed_end(chars, at),
        _ => at,
    }
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |offset| at + offset)
}

/// Block comments nest.
fn block_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0usize;
    let mut i = at;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                i += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

/// `at` is the opening quote.
fn string_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// A character literal, or `at` for the tick of a lifetime or label.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            // The escaped character itself may be a tick.
            let rest = chars.get(at + 3..).unwrap_or_default();
            rest.iter().position(|&c| c == '\'').map_or(chars.len(), |offset| at + 3 + offset + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`, `b'…'`; `at` if it is only a name that starts so.
fn prefixed_end(chars: &[char], at: usize) -> usize {
    let mut i = at;
    while i < at + 2 && matches!(chars.get(i), Some('r' | 'b' | 'c')) {
        i += 1;
    }
    let raw = chars[at..i].contains(&'r');
    let hashes = chars[i..].iter().take_while(|&&c| c == '#').count();
    match chars.get(i + hashes) {
        Some('"') if raw => raw_end(chars, i + hashes, hashes),
        Some('"') if hashes == 0 => string_end(chars, i),
        Some('\'') if hashes == 0 && chars[at..i] == ['b'] => char_end(chars, i),
        _ => at,
    }
}

/// `at` is the opening quote of a raw string with so many hashes.
fn raw_end(chars: &[char], at: usize, hashes: usize) -> usize {
    let closes = |i: usize| chars[i] == '"' && chars[i + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    (at + 1..chars.len()).find(|&i| closes(i)).map_or(chars.len(), |i| i + 1 + hashes)
}

fn follows_name(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

#[cfg(test)]
mod tests;
