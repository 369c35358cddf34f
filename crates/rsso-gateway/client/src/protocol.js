// What the gateway sends: event types, close codes, and the checks that everything from outside has to pass.

const PREFIX = 'io.rsso.';
/** The kinds of the outbox's events that become DOM events. */
const DISPATCHED = ['login.claimed', 'login.kicked', 'login.released', 'login.expired', 'login.refused', 'login.storm', 'login.elsewhere', 'message'];
/** The kinds of the gateway's own events, which are about the connection. */
const GATEWAY_KINDS = ['connected', 'heartbeat', 'gap'];
const KINDS = [...DISPATCHED, ...GATEWAY_KINDS];

const MAX_FRAME = 1 << 18; // a message's payload has at most 64 KiB before it is escaped
const MAX_HEARTBEAT = 300_000;

/** The close code of a login that was replaced in the same session. The next connection says by which. */
const RECLAIMED = 4501;
/** The names of close codes, as `rsso:ended` has them. */
const REASONS = {
    4000: 'ended', 4001: 'replaced', 4002: 'kicked', 4003: 'signed-out', 4004: 'expired', 4401: 'not-signed-in',
    4005: 'another-user', // only the client gives it, because the gateway knows cookies, not pages
};

function isTerminal(code) {
    return Number.isInteger(code) && code >= 4000 && code <= 4499;
}

function isConnected({ type }) {
    return type === `${PREFIX}connected.v1`;
}

function parseFrame(frame) {
    return typeof frame === 'string' && frame.length <= MAX_FRAME ? checkedEvent(parseObject(frame)) : undefined;
}

function parseObject(json) {
    try {
        const value = JSON.parse(json);
        return value && typeof value === 'object' ? value : undefined;
    } catch {
        return undefined;
    }
}

/** The event, if this client can handle it. */
function checkedEvent(event) {
    const { type, id, data, sequence } = event ?? {};
    const known = typeof type === 'string' && type.length < 64 && type.startsWith(PREFIX) && type.endsWith('.v1');
    if (!known || !text(id) || !data || typeof data !== 'object') return undefined;
    return sequence === undefined || text(sequence) ? event : undefined;
}

/** The user of an event. The bytes of an id that is no text are in `uid_base64`. */
function userOf({ uid, uid_base64: bytes }) {
    return text(bytes) || `${text(uid)} `;
}

/** A name or a position; '' for anything else, and for texts that are too long to be one. */
function text(value) {
    return typeof value === 'string' && value.length <= 512 ? value : '';
}
