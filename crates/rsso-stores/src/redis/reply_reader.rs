//! Reads Redis' replies (RESP2) as values.
//!
//! What always holds: memory is allocated only for bytes that have come, whatever length the server announces. What is
//! not a reply of a Redis server is [`ConnectionError::NotRedis`], never a value.

use std::io::{self, Read};

use redis::Value;

use super::error::ConnectionError;

/// How much is read at once, in bytes.
const READ_SIZE: usize = 16 * 1024;

/// The longest line: a number, a status or an error.
const MAX_LINE_LEN: usize = 64 * 1024;

/// The longest string: Redis' own limit (`proto-max-bulk-len`) by default.
const MAX_BULK_LEN: usize = 512 * 1024 * 1024;

/// How much of a long string is allocated before it has come.
const ALLOCATION_STEP: usize = 1024 * 1024;

/// The deepest nesting of arrays; the outbox has three levels.
const MAX_DEPTH: u8 = 8;

/// Reads replies, and keeps the bytes that came after the last one.
pub(super) struct ReplyReader {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl ReplyReader {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; READ_SIZE].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// Reads the next reply.
    pub(super) fn next(&mut self, source: &mut impl Read) -> Result<Value, ConnectionError> {
        self.value(source, MAX_DEPTH)
    }

    fn value(&mut self, source: &mut impl Read, depth: u8) -> Result<Value, ConnectionError> {
        let line = self.line(source)?;
        let (kind, rest) = line.split_first().ok_or(ConnectionError::NotRedis)?;
        match kind {
            b'$' => match length(rest, MAX_BULK_LEN)? {
                None => Ok(Value::Nil),
                Some(length) => self.bulk(source, length).map(Value::BulkString),
            },
            b':' => number(rest).map(Value::Int),
            b'*' => {
                let Some(length) = length(rest, usize::MAX)? else {
                    return Ok(Value::Nil);
                };
                let depth = depth.checked_sub(1).ok_or(ConnectionError::NotRedis)?;
                let mut items = Vec::with_capacity(length.min(64));
                for _ in 0..length {
                    items.push(self.value(source, depth)?);
                }
                Ok(Value::Array(items))
            }
            b'+' if rest == b"OK" => Ok(Value::Okay),
            b'+' => Ok(Value::SimpleString(String::from_utf8_lossy(rest).into())),
            b'-' => {
                // Only the driver's parser can make its type for a server's error.
                let text = format!("-{}\r\n", String::from_utf8_lossy(rest));
                redis::parse_redis_value(text.as_bytes()).map_err(|_| ConnectionError::NotRedis)
            }
            _ => Err(ConnectionError::NotRedis),
        }
    }

    /// The next line, without its end.
    fn line(&mut self, source: &mut impl Read) -> Result<&[u8], ConnectionError> {
        let mut seen = 0;
        loop {
            let held = &self.buffer[self.start..self.end];
            // What cannot be a reply is not waited for.
            if held.first().is_some_and(|kind| !b"$:*+-".contains(kind)) {
                return Err(ConnectionError::NotRedis);
            }
            if let Some(at) = held[seen..].iter().position(|byte| *byte == b'\n') {
                let (from, to) = (self.start, self.start + seen + at);
                self.start = to + 1;
                return match self.buffer[from..to].split_last() {
                    Some((b'\r', line)) => Ok(line),
                    _ => Err(ConnectionError::NotRedis),
                };
            }
            seen = held.len();
            if seen > MAX_LINE_LEN {
                return Err(ConnectionError::NotRedis);
            }
            self.fill(source)?;
        }
    }

    /// Reads more bytes into the buffer.
    fn fill(&mut self, source: &mut impl Read) -> Result<(), ConnectionError> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            if self.start == 0 {
                let mut larger = std::mem::take(&mut self.buffer).into_vec();
                larger.resize(larger.len() * 2, 0);
                self.buffer = larger.into_boxed_slice();
            } else {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
        }
        self.end += read_some(source, &mut self.buffer[self.end..])?;
        Ok(())
    }

    /// Reads a string of this length, and its line end.
    fn bulk(&mut self, source: &mut impl Read, length: usize) -> Result<Vec<u8>, ConnectionError> {
        let held = (self.end - self.start).min(length);
        let mut bytes = Vec::with_capacity(length.min(ALLOCATION_STEP));
        bytes.extend_from_slice(&self.buffer[self.start..self.start + held]);
        self.start += held;
        while bytes.len() < length {
            let have = bytes.len();
            bytes.resize(length.min(have + ALLOCATION_STEP), 0);
            let mut filled = have;
            while filled < bytes.len() {
                filled += read_some(source, &mut bytes[filled..])?;
            }
        }
        while self.end - self.start < 2 {
            self.fill(source)?;
        }
        let end = &self.buffer[self.start..self.start + 2];
        if end != b"\r\n" {
            return Err(ConnectionError::NotRedis);
        }
        self.start += 2;
        Ok(bytes)
    }
}

