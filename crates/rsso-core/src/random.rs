//! Random numbers from the operating system: session ids, and what tells locks, records and logins apart.

use std::cell::RefCell;

use crate::error::{Error, Result};
use crate::process;

/// Bytes that are drawn at once: of 16 a lock token, 32 of them.
const STOCK: usize = 512;

thread_local! {
    static UNUSED: RefCell<Stock> = const { RefCell::new(Stock::EMPTY) };
}

/// `N` bytes nobody can guess, for what is a secret.
///
/// # Errors
/// When the operating system has no randomness to give; nothing weaker is used instead.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0_u8; N];
    fill(&mut out)?;
    Ok(out)
}

/// `N` bytes that nobody else has, for what is no secret: as random as [`bytes`], but drawn many at a time,
/// because a request needs several and each draw is a system call.
///
/// # Errors
/// As [`bytes`].
pub fn unique<const N: usize>() -> Result<[u8; N]> {
    UNUSED
        .try_with(|stock| stock.borrow_mut().take())
        // The thread is ending.
        .unwrap_or_else(|_| bytes())
}

fn fill(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out).map_err(|error| Error::Random {
        source: error.into(),
    })
}

/// What a thread has drawn and not used yet. A forked child has its parent's, and draws its own.
struct Stock {
    process: (u32, u32),
    left: usize,
    bytes: [u8; STOCK],
}

impl Stock {
    const EMPTY: Self = Self {
        process: (0, 0),
        left: 0,
        bytes: [0; STOCK],
    };

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let process = process::identity();
        if process != self.process || self.left < N {
            self.left = 0;
            fill(&mut self.bytes)?;
            self.left = STOCK;
            self.process = process;
        }
        let unused = &mut self.bytes[..self.left];
        let Some((_, taken)) = unused.split_last_chunk_mut::<N>() else {
            return bytes(); // more than the stock ever has
        };
        self.left -= N;
        // What was used is not there to be read.
        Ok(std::mem::replace(taken, [0; N]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    fn many() -> Vec<[u8; 16]> {
        (0..3 * STOCK / 16).map(|_| unique().unwrap()).collect()
    }

    #[test]
    fn no_two_are_equal_in_any_thread() {
        let others = thread::spawn(many);
        let all: HashSet<_> = many().into_iter().chain(others.join().unwrap()).collect();
        assert_eq!(all.len(), 6 * STOCK / 16);
    }

    #[test]
    fn sizes_that_do_not_divide_the_stock_are_taken_whole() {
        let mut stock = Stock::EMPTY;
        for _ in 0..STOCK {
            assert_ne!(stock.take::<13>().unwrap(), [0; 13]);
        }
        assert_ne!(stock.take::<{ STOCK + 1 }>().unwrap(), [0; STOCK + 1]);
    }

    #[test]
    fn what_was_used_is_wiped() {
        let mut stock = Stock::EMPTY;
        stock.take::<16>().unwrap();
        assert_eq!(stock.bytes[STOCK - 16..], [0; 16]);
        assert_ne!(stock.bytes[STOCK - 32..STOCK - 16], [0; 16]);
    }

    #[test]
    fn a_forked_child_draws_its_own() {
        let mut parent = Stock::EMPTY;
        parent.take::<16>().unwrap();
        let mut child = Stock {
            process: (parent.process.0, parent.process.1 + 1), // as another process sees it
            ..parent
        };
        assert_ne!(child.take::<16>().unwrap(), parent.take::<16>().unwrap());
    }
}
