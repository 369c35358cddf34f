//! A component's stream (XEP-0114): connecting, the handshake, stanzas both ways.
//!
//! Without TLS ([`transport`]) it is for this machine or a private network. The secret itself is never sent.

use std::time::Duration;

use data_encoding::HEXLOWER;
use sha1::{Digest as _, Sha1};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connection_settings::ConnectionSettings;
use super::stream_end::StreamEnd;
use super::transport::{self, Incoming, Outgoing, Transport};
use super::xml::{Element, Item, Reader, escape};

/// How many stanzas are read ahead.
const INCOMING_QUEUE_LENGTH: usize = 64;

/// A stream that the server has let in.
pub(super) struct Stream {
    write: Outgoing,
    /// Stanzas, and at last the reason for the end.
    pub(super) incoming: mpsc::Receiver<Result<Element, StreamEnd>>,
    reading: JoinHandle<()>,
    timeout: Duration,
}

impl Stream {
    pub(super) async fn open(settings: &ConnectionSettings) -> Result<Self, StreamEnd> {
        let opening = timeout(settings.timeout, Self::begin(settings));
        opening.await.unwrap_or_else(|_| {
            Err(StreamEnd::lost(format!(
                "xmpp.server: {} does not answer",
                settings.server
            )))
        })
    }

    async fn begin(settings: &ConnectionSettings) -> Result<Self, StreamEnd> {
        let server = &settings.server;
        let cannot = |error: std::io::Error| {
            StreamEnd::lost(format!("xmpp.server: cannot connect to {server}: {error}"))
        };
        let Transport { read, mut write } = transport::connect(settings).await?;
        let mut reader = Reader::new(read);
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{}'>",
            escape(&settings.component)
        );
        put(&mut write, &header).await.map_err(cannot)?;
        let id = match next(&mut reader).await? {
            Item::Header(header) if header.name == "stream" => header.attribute("id").to_owned(),
            _ => {
                let problem = format!("xmpp.server: what answers at {server} is no XMPP server");
                return Err(StreamEnd::misconfigured(problem));
            }
        };
        let proof = Sha1::new()
            .chain_update(&id)
            .chain_update(settings.secret.expose())
            .finalize();
        let handshake = format!("<handshake>{}</handshake>", HEXLOWER.encode(&proof));
        // The server may have closed already, after an error that says why.
        let sent = put(&mut write, &handshake).await;
        match next(&mut reader).await? {
            Item::Stanza(stanza) if stanza.name == "handshake" => sent.map_err(cannot)?,
            Item::Stanza(error) if error.name == "error" => {
                return Err(StreamEnd::refused(&error, settings));
            }
            _ => {
                return Err(StreamEnd::lost(
                    "the XMPP server does not answer the handshake",
                ));
            }
        }
        let (ahead, incoming) = mpsc::channel(INCOMING_QUEUE_LENGTH);
        Ok(Self {
            write,
            incoming,
            // A task of its own, because reading a stanza cannot be interrupted.
            reading: tokio::spawn(read_all(reader, ahead)),
            timeout: settings.timeout,
        })
    }

    /// Sends stanzas. The wait for a server that does not read is bounded.
    pub(super) async fn send(&mut self, stanzas: &str) -> Result<(), StreamEnd> {
        let sending = timeout(self.timeout, put(&mut self.write, stanzas));
        match sending.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                // A stream error often comes before the connection is closed.
                let said = self.end_already_read();
                Err(said.unwrap_or_else(|| {
                    StreamEnd::lost(format!("the XMPP server is gone: {error}"))
                }))
            }
            Err(_) => Err(StreamEnd::lost("the XMPP server does not read")),
        }
    }

    fn end_already_read(&mut self) -> Option<StreamEnd> {
        while let Ok(item) = self.incoming.try_recv() {
            match item {
                Ok(stanza) if stanza.name == "error" => return Some(StreamEnd::of_stream(&stanza)),
                Ok(_) => {}
                Err(end) => return Some(end),
            }
        }
        None
    }

    /// Closes the stream.
    pub(super) async fn close(mut self) {
        // It does not matter whether this works.
        let _ = self.send("</stream:stream>").await;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Writes a text and flushes it, because TLS may buffer.
async fn put(write: &mut Outgoing, text: &str) -> std::io::Result<()> {
    write.write_all(text.as_bytes()).await?;
    write.flush().await
}

async fn next(reader: &mut Reader<Incoming>) -> Result<Item, StreamEnd> {
    let problem = |problem| StreamEnd::lost(format!("the XMPP server is gone: {problem}"));
    reader.inner().acknowledge_quickly();
    reader.next().await.map_err(problem)
}

async fn read_all(mut reader: Reader<Incoming>, ahead: mpsc::Sender<Result<Element, StreamEnd>>) {
    loop {
        let item = match next(&mut reader).await {
            Ok(Item::Stanza(stanza)) => Ok(stanza),
            Ok(Item::Header(_)) => continue,
            Ok(Item::End) => Err(StreamEnd::lost("the XMPP server has closed the stream")),
            Err(end) => Err(end),
        };
        let last = item.is_err();
        if ahead.send(item).await.is_err() || last {
            return;
        }
    }
}
