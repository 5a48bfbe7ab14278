"""Exercises a CloudSearch-compatible endpoint with boto3 and fails at the first thing that is not as it should be.

    pip install boto3
    cargo run -p cloudsearch-local --example serve -- 127.0.0.1:8800 &
    python infra/cloudsearch-local/tests/boto3_check.py http://127.0.0.1:8800

It makes a domain of its own and deletes it in the end.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DOMAIN = "boto3-check"

FIELDS = [
    {"IndexFieldName": "title", "IndexFieldType": "text", "TextOptions": {"AnalysisScheme": "plain"}},
    {"IndexFieldName": "artists", "IndexFieldType": "text-array", "TextArrayOptions": {"AnalysisScheme": "plain"}},
    {"IndexFieldName": "genres", "IndexFieldType": "literal-array"},
    {"IndexFieldName": "kind", "IndexFieldType": "literal", "LiteralOptions": {"DefaultValue": "track"}},
    {"IndexFieldName": "year", "IndexFieldType": "int", "IntOptions": {"SortEnabled": True}},
    {"IndexFieldName": "rating", "IndexFieldType": "double", "DoubleOptions": {"ReturnEnabled": False}},
    {"IndexFieldName": "released", "IndexFieldType": "date"},
    {"IndexFieldName": "place", "IndexFieldType": "latlon"},
]

SONGS = [
    ("t1", "Army of Me", ["Björk"], ["electronic", "rock"], 1995, 4.5, "1995-04-21T00:00:00Z", "64.1,-21.9"),
    ("t2", "Hyperballad", ["Björk"], ["electronic"], 1996, 4.9, "1996-02-12T00:00:00Z", "64.1,-21.9"),
    ("t3", "Around the World", ["Daft Punk"], ["electronic", "house"], 1997, 4.2, "1997-03-17T00:00:00Z", "48.9,2.4"),
    ("t4", "Harder, Better, Faster, Stronger", ["Daft Punk"], ["house"], 2001, 4.8, "2001-10-13T00:00:00Z", "48.9,2.4"),
    ("t5", "The World Is Yours", ["Nas"], ["hip hop"], 1994, 4.7, "1994-05-31T00:00:00Z", "40.7,-74.0"),
    ("t6", "Back in Black", ["AC/DC"], ["rock"], 1980, 4.6, "1980-12-21T00:00:00Z", "-33.9,151.2"),
]

checks = 0


def check(what, got, expected):
    global checks
    checks += 1
    if got != expected:
        sys.exit(f"FAILED: {what}\n  got      {got!r}\n  expected {expected!r}")
    print(f"ok  {what}")


def refused(what, code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        check(what, error.response["Error"]["Code"], code)
        return error.response
    sys.exit(f"FAILED: {what}: it was accepted")


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def configure(config):
    created = config.create_domain(DomainName=DOMAIN)["DomainStatus"]
    check("a domain is created", (created["DomainName"], created["Created"]), (DOMAIN, True))
    again = config.create_domain(DomainName=DOMAIN)["DomainStatus"]
    check("creating it again answers the same", again["ARN"], created["ARN"])
    check("it is listed", config.list_domain_names()["DomainNames"].get(DOMAIN), "2013-01-01")
    scheme = {
        "AnalysisSchemeName": "plain",
        "AnalysisSchemeLanguage": "mul",
        "AnalysisOptions": {"AlgorithmicStemming": "none", "Stopwords": "[]"},
    }
    defined = config.define_analysis_scheme(DomainName=DOMAIN, AnalysisScheme=scheme)["AnalysisScheme"]
    check("a scheme is defined", defined["Options"], scheme)
    for field in FIELDS:
        status = config.define_index_field(DomainName=DOMAIN, IndexField=field)["IndexField"]
        check(f"the field {field['IndexFieldName']} waits", status["Status"]["State"], "RequiresIndexDocuments")
    suggester = {
        "SuggesterName": "titles",
        "DocumentSuggesterOptions": {"SourceField": "title", "FuzzyMatching": "low"},
    }
    defined = config.define_suggester(DomainName=DOMAIN, Suggester=suggester)["Suggester"]
    check("a suggester is defined", defined["Options"], suggester)
    refused(
        "a suggester needs its field", "ValidationException", config.define_suggester, DomainName=DOMAIN,
        Suggester={"SuggesterName": "others", "DocumentSuggesterOptions": {"SourceField": "nothing"}},
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    stored = config.update_service_access_policies(DomainName=DOMAIN, AccessPolicies=policy)["AccessPolicies"]
    check("access policies are kept", stored["Options"], policy)
    names = config.index_documents(DomainName=DOMAIN)["FieldNames"]
    check("all fields are indexed", sorted(names), sorted(field["IndexFieldName"] for field in FIELDS))
    fields = config.describe_index_fields(DomainName=DOMAIN)["IndexFields"]
    check("all fields are active", {field["Status"]["State"] for field in fields}, {"Active"})
    refused("an unknown domain is none", "ResourceNotFound", config.index_documents, DomainName="no-such-domain")
    [status] = config.describe_domains(DomainNames=[DOMAIN])["DomainStatusList"]
    check("nothing waits for indexing", status["RequiresIndexDocuments"], False)
    return status["SearchService"]["Endpoint"]


def upload(domain):
    names = ["title", "artists", "genres", "year", "rating", "released", "place"]
    batch = [{"type": "add", "id": song[0], "fields": dict(zip(names, song[1:]))} for song in SONGS]
    batch.append({"type": "delete", "id": "never-there"})
    result = domain.upload_documents(documents=json.dumps(batch).encode(), contentType="application/json")
    check("a batch is uploaded", (result["status"], result["adds"], result["deletes"]), ("success", 6, 1))
    bad = json.dumps(batch + [{"type": "add", "id": "t9", "fields": {"title": "😀"}}]).encode()
    error = refused(
        "a batch with a wrong document is refused", "DocumentServiceException", domain.upload_documents,
        documents=bad, contentType="application/json",
    )
    check("it says which", "document_id t9" in error["Error"]["Message"], True)
    xml = b'<batch><add id="t7"><field name="title">Twice &amp; gone</field></add><delete id="t7"/></batch>'
    result = domain.upload_documents(documents=xml, contentType="application/xml")
    check("a batch may be XML", (result["adds"], result["deletes"]), (1, 1))


def search(domain):
    def ids(**parameters):
        return [hit["id"] for hit in domain.search(**parameters)["hits"].get("hit", [])]

    check("words are found in all text fields", set(ids(query="daft world")), {"t3"})
    check("one of two words", set(ids(query="army|hyperballad")), {"t1", "t2"})
    check("a word less", set(ids(query="world -yours")), {"t3"})
    check("a phrase", ids(query='"back in black"'), ["t6"])
    check("a loose phrase", ids(query='"harder faster"~2'), ["t4"])
    check("a typing error", ids(query="hyperbalad~1"), ["t2"])
    check("a prefix", ids(query="hyp*"), ["t2"])
    check("groups", ids(query="(wrld | wrld~1 | wrld*) (daft | daft~1 | daft*)"), ["t3"])
    check("punctuation", ids(query="AC/DC"), ["t6"])
    options = "{fields: ['title^3','artists'], defaultOperator: 'or'}"
    check("options", set(ids(query="army daft", queryOptions=options)), {"t1", "t3", "t4"})
    check("a field alone", ids(query="daft", queryOptions="{fields: ['title']}"), [])

    def structured(query, **parameters):
        return ids(query=query, queryParser="structured", sort="year asc", **parameters)

    check("and", structured("(and 'world' artists:'daft')"), ["t3"])
    check("or", structured("(or title:'army' (term field=title boost=2 'black'))"), ["t6", "t1"])
    check("not", structured("(not genres:'electronic')"), ["t6", "t5", "t4"])
    check("a range", structured("year:[1995,1997}"), ["t1", "t2"])
    check("an open range", structured("(range field=year {,1994])"), ["t6", "t5"])
    check("a range of doubles", structured("rating:[4.7,}"), ["t5", "t2", "t4"])
    check("a range of dates", structured("released:['1996-01-01T00:00:00Z','1997-12-31T00:00:00Z']"), ["t2", "t3"])
    check("a range of places", structured("place:['65,-25','60,-15']"), ["t1", "t2"])
    check("a prefix in a field", structured("(prefix field=title 'hyp')"), ["t2"])
    check("a phrase in a field", structured("(phrase field=title 'the world')"), ["t5", "t3"])
    check("near", structured("(near field=title distance=3 'harder stronger')"), ["t4"])
    check("everything", len(structured("matchall")), 6)
    check("a filter", structured("matchall", filterQuery="(and kind:'track' genres:'house')"), ["t3", "t4"])

    result = domain.search(query="matchall", queryParser="structured", sort="title desc", size=2, start=1)
    check("sorted by text", [hit["id"] for hit in result["hits"]["hit"]], ["t2", "t4"])
    check("all are counted", (result["hits"]["found"], result["hits"]["start"]), (6, 1))
    check("every field is an array", result["hits"]["hit"][0]["fields"]["year"], ["1996"])
    check("defaults are returned", result["hits"]["hit"][0]["fields"]["kind"], ["track"])
    check("what is not return enabled is not", "rating" in result["hits"]["hit"][0]["fields"], False)
    result = domain.search(query="army", returnFields="title,_score")["hits"]["hit"][0]["fields"]
    check("chosen fields", sorted(result), ["_score", "title"])
    check("no fields", "fields" in domain.search(query="army", returnFields="_no_fields")["hits"]["hit"][0], False)
    marked = domain.search(query="army", highlight='{"title":{}}')["hits"]["hit"][0]["highlights"]
    check("highlights", marked, {"title": "<em>Army</em> of Me"})

    facets = domain.search(
        query="matchall", queryParser="structured", size=0,
        facet='{"genres":{"sort":"count","size":2},"year":{"buckets":["[1990,1999]","[2000,}"]}}',
    )["facets"]
    expected = [{"value": "electronic", "count": 3}, {"value": "house", "count": 2}]
    check("facets by count", facets["genres"]["buckets"], expected)
    expected = [{"value": "[1990,1999]", "count": 4}, {"value": "[2000,}", "count": 1}]
    check("facets of ranges", facets["year"]["buckets"], expected)

    seen, cursor = [], "initial"
    while True:
        hits = domain.search(
            query="matchall", queryParser="structured", sort="year desc", size=4, cursor=cursor
        )["hits"]
        if not hits["hit"]:
            break
        seen += [hit["id"] for hit in hits["hit"]]
        cursor = hits["cursor"]
    check("a cursor walks through everything", seen, ["t4", "t3", "t2", "t1", "t5", "t6"])

    for what, parameters in [
        ("a broken query", {"query": "(and 'a'", "queryParser": "structured"}),
        ("an unknown field", {"query": "nothing:'a'", "queryParser": "structured"}),
        ("too many results", {"query": "a", "size": 10001}),
        ("a sort without direction", {"query": "a", "sort": "year"}),
        ("an expression", {"query": "a", "expr": '{"one":"year*2"}'}),
    ]:
        error = refused(f"{what} is refused", "SearchException", domain.search, **parameters)
        check(f"{what} is a bad request", error["ResponseMetadata"]["HTTPStatusCode"], 400)


def suggest(domain):
    found = domain.suggest(query="ar", suggester="titles")["suggest"]
    expected = [
        {"suggestion": "Army of Me", "score": 0, "id": "t1"},
        {"suggestion": "Around the World", "score": 0, "id": "t3"},
    ]
    check("suggestions", (found["query"], found["found"], found["suggestions"]), ("ar", 2, expected))
    found = domain.suggest(query="hypreb", suggester="titles", size=1)["suggest"]["suggestions"]
    check("a suggestion in spite of an error", [one["id"] for one in found], ["t2"])
    check("only from the start", domain.suggest(query="world", suggester="titles")["suggest"]["found"], 0)
    refused("an unknown suggester", "SearchException", domain.suggest, query="a", suggester="others")


def change(config, domain):
    field = {"IndexFieldName": "mood", "IndexFieldType": "literal"}
    config.define_index_field(DomainName=DOMAIN, IndexField=field)
    document = [{"type": "add", "id": "t8", "fields": {"title": "Joga", "mood": "calm"}}]
    domain.upload_documents(documents=json.dumps(document).encode(), contentType="application/json")
    query = {"query": "mood:'calm'", "queryParser": "structured"}
    refused("a field that is not indexed yet", "SearchException", domain.search, **query)
    config.index_documents(DomainName=DOMAIN)
    check("it is once it was", domain.search(**query)["hits"]["found"], 1)
    config.delete_suggester(DomainName=DOMAIN, SuggesterName="titles")
    [status] = config.describe_suggesters(DomainName=DOMAIN)["Suggesters"]
    check("a suggester goes with the next indexing", status["Status"]["PendingDeletion"], True)
    check("and works until then", domain.suggest(query="jo", suggester="titles")["suggest"]["found"], 1)
    config.index_documents(DomainName=DOMAIN)
    check("then it is gone", config.describe_suggesters(DomainName=DOMAIN)["Suggesters"], [])


def main():
    endpoint = sys.argv[1].rstrip("/")
    config = client("cloudsearch", endpoint)
    config.delete_domain(DomainName=DOMAIN)
    address = configure(config)
    domain = client("cloudsearchdomain", f"http://{address}")
    upload(domain)
    search(domain)
    suggest(domain)
    change(config, domain)
    deleted = config.delete_domain(DomainName=DOMAIN)["DomainStatus"]["Deleted"]
    check("the domain is deleted", deleted, True)
    check("it is not listed any more", DOMAIN in config.list_domain_names().get("DomainNames", {}), False)
    print(f"{checks} checks passed")


if __name__ == "__main__":
    main()
