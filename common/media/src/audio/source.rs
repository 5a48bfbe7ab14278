//! The one source of bytes, shared by the parsers one after the other, and views of it.
//!
//! A parser gets a view: pieces of the source, and bytes put in between, as if they were a file of their own. That is
//! how the tags are kept from those who read audio, and the audio from those who read tags.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use symphonia::core::io::MediaSource;

use super::AudioError;

/// What is asked of the source at once. Seeking within it costs nothing, which matters where a source is far away.
const BLOCK: usize = 64 * 1024;

/// The source, its length, and what went wrong with it.
#[derive(Debug)]
pub(super) struct Shared<S> {
    core: Arc<Mutex<Core<S>>>,
    len: u64,
}

#[derive(Debug)]
struct Core<S> {
    inner: S,
    position: Option<u64>,
    failure: Option<AudioError>,
    deadline: Option<Instant>,
}

impl<S: Read + Seek> Shared<S> {
    /// Finds the source's length.
    ///
    /// # Errors
    /// [`AudioError::Io`] when the source cannot be sought.
    pub(super) fn open(mut source: S, deadline: Option<Instant>) -> Result<Self, AudioError> {
        let len = source.seek(SeekFrom::End(0)).map_err(AudioError::Io)?;
        let core = Core { inner: source, position: None, failure: None, deadline };
        Ok(Self { core: Arc::new(Mutex::new(core)), len })
    }

    /// What went wrong with the source itself, once.
    pub(super) fn failure(&self) -> Option<AudioError> {
        lock(&self.core).failure.take()
    }

    /// All of it.
    pub(super) fn whole(&self) -> View<S> {
        self.view(vec![Piece::Source(0..self.len)])
    }

    /// Pieces one after the other.
    pub(super) fn view(&self, pieces: Vec<Piece>) -> View<S> {
        let mut parts = Vec::with_capacity(pieces.len());
        let mut len = 0;
        for piece in pieces {
            let piece = piece.within(self.len);
            let start = len;
            len += piece.len();
            parts.push((start, piece));
        }
        let core = Arc::clone(&self.core);
        View { core, parts, len, position: 0, block: Vec::new(), block_start: 0, budget: u64::MAX }
    }
}

/// A parser that panicked while it read leaves the source usable: each read seeks first when it must.
fn lock<S>(core: &Mutex<Core<S>>) -> MutexGuard<'_, Core<S>> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Read + Seek> Core<S> {
    /// Fills `buffer` from `start`, less only at the source's end.
    fn fill(&mut self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() || self.is_late() {
            return Err(io::Error::other("no more is read"));
        }
        let filled = self.fill_inner(start, buffer);
        filled.map_err(|error| {
            self.position = None;
            let told = io::Error::new(error.kind(), error.to_string());
            self.failure = Some(AudioError::Io(error));
            told
        })
    }

    fn is_late(&mut self) -> bool {
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late {
            self.failure = Some(AudioError::too_slow());
        }
        is_late
    }

    fn fill_inner(&mut self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position != Some(start) {
            self.inner.seek(SeekFrom::Start(start))?;
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.inner.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position = Some(start + filled as u64);
        Ok(filled)
    }
}

/// A part of a [`View`].
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Bytes of the source.
    Source(Range<u64>),
    /// Bytes that are not in the source.
    Bytes(Vec<u8>),
}

impl Piece {
    fn within(self, len: u64) -> Self {
        match self {
            Self::Source(range) => {
                Self::Source(range.start.min(len)..range.end.clamp(range.start.min(len), len))
            }
            bytes => bytes,
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Source(range) => range.end - range.start,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// Pieces of the source as one file.
#[derive(Debug)]
pub(super) struct View<S> {
    core: Arc<Mutex<Core<S>>>,
    parts: Vec<(u64, Piece)>,
    len: u64,
    position: u64,
    block: Vec<u8>,
    block_start: u64,
    budget: u64,
}

impl<S: Read + Seek> View<S> {
    /// The view, of which no more than `bytes` can be read in all. Whoever keeps what it reads then keeps no more.
    pub(super) fn with_budget(mut self, bytes: u64) -> Self {
        self.budget = bytes;
        self
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Up to `N` bytes at `position`, as many as there are.
    pub(super) fn peek<const N: usize>(&mut self, position: u64) -> io::Result<([u8; N], usize)> {
        let mut bytes = [0; N];
        self.position = position;
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok((bytes, filled))
    }

    /// The bytes from `position` to the end of the block that holds it, at least one unless the view ends there.
    fn block_at(&mut self, position: u64) -> io::Result<&[u8]> {
        let is_held = |start: u64, len: usize| position >= start && position < start + len as u64;
        if !is_held(self.block_start, self.block.len()) {
            self.load(position)?;
        }
        let offset = usize::try_from(position.saturating_sub(self.block_start)).unwrap_or(usize::MAX);
        Ok(self.block.get(offset..).unwrap_or_default())
    }

    fn load(&mut self, position: u64) -> io::Result<()> {
        self.block.clear();
        self.block_start = position;
        let Some((start, piece)) =
            self.parts.iter().find(|(start, piece)| (*start..start + piece.len()).contains(&position))
        else {
            return Ok(());
        };
        match piece {
            Piece::Bytes(bytes) => {
                self.block_start = *start;
                self.block.extend_from_slice(bytes);
            }
            Piece::Source(range) => {
                let from = range.start + (position - start);
                let size = usize::try_from(range.end - from).unwrap_or(usize::MAX).min(BLOCK);
                self.block.resize(size, 0);
                let filled = lock(&self.core).fill(from, &mut self.block);
                self.block.truncate(*filled.as_ref().unwrap_or(&0));
                filled?;
            }
        }
        Ok(())
    }
}

impl<S: Read + Seek> Read for View<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        if wanted > 0 && self.budget == 0 {
            return Err(io::Error::other("more is read than is allowed"));
        }
        let allowed = usize::try_from(wanted.min(self.budget)).unwrap_or(usize::MAX);
        let held = self.block_at(self.position)?;
        let read = held.len().min(allowed);
        if let (Some(to), Some(from)) = (buffer.get_mut(..read), held.get(..read)) {
            to.copy_from_slice(from);
        }
        self.position += read as u64;
        self.budget -= read as u64;
        Ok(read)
    }
}

impl<S> Seek for View<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        // Files end well before: a position near the end of the numbers would overflow in sums.
        let position = position.filter(|position| *position <= u64::MAX / 4);
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for View<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
