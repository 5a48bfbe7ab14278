//! `<batch><add id="…"><field name="…">…</field></add><delete id="…"/></batch>`

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{BatchError, Operation};
use crate::model::Source;

/// The operations of a batch; whether they fit the domain is not looked at.
pub(super) fn operations(text: &str) -> Result<Vec<Operation>, BatchError> {
    read(text).map_err(|cause| BatchError(format!("the batch cannot be read as XML: {cause}")))
}

/// Where in the batch the reader is.
#[derive(Default)]
struct State {
    depth: usize,
    operations: Vec<Operation>,
    /// The field that is open, and its text so far.
    field: Option<(String, String)>,
}

fn read(text: &str) -> Result<Vec<Operation>, String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut state = State::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => state.open(&element)?,
            Event::End(_) => state.close(),
            Event::Text(piece) => {
                let piece = piece.decode().map_err(|error| error.to_string())?;
                state.text(&piece)?;
            }
            Event::CData(piece) => {
                let piece = piece.decode().map_err(|error| error.to_string())?;
                state.text(&piece)?;
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| error.to_string())?;
                let piece = quick_xml::escape::unescape(&format!("&{name};"))
                    .map_err(|error| error.to_string())?
                    .into_owned();
                state.text(&piece)?;
            }
            Event::DocType(_) => return Err("a batch has no document type".to_owned()),
            Event::Eof if state.depth == 0 => return Ok(state.operations),
            Event::Eof => return Err("it ends too early".to_owned()),
            // Empty elements come as a start and an end.
            Event::Empty(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

impl State {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        let name = element.name();
        match (self.depth, name.as_ref()) {
            (0, b"batch") => {}
            (1, b"add") => {
                let id = attribute(element, "id")?;
                self.operations.push(Operation { id, fields: Some(Source::new()) });
            }
            (1, b"delete") => {
                let id = attribute(element, "id")?;
                self.operations.push(Operation { id, fields: None });
            }
            (2, b"field") => self.field = Some((attribute(element, "name")?, String::new())),
            (_, name) => return Err(format!("unexpected element {}", String::from_utf8_lossy(name))),
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let Some((name, text)) = self.field.take() else { return };
        if let Some(Operation { fields: Some(source), .. }) = self.operations.last_mut() {
            source.entry(name).or_default().push(text);
        }
    }

    fn text(&mut self, piece: &str) -> Result<(), String> {
        match &mut self.field {
            Some((_, text)) => text.push_str(piece),
            None if piece.trim().is_empty() => {}
            None => return Err("unexpected text outside of a field".to_owned()),
        }
        Ok(())
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    let attribute = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let attribute = attribute.ok_or_else(|| format!("the attribute {name} is missing"))?;
    let value = attribute.decoded_and_normalized_value(XmlVersion::Implicit1_0, quick_xml::Decoder {});
    value.map(|value| value.into_owned()).map_err(|error| error.to_string())
}
