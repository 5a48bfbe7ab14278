//! The parameters of the configuration API, checked.

use std::collections::{BTreeMap, BTreeSet};

use super::ConfigError;
use crate::http::Parameters;
use crate::model::{AnalysisScheme, Config, Field, Fuzzy, Suggester};
use crate::value::Kind;

/// Longest default value of a field, in characters.
const MAX_DEFAULT_CHARS: usize = 1024;

/// The languages of analysis schemes.
const LANGUAGES: [&str; 35] = [
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "eu", "fa", "fi", "fr", "ga", "gl", "he", "hi",
    "hu", "hy", "id", "it", "ja", "ko", "lv", "mul", "nl", "no", "pt", "ro", "ru", "sv", "th", "tr",
    "zh-Hans", "zh-Hant",
];

/// The parameters of an action.
pub(super) struct Form<'a>(pub(super) &'a Parameters);

impl Form<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, ConfigError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ConfigError::validation(format!("{name} is required")))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ConfigError::validation(format!("{name} must be true or false"))),
        }
    }

    /// The items of a list, `NAME.member.1` and so on.
    pub(super) fn list(&self, name: &str) -> BTreeSet<String> {
        let start = format!("{name}.member.");
        let items = self.0.iter().filter(|(name, _)| name.starts_with(&start));
        items.map(|(_, value)| value.clone()).collect()
    }
}

/// `[a-z][a-z0-9-]{2,27}`
pub(super) fn domain_name(name: &str) -> Result<&str, ConfigError> {
    let is_of_names = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if starts_well && (3..=28).contains(&name.len()) && name.chars().all(is_of_names) {
        return Ok(name);
    }
    let message = "DomainName must be 3 to 28 of a-z, 0-9 and hyphens, and start with a letter";
    Err(ConfigError::validation(message))
}

/// The name of a field, suggester or scheme: `[a-z][a-z0-9_]{2,63}`.
fn standard_name<'a>(what: &str, name: &'a str) -> Result<&'a str, ConfigError> {
    let is_of_names = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let has_length = (3..=64).contains(&name.len());
    if starts_well && has_length && name != "score" && name.chars().all(is_of_names) {
        return Ok(name);
    }
    if name.contains('*') {
        return Err(ConfigError::validation(
            "Dynamic fields, with a wildcard in their name, are not supported",
        ));
    }
    let message = format!("{what} must be 3 to 64 of a-z, 0-9 and _, start with a letter and not be 'score'");
    Err(ConfigError::validation(message))
}

/// The field of `DefineIndexField`.
pub(super) fn field(form: &Form<'_>) -> Result<Field, ConfigError> {
    let name = standard_name("IndexFieldName", form.required("IndexField.IndexFieldName")?)?.to_owned();
    let type_name = form.required("IndexField.IndexFieldType")?;
    let (scalar, is_array) =
        type_name.strip_suffix("-array").map_or((type_name, false), |scalar| (scalar, true));
    let kinds = [Kind::Int, Kind::Double, Kind::Literal, Kind::Text, Kind::Date, Kind::Latlon];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == scalar);
    let kind = kind.filter(|kind| !(is_array && *kind == Kind::Latlon));
    let kind = kind.ok_or_else(|| ConfigError::validation("IndexFieldType is unknown"))?;
    let options = format!("IndexField.{}.", options_name(kind, is_array));
    check_options(form, &options, kind, is_array)?;
    let flag = |name: &str| form.flag(&format!("{options}{name}"));
    let text = |name: &str| form.get(&format!("{options}{name}"));
    let default = text("DefaultValue").map(str::to_owned);
    let fits = |value: &String| value.chars().count() <= MAX_DEFAULT_CHARS && kind.parse(value).is_some();
    if !default.as_ref().is_none_or(fits) {
        return Err(ConfigError::validation(format!("DefaultValue is no {scalar}")));
    }
    let sources = text("SourceFields").or_else(|| text("SourceField")).unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|name| !name.is_empty());
    Ok(Field {
        name,
        kind,
        is_array,
        search: flag("SearchEnabled")?,
        facet: flag("FacetEnabled")?,
        returned: flag("ReturnEnabled")?,
        sort: flag("SortEnabled")?,
        highlight: flag("HighlightEnabled")?,
        default,
        sources: sources.map(str::to_owned).collect(),
        scheme: text("AnalysisScheme").map(str::to_owned),
    })
}

/// The name of a type's options, `TextArrayOptions` for example.
pub(super) fn options_name(kind: Kind, is_array: bool) -> String {
    let kind = match kind {
        Kind::Int => "Int",
        Kind::Double => "Double",
        Kind::Literal => "Literal",
        Kind::Text => "Text",
        Kind::Date => "Date",
        Kind::Latlon => "LatLon",
    };
    format!("{kind}{}Options", if is_array { "Array" } else { "" })
}

/// Refuses options that the type does not have.
fn check_options(form: &Form<'_>, options: &str, kind: Kind, is_array: bool) -> Result<(), ConfigError> {
    let is_text = kind == Kind::Text;
    for parameter in form.0.keys() {
        let Some(rest) = parameter.strip_prefix("IndexField.") else { continue };
        let is_known = match parameter.strip_prefix(options) {
            None => matches!(rest, "IndexFieldName" | "IndexFieldType"),
            Some("DefaultValue" | "ReturnEnabled") => true,
            Some("SourceField" | "SortEnabled") => !is_array,
            Some("SourceFields") => is_array,
            Some("FacetEnabled" | "SearchEnabled") => !is_text,
            Some("HighlightEnabled" | "AnalysisScheme") => is_text,
            Some(_) => false,
        };
        if !is_known {
            let shown: String = rest.chars().take(64).collect();
            return Err(ConfigError::validation(format!("A field of this type has no option {shown}")));
        }
    }
    Ok(())
}

