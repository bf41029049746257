//! Field lines as they stand on the wire of HTTP/1, read in one pass: where name and value stand, whether both are well-formed, and which name it
//! is. A name that is known needs no other check.

use super::edit::Draft;
use super::known::Name;
use super::list::{Entry, FAMILY, Home, OTHER};
use super::{alike, spare};
use crate::rules::Rule;
use crate::syntax::{self, words};

/// Which ends of lines are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// CR LF alone.
    Strict,
    /// LF alone, too: somebody has looked at each line before.
    Checked,
}

/// The rest of a line, from its colon on.
struct Line<'a> {
    /// Where the value begins, and ends, after the colon; both are where the colon stands if it is empty.
    value: (usize, usize),
    /// It stands as it would be written.
    home: Home,
    rest: &'a [u8],
}

impl Draft {
    /// Reads lines from a place on, up to the empty one and with it; gives where that ends.
    ///
    /// # Errors
    /// A line is not as it has to be, or not complete: which rule it breaks is for others to find out, but of [`Rule::HeadTooLarge`].
    pub(crate) fn read(&mut self, octets: &[u8], from: usize, most: usize, ends: Ends) -> Result<usize, Rule> {
        // All places in it are smaller than this.
        u32::try_from(octets.len()).map_err(|_| Rule::HeadTooLarge)?;
        let list = self.list.get_or_insert_with(spare::take);
        let mut present = 0;
        let mut rest = octets.get(from..).ok_or(Rule::ColonMissing)?;
        while !is_empty(rest, ends) {
            if list.entries.len() >= most {
                return Err(Rule::TooManyFields);
            }
            let name = Name::before_colon(rest);
            let (spelled, line) = rest.split_at_checked(name.len()).ok_or(Rule::ColonMissing)?;
            let known = match name.place() {
                Some(place) => place.known().map_or(OTHER, |known| {
                    present |= known.bit();
                    known as u8
                }),
                None => {
                    if !name.is_plain() {
                        self.alike |= of_unknown(spelled)?;
                    }
                    if alike::is_of_family(spelled) {
                        present |= FAMILY;
                    }
                    OTHER
                }
            };
            let line = match Line::usual(line) {
                Some(line) => line,
                None => Line::of(line, ends).ok_or(Rule::ValueControl)?,
            };
            let name_at = octets.len() - rest.len();
            let colon = name_at + name.len();
            let (value_from, value_to) = line.value;
            list.entries.push(Entry {
                name_at: name_at as u32,
                value_at: (colon + value_from) as u32,
                value_len: (value_to - value_from) as u32,
                name_len: u16::try_from(name.len()).map_err(|_| Rule::HeadTooLarge)?,
                known,
                home: line.home,
            });
            rest = line.rest;
        }
        list.present |= present;
        let end = if rest[0] == b'\r' { 2 } else { 1 };
        Ok(octets.len() - rest.len() + end)
    }
}

/// Whether the next line is the empty one.
#[inline(always)]
fn is_empty(rest: &[u8], ends: Ends) -> bool {
    match rest {
        [b'\r', b'\n', ..] => true,
        [b'\n', ..] => ends == Ends::Checked,
        _ => false,
    }
}

impl<'a> Line<'a> {
    /// A line as nearly all are: one space before the value, nothing after it but CR LF.
    #[inline(always)]
    fn usual(line: &'a [u8]) -> Option<Self> {
        let [b':', b' ', value @ ..] = line else { return None };
        if *value.first()? <= b' ' {
            return None;
        }
        let length = words::control(value);
        match value.get(length.checked_sub(1)?..)? {
            [last, b'\r', b'\n', rest @ ..] if *last != b' ' => {
                Some(Self { value: (2, 2 + length), home: Home::Line, rest })
            }
            _ => None,
        }
    }

    #[cold]
    fn of(line: &'a [u8], ends: Ends) -> Option<Self> {
        let mut from = 1;
        while syntax::is_blank(*line.get(from)?) {
            from += 1;
        }
        let end = words::end_of_value(line, from)?;
        let rest = match line.get(end..)? {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\n', rest @ ..] if ends == Ends::Checked => rest,
            _ => return None,
        };
        let mut to = end;
        while to > from && syntax::is_blank(line[to - 1]) {
            to -= 1;
        }
        Some(Self { value: if from < to { (from, to) } else { (0, 0) }, home: Home::Block, rest })
    }
}

/// What a name that is not known reads like.
#[cold]
fn of_unknown(name: &[u8]) -> Result<u64, Rule> {
    if !syntax::is_token(name) {
        return Err(Rule::NameMalformed);
    }
    Ok(match alike::read_unknown(name) {
        alike::Read::Alike(bit) => bit,
        alike::Read::As(_) | alike::Read::Other => 0,
    })
}
