//! XSPF, version 1.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::writer::Writer;

use super::{Detail, Entry, FormatError, Listing, Located, clean};

const NAMESPACE: &str = "http://xspf.org/ns/0/";
/// XSPF's own elements nest four deep; extensions may go deeper, but not without end.
const MAX_DEPTH: usize = 32;
/// Longer texts are cut; no field of ours is as long.
const MAX_TEXT: usize = 16 * 1024;

pub(super) fn write(listing: &Listing, detail: Detail) -> String {
    let mut writer = Writer::new(Vec::new());
    // Writing to memory does not fail.
    let _ = write_listing(&mut writer, listing, detail);
    String::from_utf8(writer.into_inner()).unwrap_or_default()
}

fn write_listing(
    writer: &mut Writer<Vec<u8>>,
    listing: &Listing,
    detail: Detail,
) -> Result<(), std::io::Error> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = BytesStart::new("playlist").with_attributes([("version", "1"), ("xmlns", NAMESPACE)]);
    writer.write_event(Event::Start(root))?;
    write_text(writer, "title", listing.title.as_deref())?;
    write_text(writer, "annotation", listing.description.as_deref())?;
    writer.write_event(Event::Start(BytesStart::new("trackList")))?;
    for entry in &listing.entries {
        let entry = entry.at(detail);
        writer.write_event(Event::Start(BytesStart::new("track")))?;
        write_text(writer, "identifier", entry.urn().as_deref())?;
        write_text(writer, "title", entry.title.as_deref())?;
        write_text(writer, "creator", entry.artist.as_deref())?;
        write_text(writer, "album", entry.album.as_deref())?;
        write_text(writer, "duration", entry.duration_ms.map(|ms| ms.to_string()).as_deref())?;
        writer.write_event(Event::End(BytesEnd::new("track")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("trackList")))?;
    writer.write_event(Event::End(BytesEnd::new("playlist")))
}

fn write_text(writer: &mut Writer<Vec<u8>>, element: &str, text: Option<&str>) -> Result<(), std::io::Error> {
    let Some(text) = text.and_then(clean) else { return Ok(()) };
    writer.write_event(Event::Start(BytesStart::new(element)))?;
    writer.write_event(Event::Text(BytesText::new(&text)))?;
    writer.write_event(Event::End(BytesEnd::new(element)))
}

pub(super) fn read(text: &str, max_entries: usize) -> Result<Located, FormatError> {
    let mut parser = Parser { max_entries, ..Parser::default() };
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        let event = reader.read_event().map_err(|error| not_xml(&error))?;
        match event {
            Event::Eof => break,
            // Entities and external files come in through a DTD; XSPF has none.
            Event::DocType(_) => return Err(FormatError::malformed("the file must not hold a DTD")),
            Event::Start(element) => parser.open(element.local_name().as_ref())?,
            Event::End(_) => parser.close()?,
            Event::Text(text) => parser.text(&text.decode().map_err(|error| not_xml(&error))?),
            Event::CData(text) => parser.text(&text.decode().map_err(|error| not_xml(&error))?),
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| not_xml(&error))?;
                let text = quick_xml::escape::unescape(&format!("&{name};"))
                    .map_err(|_| FormatError::malformed("the file names an unknown entity"))?
                    .into_owned();
                parser.text(&text);
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
        }
    }
    parser.finish()
}

fn not_xml(error: &impl std::fmt::Display) -> FormatError {
    FormatError::malformed(format!("the file is not XML: {error}"))
}

#[derive(Debug, Default)]
struct Parser {
    path: Vec<Vec<u8>>,
    text: String,
    located: Located,
    entry: Entry,
    locations: Vec<String>,
    has_root: bool,
    max_entries: usize,
}

impl Parser {
    fn open(&mut self, element: &[u8]) -> Result<(), FormatError> {
        if self.path.is_empty() && (element != b"playlist" || self.has_root) {
            return Err(FormatError::malformed("the file is not XSPF: its root must be one <playlist>"));
        }
        if self.path.len() == MAX_DEPTH {
            return Err(FormatError::malformed("the file's elements are nested too deeply"));
        }
        self.has_root = true;
        self.path.push(element.to_vec());
        self.text.clear();
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let room = MAX_TEXT.saturating_sub(self.text.len());
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
    }

    fn close(&mut self) -> Result<(), FormatError> {
        let text = std::mem::take(&mut self.text);
        let path: Vec<&[u8]> = self.path.iter().map(Vec::as_slice).collect();
        match path[..] {
            [_, b"title"] => self.located.listing.title = clean(&text),
            [_, b"annotation"] => self.located.listing.description = clean(&text),
            [_, b"trackList", b"track"] => {
                let entry = std::mem::take(&mut self.entry);
                let locations = std::mem::take(&mut self.locations);
                self.located.push(entry, locations, self.max_entries)?;
            }
            [_, b"trackList", b"track", field] => match field {
                b"identifier" => self.entry.note_urn(&text),
                b"location" => {
                    self.entry.note_urn(&text);
                    self.locations.extend(clean(&text));
                }
                b"title" => self.entry.title = clean(&text),
                b"creator" => self.entry.artist = clean(&text),
                b"album" => self.entry.album = clean(&text),
                b"duration" => self.entry.duration_ms = text.trim().parse().ok(),
                _ => {}
            },
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    fn finish(self) -> Result<Located, FormatError> {
        if !self.has_root || !self.path.is_empty() {
            return Err(FormatError::malformed("the file is not XSPF: it ends before its playlist does"));
        }
        Ok(self.located)
    }
}
