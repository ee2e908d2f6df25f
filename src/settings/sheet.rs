//! Reading TOML with positions: every value knows where it stands, every mistake becomes a complaint, reading goes on.
//!
//! It refuses serde on purpose: derived readers stop at the first mistake and lose the place of a wrong name. Only the
//! readers of this folder import it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::{Complaint, nearest_names};

/// A value and its place in the file.
pub(super) type Value<'s> = Spanned<DeValue<'s>>;

/// Complaints that one file gets. Who has more has one mistake many times, or no settings file; each costs a look at the
/// text, and a file of a megabyte can be wrong at every byte.
pub(super) const MOST: usize = 100;

/// A file being read, and everything found wrong with it so far.
#[derive(Debug)]
pub(super) struct Sheet<'s> {
    file: String,
    source: &'s str,
    complaints: Vec<Complaint>,
    /// Complaints beyond the most.
    left_out: usize,
}

impl<'s> Sheet<'s> {
    /// Parses a file. A file that is not TOML has no table, only complaints: guessing on would invent mistakes.
    pub(super) fn parse(file: &str, source: &'s str) -> (Self, Option<DeTable<'s>>) {
        let mut sheet = Self { file: file.to_owned(), source, complaints: Vec::new(), left_out: 0 };
        let (table, errors) = DeTable::parse_recoverable(source);
        if errors.is_empty() {
            return (sheet, Some(table.into_inner()));
        }
        for error in errors {
            let span = error.span().unwrap_or(source.len()..source.len());
            sheet.complain(span, format!("not valid TOML: {}", error.message().replace('\n', ", ")));
        }
        (sheet, None)
    }

    /// Everything wrong with the file, in the order of its lines.
    pub(super) fn finish(mut self) -> Vec<Complaint> {
        self.complaints.sort_by_key(|complaint| (complaint.line, complaint.col));
        if self.left_out > 0 {
            let more =
                Complaint::whole(&self.file, format!("{} more complaints are left out", self.left_out));
            self.complaints.push(more.hint("mend these first, and ask again"));
        }
        self.complaints
    }

    /// Is the file without fault so far?
    pub(super) fn is_clean(&self) -> bool {
        self.complaints.is_empty()
    }

    /// A complaint about a place.
    pub(super) fn complain(&mut self, span: Range<usize>, what: impl Into<String>) {
        let complaint = self.at(span, what);
        self.push(complaint);
    }

    /// A complaint about a place, to be completed and pushed.
    pub(super) fn at(&self, span: Range<usize>, what: impl Into<String>) -> Complaint {
        if self.is_full() {
            return Complaint::whole(&self.file, what);
        }
        Complaint::at(&self.file, self.source, span, what)
    }

    /// Whether no further complaint will be shown.
    pub(super) fn is_full(&self) -> bool {
        self.complaints.len() >= MOST
    }

    /// Takes a complaint in.
    pub(super) fn push(&mut self, complaint: Complaint) {
        if self.is_full() {
            self.left_out += 1;
        } else {
            self.complaints.push(complaint);
        }
    }

    /// A complaint about the whole file.
    pub(super) fn whole(&mut self, what: impl Into<String>) {
        let complaint = Complaint::whole(&self.file, what);
        self.push(complaint);
    }

