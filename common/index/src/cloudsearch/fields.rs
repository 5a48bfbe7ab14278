//! What a CloudSearch domain must be configured with. This is the only list of it: the domain is set up from it, and
//! documents and queries name these fields.

/// The analysis scheme of all texts. It only splits at spaces: the words are folded before they are uploaded, and a
/// query goes the same way.
pub const SCHEME: &str = "mixtape_words";
/// The suggester on [`NAME`]. Our own suggestions are a search, which knows a document as soon as it is uploaded and
/// forgives more; a suggester knows it after the next rebuild.
pub const SUGGESTER: &str = "mixtape_names";

/// `track`, `artist` or `album`.
pub(super) const KIND: &str = "kind";
/// The words of a track's or an album's title, or of an artist's name.
pub(super) const TITLE: &str = "title_words";
/// The words of the artists.
pub(super) const ARTIST: &str = "artist_words";
/// The words of a track's album, and of the title of an album.
pub(super) const ALBUM: &str = "album_words";
/// The words of the genres.
pub(super) const GENRE_WORDS: &str = "genre_words";
/// The genres as they are written.
pub(super) const GENRE: &str = "genre";
pub(super) const YEAR: &str = "year";
pub const POPULARITY: &str = "popularity";
/// Everything with which words start, since CloudSearch forgives typing errors in whole words only.
pub(super) const BEGINNINGS: &str = "beginnings";
/// Everything with which the name starts, as one word each.
pub(super) const STARTS: &str = "starts";
/// The name as a whole, as one word.
pub(super) const WHOLE: &str = "whole_name";
/// The title or name as it is written.
pub const NAME: &str = "name";
/// The whole document, by which results are ranked.
pub(super) const SOURCE: &str = "source";

/// A field of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexField {
    /// 3 to 64 small letters, digits and underscores.
    pub name: &'static str,
    pub kind: FieldKind,
    /// Whether answers can hold it.
    pub is_returned: bool,
}

/// What a field holds and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text that is looked for as a whole.
    Literal,
    /// Several of them, by which results are counted.
    Literals,
    /// A number by which results are filtered, sorted and counted.
    Number,
    /// Words that are looked for one by one, with the analysis scheme [`SCHEME`].
    Words,
}

/// All fields of a domain.
pub fn fields() -> Vec<IndexField> {
    let field = |name, kind| IndexField { name, kind, is_returned: false };
    vec![
        field(KIND, FieldKind::Literal),
        field(TITLE, FieldKind::Words),
        field(ARTIST, FieldKind::Words),
        field(ALBUM, FieldKind::Words),
        field(GENRE_WORDS, FieldKind::Words),
        field(GENRE, FieldKind::Literals),
        field(YEAR, FieldKind::Number),
        field(POPULARITY, FieldKind::Number),
        field(BEGINNINGS, FieldKind::Words),
        field(STARTS, FieldKind::Words),
        field(WHOLE, FieldKind::Words),
        IndexField { is_returned: true, ..field(NAME, FieldKind::Words) },
        // A literal holds at most 4096 characters; a text is only bounded by its document.
        IndexField { is_returned: true, ..field(SOURCE, FieldKind::Words) },
    ]
}
