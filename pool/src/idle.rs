//! The one thing the pool asks of a connection.

/// A connection that can rest.
pub trait Idle {
    /// Is it still fit to be used again?
    ///
    /// Asked before it rests, before it is given out, and at each sweep. For a stream this is one read that does not
    /// wait: nothing to read is [`Health::Fresh`], the end is [`Health::Closed`], octets are [`Health::Spoke`].
    ///
    /// Cost:    must neither block nor call the pool: a sweep asks under the lock of a shard.
    fn check(&mut self) -> Health;
}

/// What became of a connection while nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Open, and silent as it should be.
    Fresh,
    /// The peer closed or reset it.
    Closed,
    /// The peer sent something that nobody asked for. Were it used again, that would be read as the answer to
    /// somebody else's request. (RFC 9112 §9.2)
    Spoke,
}
