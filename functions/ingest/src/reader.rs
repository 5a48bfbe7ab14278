//! Reads an object like a file, by ranges, with a few of them in memory. Blocks the thread that reads.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};

use mixtape_store::{Objects, StoreError};
use tokio::runtime::Handle;

/// The first range, and the one after a jump; what is read in order is read in ever longer ones.
const SHORTEST: u64 = 256 * 1024;
const LONGEST: u64 = 4 * 1024 * 1024;
/// Ranges that are kept: the ends of a file are often looked at between two reads in its middle.
const KEPT: usize = 4;

/// An object of a version.
pub(crate) struct ObjectReader {
    objects: Objects,
    key: String,
    etag: String,
    size: u64,
    position: u64,
    ranges: VecDeque<Range>,
    next_length: u64,
    runtime: Handle,
}

struct Range {
    start: u64,
    bytes: Vec<u8>,
}

impl Range {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ObjectReader {
    pub(crate) fn new(objects: Objects, key: String, etag: String, size: u64) -> Self {
        Self {
            objects,
            key,
            etag,
            size,
            position: 0,
            ranges: VecDeque::new(),
            next_length: SHORTEST,
            runtime: Handle::current(),
        }
    }

    fn fetch(&mut self) -> io::Result<()> {
        let is_next = self.ranges.back().is_some_and(|latest| latest.end() == self.position);
        self.next_length = if is_next { (self.next_length * 2).min(LONGEST) } else { SHORTEST };
        let length = self.next_length.min(self.size - self.position);
        let range = self.objects.get_range(&self.key, Some(&self.etag), self.position, length);
        let bytes = self.runtime.block_on(range).map_err(|error: StoreError| io::Error::other(error))?;
        if bytes.len() as u64 != length {
            return Err(io::Error::other("the object is shorter than it was"));
        }
        if self.ranges.len() == KEPT {
            self.ranges.pop_front();
        }
        self.ranges.push_back(Range { start: self.position, bytes });
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let holds = |range: &Range| (range.start..range.end()).contains(&self.position);
        let place = match self.ranges.iter().rposition(holds) {
            Some(place) => place,
            None => {
                self.fetch()?;
                self.ranges.len() - 1
            }
        };
        let range = &self.ranges[place];
        let from = usize::try_from(self.position - range.start).map_err(io::Error::other)?;
        let available = &range.bytes[from..];
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "before the start of the object");
        self.position = wanted.ok_or_else(outside)?;
        Ok(self.position)
    }
}
