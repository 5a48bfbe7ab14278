//! Tantivy as its examples use it: the default tokenizer, BM25, the query parser with fuzzy fields.

use std::path::Path;
use std::time::Instant;

use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{FAST, Schema, TEXT};
use tantivy::{Index, IndexWriter, TantivyDocument};

use super::questions::Question;
use super::rows::Row;
use super::{Engine, TOP, measure};

pub(super) fn run(rows: &[Row], questions: &[Question], folder: &Path) -> tantivy::Result<Engine> {
    let folder = folder.join("tantivy");
    std::fs::create_dir_all(&folder)?;
    let mut schema = Schema::builder();
    let fields = ["title", "artist", "album"].map(|name| schema.add_text_field(name, TEXT));
    let number = schema.add_u64_field("number", FAST);
    let index = Index::create_in_dir(&folder, schema.build())?;
    let began = Instant::now();
    let mut writer: IndexWriter = index.writer_with_num_threads(2, 400_000_000)?;
    for (at, row) in rows.iter().enumerate() {
        let mut document = TantivyDocument::new();
        let texts = [Some(&row.title), Some(&row.artist), row.album.as_ref()];
        for (field, text) in fields.iter().zip(texts) {
            text.into_iter().for_each(|text| document.add_text(*field, text));
        }
        document.add_u64(number, at as u64);
        writer.add_document(document)?;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let build = began.elapsed();
    let files = std::fs::read_dir(&folder)?.filter_map(|entry| entry.ok()?.metadata().ok());
    let bytes = files.map(|file| file.len()).sum();

    let mut parser = QueryParser::for_index(&index, fields.to_vec());
    parser.set_conjunction_by_default();
    for (field, boost) in fields.iter().zip([3.0, 2.0, 1.0]) {
        parser.set_field_boost(*field, boost);
        parser.set_field_fuzzy(*field, true, 1, true);
    }
    let searcher = index.reader()?.searcher();
    let scores = measure(questions, |question| {
        let (query, _) =
            parser.parse_query_lenient(&question.text.replace(|c: char| !c.is_alphanumeric(), " "));
        let mut found = Vec::new();
        for (_, address) in searcher.search(&query, &TopDocs::with_limit(TOP).order_by_score())? {
            let column = searcher.segment_reader(address.segment_ord).fast_fields().u64("number")?;
            found.extend(column.first(address.doc_id).map(|number| number as usize));
        }
        Ok::<_, tantivy::TantivyError>(found)
    })?;
    Ok(Engine { name: "Tantivy, plain", build, bytes, scores })
}
