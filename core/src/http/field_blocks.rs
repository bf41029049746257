//! Field blocks of HTTP/2 as they pass: whether one holds pseudo-header fields (RFC 9113 §8.3), which the `h2` crate drops where it does not look for them.
//!
//! **What it is.** A follower of the peer's table (RFC 7541): it knows of each entry how large it is and what kind of name it has, which is all
//! that is needed to tell which kinds a block holds. Octets may be cut anywhere.
//!
//! **What it is not.** A decoder: it keeps no octet of a field, and judges nothing that the crate judges. A block that it cannot read ends it; the
//! crate ends the connection for the same reason.
//!
//! Cost:    one step for each field of a steady connection, whose fields stand in the table; each octet of what is added to the table.

mod bad_fields;
mod huffman;
mod table;

pub(super) use bad_fields::BadFields;

use self::huffman::Symbols;
use self::table::Table;

const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// What a name, or a field, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    /// A pseudo-header field other than `:status`.
    Pseudo,
    /// `:status`, of a final response if the value is known.
    Status,
    /// `:status` of an informational response.
    Interim,
}

/// A block that was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) stream: u32,
    /// Nothing follows it on its stream.
    pub(super) is_last: bool,
    /// It holds a pseudo-header field.
    pub(super) has_pseudo: bool,
    /// It is the head of an informational response.
    pub(super) is_interim: bool,
    /// It holds a pseudo-header field other than `:status`.
    pub(super) is_of_request: bool,
}

/// The blocks of one direction of a connection.
#[derive(Debug)]
pub(super) struct FieldBlocks {
    table: Table,
    at: At,
    block: Block,
    /// Octets of the frame before the fragment of the block, the fragment's own, and those after it.
    before: Before,
    fragment: u32,
    ends: bool,
    is_broken: bool,
}

/// What stands before the fragment in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Before {
    padding: bool,
    skip: u8,
}

/// Where in a block.
#[derive(Clone, Copy, Debug)]
enum At {
    /// Before an instruction.
    Start,
    /// In an integer that did not fit into its prefix.
    Integer { of: Of, value: u32, shift: u8 },
    /// Before the length of a string.
    Length(Part, Literal),
    /// In a string.
    Text { part: Part, literal: Literal, left: u32, seen: u8, symbols: Option<Symbols> },
}

/// What an integer says.
#[derive(Clone, Copy, Debug)]
enum Of {
    Field,
    Name { remembered: bool },
    TableSize,
    Length(Part, Literal, Coding),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Huffman,
}

/// A field that is spelled out.
#[derive(Clone, Copy, Debug)]
struct Literal {
    remembered: bool,
    kind: Kind,
    /// Octets of its name.
    name: u32,
    /// Octets of its value.
    value: u32,
}

/// `:status`, as it is spelled and as it is coded.
const STATUS: &[u8] = b":status";
const STATUS_CODED: &[u8] = &[0xb8, 0x84, 0x8d, 0x36, 0xa3];

impl FieldBlocks {
    pub(super) const fn new() -> Self {
        Self {
            table: Table::new(),
            at: At::Start,
            block: Block { stream: 0, is_last: false, has_pseudo: false, is_interim: false, is_of_request: false },
            before: Before { padding: false, skip: 0 },
            fragment: 0,
            ends: false,
            is_broken: false,
        }
    }

    /// A frame begins that has this header; gives the block that ends with it, if nothing of it is to come.
    pub(super) fn frame(&mut self, kind: u8, flags: u8, stream: u32, octets: u32) -> Option<Block> {
        self.fragment = 0;
        if self.is_broken || !matches!(kind, HEADERS | CONTINUATION | PUSH_PROMISE) {
            return None;
        }
        self.before = Before { padding: false, skip: 0 };
        if kind == PUSH_PROMISE {
            // Nobody may push here.
            self.is_broken = true;
            return None;
        }
        if kind == HEADERS {
            self.block = Block {
                stream,
                is_last: flags & END_STREAM != 0,
                has_pseudo: false,
                is_interim: false,
                is_of_request: false,
            };
            self.at = At::Start;
            let skip = if flags & PRIORITY == 0 { 0 } else { 5 };
            self.before = Before { padding: flags & PADDED != 0, skip };
            if octets < u32::from(skip) + u32::from(self.before.padding) {
                self.is_broken = true;
                return None;
            }
        }
        self.fragment = octets;
        self.ends = flags & END_HEADERS != 0;
        self.ended()
    }

