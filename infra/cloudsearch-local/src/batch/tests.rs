use super::*;
use crate::value::Kind;

fn config() -> Config {
    let field = |name: &str, kind, is_array| {
        let field = Field {
            name: name.to_owned(),
            kind,
            is_array,
            search: None,
            facet: None,
            returned: None,
            sort: None,
            highlight: None,
            default: None,
            sources: Vec::new(),
            scheme: None,
        };
        (name.to_owned(), field)
    };
    let fields = [
        field("title", Kind::Text, false),
        field("genres", Kind::Literal, true),
        field("year", Kind::Int, false),
    ];
    Config { fields: fields.into(), ..Config::default() }
}

fn parse(language: Language, text: &str) -> Result<Batch, String> {
    Batch::parse(language, text, &config(), &Config::default()).map_err(|error| error.to_string())
}

#[test]
fn the_last_operation_on_a_document_counts() {
    let text = r#"[{"type":"add","id":"a","fields":{"title":"one"}},
        {"type":"add","id":"b","fields":{"year":1999,"genres":["x","y"]}},
        {"type":"delete","id":"a"}]"#;
    let batch = parse(Language::Json, text).unwrap();
    assert_eq!((batch.adds, batch.deletes), (2, 1));
    assert_eq!(batch.changes["a"], Change::Delete);
    let Change::Add(source) = &batch.changes["b"] else { panic!("b is added") };
    assert_eq!(source["genres"], ["x", "y"]);
    assert_eq!(source["year"], ["1999"]);
}

#[test]
fn xml_says_the_same_as_json() {
    let xml = r#"<?xml version="1.0"?><batch><add id="a"><field name="title">Rock &amp; <![CDATA[Roll]]> &#233;</field>
        <field name="genres">x</field><field name="genres">y</field></add><delete id="b"/></batch>"#;
    let json = r#"[{"type":"add","id":"a","fields":{"title":"Rock & Roll é","genres":["x","y"]}},
        {"type":"delete","id":"b"}]"#;
    assert_eq!(parse(Language::Xml, xml).unwrap(), parse(Language::Json, json).unwrap());
    for broken in [
        "<batch><add id=\"a\">",
        "<batch><add><field name=\"title\">x</field></add></batch>",
        "<batch>x</batch>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><batch/>",
        "<batch><add id=\"a\"><field name=\"title\">&b;</field></add></batch>",
        "<batch/>",
        "[]",
    ] {
        assert!(parse(Language::Xml, broken).is_err(), "{broken}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let long_id = "a".repeat(129);
    let long_title = "a".repeat(MAX_DOCUMENT_BYTES);
    let add = |id: &str, fields: &str| format!(r#"[{{"type":"add","id":"{id}","fields":{fields}}}]"#);
    for (text, expected) in [
        ("{}".to_owned(), "array"),
        ("[".to_owned(), "JSON"),
        ("[]".to_owned(), "at least one"),
        ("[1]".to_owned(), "object"),
        (r#"[{"id":"a"}]"#.to_owned(), "\"type\""),
        (r#"[{"type":"add","id":1,"fields":{}}]"#.to_owned(), "\"id\" must be a string"),
        (r#"[{"type":"put","id":"a"}]"#.to_owned(), "\"add\" or \"delete\""),
        (r#"[{"type":"add","id":"a"}]"#.to_owned(), "must have \"fields\""),
        (add("", r#"{"title":"x"}"#), "1 to 128"),
        (add(&long_id, r#"{"title":"x"}"#), "1 to 128"),
        (add("a b", r#"{"title":"x"}"#), "must not contain ' '"),
        (add("a", "{}"), "at least one field"),
        (add("a", r#"{"other":"x"}"#), "Unknown field \"other\""),
        (add("a", r#"{"Title":"x"}"#), "Invalid field name"),
        (add("a", r#"{"title":null}"#), "null"),
        (add("a", r#"{"title":true}"#), "boolean"),
        (add("a", r#"{"title":{"a":1}}"#), "object"),
        (add("a", r#"{"title":["a","b"]}"#), "array type"),
        (add("a", r#"{"title":"\u0001"}"#), "invalid character 0x0001"),
        (add("a", r#"{"title":"😀"}"#), "invalid character 0x1f600"),
        (add("a", r#"{"year":"soon"}"#), "is no int (near operation with index 1; document_id a)"),
        (add("a", r#"{"year":1.5}"#), "is no int"),
        (add("a", &format!(r#"{{"title":"{long_title}"}}"#)), "larger than"),
    ] {
        let error = parse(Language::Json, &text).unwrap_err();
        assert!(error.contains(expected), "{error} for {text:.80}");
    }
}

#[test]
fn one_bad_operation_refuses_the_batch() {
    let text = r#"[{"type":"delete","id":"a"},{"type":"add","id":"b","fields":{"other":1}}]"#;
    let error = parse(Language::Json, text).unwrap_err();
    assert!(error.contains("index 2; document_id b"), "{error}");
}
