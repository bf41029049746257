//! Classes of octets and the few shapes made of them (RFC 9110 §5.5, §5.6; RFC 5234).

pub(crate) mod words;

/// For each octet, whether a token may hold it.
const TOKEN: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");

/// For each octet, whether it is a letter, a digit, or one of `marks`.
pub(crate) const fn letters_digits_and(marks: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = (octet as u8).is_ascii_alphanumeric();
        octet += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
}

/// A token (RFC 9110 §5.6.2): at least one octet.
pub(crate) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|b| TOKEN[usize::from(*b)])
}

/// Octets that a field value may hold: no control octet but HTAB (RFC 9110 §5.5).
pub(crate) fn is_value(octets: &[u8]) -> bool {
    // Without a way out in the middle, so that the compiler takes many octets at a time.
    octets.iter().fold(true, |is_good, &b| is_good & ((b >= 0x20) | (b == b'\t')) & (b != 0x7f))
}

/// Whether a value begins or ends with a blank: lines of HTTP/1 trim it, later versions forbid it (RFC 9113 §8.2.1).
#[cfg(feature = "h2")]
pub(crate) fn is_padded(octets: &[u8]) -> bool {
    octets.first().is_some_and(|&b| is_blank(b)) || octets.last().is_some_and(|&b| is_blank(b))
}

/// What octets a target holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetOctets {
    /// Visible ASCII alone.
    Visible,
    /// Octets above 0x7f too.
    High,
    /// A blank or a control octet, or none at all.
    Bad,
}

/// Without a way out in the middle, so that the compiler takes many octets at a time.
pub(crate) fn target_octets(octets: &[u8]) -> TargetOctets {
    let (is_good, all) =
        octets.iter().fold((true, 0), |(is_good, all), &b| (is_good & (b > 0x20) & (b != 0x7f), all | b));
    match (is_good && !octets.is_empty(), all & 0x80) {
        (false, _) => TargetOctets::Bad,
        (true, 0) => TargetOctets::Visible,
        (true, _) => TargetOctets::High,
    }
}

/// Optional white space (RFC 9110 §5.6.3).
pub(crate) const fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// Without blanks at both ends.
pub(crate) fn trim(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && is_blank(*first)
    {
        octets = rest;
    }
    while let [rest @ .., last] = octets
        && is_blank(*last)
    {
        octets = rest;
    }
    octets
}

/// The elements of a comma list without quoted strings, trimmed; empty ones are given too.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(trim)
}

/// What a run of digits says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Is(u64),
    Malformed,
    Overflow,
}

/// So many octets, whatever they are, do not make a sum of them overflow.
const SHORT: usize = 16;

/// Decimal digits and nothing else (RFC 9110 §8.6).
pub(crate) fn decimal(octets: &[u8]) -> Number {
    if (1..=SHORT).contains(&octets.len()) {
        let (sum, is_digits) = octets.iter().fold((0, true), |(sum, is_digits), octet| {
            let digit = octet.wrapping_sub(b'0');
            (sum * 10 + u64::from(digit), is_digits & (digit < 10))
        });
        return if is_digits { Number::Is(sum) } else { Number::Malformed };
    }
    if octets.is_empty() || !octets.iter().all(u8::is_ascii_digit) {
        return Number::Malformed;
    }
    let sum = octets.iter().try_fold(0u64, |sum, b| sum.checked_mul(10)?.checked_add(u64::from(b - b'0')));
    sum.map_or(Number::Overflow, Number::Is)
}

/// A protocol to upgrade to (RFC 9110 §7.8): `token` or `token/token`.
pub(crate) fn is_protocol(octets: &[u8]) -> bool {
    let mut halves = octets.splitn(2, |b| *b == b'/');
    halves.all(is_token)
}

#[cfg(test)]
mod tests;
