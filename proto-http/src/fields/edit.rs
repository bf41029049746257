//! Changing a list: each change leaves names and values valid.

use bytes::Bytes;

use super::alike::Read;
use super::list::{Entry, FAMILY, Home, List, OTHER, Wanted};
use super::{AsName, FieldError, Fields, Known, KnownSet, alike, spare};
use crate::syntax;

/// Fields that a list can hold: far above every limit on received heads.
const MOST_FIELDS: usize = 16 << 10;
/// Below this an arena is not worth tidying.
const TIDY: usize = 4 << 10;

impl Fields {
    /// Puts a field at the end.
    ///
    /// # Errors
    /// Name or value is not well-formed; nothing changes.
    pub fn append(&mut self, name: impl AsName, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        let value = syntax::trim(value.as_ref());
        check(&name, value)?;
        let list = self.list_mut();
        if list.entries.len() >= MOST_FIELDS {
            return Err(FieldError::Full);
        }
        let entry = list.store(&name, value)?;
        list.push(entry);
        Ok(())
    }

    /// Gives back what room is left in a list that is too large to be kept for others.
    #[cfg(feature = "h2")]
    pub(crate) fn fit(&mut self) {
        if let Some(list) = &mut self.list
            && list.arena.capacity() > spare::OCTETS
        {
            list.arena.shrink_to_fit();
        }
    }

    /// Puts a field at the end that says what the first one under another name says; gives whether there was one.
    ///
    /// # Errors
    /// The list is full, or `name` is not well-formed.
    pub fn append_same(&mut self, name: impl AsName, as_under: impl AsName) -> Result<bool, FieldError> {
        let list = self.list();
        let Some(at) = list.find(Wanted::new(&as_under)) else { return Ok(false) };
        let entry = list.entries[at];
        check(&name, &[])?;
        let list = self.list_mut();
        if list.entries.len() >= MOST_FIELDS {
            return Err(FieldError::Full);
        }
        let added = list.store_same(&name, &entry)?;
        list.push(added);
        Ok(true)
    }

    /// Replaces the first field of this name in its place and removes the others; puts it at the end if there was none.
    ///
    /// # Errors
    /// Name or value is not well-formed; nothing changes.
    pub fn set(&mut self, name: impl AsName, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        let Some(first) = self.list().find(Wanted::new(&name)) else { return self.append(name, value) };
        let value = syntax::trim(value.as_ref());
        check(&name, value)?;
        let list = self.list_mut();
        let entry = list.store(&name, value)?;
        list.entries[first] = entry;
        list.remove_after(first + 1, Wanted::new(&name));
        Ok(())
    }

    /// Removes all fields of this name; gives how many there were.
    pub fn remove(&mut self, name: impl AsName) -> usize {
        let wanted = Wanted::new(&name);
        if self.list().find(wanted).is_none() {
            return 0;
        }
        let list = self.list_mut();
        if let Wanted::Known(known) = wanted {
            list.present &= !known.bit();
        }
        list.remove_after(0, wanted)
    }