/// Reads at least one byte.
fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ConnectionError> {
    match source.read(buffer) {
        Ok(0) => Err(ConnectionError::Io(io::ErrorKind::UnexpectedEof.into())),
        Ok(read) => Ok(read),
        Err(error) => Err(ConnectionError::Io(error)),
    }
}

fn number(text: &[u8]) -> Result<i64, ConnectionError> {
    let text = std::str::from_utf8(text).map_err(|_| ConnectionError::NotRedis)?;
    text.parse().map_err(|_| ConnectionError::NotRedis)
}

/// Reads a length up to `max`; `None` is -1, no value.
fn length(text: &[u8], max: usize) -> Result<Option<usize>, ConnectionError> {
    match number(text)? {
        -1 => Ok(None),
        length => usize::try_from(length)
            .ok()
            .filter(|length| *length <= max)
            .map(Some)
            .ok_or(ConnectionError::NotRedis),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that yields so many bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.0 = later;
            Ok(size)
        }
    }

    fn read_all(bytes: &[u8], size: usize, count: usize) -> Vec<Result<Value, ConnectionError>> {
        let (mut replies, mut source) = (ReplyReader::new(), Trickle(bytes, size));
        (0..count).map(|_| replies.next(&mut source)).collect()
    }

    proptest! {
        #[test]
        fn answers_are_read_however_they_come(data: Vec<u8>, size in 1_usize..9, number: i64) {
            let mut bytes = format!("+OK\r\n:{number}\r\n*2\r\n$-1\r\n${}\r\n", data.len()).into_bytes();
            bytes.extend_from_slice(&data);
            bytes.extend_from_slice(b"\r\n-ERR what you said\r\n");
            let values: Vec<Value> = read_all(&bytes, size, 4).into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(&values[..3], &[
                Value::Okay,
                Value::Int(number),
                Value::Array(vec![Value::Nil, Value::BulkString(data)]),
            ]);
            let Value::ServerError(error) = &values[3] else { panic!("{values:?}") };
            prop_assert_eq!((error.code(), error.details()), ("ERR", Some("what you said")));
        }

        #[test]
        fn what_is_no_answer_is_no_value(bytes: Vec<u8>, size in 1_usize..9) {
            let known = bytes.first().is_some_and(|kind| b"$:*+-".contains(kind));
            let read = read_all(&bytes, size, 1);
            if !known {
                prop_assert!(matches!(read[0], Err(ConnectionError::NotRedis | ConnectionError::Io(_))));
            }
        }
    }

    #[test]
    fn strings_longer_than_the_buffer_come_whole() {
        let data = vec![7; 3 * ALLOCATION_STEP + 5];
        let mut bytes = format!("${}\r\n", data.len()).into_bytes();
        bytes.extend_from_slice(&data);
        bytes.extend_from_slice(b"\r\n:1\r\n");
        let mut values = read_all(&bytes, 100_000, 2).into_iter();
        assert!(values.next().unwrap().unwrap() == Value::BulkString(data));
        assert_eq!(values.next().unwrap().unwrap(), Value::Int(1));
    }

    #[test]
    fn a_line_longer_than_the_buffer_comes_whole() {
        let long = "x".repeat(2 * READ_SIZE);
        let bytes = format!("+{long}\r\n");
        let mut values = read_all(bytes.as_bytes(), 1000, 1);
        assert_eq!(values.pop().unwrap().unwrap(), Value::SimpleString(long));
    }

    #[test]
    fn what_claims_too_much_is_refused_at_once() {
        for bytes in [
            "$99999999999\r\n",
            "$-2\r\n",
            ":\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ] {
            let mut read = read_all(bytes.as_bytes(), 64, 1);
            assert!(
                matches!(read.pop().unwrap(), Err(ConnectionError::NotRedis)),
                "{bytes}"
            );
        }
    }

    #[test]
    fn an_end_in_the_middle_is_an_error() {
        for bytes in ["", "$5\r\nab", "$2\r\nab", "*2\r\n:1\r\n", "+O"] {
            let mut read = read_all(bytes.as_bytes(), 64, 1);
            assert!(
                matches!(read.pop().unwrap(), Err(ConnectionError::Io(_))),
                "{bytes}"
            );
        }
    }
}
