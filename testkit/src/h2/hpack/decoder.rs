//! A decoder that forgives nothing.

use super::huffman;
use super::table::Table;

/// A name and a value. Each char stands for one octet.
pub type Field = (String, String);

/// Decodes the field blocks of one direction of a connection, in their order.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: Table::new(4096), limit: 4096 }
    }
}

impl Decoder {
    /// Sets what SETTINGS_HEADER_TABLE_SIZE allows from the next block on. If the encoder uses more, that block must begin by saying less.
    pub fn limit(&mut self, octets: usize) {
        self.limit = octets;
    }

    /// The fields of one whole block.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn decode(&mut self, block: &[u8]) -> Result<Vec<Field>, &'static str> {
        let mut input = Input(block);
        let mut fields = Vec::new();
        while let Some(first) = input.peek() {
            if first & 0xe0 == 0x20 {
                self.resize(&mut input, fields.is_empty())?;
                continue;
            }
            if self.table.size() > self.limit {
                return Err("the table was to become smaller, and no size update came first (RFC 7541 §4.2)");
            }
            fields.push(self.field(first, &mut input)?);
        }
        Ok(fields)
    }

    fn resize(&mut self, input: &mut Input<'_>, is_first: bool) -> Result<(), &'static str> {
        let size = input.integer(5)?;
        match usize::try_from(size) {
            _ if !is_first => Err("a size update after a field (RFC 7541 §4.2)"),
            Ok(size) if size <= self.limit => {
                self.table.resize(size);
                Ok(())
            }
            _ => Err("a size update above the limit (RFC 7541 §6.3)"),
        }
    }

    fn field(&mut self, first: u8, input: &mut Input<'_>) -> Result<Field, &'static str> {
        if first & 0x80 != 0 {
            let index = input.integer(7)?;
            return self.table.get(index).ok_or(NO_ENTRY);
        }
        let is_remembered = first & 0x40 != 0;
        let index = input.integer(if is_remembered { 6 } else { 4 })?;
        let name = match index {
            0 => input.string()?,
            index => self.table.get(index).ok_or(NO_ENTRY)?.0,
        };
        let field = (name, input.string()?);
        if is_remembered {
            self.table.remember(field.clone());
        }
        Ok(field)
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn octet(&mut self) -> Result<u8, &'static str> {
        let (first, rest) = self.0.split_first().ok_or(CUT)?;
        self.0 = rest;
        Ok(*first)
    }

    fn integer(&mut self, prefix: u32) -> Result<u64, &'static str> {
        let full = (1_u64 << prefix) - 1;
        let first = u64::from(self.octet()?) & full;
        if first < full {
            return Ok(first);
        }
        let mut value = full;
        for shift in (0..35).step_by(7) {
            let octet = self.octet()?;
            value += u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("an integer that is too large (RFC 7541 §5.1)")
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let is_coded = self.peek().ok_or(CUT)? & 0x80 != 0;
        let length = usize::try_from(self.integer(7)?).map_err(|_| CUT)?;
        let (octets, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        let octets = if is_coded { huffman::decode(octets)? } else { octets.to_vec() };
        Ok(octets.into_iter().map(char::from).collect())
    }
}

const CUT: &str = "the block ends within an instruction";
const NO_ENTRY: &str = "an index without an entry (RFC 7541 §2.3.3)";