    /// Keeps the fields for which `keep(name, value)` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        let Some(list) = &mut self.list else { return };
        let (block, arena) = (&list.block, &list.arena);
        let mut present = list.present & FAMILY;
        list.entries.retain(|entry| {
            let home = entry.home.of(block, arena);
            let kept = keep(entry.name_in(home), entry.value_in(home));
            if kept && entry.known != OTHER {
                present |= 1 << entry.known;
            }
            kept
        });
        list.present = present;
    }

    /// Gives each value under this name to `change`; what it returns takes the place of the value. `Ok(None)` leaves it.
    ///
    /// # Errors
    /// A new value is not well-formed; the fields before it are changed already.
    pub fn replace_each(
        &mut self,
        name: impl AsName,
        mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<usize, FieldError> {
        let Some(list) = &mut self.list else { return Ok(0) };
        let mut changed = 0;
        for at in 0..list.entries.len() {
            let entry = list.entries[at];
            if !list.is(&entry, Wanted::new(&name)) {
                continue;
            }
            let Some(value) = change(list.value(&entry)) else { continue };
            let value = syntax::trim(&value);
            if !syntax::is_value(value) {
                return Err(FieldError::Value);
            }
            let spelled = list.name(&entry).to_vec();
            list.entries[at] = list.store(&spelled.as_slice(), value)?;
            changed += 1;
        }
        Ok(changed)
    }

    /// Appends all fields of another list.
    ///
    /// # Errors
    /// The list would be too long; some fields were appended.
    pub fn append_all(&mut self, other: &Self) -> Result<(), FieldError> {
        let (list, added) = (self.list_mut(), other.list());
        if added.block.is_empty()
            && list.arena.len() + added.arena.len() <= TIDY
            && list.entries.len() + added.entries.len() <= MOST_FIELDS
        {
            list.append_arena(added);
            return Ok(());
        }
        other.iter().try_for_each(|(name, value)| self.append(name, value))
    }

    /// Removes all.
    pub fn clear(&mut self) {
        if let Some(list) = &mut self.list {
            list.clear();
        }
    }

    /// Removes all fields whose names are among these, in one pass; none if none is there.
    pub fn remove_all(&mut self, names: KnownSet) {
        self.remove_set(names.bits());
    }

    /// Removes the fields whose names begin with `X-Forwarded-`, in any case, and are not [`Known`]; costs a test of one bit if there are none.
    pub fn remove_x_forwarded(&mut self) {
        if self.has_any(FAMILY) {
            self.retain(|name, _| !alike::is_of_family(name) || Known::of(name).is_some());
        }
    }

    /// Removes all fields whose names are in a set.
    pub(crate) fn remove_set(&mut self, set: u64) {
        if !self.has_any(set) {
            return;
        }
        let list = self.list_mut();
        list.entries.retain(|entry| !entry.is_in(set));
        list.present &= !set;
    }

    /// What names of the list read like that they are not: see [`alike`].
    #[cfg(feature = "h2")]
    pub(crate) fn alike(&self) -> u64 {
        let list = self.list();
        let others = list.entries.iter().filter(|entry| entry.known == OTHER);
        others.fold(0, |alike, entry| match Known::read(list.name(entry)) {
            Read::Alike(bit) => alike | bit,
            Read::As(_) | Read::Other => alike,
        })
    }

    /// Removes the fields whose names read like one of a set and are not; gives how many there were.
    pub(crate) fn remove_alike(&mut self, set: u64) -> usize {
        let before = self.len();
        let is_alike = |name: &[u8]| matches!(Known::read(name), Read::Alike(bit) if bit & set != 0);
        self.retain(|name, _| !is_alike(name));
        before - self.len()
    }

    /// Removes the fields which the values of `list` name, or names that read alike, but those in the set `keep`.
    pub(crate) fn remove_named_by(&mut self, name: Known, keep: u64) {
        let Some(list) = &mut self.list else { return };
        let (block, arena) = (&list.block, &list.arena);
        let home_of = |home: Home| home.of(block, arena);
        let mut names = [Span::EMPTY; MOST_NAMED];
        let mut count = 0;
        for entry in list.entries.iter().filter(|entry| entry.known == name as u8) {
            let home = home_of(entry.home);
            for element in syntax::list(entry.value_in(home)).filter(|element| !element.is_empty()) {
                if let Some(slot) = names.get_mut(count) {
                    let at = element.as_ptr() as usize - home.as_ptr() as usize;
                    *slot = Span { at, len: element.len(), home: entry.home };
                    count += 1;
                }
            }
        }
        let mut present = list.present & FAMILY;
        list.entries.retain(|entry| {
            let name = entry.name_in(home_of(entry.home));
            let is_kept = entry.is_in(keep);
            let is_named = names[..count].iter().any(|span| alike::reads_as(span.of(home_of(span.home)), name));
            let stays = is_kept || !is_named;
            if stays && entry.known != OTHER {
                present |= 1 << entry.known;
            }
            stays
        });
        list.present = present;
    }

    /// A list on a received head: `entries` point into `block`.
    pub(crate) fn of_block(block: Bytes, mut draft: Draft) -> Self {
        let mut list = draft.list.take().unwrap_or_else(spare::take);
        list.block = block;
        Self { list: Some(list) }
    }
}

impl List {
    /// Appends a list that was made here, in one piece: its fields were checked when they were added.
    fn append_arena(&mut self, other: &Self) {
        self.make_room(other.arena.len());
        // Neither list is longer than `TIDY`.
        let shift = self.arena.len() as u32;
        self.arena.extend_from_slice(&other.arena);
        self.entries.extend(other.entries.iter().map(|entry| Entry {
            name_at: entry.name_at + shift,
            value_at: entry.value_at + shift,
            ..*entry
        }));
        self.present |= other.present;
    }

    fn remove_after(&mut self, from: usize, wanted: Wanted<'_>) -> usize {
        let before = self.entries.len();
        let mut to = from;
        for at in from..before {
            let entry = self.entries[at];
            if !self.is(&entry, wanted) {
                self.entries[to] = entry;
                to += 1;
            }
        }
        self.entries.truncate(to);
        before - to
    }

