//! Columns of a row as values.

use mysql::Row;

use rsso_core::login::{Bound, Kick, Login, UserKey};
use rsso_core::store::{Generation, Record, Revision, Version};

/// The columns that [`bound`] reads.
pub(super) const BOUND: &str = "l.identity, l.more, l.user, b.until IS NOT NULL";

/// Generation, revision and data in these columns; `None` where there is no row.
pub(super) fn record(row: &mut Row, first: usize) -> Option<Record> {
    let version = record_version(row, first)?;
    let data: Vec<u8> = row.take::<Option<Vec<u8>>, _>(first + 2)??;
    Some(Record { data, version })
}

/// Generation and revision in these columns; `None` where there is no row.
pub(super) fn record_version(row: &Row, first: usize) -> Option<Version> {
    let generation: i64 = row.get::<Option<i64>, _>(first)??;
    let revision: Vec<u8> = row.get::<Option<Vec<u8>>, _>(first + 1)??;
    Some(Version {
        generation: Generation(generation.cast_unsigned()),
        revision: Revision(revision.try_into().ok()?),
    })
}

/// The login in these columns, [`BOUND`]; `None` where there is none.
pub(super) fn bound(row: &mut Row, first: usize) -> Option<Bound> {
    let identity = text(row, first)?;
    let more = text(row, first + 1)?;
    let user: Vec<u8> = row.take::<Option<Vec<u8>>, _>(first + 2)??;
    let rotated = row.get::<Option<i64>, _>(first + 3).flatten();
    Some(Bound {
        login: Login::decode(&identity, &more)?,
        user: UserKey::from_bytes(&user)?,
        rotated: rotated == Some(1),
    })
}

/// The tombstone in this column.
pub(super) fn kick(row: &mut Row, at: usize) -> Option<Kick> {
    serde_json::from_str(&text(row, at)?).ok()
}

/// The text in a column of bytes; `None` for NULL, and for what we have not written.
pub(super) fn text(row: &mut Row, at: usize) -> Option<String> {
    let bytes: Vec<u8> = row.take::<Option<Vec<u8>>, _>(at)??;
    String::from_utf8(bytes).ok()
}
