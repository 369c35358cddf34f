/** The browser's side of `rsso serve`. See {@link connect}. */

/** How a connection is made. */
export type Transport = 'ws' | 'sse';

/**
 * - `connecting`: a connection is being made, or catches up with what was missed;
 * - `open`: events come as they happen;
 * - `waiting`: until the next attempt;
 * - `closed`: for good, by the gateway (`rsso:ended`) or by {@link Connection.close}.
 *
 * Of the connection that the tabs share, where they do.
 */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

/**
 * Why a login ended, as the dialog tells it: by a newcomer, by `sso_kick()`, by time, by a logout, by another user who
 * signed in in this browser.
 */
export type End = 'replaced' | 'kicked' | 'expired' | 'released' | 'switched';

/** What the dialog and the notice say: labels, buttons, and a title and a text for each end and for `elsewhere`. Plain text. */
export type Texts = {
    device: string;
    /** Of a sign-in elsewhere: the network that it came from. */
    address: string;
    time: string;
    signIn: string;
    dismiss: string;
    /** Instead of `signIn`, where somebody else is signed in here now. */
    reload: string;
} & Record<End | 'elsewhere', [title: string, text: string]>;

export interface DialogOptions {
    /** Where "sign in again" leads, relative to the page; http and https only. Default: the page is loaded again. */
    signIn?: string;
    /**
     * The language: a BCP 47 tag. Default: the first of the page's `lang` and the person's languages that there are texts
     * in (en, zh-CN, ja, de, fr, es), else English.
     */
    lang?: string;
    /** Instead of the built-in texts; what is not given stays. */
    texts?: Partial<Texts>;
    /** Whether a logout in another tab is worth a dialog. Default: false. */
    released?: boolean;
}

export interface Options {
    /** The gateway's folder, relative to the page. Default: the folder that this module came from. */
    url?: string | URL;
    /**
     * The position to begin after: an event's `sequence`, or '0' for everything that is kept for this login.
     * Default: only what is new. Positions are kept in memory: for a page that is loaded again, give what it has seen.
     */
    after?: string;
    /**
     * Whether the tabs of this browser share one connection. Default: true. It takes Web Locks and BroadcastChannel, which
     * means https or localhost; without them each tab has a connection of its own. A hidden tab with an event stream of its
     * own over plain http closes it until it is looked at: a browser makes six connections to a host.
     */
    share?: boolean;
    /**
     * In order of preference. Default: ['ws', 'sse']. The next one is tried where the browser lacks one, after two failures
     * in a row of one that has never worked here, and after six of one that has.
     */
    transports?: Transport[];
    /**
     * Whether the end of the login is told in a modal dialog, and a sign-in elsewhere in a notice in a corner of the page,
     * and how. Default: true.
     */
    dialog?: boolean | DialogOptions;
    /** Where the events of {@link EventMap} are dispatched. Default: document. */
    target?: EventTarget;
}

export interface Connection {
    /** Ends it, without an event. Other tabs keep theirs. */
    close(): void;
    readonly state: State;
    /** The last position that was seen; undefined before the first. Opaque: to be handed back, not to be compared. */
    readonly lastEventId: string | undefined;
}

/**
 * Opens the connection, or joins that of the browser's other tabs. Throws nothing: with options that cannot be used, or
 * without any transport, the connection is `closed` and the console has one warning.
 *
 * It comes back by itself after 0 to 500 ms, then up to twice that and so on to 30 s; at once when the browser is online
 * again, and when the page is looked at. It is given up as dead when 2.5 heartbeats of the gateway are missing. It ends with close codes 4000 to
 * 4499, until the same user signs in again in this browser: then the page goes on, with `rsso:connected`. Every event is
 * dispatched once per tab, in the outbox's order.
 *
 * Without code: `<script type="module" src="/sso/client.js?connect&sign-in=/login.php&after=0&lang=de&released"></script>`
 *
 * @example
 * import { connect } from '/sso/client.js';
 * const sso = connect({ dialog: { signIn: '/login.php' } });
 * document.addEventListener('rsso:message', ({ detail }) => show(detail.data.payload));
 */
