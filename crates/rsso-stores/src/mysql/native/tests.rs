//! What a server makes of a statement.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Opts, Value};
use rsso_testkit::{MariaDb, eventually};

use super::table::NativeLayout;
use crate::mysql::MysqlStore;
use crate::mysql::schema::Tables;
use crate::mysql::schema_stage::SchemaStage;
use rsso_core::dsn::Dsn;
use rsso_core::settings::Settings;
use rsso_core::sid::{SessionId, SessionKey};
use rsso_core::store::{Basis, Change, Store as _, Token};

const SOON: Duration = Duration::from_secs(30);

/// A session that is stored; its key.
fn stored(mariadb: &MariaDb) -> SessionKey {
    let Dsn::Mysql(dsn) = Dsn::parse("rsso.dsn", &mariadb.url()).unwrap() else {
        panic!("no DSN of MySQL");
    };
    let events = Settings::default().logins.events();
    let mut store = MysqlStore::new(dsn, None, None, SOON, SOON, events).unwrap();
    let key = SessionKey::of(&SessionId::random().unwrap(), true);
    let basis = Basis {
        token: Token::random().unwrap(),
        locked: false,
        seen: None,
        keeps_expiry: false,
    };
    let change = Change::Write(b"data", Duration::from_secs(1000));
    store.commit(&key, basis, change).unwrap();
    key
}

/// Otherwise an update between the read and the lock would be lost.
#[test]
fn nobody_can_write_a_row_that_was_read_until_its_lock_was_asked_for() {
    let mariadb = MariaDb::start();
    let key = stored(&mariadb);
    let layout = NativeLayout::new(&Tables::new(None).unwrap());
    let asks = "GET_LOCK(CONCAT(?, LEFT(s.revision, 0)), 0)";
    let sleeps = "SLEEP(2 + LENGTH(CONCAT(LEFT(?, 0), LEFT(s.revision, 0))))";
    let sleeping = || {
        let sleeping =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
        mariadb.sql(sleeping).trim() != "0"
    };
    // The tables are those of the last two.
    for stage in [SchemaStage::Filling, SchemaStage::Columns] {
        let text = layout.sql(stage).sessions.lock_existing.text();
        assert!(text.contains(asks), "{text}");
        let slow = text.replace(asks, sleeps);
        let (go, told) = mpsc::channel();
        thread::scope(|scope| {
            let read = scope.spawn(|| {
                let opts = Opts::from_url(&mariadb.plain_url()).unwrap();
                let mut connection = Conn::new(opts).unwrap();
                let values: Vec<Value> = vec!["lock".into(), key.as_bytes().into()];
                let slow = connection.prep(&slow).unwrap();
                for () in told {
                    connection
                        .exec_first::<mysql::Row, _, _>(&slow, values.clone())
                        .unwrap()
                        .expect("the session's row");
                }
            });
            for _ in 0..2 {
                go.send(()).unwrap();
                eventually("the read asks for the lock", SOON, || {
                    sleeping().then_some(())
                });
                mariadb.sql("UPDATE app.rsso_sessions SET expires = expires + 1");
                assert!(!sleeping(), "the row was written meanwhile: {stage:?}");
            }
            drop(go);
            read.join().unwrap();
        });
    }
}
