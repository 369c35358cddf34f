//! The parts of a request that ask nobody, each so many times: for `benches/instructions`, which counts what they take.
//!
//! ```text
//! pure <part> <times>
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a tool of the benches"
)]

use std::hint::black_box;

use rsso_core::dsn::Dsn;
use rsso_core::packing::{pack, unpack};
use rsso_core::settings::Compression;
use rsso_core::{SessionId, SessionKey, Settings};

/// Text of the kind that sessions hold.
fn text(length: usize) -> Vec<u8> {
    let line = b"cart|a:2:{s:5:\"title\";s:14:\"Article number\";s:5:\"price\";d:19.99;}";
    line.iter().copied().cycle().take(length).collect()
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (part, times) = (words.next().unwrap_or_default(), words.next());
    let times: usize = times.and_then(|times| times.parse().ok()).unwrap_or(1);
    let data = text(20_480);
    let packed = |how| pack(&data, how, 0).into_owned();
    let (zstd, lz4) = (packed(Compression::Zstd), packed(Compression::Lz4));
    let settings = Settings::default();
    for _ in 0..times {
        match part.as_str() {
            "id" => {
                let sid = SessionId::parse(black_box(b"0123456789abcdef0123456789abcdef")).unwrap();
                black_box(SessionKey::of(&sid, true));
            }
            "dsn" => {
                let dsn = "mysql://user:p%40ss@db.example.org:3307/app?tls=1";
                black_box(Dsn::parse("rsso.dsn", black_box(dsn)).unwrap());
            }
            "settings" => {
                black_box(black_box(&settings).clone());
            }
            "pack-zstd" => {
                black_box(pack(black_box(&data), Compression::Zstd, 0));
            }
            "pack-lz4" => {
                black_box(pack(black_box(&data), Compression::Lz4, 0));
            }
            "unpack-zstd" => {
                black_box(unpack(black_box(zstd.clone()), "").unwrap());
            }
            "unpack-lz4" => {
                black_box(unpack(black_box(lz4.clone()), "").unwrap());
            }
            "unpack-plain" => {
                black_box(unpack(black_box(data.clone()), "").unwrap());
            }
            _ => {
                eprintln!("no part '{part}'");
                std::process::exit(2);
            }
        }
    }
}
