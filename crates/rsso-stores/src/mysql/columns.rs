//! Reading what rsso stores from the columns of a row.

use mysql::Row;
use mysql::prelude::FromValue;

use rsso_core::login::{Kick, Login, LoginId, SessionLogin, UserKey};
use rsso_core::store::{Generation, Record, Revision, Version};

/// The record in `generation`, `revision` and `data`; `None` if they are NULL.
pub(super) fn record(row: &mut Row) -> Option<Record> {
    let version = version(row)?;
    let data: Vec<u8> = row.take::<Option<Vec<u8>>, _>("data")??;
    Some(Record { data, version })
}

/// The version in `generation` and `revision`; `None` if they are NULL.
pub(super) fn version(row: &Row) -> Option<Version> {
    let revision: Vec<u8> = value(row, "revision")?;
    Some(Version {
        generation: generation(row)?,
        revision: Revision(revision.try_into().ok()?),
    })
}

/// The generation in the column of this name; `None` if it is NULL.
pub(super) fn generation(row: &Row) -> Option<Generation> {
    let generation: i64 = value(row, "generation")?;
    Some(Generation(generation.cast_unsigned()))
}

/// The login in `identity`, `more`, `user` and `rotated`; `None` if there is none.
pub(super) fn bound(row: &Row) -> Option<SessionLogin> {
    let user: Vec<u8> = value(row, "user")?;
    Some(SessionLogin {
        login: Login::decode(&text(row, "identity")?, &text(row, "more")?)?,
        user: UserKey::from_bytes(&user)?,
        rotated: flag(row, "rotated"),
    })
}

/// The login's id in `login`; `None` if it is NULL or rsso has not written it.
pub(super) fn login_id(row: &Row) -> Option<LoginId> {
    LoginId::from_bytes(&value::<Vec<u8>>(row, "login")?)
}

/// The tombstone in `detail`.
pub(super) fn tombstone(row: &Row) -> Option<Kick> {
    serde_json::from_str(&text(row, "detail")?).ok()
}

/// The text in a column of bytes; `None` for NULL and for what rsso has not written.
pub(super) fn text(row: &Row, column: &str) -> Option<String> {
    String::from_utf8(value(row, column)?).ok()
}

/// Whether the truth value in a column is true.
pub(super) fn flag(row: &Row, column: &str) -> bool {
    value::<i64>(row, column) == Some(1)
}

/// The value in a column; `None` for NULL.
pub(super) fn value<T: FromValue>(row: &Row, column: &str) -> Option<T> {
    row.get::<Option<T>, _>(column).flatten()
}
