//! Delivery receipts: rows with an expiry, without transactions.

use std::time::Duration;

use super::connections::ConnectionRole;
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::{RECEIPT_TTL, Receipts, gateway_name, receipt_name};

const STORE_FAILED: &str = "cannot store what a gateway says";
const READ_FAILED: &str = "cannot read what gateways say";

impl MysqlStore {
    fn store_receipts(&mut self, names: &[Vec<u8>], ttl: Duration) -> Result<()> {
        let receipts = &self.receipts;
        self.connections
            .run(ConnectionRole::Main, STORE_FAILED, |connection| {
                receipts.store(connection, names, ttl)
            })
    }

    fn find_receipts(&mut self, names: &[Vec<u8>]) -> Result<Vec<bool>> {
        let receipts = &self.receipts;
        self.connections
            .run(ConnectionRole::Main, READ_FAILED, |connection| {
                receipts.find(connection, names)
            })
    }
}

impl Receipts for MysqlStore {
    fn announce_gateway(&mut self, realm: &Realm, ttl: Duration) -> Result<()> {
        self.store_receipts(&[gateway_name(realm)], ttl)
    }

    fn acknowledge(&mut self, logins: &[LoginId]) -> Result<()> {
        let names: Vec<_> = logins.iter().copied().map(receipt_name).collect();
        self.store_receipts(&names, RECEIPT_TTL)
    }

    fn has_gateway(&mut self, realm: &Realm) -> Result<bool> {
        let found = self.find_receipts(&[gateway_name(realm)])?;
        Ok(found == [true])
    }

    fn acknowledged(&mut self, logins: &[LoginId]) -> Result<Vec<bool>> {
        let names: Vec<_> = logins.iter().copied().map(receipt_name).collect();
        self.find_receipts(&names)
    }
}
