//! The config's `[aws]`: how long AWS is waited for.
//!
//! A slow link needs more time, a script less. What makes no sense is refused, not repaired: an attempt that may take
//! longer than the operation it is part of would end as something that nobody asked for.

use super::sheet::Sheet;
use crate::incident::timeouts::CallTimeouts;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeTable;

/// The shortest and the longest time-out, in seconds: below it nothing answers, above it nobody waits.
const SECONDS: (f64, f64) = (0.1, 300.0);

/// Reads the table.
pub(super) fn timeouts(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> CallTimeouts {
    let mut timeouts = CallTimeouts::default();
    let example = "{ connect = 3, attempt = 5, operation = 12 }";
    let Some((table, _)) = sheet.table(table, "aws", &format!("{{ timeouts = {example} }}")) else {
        return timeouts;
    };
    sheet.only_keys(table, "[aws]", &["timeouts"]);
    let Some((table, _)) = sheet.table(table, "timeouts", example) else {
        return timeouts;
    };
    sheet.only_keys(table, "[aws.timeouts]", &["connect", "attempt", "operation"]);
    let connect = seconds(sheet, table, "connect", "3");
    let attempt = seconds(sheet, table, "attempt", "5");
    let operation = seconds(sheet, table, "operation", "12");
    let or =
        |read: &Option<Spanned<Duration>>, default| read.as_ref().map_or(default, |read| *read.get_ref());
    timeouts.connect = or(&connect, timeouts.connect);
    timeouts.attempt = or(&attempt, timeouts.attempt);
    timeouts.operation = or(&operation, timeouts.operation);
    // One that was written and is no time-out is complained about already; its default was not asked for.
    let misread = |key: &str, read: &Option<Spanned<Duration>>| read.is_none() && table.contains_key(key);
    for (part, part_read, whole, whole_read) in [
        (("connect", timeouts.connect), &connect, ("attempt", timeouts.attempt), &attempt),
        (("attempt", timeouts.attempt), &attempt, ("operation", timeouts.operation), &operation),
    ] {
        if part.1 <= whole.1 || misread(part.0, part_read) || misread(whole.0, whole_read) {
            continue;
        }
        // The defaults fit; so one of the two was written.
        let Some(written) = whole_read.as_ref().or(part_read.as_ref()) else { continue };
        let told = |(key, time): (&str, Duration)| format!("`{key}` is {} s", time.as_secs_f64());
        let complaint = sheet
            .at(written.span(), format!("{} and {}", told(part), told(whole)))
            .hint("a connection is part of an attempt, an attempt is part of an operation");
        sheet.push(complaint);
    }
    timeouts
}

/// A time-out; only one that makes sense.
fn seconds(
    sheet: &mut Sheet<'_>,
    table: &DeTable<'_>,
    key: &str,
    example: &str,
) -> Option<Spanned<Duration>> {
    let number = sheet.number(table, key, example)?;
    let seconds = *number.get_ref();
    if seconds.is_nan() || seconds < SECONDS.0 || seconds > SECONDS.1 {
        let complaint = sheet
            .at(number.span(), format!("`{key}` is no time-out"))
            .hint(format!("a time-out is {} to {} seconds", SECONDS.0, SECONDS.1));
        sheet.push(complaint);
        return None;
    }
    Some(Spanned::new(number.span(), Duration::from_secs_f64(seconds)))
}