    /// Octets of the frame's payload; gives the block that ends with them.
    pub(super) fn payload(&mut self, mut octets: &[u8]) -> Option<Block> {
        if self.is_broken || self.fragment == 0 {
            return None;
        }
        while let [octet, rest @ ..] = octets
            && (self.before.padding || self.before.skip > 0)
        {
            octets = rest;
            self.fragment = self.fragment.saturating_sub(1);
            if self.before.padding {
                self.before.padding = false;
                let left = self.fragment.checked_sub(u32::from(*octet));
                let Some(left) = left.filter(|left| *left >= u32::from(self.before.skip)) else {
                    self.is_broken = true;
                    return None;
                };
                self.fragment = left;
            } else {
                self.before.skip -= 1;
            }
        }
        let n = octets.len().min(self.fragment as usize);
        self.fragment -= n as u32;
        if self.read(&octets[..n]).is_none() {
            self.is_broken = true;
            return None;
        }
        self.ended()
    }

    fn ended(&mut self) -> Option<Block> {
        let is_over = self.fragment == 0 && self.ends && !self.before.padding && self.before.skip == 0;
        // Whatever of the frame is padding is not looked at.
        is_over.then(|| {
            self.is_broken |= !matches!(self.at, At::Start);
            self.ends = false;
            self.block
        })
    }

    fn read(&mut self, mut octets: &[u8]) -> Option<()> {
        while let [octet, rest @ ..] = octets {
            match self.at {
                At::Text { part, literal, left, seen, symbols } => {
                    let n = octets.len().min(left as usize);
                    self.text(part, literal, left, seen, symbols, &octets[..n])?;
                    octets = &octets[n..];
                    continue;
                }
                At::Start => self.start(*octet)?,
                At::Length(part, literal) => {
                    let coding = if octet & 0x80 == 0 { Coding::Plain } else { Coding::Huffman };
                    self.integer(Of::Length(part, literal, coding), octet & 0x7f, 7)?;
                }
                At::Integer { of, value, shift } => {
                    // Nothing here is as large as this.
                    let value = if shift <= 21 { value + (u32::from(octet & 0x7f) << shift) } else { return None };
                    if octet & 0x80 == 0 {
                        self.known(of, value)?;
                    } else {
                        self.at = At::Integer { of, value, shift: shift + 7 };
                    }
                }
            }
            octets = rest;
        }
        Some(())
    }

    /// The first octet of an instruction (RFC 7541 §6).
    fn start(&mut self, octet: u8) -> Option<()> {
        match octet {
            0x80.. => self.integer(Of::Field, octet & 0x7f, 7),
            0x40.. => self.integer(Of::Name { remembered: true }, octet & 0x3f, 6),
            0x20.. => self.integer(Of::TableSize, octet & 0x1f, 5),
            _ => self.integer(Of::Name { remembered: false }, octet & 0x0f, 4),
        }
    }

    fn integer(&mut self, of: Of, prefix: u8, bits: u8) -> Option<()> {
        if prefix < (1 << bits) - 1 {
            return self.known(of, u32::from(prefix));
        }
        self.at = At::Integer { of, value: u32::from(prefix), shift: 0 };
        Some(())
    }

