// The transports: WebSocket, and server-sent events.

/** By name. `open` calls `receive` with frames, then `lose` once; it returns what disconnects. */
const TRANSPORTS = {
    ws: {
        path: 'ws',
        there: () => !!globalThis.WebSocket,
        open(url, receive, lose) {
            url.protocol = url.protocol.replace('http', 'ws');
            const socket = new WebSocket(url, 'cloudevents.json');
            socket.onmessage = ({ data }) => receive(data);
            socket.onclose = ({ code, reason }) => lose(code, reason);
            return () => {
                socket.onmessage = socket.onclose = null;
                socket.close();
            };
        },
    },
    sse: {
        path: 'events',
        there: () => !!globalThis.EventSource,
        open(url, receive, lose) {
            const source = new EventSource(url, { withCredentials: true });
            const asking = new AbortController();
            for (const kind of KINDS) source.addEventListener(`${PREFIX}${kind}.v1`, ({ data }) => receive(data));
            source.addEventListener('close', ({ data }) => {
                const { code, reason } = parseObject(data) ?? {};
                lose(code, reason);
            });
            source.onerror = async () => {
                const refused = source.readyState === EventSource.CLOSED;
                source.close(); // it would reconnect without jitter
                let code = 1006;
                // Only the status distinguishes an end from a failure, and EventSource does not show it.
                if (refused) code = await statusCode(url, asking.signal);
                if (!asking.signal.aborted) lose(code);
            };
            return () => {
                source.close();
                asking.abort();
            };
        },
    },
};

/** The close code that a refused event stream stands for. */
async function statusCode(url, signal) {
    const stop = new AbortController();
    signal.addEventListener('abort', () => stop.abort());
    try {
        const init = { credentials: 'include', cache: 'no-store', headers: { Accept: 'text/event-stream' }, signal: stop.signal };
        const { status, headers } = await fetch(url, init);
        const code = Number(headers.get('Rsso-Close'));
        if (status === 204) return isTerminal(code) ? code : 4000;
        return status === 401 ? 4401 : 1006;
    } catch {
        return 1006;
    } finally {
        stop.abort(); // otherwise a stream that was accepted now would stay open
    }
}
