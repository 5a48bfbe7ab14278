//! Both query languages, as tables: what is written and what is meant.

use proptest::prelude::*;

use super::*;

/// Writes a condition so that it is easy to compare.
fn written(node: &Node) -> String {
    let all = |nodes: &[Node]| nodes.iter().map(written).collect::<Vec<String>>().join(" ");
    match node {
        Node::All => "all".to_owned(),
        Node::And(nodes) => format!("and({})", all(nodes)),
        Node::Or(nodes) => format!("or({})", all(nodes)),
        Node::Not(node) => format!("not({})", written(node)),
        Node::Boost(node, boost) => format!("{}^{boost}", written(node)),
        Node::Leaf(field, leaf) => {
            let field = field.as_ref().map(|field| format!("{field}:")).unwrap_or_default();
            let leaf = match leaf {
                Leaf::Term(text) => text.clone(),
                Leaf::Phrase(text, 0) => format!("\"{text}\""),
                Leaf::Phrase(text, slop) => format!("\"{text}\"~{slop}"),
                Leaf::Prefix(text) => format!("{text}*"),
                Leaf::Fuzzy(text, errors) => format!("{text}~{errors}"),
                Leaf::Range(from, to) => {
                    let bound = |bound: &Bound<String>, open: &str, closed: &str| match bound {
                        Bound::Unbounded => open.to_owned(),
                        Bound::Included(text) => format!("{closed}{text}"),
                        Bound::Excluded(text) => format!("{open}{text}"),
                    };
                    format!("{},{}", bound(from, "{", "["), bound(to, "}", "]"))
                }
            };
            format!("{field}{leaf}")
        }
    }
}

fn simple(text: &str, options: &str) -> String {
    let options = Options::parse(options).unwrap();
    written(&parse(Parser::Simple, text, &options).unwrap())
}

#[test]
fn the_simple_language_is_typed_by_people() {
    for (text, expected) in [
        ("star", "star"),
        ("star wars", "and(star wars)"),
        ("star wars trek", "and(star wars trek)"),
        ("star +wars", "and(star wars)"),
        ("star|wars", "or(star wars)"),
        ("star wars |trek", "or(and(star wars) trek)"),
        ("star |wars trek", "and(or(star wars) trek)"),
        ("star -wars", "and(star not(wars))"),
        ("-star", "not(star)"),
        ("--star", "star"),
        ("artist - title", "and(artist title)"),
        ("self-made", "self-made"),
        ("\"star wars\"", "\"star wars\""),
        ("\"star wars\"~4 x", "and(\"star wars\"~4 x)"),
        ("\"star wars\"~99999999999", "\"star wars\"~10000"),
        ("-\"star wars\"", "not(\"star wars\")"),
        ("\"a \\\"b\\\"\"", "\"a \"b\"\""),
        ("plan~1", "plan~1"),
        ("plan~", "plan~2"),
        ("plan~9", "plan~2"),
        ("plan~0", "plan"),
        ("plan~x", "plan~x"),
        ("~1", "~1"),
        ("pre*", "pre*"),
        ("a*b", "a*b"),
        ("*", "*"),
        ("+(war|trek)+star", "and(or(war trek) star)"),
        ("(a | a~1 | a*) (b | b~1 | b*)", "and(or(a a~1 a*) or(b b~1 b*))"),
        ("(a (b", "and(a b)"),
        ("a) b", "and(a b)"),
        ("\"a b", "and(a b)"),
        ("()", "or()"),
        ("", "or()"),
        ("+ | -", "or()"),
        ("AC/DC", "AC/DC"),
        ("M\\*A\\*S\\*H", "M*A*S*H"),
        ("\\", ""),
        ("東京 テスト", "and(東京 テスト)"),
    ] {
        assert_eq!(simple(text, "{}"), expected, "{text}");
    }
    // An escaped asterisk is a character of the term.
    let escaped = parse(Parser::Simple, "pre\\*", &Options::default());
    assert_eq!(escaped, Ok(Node::Leaf(None, Leaf::Term("pre*".to_owned()))));
}

#[test]
fn options_change_the_simple_language() {
    for (text, options, expected) in [
        ("star wars", "{defaultOperator: 'or'}", "or(star wars)"),
        ("star +wars", "{defaultOperator: 'or'}", "and(star wars)"),
        ("a|b -c", "{operators: ['or', 'not']}", "and(a|b c)"),
        ("pre* plan~1", "{operators: ['prefix', 'fuzzy']}", "and(pre* plan~1)"),
        ("\"a b\"", "{operators: ['phrase']}", "and(\"a b\")"),
        ("\"a b\"~3", "{operators: ['near']}", "and(\"a b\" ~3)"),
        ("(a|b) c", "{operators: ['precedence']}", "and(or((a b)) c)"),
        ("a b", "{operators: ['whitespace']}", "a b"),
        ("a\\*", "{operators: ['escape', 'prefix']}", "a\\*"),
    ] {
        assert_eq!(simple(text, options), expected, "{text} {options}");
    }
    for wrong in [
        "",
        "[]",
        "{fields: 'title'}",
        "{fields: ['title^x']}",
        "{fields: ['title^0']}",
        "{fields: [1]}",
        "{defaultOperator: 'xor'}",
        "{operators: ['nothing']}",
        "{other: 1}",
    ] {
        assert!(Options::parse(wrong).is_err(), "{wrong}");
    }
    let options = Options::parse("{fields: ['title^5','description']}").unwrap();
    assert_eq!(options.fields, [("title".to_owned(), 5.0), ("description".to_owned(), 1.0)]);
}

