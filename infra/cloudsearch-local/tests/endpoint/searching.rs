//! The search service: what is found, in which order, and how it is answered.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::support::Endpoint;

async fn songs() -> Endpoint {
    let endpoint = Endpoint::music().await;
    // Two batches are two segments of the index.
    endpoint
        .add(&[
            ("t1", json!({"title": "Army of Me", "artists": ["Björk"], "genres": ["electronic", "rock"], "year": 1995,
                "rating": 4.5, "released": "1995-04-21T00:00:00Z", "place": "64.1,-21.9", "charts": [10, 12]})),
            ("t2", json!({"title": "Hyperballad", "artists": ["Björk", "Army"], "genres": ["electronic"],
                "year": 1996, "label": "One"})),
        ])
        .await;
    endpoint
        .add(&[
            (
                "t3",
                json!({"title": "Around the World", "artists": ["Daft Punk"], "genres": ["house", "house"],
                "year": 1997, "rating": -1, "label": "Two", "charts": [7]}),
            ),
            ("t4", json!({"title": "world wide world", "genres": "Sci-Fi"})),
        ])
        .await;
    endpoint
}

#[tokio::test]
async fn the_sdks_get_arrays_and_people_scalars() {
    let endpoint = songs().await;
    let answer = endpoint.search(&[("q", "army of me"), ("pretty", "true")]).await;
    let hits = json!({"found": 1, "start": 0, "hit": [{"id": "t1", "fields": {
        "title": ["Army of Me"], "artists": ["Björk"], "genres": ["electronic", "rock"], "year": ["1995"],
        "rating": ["4.5"], "released": ["1995-04-21T00:00:00Z"], "place": ["64.1,-21.9"], "charts": ["10", "12"],
    }}]});
    assert_eq!(answer["hits"], hits);
    assert!(answer["status"]["timems"].is_u64() && answer["status"]["rid"].is_string());
    let (_, body) = endpoint.get("search", &[("q", "army of me"), ("return", "title,artists")]).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["hits"]["hit"][0]["fields"], json!({"title": "Army of Me", "artists": ["Björk"]}));
    assert!(answer["status"]["time-ms"].is_u64());
}

#[tokio::test]
async fn a_form_is_the_same_as_a_query_string() {
    let endpoint = songs().await;
    let request = Request::post("/music/2013-01-01/search")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("format=sdk&pretty=true&q=title%3A%27world%27&q.parser=structured&sort=_id+asc"));
    let (_, body) = endpoint.send(request.unwrap()).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["hits"]["found"], 2);
    assert_eq!(answer["hits"]["hit"][0]["id"], "t3");
}

