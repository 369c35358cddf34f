//! A client of a gateway's server-sent events.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use serde_json::Value;

use super::http::{head, request, request_over};

/// A stream of server-sent events.
#[derive(Debug)]
pub struct SseClient {
    reader: BufReader<TcpStream>,
    pub headers: Vec<String>,
    /// The rest of the current chunk.
    chunk: String,
}

/// One block of an event stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SseBlock {
    pub id: Option<String>,
    pub event: String,
    pub data: String,
    pub retry: Option<u64>,
}

impl SseBlock {
    /// The data as JSON.
    ///
    /// # Panics
    /// If the data is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("an event is JSON")
    }
}

impl SseClient {
    /// Opens a stream.
    ///
    /// # Errors
    /// The HTTP status, if it is not 200.
    ///
    /// # Panics
    /// If nobody answers.
    pub fn open(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let reader = request(port, path, headers).expect("the gateway listens");
        Self::answered(reader)
    }

    /// Opens a stream over this connection.
    ///
    /// # Errors
    /// The HTTP status, if it is not 200.
    ///
    /// # Panics
    /// If nobody answers.
    pub fn over(
        stream: TcpStream,
        port: u16,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let reader = request_over(stream, port, path, headers).expect("the gateway reads");
        Self::answered(reader)
    }

    fn answered(mut reader: BufReader<TcpStream>) -> Result<Self, u16> {
        let (status, headers) = head(&mut reader).expect("the gateway answers");
        if status != 200 {
            return Err(status);
        }
        Ok(Self {
            reader,
            headers,
            chunk: String::new(),
        })
    }

    /// The next block with data that is no heartbeat; `None` at the end.
    pub fn next_event(&mut self) -> Option<SseBlock> {
        loop {
            let block = self.next_block()?;
            if !block.data.is_empty() && block.event != "io.rsso.heartbeat.v1" {
                return Some(block);
            }
        }
    }

    /// The next block, read as the standard says; `None` at the end.
    pub fn next_block(&mut self) -> Option<SseBlock> {
        let mut block = SseBlock::default();
        loop {
            let line = self.line()?;
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "" if line.is_empty() => return Some(block),
                "id" => block.id = Some(value.to_owned()),
                "event" => value.clone_into(&mut block.event),
                "retry" => block.retry = value.parse().ok(),
                "data" => {
                    if !block.data.is_empty() {
                        block.data.push('\n');
                    }
                    block.data.push_str(value);
                }
                _ => {}
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.chunk.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.chunk = rest;
                return Some(line);
            }
            let more = self.read_chunk()?;
            self.chunk.push_str(&more);
        }
    }

    /// The next chunk of the transfer coding; `None` after the last.
    fn read_chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        (size > 0).then(|| String::from_utf8(chunk).expect("UTF-8"))
    }

    /// The TCP connection.
    pub fn tcp(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}