    /// An integer was read.
    fn known(&mut self, of: Of, value: u32) -> Option<()> {
        self.at = At::Start;
        match of {
            Of::Field => {
                let (kind, _) = self.table.get(value)?;
                self.note(kind);
            }
            Of::Name { remembered } if value == 0 => {
                self.at = At::Length(Part::Name, Literal { remembered, kind: Kind::Regular, name: 0, value: 0 });
            }
            Of::Name { remembered } => {
                let (kind, name) = self.table.get(value)?;
                // Of an entry the name alone is taken.
                let kind = if kind == Kind::Interim { Kind::Status } else { kind };
                self.at = At::Length(Part::Value, Literal { remembered, kind, name, value: 0 });
            }
            Of::TableSize => self.table.resize(value),
            Of::Length(part, literal, coding) => {
                let symbols = (coding == Coding::Huffman).then(Symbols::new);
                self.text(part, literal, value, 0, symbols, &[])?;
            }
        }
        Some(())
    }

    /// Octets of a string of which so many are left and so many (up to some) were seen.
    fn text(
        &mut self,
        part: Part,
        mut literal: Literal,
        left: u32,
        mut seen: u8,
        mut symbols: Option<Symbols>,
        octets: &[u8],
    ) -> Option<()> {
        let first = if seen == 0 { octets.first() } else { None };
        if let Some(first) = first {
            literal.kind = kind_of(part, literal.kind, *first, symbols.is_some());
        }
        if part == Part::Name && matches!(literal.kind, Kind::Pseudo | Kind::Status) {
            let (is_so_far, now) = spells_status(seen, octets, symbols.is_some());
            (literal.kind, seen) = (if is_so_far { Kind::Status } else { Kind::Pseudo }, now);
        } else {
            seen = seen.max(u8::from(!octets.is_empty()));
        }
        let n = octets.len() as u32;
        let length = match &mut symbols {
            Some(symbols) if literal.remembered => symbols.count(octets),
            _ => n,
        };
        match part {
            Part::Name => literal.name += length,
            Part::Value => literal.value += length,
        }
        let left = left - n;
        if left > 0 {
            self.at = At::Text { part, literal, left, seen, symbols };
            return Some(());
        }
        match part {
            Part::Name => {
                let whole = if symbols.is_some() { STATUS_CODED } else { STATUS };
                if literal.kind == Kind::Status && usize::from(seen) != whole.len() {
                    literal.kind = Kind::Pseudo;
                }
                self.at = At::Length(Part::Value, literal);
            }
            Part::Value => {
                self.at = At::Start;
                self.note(literal.kind);
                if literal.remembered {
                    self.table.insert(literal.kind, literal.name, literal.value);
                }
            }
        }
        Some(())
    }

    fn note(&mut self, kind: Kind) {
        self.block.has_pseudo |= kind != Kind::Regular;
        self.block.is_interim |= kind == Kind::Interim;
        self.block.is_of_request |= kind == Kind::Pseudo;
    }
}

/// What the first octet of a string says: of a name, whether it is that of a pseudo-header field; of a status, its class.
fn kind_of(part: Part, kind: Kind, first: u8, is_coded: bool) -> Kind {
    let is_colon = if is_coded { first >> 1 == 0x5c } else { first == b':' };
    let is_one = if is_coded { first >> 3 == 1 } else { first == b'1' };
    match (part, kind) {
        (Part::Name, _) if is_colon => Kind::Pseudo,
        (Part::Name, _) => Kind::Regular,
        (Part::Value, Kind::Status) if is_one => Kind::Interim,
        (Part::Value, kind) => kind,
    }
}

/// Whether what was seen of a name spells `:status`, and how much that is then.
fn spells_status(seen: u8, octets: &[u8], is_coded: bool) -> (bool, u8) {
    const NEVER: u8 = u8::MAX;
    let whole = if is_coded { STATUS_CODED } else { STATUS };
    let is_so_far = whole.get(usize::from(seen)..).is_some_and(|rest| rest.starts_with(octets));
    if is_so_far { (true, seen + octets.len() as u8) } else { (false, NEVER) }
}

#[cfg(test)]
mod tests;