#[tokio::test]
async fn simple_queries_find_what_they_say() {
    let endpoint = songs().await;
    for (query, expected) in [
        ("army", "t1 t2"),
        ("ARMY of", "t1"),
        ("army björk", "t1 t2"),
        ("hyper* | around", "t2 t3"),
        ("army -hyperballad", "t1"),
        ("-army", "t3 t4"),
        ("\"the world\"", "t3"),
        ("\"around world\"", ""),
        ("\"around world\"~1", "t3"),
        ("wrld~1", "t3 t4"),
        ("wlrd~1", ""),
        ("wrold~1", "t3 t4"),
        ("wrld", ""),
        ("(wrld | wrld~1 | wrld*) (daft | daft~1 | daft*)", "t3"),
        ("sci-fi", ""),
        ("", ""),
        ("!!!", ""),
        ("army !!!", "t1 t2"),
        ("*", ""),
    ] {
        assert_eq!(endpoint.ids(&[("q", query), ("sort", "_id asc")]).await, expected, "{query}");
    }
    let options = "{fields: ['genres', 'year', '_id']}";
    for (query, expected) in [("Sci-Fi", "t4"), ("sci-fi", ""), ("1995", "t1"), ("t2", "t2"), ("army", "")] {
        let found = endpoint.ids(&[("q", query), ("q.options", options)]).await;
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn structured_queries_find_what_they_say() {
    let endpoint = songs().await;
    for (query, expected) in [
        ("(and 'army' 'björk')", "t1 t2"),
        ("'army björk'", "t2"),
        ("(and title:'army' artists:'björk')", "t1"),
        ("(or label:'One' label:'two')", "t2"),
        ("genres:'house'", "t3"),
        ("(prefix field=genres 'Sci')", "t4"),
        ("(not year:[1996,})", "t1 t4"),
        ("year:{1995,1997}", "t2"),
        ("year:1996", "t2"),
        ("rating:{,0]", "t3"),
        ("rating:4.5", "t1"),
        ("charts:[8,11]", "t1"),
        ("released:'1995-04-21T00:00:00Z'", "t1"),
        ("released:['1995-01-01T00:00:00Z',}", "t1"),
        ("place:['70,-30','60,-20']", "t1"),
        ("place:['70,-20','60,-10']", ""),
        ("_id:'t3'", "t3"),
        ("(phrase field=title 'army of me')", "t1"),
        ("(near field=title distance=1 'army me')", "t1"),
        ("(term field=title 'world')", "t3 t4"),
    ] {
        assert_eq!(endpoint.structured(query).await, expected, "{query}");
    }
    let filtered = [("q", "army"), ("fq", "(and year:[1996,} genres:'electronic')")];
    assert_eq!(endpoint.ids(&filtered).await, "t2");
    for wrong in
        ["nothing:'a'", "year:'soon'", "title:[1,2]", "(prefix field=year '1')", "(prefix field=title '')"]
    {
        let (status, body) = endpoint.get("search", &[("q", wrong), ("q.parser", "structured")]).await;
        assert_eq!(status, 400, "{wrong}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["__type"], "#SearchException");
        assert!(answer["message"].as_str().unwrap().starts_with("Syntax error in query"), "{answer}");
    }
}

#[tokio::test]
async fn weights_and_boosts_decide_on_the_order() {
    let endpoint = songs().await;
    let weighted = |options| [("q", "army"), ("q.options", options)];
    assert_eq!(endpoint.ids(&weighted("{fields: ['title^9','artists']}")).await, "t1 t2");
    assert_eq!(endpoint.ids(&weighted("{fields: ['title','artists^9']}")).await, "t2 t1");
    let boosted = |query| [("q", query), ("q.parser", "structured"), ("return", "_score")];
    assert_eq!(endpoint.ids(&boosted("(or (term boost=9 'around') 'hyperballad')")).await, "t3 t2");
    assert_eq!(endpoint.ids(&boosted("(or 'around' (term boost=9 'hyperballad'))")).await, "t2 t3");
    // A filter leaves the scores as they are.
    let plain = endpoint.search(&[("q", "army"), ("return", "_score")]).await;
    let filtered =
        endpoint.search(&[("q", "army"), ("return", "_score"), ("fq", "(term boost=9 'army')")]).await;
    assert_eq!(plain["hits"], filtered["hits"]);
}

#[tokio::test]
async fn what_has_no_value_comes_last() {
    let endpoint = songs().await;
    for (sort, expected) in [
        ("year asc", "t1 t2 t3 t4"),
        ("year desc", "t3 t2 t1 t4"),
        ("rating asc", "t3 t1 t2 t4"),
        ("rating desc", "t1 t3 t2 t4"),
        ("label asc,_id desc", "t2 t3 t4 t1"),
        ("label desc,_id desc", "t3 t2 t4 t1"),
        ("title asc", "t1 t3 t2 t4"),
        ("title desc", "t4 t2 t3 t1"),
        ("released desc,year asc", "t1 t2 t3 t4"),
        ("_id desc", "t4 t3 t2 t1"),
    ] {
        let all = [("q", "matchall"), ("q.parser", "structured"), ("sort", sort)];
        assert_eq!(endpoint.ids(&all).await, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_walks_through_the_same_results_as_start() {
    let endpoint = Endpoint::music().await;
    for batch in 0..4 {
        let documents: Vec<(String, Value)> = (0..12)
            .map(|number| {
                let mut fields = json!({"title": format!("song {}", (number * 7 + batch) % 5)});
                if number % 3 > 0 {
                    fields["year"] = json!(1990 + (number + batch) % 4);
                }
                (format!("d{batch}-{number}"), fields)
            })
            .collect();
        let documents: Vec<(&str, Value)> =
            documents.iter().map(|(id, fields)| (id.as_str(), fields.clone())).collect();
        endpoint.add(&documents).await;
    }
    for sort in ["_score desc", "year asc", "year desc,title asc", "title desc", "_id asc"] {
        let base = [("q", "song"), ("sort", sort)];
        let expected = endpoint.ids(&[&base[..], &[("size", "100")]].concat()).await;
        let (seen, cursor) = endpoint.walk(&base, "7").await;
        assert_eq!(seen, expected, "{sort}");
        assert_eq!(seen.split(' ').count(), 48);
        let other = [("q", "other"), ("sort", sort), ("cursor", cursor.as_str())];
        assert_eq!(endpoint.get("search", &other).await.0, 400);
    }
}

#[tokio::test]
async fn a_cursor_walks_through_segments_of_many_terms() {
    let endpoint = Endpoint::music().await;
    // So mixed that the terms fill several blocks of each segment's dictionary.
    let id = |number: u64| format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let first: Vec<(String, Value)> =
        (0..1500).map(|number| (id(number), json!({"title": "song"}))).collect();
    let second: Vec<(String, Value)> =
        (1000..3000).map(|number| (id(number), json!({"title": "song"}))).collect();
    for batch in [&first, &second] {
        let documents: Vec<(&str, Value)> =
            batch.iter().map(|(id, fields)| (id.as_str(), fields.clone())).collect();
        endpoint.add(&documents).await;
    }
    for sort in ["_id asc", "_id desc"] {
        let base = [("q", "song"), ("sort", sort), ("return", "_no_fields")];
        let expected = endpoint.ids(&[&base[..], &[("size", "10000")]].concat()).await;
        let (seen, _) = endpoint.walk(&base, "300").await;
        assert_eq!(seen, expected, "{sort}");
        assert_eq!(seen.split(' ').count(), 3000, "1500 and 2000, of which 500 are the same");
    }
}

#[tokio::test]
async fn facets_count_documents() {
    let endpoint = songs().await;
    for (field, options, expected) in [
        ("genres", "{}", "electronic 2, Sci-Fi 1, house 1, rock 1"),
        ("genres", "{sort:'bucket', size:2}", "Sci-Fi 1, electronic 2"),
        ("genres", "{buckets:['rock','Rock','house']}", "rock 1, Rock 0, house 1"),
        ("year", "{sort:'bucket'}", "1995 1, 1996 1, 1997 1"),
        (
            "year",
            "{buckets:['[1995,1996]','{1995,1996]','{1996,}','1997']}",
            "[1995,1996] 2, {1995,1996] 1, {1996,} 1, 1997 1",
        ),
        ("charts", "{buckets:['[1,20]']}", "[1,20] 2"),
        ("rating", "{sort:'bucket'}", "-1.0 1, 4.5 1"),
        ("released", "{}", "1995-04-21T00:00:00Z 1"),
    ] {
        let name = format!("facet.{field}");
        let all = [("q", "matchall"), ("q.parser", "structured"), ("size", "0"), (&name, options)];
        let answer = endpoint.search(&all).await;
        let buckets = answer["facets"][field]["buckets"].as_array().unwrap();
        let written =
            buckets.iter().map(|one| format!("{} {}", one["value"].as_str().unwrap(), one["count"]));
        assert_eq!(written.collect::<Vec<String>>().join(", "), expected, "{field} {options}");
    }
    for (field, options) in [
        ("title", "{}"),
        ("nothing", "{}"),
        ("year", "x"),
        ("year", "{sort:'size'}"),
        ("year", "{size:0}"),
        ("year", "{buckets:['soon']}"),
        ("year", "{buckets:['1995'],size:1}"),
    ] {
        let name = format!("facet.{field}");
        assert_eq!(endpoint.get("search", &[("q", "a"), (&name, options)]).await.0, 400, "{field} {options}");
    }
}

#[tokio::test]
async fn highlights_mark_what_was_looked_for() {
    let endpoint = songs().await;
    for (query, options, expected) in [
        ("world", "{}", "<em>world</em> wide world"),
        ("wor*", "{format:'text',max_phrases:2}", "*world* wide *world*"),
        (
            "\"wide world\"",
            "{max_phrases:3,pre_tag:'<b>',post_tag:'</b>'}",
            "<b>world</b> <b>wide</b> <b>world</b>",
        ),
    ] {
        let answer = endpoint.search(&[("q", query), ("fq", "_id:'t4'"), ("highlight.title", options)]).await;
        assert_eq!(answer["hits"]["hit"][0]["highlights"]["title"], expected, "{query}");
    }
}

#[tokio::test]
async fn suggestions_are_what_a_field_starts_with() {
    let endpoint = songs().await;
    let options = "DocumentSuggesterOptions";
    for (name, more) in [
        ("exact", ""),
        ("low", "&Suggester.DocumentSuggesterOptions.FuzzyMatching=low"),
        ("high", "&Suggester.DocumentSuggesterOptions.FuzzyMatching=high"),
        ("newest", "&Suggester.DocumentSuggesterOptions.SortExpression=year"),
    ] {
        let suggester =
            format!("&Suggester.SuggesterName={name}s&Suggester.{options}.SourceField=title{more}");
        endpoint.act("DefineSuggester", &suggester).await;
    }
    assert_eq!(endpoint.get("suggest", &[("q", "a"), ("suggester", "exacts")]).await.0, 400);
    endpoint.act("IndexDocuments", "").await;
    for (suggester, typed, expected) in [
        ("exacts", "a", "Army of Me 0, Around the World 0"),
        ("exacts", "ARMY of m", "Army of Me 0"),
        ("exacts", "of", ""),
        ("exacts", "amry", ""),
        ("exacts", "", ""),
        ("exacts", "!", ""),
        ("lows", "amry", "Army of Me 0"),
        ("lows", "hyprebll", ""),
        ("highs", "hyprebll", "Hyperballad 0"),
        ("newests", "a", "Around the World 1997, Army of Me 1995"),
    ] {
        let (_, body) =
            endpoint.get("suggest", &[("q", typed), ("suggester", suggester), ("format", "sdk")]).await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["suggest"]["query"], typed);
        let suggestions = answer["suggest"]["suggestions"].as_array().unwrap();
        let written =
            suggestions.iter().map(|one| format!("{} {}", one["suggestion"].as_str().unwrap(), one["score"]));
        assert_eq!(written.collect::<Vec<String>>().join(", "), expected, "{suggester} {typed}");
    }
}