#[test]
fn the_structured_language_is_written_by_programs() {
    for (text, expected) in [
        ("matchall", "all"),
        ("(matchall)", "all"),
        ("'black swan'", "black swan"),
        ("title:'star'", "title:star"),
        ("year:2000", "year:2000"),
        ("year:-2.5", "year:-2.5"),
        ("year:[1998,2000]", "year:[1998,]2000"),
        ("year:{,2011]", "year:{,]2011"),
        ("date:['2013-01-01T00:00:00Z',}", "date:[2013-01-01T00:00:00Z,}"),
        ("(and 'star' 'wars')", "and(star wars)"),
        ("(or title:'a' (and 'b' 'c'))", "or(title:a and(b c))"),
        ("(not (or actors:'Harrison Ford' year:{,2010]))", "not(or(actors:Harrison Ford year:{,]2010))"),
        ("(and boost=3 'a' 'b')", "and(a b)^3"),
        ("(not field=genres 'Sci-Fi')", "not(genres:Sci-Fi)"),
        ("(term field=title boost=2 'star')", "title:star^2"),
        ("(term field=year 2000)", "year:2000"),
        ("(phrase field=plot 'teenage girl')", "plot:\"teenage girl\""),
        ("(near field=plot distance=10 boost=1.5 'teenage vampire')", "plot:\"teenage vampire\"~10^1.5"),
        ("(prefix 'sta')", "sta*"),
        ("(prefix field='title' 'sta')", "title:sta*"),
        ("(range field=year [1990,2000})", "year:[1990,}2000"),
        ("(and(term field=a 'x')(term field=b 'y'))", "and(a:x b:y)"),
        (" ( and\n'a'\t'b' ) ", "and(a b)"),
        (r"title:'don\'t \\ stop'", r"title:don't \ stop"),
    ] {
        let node = parse(Parser::Structured, text, &Options::default());
        assert_eq!(node.map(|node| written(&node)), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_structured_query_is_refused() {
    let deep = format!("{}matchall{}", "(not ".repeat(100), ")".repeat(100));
    let wide = format!("(or {})", "'a' ".repeat(2000));
    for text in [
        "",
        "star",
        "(and)",
        "(and 'a'",
        "(and 'a'))",
        "'a' 'b'",
        "'a",
        "title:",
        "title:star",
        "(xor 'a')",
        "(term field=title)",
        "(range [1,2])",
        "(range field=year 'a')",
        "year:[1,2",
        "year:[,2]",
        "year:{,}",
        "(near distance=0 field=a 'b c')",
        "(term boost=-1 'a')",
        "(term boost=nan 'a')",
        "(term other=1 'a')",
        "(not 'a' 'b')",
        &deep,
        &wide,
    ] {
        assert!(parse(Parser::Structured, text, &Options::default()).is_err(), "{text:.80}");
    }
}

#[test]
fn simple_queries_have_limits_too() {
    let options = Options::default();
    for text in ["a ".repeat(1025), "(".repeat(100), "a|b c".repeat(65), "a|b+c".repeat(100)] {
        assert!(parse(Parser::Simple, &text, &options).is_err(), "{text:.20}");
    }
    assert!(parse(Parser::Simple, &"a ".repeat(1024), &options).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_a_simple_query(text in r#"(\PC|[a-c*~|+()"\\ 0-2-]){0,60}"#) {
        prop_assert!(parse(Parser::Simple, &text, &Options::default()).is_ok());
    }

    #[test]
    fn any_text_is_a_structured_query_or_none(
        text in r#"(\PC|\(and |\(not |\(range |field=|boost=|a:|'b'|[\[\]\{\}(),'\\ 0-9]){0,40}"#
    ) {
        let _ = parse(Parser::Structured, &text, &Options::default());
    }

    #[test]
    fn any_string_can_be_quoted(text in r"\PC{0,30}") {
        let quoted = text.replace('\\', r"\\").replace('\'', r"\'");
        let node = parse(Parser::Structured, &format!("title:'{quoted}'"), &Options::default());
        prop_assert_eq!(node, Ok(Node::Leaf(Some("title".to_owned()), Leaf::Term(text))));
    }
}
