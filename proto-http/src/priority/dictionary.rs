//! Dictionaries of structured fields, read to the end or not at all.
//!
//! Source:  RFC 9651 §4.2.

/// The value of a member, as far as anybody wants to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    Boolean(bool),
    Other,
}

/// It is no dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

type Result<T> = std::result::Result<T, Malformed>;

/// Digits of an integer, and of the two sides of a decimal (§4.2.4).
const INTEGER_DIGITS: usize = 15;
const WHOLE_DIGITS: usize = 12;
const FRACTION_DIGITS: usize = 3;

/// Gives each member in turn; of members with the same key the last one counts, and so they are all given.
pub(super) fn read(octets: &[u8], mut member: impl FnMut(&[u8], Value)) -> Result<()> {
    let mut input = Input(octets);
    input.skip(b" ");
    while !input.0.is_empty() {
        let key = input.key()?;
        let value = if input.eat(b'=') { input.member()? } else { Value::Boolean(true) };
        input.parameters()?;
        member(key, value);
        input.skip(b" \t");
        if input.0.is_empty() {
            break;
        }
        input.expect(b',')?;
        input.skip(b" \t");
        if input.0.is_empty() {
            return Err(Malformed);
        }
    }
    Ok(())
}

/// What is still to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn eat(&mut self, octet: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == octet => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, octet: u8) -> Result<()> {
        if self.eat(octet) { Ok(()) } else { Err(Malformed) }
    }

    fn skip(&mut self, blanks: &[u8]) {
        self.take(|octet| blanks.contains(&octet));
    }

    fn next(&mut self) -> Result<u8> {
        let (first, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    /// As many as fit.
    fn take(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|octet| !fits(*octet)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn key(&mut self) -> Result<&'a [u8]> {
        match self.0.first() {
            Some(b'a'..=b'z' | b'*') => {
                Ok(self.take(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*')))
            }
            _ => Err(Malformed),
        }
    }

    /// A value of a dictionary, without its parameters.
    fn member(&mut self) -> Result<Value> {
        if self.eat(b'(') {
            self.rest_of_list()?;
            return Ok(Value::Other);
        }
        self.bare()
    }

    fn rest_of_list(&mut self) -> Result<()> {
        loop {
            self.skip(b" ");
            if self.eat(b')') {
                return Ok(());
            }
            self.bare()?;
            self.parameters()?;
            if !matches!(self.0.first(), Some(b' ' | b')')) {
                return Err(Malformed);
            }
        }
    }

    fn parameters(&mut self) -> Result<()> {
        while self.eat(b';') {
            self.skip(b" ");
            self.key()?;
            if self.eat(b'=') {
                self.bare()?;
            }
        }
        Ok(())
    }

    fn bare(&mut self) -> Result<Value> {
        match self.0.first() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'*') => self.token(),
            _ => match self.next()? {
                b'"' => self.string(),
                b':' => self.octets(),
                b'?' => self.boolean(),
                b'@' => self.date(),
                b'%' => self.displayed(),
                _ => Err(Malformed),
            },
        }
    }

    fn number(&mut self) -> Result<Value> {
        let is_negative = self.eat(b'-');
        let whole = self.take(|octet| octet.is_ascii_digit());
        if self.eat(b'.') {
            let fraction = self.take(|octet| octet.is_ascii_digit());
            let is_good = (1..=WHOLE_DIGITS).contains(&whole.len()) && (1..=FRACTION_DIGITS).contains(&fraction.len());
            return if is_good { Ok(Value::Other) } else { Err(Malformed) };
        }
        if !(1..=INTEGER_DIGITS).contains(&whole.len()) {
            return Err(Malformed);
        }
        let value = whole.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Ok(Value::Integer(if is_negative { -value } else { value }))
    }

    fn token(&mut self) -> Result<Value> {
        self.take(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&octet));
        Ok(Value::Other)
    }

    fn string(&mut self) -> Result<Value> {
        loop {
            match self.next()? {
                b'"' => return Ok(Value::Other),
                b'\\' if matches!(self.next()?, b'"' | b'\\') => {}
                b'\\' => return Err(Malformed),
                b' '..=b'~' => {}
                _ => return Err(Malformed),
            }
        }
    }

    fn octets(&mut self) -> Result<Value> {
        self.take(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet));
        self.expect(b':')?;
        Ok(Value::Other)
    }

    fn boolean(&mut self) -> Result<Value> {
        match self.next()? {
            b'0' => Ok(Value::Boolean(false)),
            b'1' => Ok(Value::Boolean(true)),
            _ => Err(Malformed),
        }
    }

    fn date(&mut self) -> Result<Value> {
        match self.number()? {
            Value::Integer(_) => Ok(Value::Other),
            _ => Err(Malformed),
        }
    }

    fn displayed(&mut self) -> Result<Value> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' if std::str::from_utf8(&text).is_ok() => return Ok(Value::Other),
                b'"' => return Err(Malformed),
                b'%' => text.push(nibble(self.next()?)? << 4 | nibble(self.next()?)?),
                octet @ b' '..=b'~' => text.push(octet),
                _ => return Err(Malformed),
            }
        }
    }
}

fn nibble(digit: u8) -> Result<u8> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(Malformed),
    }
}
