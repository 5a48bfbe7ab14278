//! XML answers as a tree.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

/// An element with text or with other elements in it.
pub(super) struct Element {
    name: Cow<'static, str>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn text(name: &'static str, text: impl Display) -> Self {
        Self { name: Cow::Borrowed(name), text: text.to_string(), children: Vec::new() }
    }

    pub(super) fn of(name: &'static str, children: Vec<Self>) -> Self {
        Self { name: Cow::Borrowed(name), text: String::new(), children }
    }

    /// As [`Element::of`], with a name that is put together.
    pub(super) fn named(name: String, children: Vec<Self>) -> Self {
        Self { name: Cow::Owned(name), text: String::new(), children }
    }

    /// A list, each item in an element `member`.
    pub(super) fn list(name: &'static str, items: impl IntoIterator<Item = Vec<Self>>) -> Self {
        Self::of(name, items.into_iter().map(|item| Self::of("member", item)).collect())
    }

    /// A list of texts.
    pub(super) fn texts(name: &'static str, items: impl IntoIterator<Item = impl Display>) -> Self {
        Self::of(name, items.into_iter().map(|item| Self::text("member", item)).collect())
    }

    pub(super) fn write(&self, to: &mut String) {
        let name = &self.name;
        // Writing to a string does not fail.
        let _ = write!(to, "<{name}>{}", escape(&self.text));
        for child in &self.children {
            child.write(to);
        }
        let _ = write!(to, "</{name}>");
    }
}

pub(super) fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}
