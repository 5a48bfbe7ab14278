//! The tags that lofty reads: Vorbis comments, MP4 items, APE, ID3v1, the texts of RIFF and AIFF.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lofty::config::{GlobalOptions, ParseOptions, ParsingMode, apply_global_options};
use lofty::file::{FileType, TaggedFileExt};
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{Tag, TagType};

use super::super::sniff::{Container, Found};
use super::super::source::{Shared, View};
use super::Source;

/// How much is read for the tags of one file. Whatever it claims, no more than this is kept.
const MAX_READ: u64 = 24 << 20;
/// The largest single item: a Vorbis comment that holds a picture of 10 MB in base64, or a block of MP4 items.
const MAX_ITEM: usize = 16 << 20;
/// More texts than anybody writes.
const MAX_TEXTS: usize = 5000;

/// What can be read, the most trusted first.
pub(super) fn read<S>(shared: &Shared<S>, found: &Found) -> Vec<Source>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let view = || shared.view(found.tags.clone()).with_budget(MAX_READ);
    let tags = parse(view(), found.container, true)
        // Pictures beyond all measure cost the pictures, and not the texts.
        .or_else(|| parse(view(), found.container, false))
        .unwrap_or_default();
    let mut tags: Vec<Tag> = tags;
    tags.sort_by_key(|tag| tag.tag_type() == TagType::Id3v1);
    tags.iter().map(source).collect()
}

fn parse<S>(mut view: View<S>, container: Container, with_pictures: bool) -> Option<Vec<Tag>>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let options = ParseOptions::new()
        // Would read a file to its end to calculate what is measured elsewhere.
        .read_properties(false)
        .read_cover_art(with_pictures)
        .parsing_mode(ParsingMode::Relaxed);
    let kind = file_type(&mut view, container)?;
    // Of this thread: each parse sets it for itself.
    apply_global_options(
        GlobalOptions::new()
            .allocation_limit(MAX_ITEM)
            .use_custom_resolvers(false)
            .preserve_format_specific_items(false),
    );
    // Lofty asserts what it expects of the sizes of MP4 atoms, and a file need not be so: such tags are none.
    let parsed = catch_unwind(AssertUnwindSafe(|| Probe::with_file_type(view, kind).options(options).read()));
    Some(parsed.ok()?.ok()?.tags().to_vec())
}

fn file_type<S: Read + Seek>(view: &mut View<S>, container: Container) -> Option<FileType> {
    Some(match container {
        Container::Mpeg => FileType::Mpeg,
        Container::Flac => FileType::Flac,
        Container::Wav => FileType::Wav,
        Container::Aiff => FileType::Aiff,
        Container::Mp4 => FileType::Mp4,
        Container::Ogg => {
            let (page, _) = view.peek::<36>(0).ok()?;
            view.rewind().ok()?;
            if page.ends_with(b"OpusHead") { FileType::Opus } else { FileType::Vorbis }
        }
    })
}

fn source(tag: &Tag) -> Source {
    let mut source = Source::default();
    for item in tag.items().take(MAX_TEXTS) {
        if let Some(text) = item.value().text() {
            source.push(item.key(), text);
        }
    }
    for picture in tag.pictures() {
        source.picture(picture.pic_type() == PictureType::CoverFront, picture.data());
    }
    source
}