/// Whether the scheme of a field exists.
pub(super) fn check_scheme(field: &Field, config: &Config) -> Result<(), ConfigError> {
    let Some(scheme) = field.scheme.as_deref() else { return Ok(()) };
    let built_in = scheme.strip_prefix('_').and_then(|rest| rest.strip_suffix("_default_"));
    if config.schemes.contains_key(scheme) || built_in.is_some_and(|language| LANGUAGES.contains(&language)) {
        return Ok(());
    }
    let shown: String = scheme.chars().take(64).collect();
    let name = &field.name;
    Err(ConfigError::validation(format!("The analysis scheme {shown} of the field {name} does not exist")))
}

/// The scheme of `DefineAnalysisScheme`.
pub(super) fn scheme(form: &Form<'_>) -> Result<AnalysisScheme, ConfigError> {
    let name = standard_name("AnalysisSchemeName", form.required("AnalysisScheme.AnalysisSchemeName")?)?;
    let language = form.required("AnalysisScheme.AnalysisSchemeLanguage")?;
    if !LANGUAGES.contains(&language) {
        return Err(ConfigError::validation("AnalysisSchemeLanguage is unknown"));
    }
    let option = |name: &str| form.get(&format!("AnalysisScheme.AnalysisOptions.{name}"));
    for name in ["Synonyms", "StemmingDictionary", "JapaneseTokenizationDictionary"] {
        let is_empty =
            |text: &str| matches!(text.replace(char::is_whitespace, "").as_str(), "" | "{}" | "[]");
        if option(name).is_some_and(|text| !is_empty(text)) {
            return Err(ConfigError::validation(format!("{name} is not supported")));
        }
    }
    let stop_words = match option("Stopwords") {
        None => None,
        Some(text) => {
            let words: Result<Vec<String>, _> = serde_json::from_str(text);
            let words =
                words.map_err(|_| ConfigError::validation("Stopwords must be a JSON array of strings"))?;
            Some(words.into_iter().map(|word| word.to_lowercase()).collect())
        }
    };
    let stemming = option("AlgorithmicStemming");
    if stemming.is_some_and(|stemming| !["none", "minimal", "light", "full"].contains(&stemming)) {
        return Err(ConfigError::validation("AlgorithmicStemming must be none, minimal, light or full"));
    }
    let (name, language) = (name.to_owned(), language.to_owned());
    Ok(AnalysisScheme { name, language, stop_words, stemming: stemming.map(str::to_owned) })
}

/// The suggester of `DefineSuggester`.
pub(super) fn suggester(form: &Form<'_>) -> Result<Suggester, ConfigError> {
    let name = standard_name("SuggesterName", form.required("Suggester.SuggesterName")?)?;
    let option = |name: &str| form.get(&format!("Suggester.DocumentSuggesterOptions.{name}"));
    let source = form.required("Suggester.DocumentSuggesterOptions.SourceField")?;
    let fuzzy = match option("FuzzyMatching") {
        None => None,
        Some(written) => {
            let known = Fuzzy::ALL.into_iter().find(|(name, _)| *name == written);
            let (_, fuzzy) =
                known.ok_or_else(|| ConfigError::validation("FuzzyMatching must be none, low or high"))?;
            Some(fuzzy)
        }
    };
    let sort_field = option("SortExpression").map(str::trim).filter(|text| !text.is_empty());
    let (name, source) = (name.to_owned(), source.to_owned());
    Ok(Suggester { name, source, fuzzy, sort_field: sort_field.map(str::to_owned) })
}

/// Whether the fields of a suggester exist and fit.
pub(super) fn check_suggester(suggester: &Suggester, config: &Config) -> Result<(), ConfigError> {
    let name = &suggester.name;
    let source = config.fields.get(&suggester.source);
    let fits = |field: &Field| {
        matches!(field.kind, Kind::Text | Kind::Literal) && !field.is_array && field.can_return()
    };
    if !source.is_some_and(fits) {
        let message = format!("The suggester {name} needs a text field that is return enabled and no array");
        return Err(ConfigError::validation(message));
    }
    let Some(sort_field) = &suggester.sort_field else { return Ok(()) };
    let sort_field = config.fields.get(sort_field);
    let is_number = |field: &Field| matches!(field.kind, Kind::Int | Kind::Double) && !field.is_array;
    if !sort_field.is_some_and(is_number) {
        let message =
            format!("The SortExpression of the suggester {name} can only be an int or double field here");
        return Err(ConfigError::validation(message));
    }
    Ok(())
}

/// The parameters of `UpdateScalingParameters`.
pub(super) fn scaling(form: &Form<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut scaling = BTreeMap::new();
    for name in ["DesiredInstanceType", "DesiredReplicationCount", "DesiredPartitionCount"] {
        let Some(value) = form.get(&format!("ScalingParameters.{name}")) else { continue };
        let fits = match name {
            "DesiredInstanceType" => value.len() <= 64 && value.starts_with("search."),
            _ => value.parse::<u32>().is_ok(),
        };
        if !fits {
            return Err(ConfigError::validation(format!("{name} has a wrong value")));
        }
        scaling.insert(name.to_owned(), value.to_owned());
    }
    Ok(scaling)
}