export function connect(options?: Options): Connection;

/** A login, as events name it. */
export interface LoginData {
    /** The login's id: a ULID. */
    login: string;
    uid: string;
    /** The bytes of a uid that is no UTF-8. */
    uid_base64?: string | null;
    /** The device class. */
    device: string;
    /** What the application calls the place. */
    label?: string | null;
}

/** Something that happened to the login. */
export interface Happened extends LoginData {
    reason?: string;
    /** -4 replaced, -5 kicked, -3 expired. */
    code?: number;
    /** When, in milliseconds since 1970. */
    at: number;
}

export interface Kicked extends Happened {
    reason: string;
    code: number;
    /** Who came in its place, where somebody did. */
    by?: { login: string; device: string; label?: string | null; ip?: string | null } | null;
}

/** A sign-in elsewhere, which has ended nothing. */
export interface Elsewhere extends Happened {
    /** The new login; `ip` is the network that it came from. */
    by: { login: string; device: string; label?: string | null; ip?: string | null };
}

export interface Message<Payload = unknown> extends Happened {
    /** What `sso_notify()` was given. */
    payload: Payload;
}

export interface Connected extends LoginData {
    /** Seconds between two signs of life of the gateway. */
    heartbeat: number;
}

/** CloudEvents 1.0. `data` comes from the server as it is: treat it as text, not as HTML. */
export interface CloudEvent<Data> {
    specversion: '1.0';
    /** A ULID. */
    id: string;
    /** `urn:rsso:` and the realm. */
    source: string;
    type: `io.rsso.${string}.v1`;
    /** The uid. */
    subject?: string;
    /** RFC 3339. */
    time?: string;
    datacontenttype?: string;
    /** The position in the outbox. */
    sequence?: string;
    data: Data;
}

export interface Disconnected {
    /** WebSocket's close code; 1006 where there was none. */
    code: number;
    /** Whether it is the end; `rsso:ended` follows then. */
    terminal: boolean;
}

export interface Ended {
    /**
     * 4001 replaced, 4002 kicked, 4003 signed out, 4004 expired, 4005 another user is signed in here, 4401 not signed in,
     * 4000 where nobody said.
     */
    code: number;
    reason: string;
}

export interface EventMap {
    /** `preventDefault()` suppresses the dialog: the page tells the person itself. */
    'rsso:kicked': CustomEvent<CloudEvent<Kicked>>;
    /**
     * With `rsso.notify_other_logins`: the user signed in elsewhere, and this login stays. `preventDefault()` suppresses the
     * notice. Dismissed in one tab, it is gone in all of them.
     */
    'rsso:elsewhere': CustomEvent<CloudEvent<Elsewhere>>;
    'rsso:message': CustomEvent<CloudEvent<Message>>;
    /** A logout. A login that gave way to another one in the same session is none: `rsso:connected` or `rsso:switched` follow. */
    'rsso:released': CustomEvent<CloudEvent<Happened>>;
    /**
     * Another user is signed in in this browser now, whose login it has: what the page shows is not theirs.
     * `preventDefault()` suppresses the dialog.
     */
    'rsso:switched': CustomEvent<CloudEvent<Connected>>;
    'rsso:expired': CustomEvent<CloudEvent<Happened>>;
    'rsso:claimed': CustomEvent<CloudEvent<Happened>>;
    'rsso:refused': CustomEvent<CloudEvent<Happened>>;
    'rsso:storm': CustomEvent<CloudEvent<Happened>>;
    /** Caught up: what comes from now on is new. With every connection; its login may be another one than before. */
    'rsso:connected': CustomEvent<CloudEvent<Connected>>;
    /** The position was no longer known: events may have been missed. */
    'rsso:gap': CustomEvent<CloudEvent<Record<string, never>>>;
    /** An open connection was lost, or the end came. Attempts that fail are told by {@link Connection.state} alone. */
    'rsso:disconnected': CustomEvent<Disconnected>;
    /** It is over. Once for each login; nothing comes after it unless somebody signs in again in this browser. */
    'rsso:ended': CustomEvent<Ended>;
}

declare global {
    interface DocumentEventMap extends EventMap {}
}