    /// Complains about every key of a table that is not one of those.
    pub(super) fn only_keys(&mut self, table: &DeTable<'_>, what: &str, known: &[&str]) {
        for (key, _) in table.iter() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                if self.is_full() {
                    self.left_out += 1;
                    continue;
                }
                let mut complaint = self
                    .at(key.span(), format!("unknown key `{name}` in {what}"))
                    .nearest(nearest_names(name, known.iter().copied()));
                if complaint.nearest.is_empty() {
                    complaint = complaint.hint(format!("{what} takes: {}", known.join(", ")));
                }
                self.push(complaint);
            }
        }
    }

    /// The place of a key of a table, else of the table's fallback.
    pub(super) fn key_span(table: &DeTable<'_>, key: &str, fallback: &Range<usize>) -> Range<usize> {
        table.get_key_value(key).map_or_else(|| fallback.clone(), |(key, _)| key.span())
    }

    fn wrong_type(&mut self, value: &Value<'_>, name: &str, wanted: &str, example: &str) {
        let complaint = self
            .at(value.span(), format!("`{name}` is {}, not {wanted}", with_article(value.get_ref())))
            .hint(format!("write it like: {name} = {example}"));
        self.push(complaint);
    }

    /// A string of a table, with its place.
    pub(super) fn string(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        example: &str,
    ) -> Option<Spanned<String>> {
        let value = table.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => {
                self.wrong_type(value, key, "a string", example);
                None
            }
        }
    }

    /// A truth value of a table.
    pub(super) fn boolean(&mut self, table: &DeTable<'_>, key: &str) -> Option<bool> {
        let value = table.get(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.wrong_type(value, key, "true or false", "true");
        }
        read
    }

    /// A whole number of a table, with its place. Numbers too large to hold come back as `i64::MAX`.
    pub(super) fn integer(&mut self, table: &DeTable<'_>, key: &str, example: &str) -> Option<Spanned<i64>> {
        let value = table.get(key)?;
        match value.get_ref().as_integer() {
            Some(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
                Some(Spanned::new(value.span(), read))
            }
            None => {
                self.wrong_type(value, key, "a whole number", example);
                None
            }
        }
    }

    /// A number of a table, whole or not, with its place.
    pub(super) fn number(&mut self, table: &DeTable<'_>, key: &str, example: &str) -> Option<Spanned<f64>> {
        let value = table.get(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.wrong_type(value, key, "a number", example);
                return None;
            }
        };
        // What TOML takes for a number and Rust does not (`0x10`) is no number of anything measured.
        Some(Spanned::new(value.span(), text.replace('_', "").parse().unwrap_or(f64::NAN)))
    }

    /// A list of strings of a table, each with its place.
    pub(super) fn strings(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        example: &str,
    ) -> Option<Vec<Spanned<String>>> {
        let value = table.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(value, key, "a list of strings", example);
            return None;
        };
        let mut read = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => read.push(Spanned::new(item.span(), text.to_owned())),
                None => {
                    let found = with_article(item.get_ref());
                    self.complain(item.span(), format!("`{key}` takes strings, and this is {found}"));
                }
            }
        }
        Some(read)
    }

    /// A table of a table.
    pub(super) fn table<'t, 'd>(
        &mut self,
        table: &'t DeTable<'d>,
        key: &str,
        example: &str,
    ) -> Option<(&'t DeTable<'d>, Range<usize>)> {
        let value = table.get(key)?;
        match value.get_ref().as_table() {
            Some(inner) => Some((inner, Self::key_span(table, key, &value.span()))),
            None => {
                self.wrong_type(value, key, "a table", example);
                None
            }
        }
    }

    /// The tables of an array of tables, each with its place.
    pub(super) fn tables<'t, 'd>(
        &mut self,
        table: &'t DeTable<'d>,
        key: &str,
        header: &str,
    ) -> Vec<(&'t DeTable<'d>, Range<usize>)> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            let found = with_article(value.get_ref());
            let complaint = self
                .at(
                    Self::key_span(table, key, &value.span()),
                    format!("`{key}` is {found}, not a list of tables"),
                )
                .hint(format!("each one starts with the line [[{header}]]"));
            self.push(complaint);
            return Vec::new();
        };
        let mut read = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(inner) => read.push((inner, item.span())),
                None => {
                    let found = with_article(item.get_ref());
                    let complaint = self
                        .at(item.span(), format!("`{key}` takes tables, and this is {found}"))
                        .hint(format!("each one starts with the line [[{header}]]"));
                    self.push(complaint);
                }
            }
        }
        read
    }
}

/// A value's type as a sentence takes it: `an integer`.
pub(super) fn with_article(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_wrong_everywhere_gets_a_hundred_complaints_and_a_count() {
        let text: String = (0..5_000).map(|n| format!("k{n} = 1\n")).collect();
        let (mut sheet, table) = Sheet::parse("f", &text);
        sheet.only_keys(&table.unwrap_or_default(), "a test", &["known"]);
        sheet.complain(0..1, "and one more");
        let complaints = sheet.finish();
        assert_eq!(complaints.len(), MOST + 1);
        assert_eq!(
            complaints.last().map(|last| last.what.as_str()),
            Some("4901 more complaints are left out")
        );
    }
}
