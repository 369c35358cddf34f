//! Receipts: rows with an expiry.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::clock::{expiry, now};
use super::error::Operation;
use super::statements::Statements;
use super::store::SqliteStore;
use rsso_core::error::Result;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::{RECEIPT_TTL, Receipts, gateway_name, receipt_name};

impl Receipts for SqliteStore {
    fn announce_gateway(&mut self, realm: &Realm, ttl: Duration) -> Result<()> {
        self.with(Operation::Login, |connection, sql| {
            let names = [gateway_name(realm)];
            store(connection, sql, &names, ttl)
        })
    }

    fn acknowledge(&mut self, logins: &[LoginId]) -> Result<()> {
        let names: Vec<_> = logins.iter().copied().map(receipt_name).collect();
        self.with(Operation::Login, |connection, sql| {
            store(connection, sql, &names, RECEIPT_TTL)
        })
    }

    fn has_gateway(&mut self, realm: &Realm) -> Result<bool> {
        self.with(Operation::Read, |connection, sql| {
            has(connection, sql, &gateway_name(realm))
        })
    }

    fn acknowledged(&mut self, logins: &[LoginId]) -> Result<Vec<bool>> {
        self.with(Operation::Read, |connection, sql| {
            let has = |login: &LoginId| has(connection, sql, &receipt_name(*login));
            logins.iter().map(has).collect()
        })
    }
}

/// Those that nobody has asked for go with it.
fn store(
    connection: &mut Connection,
    sql: &Statements,
    names: &[Vec<u8>],
    ttl: Duration,
) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached(&sql.remove_expired_receipts)?
        .execute(named_params! { ":now": now() })?;
    for name in names {
        let until = expiry(ttl);
        transaction
            .prepare_cached(&sql.add_receipt)?
            .execute(named_params! { ":name": name, ":until": until })?;
    }
    transaction.commit()
}

fn has(connection: &Connection, sql: &Statements, name: &[u8]) -> rusqlite::Result<bool> {
    let found: Option<i64> = connection
        .prepare_cached(&sql.has_receipt)?
        .query_row(named_params! { ":name": name, ":now": now() }, |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found.is_some())
}
