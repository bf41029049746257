//! A field block made by hand.

use super::huffman;

/// A field block, instruction by instruction. Nothing is remembered: what an index means is for the maker to know.
///
/// ```
/// use simplon_testkit::h2::Block;
///
/// // :method GET, then a path by the name of entry 4, then a field that the decoder is to remember.
/// let block = Block::new().indexed(2).named(4, "/a").remembered("x-a", "1");
/// assert_eq!(block.as_ref()[..4], [0x82, 0x04, 0x02, b'/']);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block(Vec<u8>);

impl Block {
    /// An empty block.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The head of a request for a path at `conformance.test`, in literals that are not remembered.
    #[must_use]
    pub fn request(method: &str, path: &str) -> Self {
        Self::new()
            .field(":method", method)
            .field(":scheme", "http")
            .field(":authority", "conformance.test")
            .field(":path", path)
    }

    /// The head of a response.
    #[must_use]
    pub fn response(status: &str) -> Self {
        Self::new().field(":status", status)
    }

    /// A literal that is not remembered, with a new name (§6.2.2).
    #[must_use]
    pub fn field(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.octets([0x00]).string(name).string(value)
    }

    /// A literal that is not remembered, with the name of an entry (§6.2.2).
    #[must_use]
    pub fn named(self, index: u64, value: impl AsRef<[u8]>) -> Self {
        self.integer(0x00, 4, index).string(value)
    }

    /// A literal that is remembered, with a new name (§6.2.1).
    #[must_use]
    pub fn remembered(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.octets([0x40]).string(name).string(value)
    }

    /// A literal that must never be remembered, with a new name (§6.2.3).
    #[must_use]
    pub fn secret(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.octets([0x10]).string(name).string(value)
    }

    /// A literal that is not remembered, in Huffman code.
    #[must_use]
    pub fn huffman(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (huffman::encode(name.as_ref()), huffman::encode(value.as_ref()));
        self.octets([0x00]).coded(&name).coded(&value)
    }

    /// The entry with this index (§6.1). 1 to 61 are static, 62 is the newest dynamic one.
    #[must_use]
    pub fn indexed(self, index: u64) -> Self {
        self.integer(0x80, 7, index)
    }

    /// A dynamic table size update (§6.3).
    #[must_use]
    pub fn table_size(self, octets: u64) -> Self {
        self.integer(0x20, 5, octets)
    }

    /// A string literal as it is (§5.2).
    #[must_use]
    pub fn string(self, octets: impl AsRef<[u8]>) -> Self {
        let octets = octets.as_ref();
        self.integer(0x00, 7, octets.len() as u64).octets(octets)
    }

    /// A string literal said to be in Huffman code (§5.2). The octets are taken as they are.
    #[must_use]
    pub fn coded(self, octets: impl AsRef<[u8]>) -> Self {
        let octets = octets.as_ref();
        self.integer(0x80, 7, octets.len() as u64).octets(octets)
    }

    /// An integer with a prefix of so many bits, above which stands `first` (§5.1).
    #[must_use]
    pub fn integer(mut self, first: u8, prefix: u32, value: u64) -> Self {
        let full = (1_u64 << prefix) - 1;
        if value < full {
            self.0.push(first | value as u8);
            return self;
        }
        self.0.push(first | full as u8);
        let mut rest = value - full;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self
    }

    /// Octets as they are.
    #[must_use]
    pub fn octets(mut self, octets: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(octets.as_ref());
        self
    }

    /// So many times the same instructions.
    #[must_use]
    pub fn repeated(mut self, times: usize, instructions: &Self) -> Self {
        self.0.reserve(times * instructions.0.len());
        for _ in 0..times {
            self.0.extend_from_slice(&instructions.0);
        }
        self
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