    fn push(&mut self, entry: Entry) {
        if entry.known != OTHER {
            self.present |= 1 << entry.known;
        } else if alike::is_of_family(self.name(&entry)) {
            self.present |= FAMILY;
        }
        self.entries.push(entry);
    }

    /// Writes name and value into the arena as they would stand on the wire.
    fn store(&mut self, name: &impl AsName, value: &[u8]) -> Result<Entry, FieldError> {
        let name = Spelled::of(name);
        self.make_room(name.octets.len() + value.len() + 4);
        write_line(&mut self.arena, name, value)
    }

    /// The same with the value of an entry.
    fn store_same(&mut self, name: &impl AsName, of: &Entry) -> Result<Entry, FieldError> {
        if of.home == Home::Arena {
            let value = Bytes::copy_from_slice(self.value(of));
            return self.store(name, &value);
        }
        let name = Spelled::of(name);
        self.make_room(name.octets.len() + of.value_len as usize + 4);
        write_line(&mut self.arena, name, of.value_in(&self.block))
    }

    /// Tidies the arena when it is full of what was replaced or removed.
    #[inline]
    fn make_room(&mut self, length: usize) {
        if self.arena.len() + length > self.arena.capacity() && self.arena.len() >= TIDY {
            self.tidy();
        }
    }

    #[cold]
    fn tidy(&mut self) {
        let in_arena = self.entries.iter().filter(|entry| entry.home == Home::Arena);
        let live: usize = in_arena.map(|entry| usize::from(entry.name_len) + entry.value_len as usize + 4).sum();
        if live > self.arena.len() / 2 {
            return;
        }
        let old = std::mem::replace(&mut self.arena, Vec::with_capacity(TIDY.max(live * 2)));
        for entry in self.entries.iter_mut().filter(|entry| entry.home == Home::Arena) {
            let at = self.arena.len() as u32;
            self.arena.extend_from_slice(entry.name_in(&old));
            self.arena.extend_from_slice(b": ");
            self.arena.extend_from_slice(entry.value_in(&old));
            self.arena.extend_from_slice(b"\r\n");
            entry.name_at = at;
            entry.value_at = at + u32::from(entry.name_len) + 2;
        }
    }
}

/// A name that was checked.
#[derive(Clone, Copy)]
struct Spelled<'a> {
    octets: &'a [u8],
    known: u8,
}

impl<'a> Spelled<'a> {
    fn of(name: &'a impl AsName) -> Self {
        Self { octets: name.as_name(), known: name.known().map_or(OTHER, |known| known as u8) }
    }
}

fn write_line(arena: &mut Vec<u8>, name: Spelled<'_>, value: &[u8]) -> Result<Entry, FieldError> {
    let name_at = arena.len();
    let value_at = name_at + name.octets.len() + 2;
    // All places in it are smaller than this.
    u32::try_from(value_at + value.len() + 2).map_err(|_| FieldError::Full)?;
    let name_len = u16::try_from(name.octets.len()).map_err(|_| FieldError::Full)?;
    arena.reserve(name.octets.len() + value.len() + 4);
    arena.extend_from_slice(name.octets);
    arena.extend_from_slice(b": ");
    arena.extend_from_slice(value);
    arena.extend_from_slice(b"\r\n");
    Ok(Entry {
        name_at: name_at as u32,
        value_at: value_at as u32,
        value_len: value.len() as u32,
        name_len,
        known: name.known,
        home: Home::Arena,
    })
}

fn check(name: &impl AsName, value: &[u8]) -> Result<(), FieldError> {
    if name.known().is_none() && !syntax::is_token(name.as_name()) {
        return Err(FieldError::Name);
    }
    if syntax::is_value(value) { Ok(()) } else { Err(FieldError::Value) }
}

/// Names that one list may nominate at most (see [`crate::hop`], which refuses more).
pub(crate) const MOST_NAMED: usize = 16;

#[derive(Clone, Copy)]
struct Span {
    at: usize,
    len: usize,
    home: Home,
}

impl Span {
    const EMPTY: Self = Self { at: 0, len: 0, home: Home::Block };

    fn of(self, home: &[u8]) -> &[u8] {
        &home[self.at..self.at + self.len]
    }
}

/// The entries of a head that is being read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) list: Option<Box<List>>,
    /// What its names read like that they are not: see [`super::alike`].
    pub(crate) alike: u64,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(list) = self.list.take() {
            spare::give_back(list);
        }
    }
}
