//! SQLite's FTS5, as a small server would use it: diacritics removed, ranked by BM25, the last word as a prefix. It
//! knows no typing errors.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, params};

use super::questions::{Class, Question};
use super::rows::Row;
use super::{Engine, TOP, measure};

pub(super) fn run(rows: &[Row], questions: &[Question], folder: &Path) -> rusqlite::Result<Engine> {
    let file = folder.join("fts5.sqlite");
    let mut database = Connection::open(&file)?;
    database.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE VIRTUAL TABLE tracks USING fts5(
             title, artist, album, tokenize = 'unicode61 remove_diacritics 2', content = '', columnsize = 0, prefix = '2 3');",
    )?;
    let began = Instant::now();
    let transaction = database.transaction()?;
    {
        let mut insert =
            transaction.prepare("INSERT INTO tracks(rowid, title, artist, album) VALUES (?, ?, ?, ?)")?;
        for (number, row) in rows.iter().enumerate() {
            insert.execute(params![number, row.title, row.artist, row.album])?;
        }
    }
    transaction.commit()?;
    database.execute("INSERT INTO tracks(tracks) VALUES ('optimize')", [])?;
    let build = began.elapsed();
    let bytes = std::fs::metadata(&file).map(|file| file.len()).unwrap_or_default();
    let mut select =
        database.prepare("SELECT rowid FROM tracks WHERE tracks MATCH ? ORDER BY rank LIMIT ?")?;
    let scores = measure(questions, |question| {
        let found = select.query_map(params![expression(question), TOP], |row| row.get::<_, usize>(0))?;
        found.collect::<rusqlite::Result<Vec<usize>>>()
    })?;
    Ok(Engine { name: "SQLite FTS5", build, bytes, scores })
}

/// All words, quoted; the last one is unfinished.
fn expression(question: &Question) -> String {
    let words: Vec<String> =
        question.text.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', ""))).collect();
    let is_unfinished = question.class != Class::Exact;
    format!("{}{}", words.join(" "), if is_unfinished { "*" } else { "" })
}
