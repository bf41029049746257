//! What legs of all versions have in common.

use crate::message::Message;
use crate::wire::Cut;

/// Content that is heard piece by piece.
pub(super) trait Pieces {
    /// The next piece of at most so many octets, as soon as there is one; `None` at the end. Trailers go to the head.
    async fn piece(&mut self, most: usize, head: &mut Message) -> Result<Option<Vec<u8>>, Cut>;

    /// Exactly so many octets.
    async fn exactly(&mut self, octets: usize, head: &mut Message) -> Result<Vec<u8>, Cut> {
        let mut read = Vec::new();
        while read.len() < octets {
            let piece = self.piece(octets - read.len(), head).await?;
            read.extend(piece.ok_or(Cut::Truncated)?);
        }
        Ok(read)
    }

    /// All that is left, into the head.
    async fn rest(&mut self, head: &mut Message) -> Result<(), Cut> {
        while let Some(piece) = self.piece(usize::MAX, head).await? {
            head.body.extend(piece);
        }
        Ok(())
    }
}

/// A cut may be what a behaviour asks for; what is malformed never is.
pub(super) fn strict<T>(outcome: Result<T, Cut>) -> Result<T, Cut> {
    match outcome {
        Err(Cut::Malformed(why)) => panic!("malformed: {why}"),
        outcome => outcome,
    }
}
