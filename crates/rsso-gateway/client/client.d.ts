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
 * Why a login ended, as the dialog says: another login took its place, `sso_kick()` ended it, its session expired, the user
 * signed out, or another user signed in in this browser.
 */
export type End = 'replaced' | 'kicked' | 'expired' | 'released' | 'switched';

/** The texts of dialog and notice: labels, buttons, and a title and a text for each end and for `elsewhere`. Plain text. */
export type Texts = {
    device: string;
    /** The label of the network that a sign-in elsewhere came from. */
    address: string;
    time: string;
    signIn: string;
    dismiss: string;
    /** The button instead of `signIn`, if another user is signed in here now. */
    reload: string;
} & Record<End | 'elsewhere', [title: string, text: string]>;

export interface DialogOptions {
    /** Where "sign in again" leads, relative to the page; http and https only. Default: the page is reloaded. */
    signIn?: string;
    /**
     * The language: a BCP 47 tag. Default: the first of the page's `lang` and the person's languages that has texts (en,
     * zh-CN, ja, de, fr, es), or English.
     */
    lang?: string;
    /** Replace built-in texts. */
    texts?: Partial<Texts>;
    /** Whether a sign-out in another tab is shown in a dialog. Default: false. */
    released?: boolean;
}

export interface Options {
    /** The gateway's folder, relative to the page. Default: the folder that this module came from. */
    url?: string | URL;
    /**
     * The position to begin after: an event's `sequence`, or '0' for everything that is kept for this login.
     * Default: only new events. The position is kept in memory, so give it to a page that is loaded again.
     */
    after?: string;
    /**
     * Whether the tabs of this browser share one connection. Default: true. It needs Web Locks and BroadcastChannel, which
     * means https or localhost; without them each tab has its own connection. Over plain http a hidden tab closes its own
     * event stream until it becomes visible, because a browser makes only six connections to a host.
     */
    share?: boolean;
    /**
     * In order of preference. Default: ['ws', 'sse']. The next one is tried if the browser lacks one, after two failures in a
     * row of one that has never worked here, and after six of one that has.
     */
    transports?: Transport[];
    /**
     * Whether and how the end of the login is shown in a modal dialog, and a sign-in elsewhere in a notice in a corner of
     * the page. Default: true.
     */
    dialog?: boolean | DialogOptions;
    /** Where the events of {@link EventMap} are dispatched. Default: document. */
    target?: EventTarget;
}

export interface Connection {
    /** Ends it, without an event. Other tabs keep theirs. */
    close(): void;
    readonly state: State;
    /** The last position that was seen; undefined before the first. It is opaque: present it again, do not compare it. */
    readonly lastEventId: string | undefined;
}

/**
 * Opens the connection, or joins that of the browser's other tabs. Throws nothing: with options that cannot be used, or
 * without any transport, the connection is `closed` and the console has one warning.
 *
 * It reconnects by itself after 0 to 500 ms, then up to twice that, and so on up to 30 s; at once when the browser is online
 * again or the page becomes visible. A connection that is silent for 2.5 heartbeats is given up. It ends with close codes
 * 4000 to 4499, until the same user signs in again in this browser: then the page continues, with `rsso:connected`. Every
 * event is dispatched once per tab, in the outbox's order.
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
    /** The bytes of a uid that is not UTF-8. */
    uid_base64?: string | null;
    /** The device class. */
    device: string;
    /** The application's name for the device. */
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
    /** The login that took its place, if any. */
    by?: { login: string; device: string; label?: string | null; ip?: string | null } | null;
}

/** A sign-in elsewhere that has ended nothing. */
export interface Elsewhere extends Happened {
    /** The new login; `ip` is the network that it came from. */
    by: { login: string; device: string; label?: string | null; ip?: string | null };
}

export interface Message<Payload = unknown> extends Happened {
    /** What `sso_notify()` was given. */
    payload: Payload;
}

export interface Connected extends LoginData {
    /** Seconds between two heartbeats of the gateway. */
    heartbeat: number;
}

/** CloudEvents 1.0. `data` is not escaped: treat it as text, not as HTML. */
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
    /** WebSocket's close code; 1006 if there was none. */
    code: number;
    /** Whether the login ended. Then `rsso:ended` follows. */
    terminal: boolean;
}

export interface Ended {
    /**
     * 4001 replaced, 4002 kicked, 4003 signed out, 4004 expired, 4005 another user is signed in here, 4401 not signed in,
     * 4000 if nobody said why.
     */
    code: number;
    reason: string;
}

export interface EventMap {
    /** `preventDefault()` suppresses the dialog, for a page that tells the person itself. */
    'rsso:kicked': CustomEvent<CloudEvent<Kicked>>;
    /**
     * With `rsso.notify_other_logins`: the user signed in elsewhere, and this login stays. `preventDefault()` suppresses the
     * notice. Dismissed in one tab, it is gone in all of them.
     */
    'rsso:elsewhere': CustomEvent<CloudEvent<Elsewhere>>;
    'rsso:message': CustomEvent<CloudEvent<Message>>;
    /** A sign-out. If another login took its place in the same session, `rsso:connected` or `rsso:switched` come instead. */
    'rsso:released': CustomEvent<CloudEvent<Happened>>;
    /**
     * Another user is signed in in this browser now, and what the page shows is not theirs.
     * `preventDefault()` suppresses the dialog.
     */
    'rsso:switched': CustomEvent<CloudEvent<Connected>>;
    'rsso:expired': CustomEvent<CloudEvent<Happened>>;
    'rsso:claimed': CustomEvent<CloudEvent<Happened>>;
    'rsso:refused': CustomEvent<CloudEvent<Happened>>;
    'rsso:storm': CustomEvent<CloudEvent<Happened>>;
    /** The page has everything so far: what follows is new. Comes with every connection, whose login may be a new one. */
    'rsso:connected': CustomEvent<CloudEvent<Connected>>;
    /** The position was no longer known: events may have been missed. */
    'rsso:gap': CustomEvent<CloudEvent<Record<string, never>>>;
    /** An open connection was lost, or the login ended. Failed attempts only change {@link Connection.state}. */
    'rsso:disconnected': CustomEvent<Disconnected>;
    /** The login ended. Once for each login; nothing comes after it unless somebody signs in again in this browser. */
    'rsso:ended': CustomEvent<Ended>;
}

declare global {
    interface DocumentEventMap extends EventMap {}
}
