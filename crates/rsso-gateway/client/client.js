// The browser's side of `rsso serve`: tells a page what happens to its login, and the person where it was ended.
//
// Holds: every event is dispatched once per tab, in the outbox's order; the tabs of a browser share one connection; an
// end is final until the same user signs in again in this browser; nothing is thrown into the page; what comes from the
// wire is text, and bounded. client.d.ts has the types.

const PREFIX = 'io.rsso.';
/** What becomes a DOM event, in the outbox's words. */
const TOLD = ['login.claimed', 'login.kicked', 'login.released', 'login.expired', 'login.refused', 'login.storm', 'login.elsewhere', 'message'];
/** The gateway's own: they tell of the connection. */
const OWN = ['connected', 'heartbeat', 'gap'];
const KINDS = [...TOLD, ...OWN];

const MAX_FRAME = 1 << 18; // a message's payload has at most 64 KiB before it is escaped
const MAX_SEEN = 2048;
const MAX_QUEUE = 1024;

const BACKOFF = { base: 500, cap: 30_000 };
/** A gateway that restarts sends everybody away at once: they come back over several seconds. */
const CROWD = 4;
const MAX_INTERVAL = 300_000;
const LASTED = 10_000;
const OPENING = 15_000;
const ANSWER = 3_000;
/** The close code of a login that gave way to another one in the same session: the next connection says whose. */
const RECLAIMED = 4501;
/** Between two attempts that a person causes, by looking at the page. */
const GLANCE = 1_000;

const REASONS = {
    4000: 'ended', 4001: 'replaced', 4002: 'kicked', 4003: 'signed-out', 4004: 'expired', 4401: 'not-signed-in',
    4005: 'another-user', // the client's own: the gateway knows cookies, not pages
};
/** What an end is called in dialogs. */
const ENDS = { 4001: 'replaced', 4002: 'kicked', 4003: 'released', 4004: 'expired', 4005: 'switched' };

/** Opens the connection, or joins that of the other tabs. */
export function connect(options = {}) {
    const tab = new Tab();
    try {
        tab.start(options);
    } catch (error) {
        warn(error);
        tab.close();
    }
    return Object.freeze({
        close: () => tab.close(),
        get state() { return tab.state; },
        get lastEventId() { return tab.last; },
    });
}

let warned = false;
function warn(what) {
    if (!warned) console.warn('rsso:', what);
    warned = true;
}

let hinted = false;
/** For who has just set it up: nobody is signed in, which is right for a visitor. */
function hint() {
    if (hinted) return;
    hinted = true;
    console.info(
        'rsso: nobody is signed in with this browser\'s cookie (4401). If somebody is: session.cookie_path must cover the folder'
        + ' of client.js (/ does); session.name must be the gateway\'s --cookie; rsso.dsn, rsso.prefix, rsso.realm and rsso.hash_ids'
        + ' must be the same in php.ini and the gateway. `rsso serve --check` compares them, and the gateway\'s log names the one.',
    );
}

// ---- one tab -------------------------------------------------------------------------------------------------------

/** What a tab has seen, and what it tells the page. */
class Tab {
    last;
    #state = 'connecting';
    #seen = new Set();
    #login; // the one that this tab was connected as
    #user; // and whose: the page shows this user's things
    #met; // another user's login, that the page has been told of
    #over = false; // its login has ended, and nobody has signed in again
    #shown = false;
    #hide; // takes the dialog away
    #unnote; // and the notice
    #ended = 4000; // what the login's end is, once an event has told of it
    #target;
    #dialog;
    #source;
    #name;
    #closed = new AbortController();
    #others; // what the other tabs say, after an end
    #asked = 0;

    start({ url, after, share = true, transports = ['ws', 'sse'], dialog = true, target = document }) {
        const base = new URL(url ?? '.', url == null ? import.meta.url : document.baseURI);
        if (!base.pathname.endsWith('/')) base.pathname += '/';
        const kinds = transports.filter((kind) => CARRIERS[kind]?.there());
        if (!kinds.length) throw new Error('no transport that this browser has');
        if (!(target instanceof EventTarget)) throw new TypeError('target is no EventTarget');
        this.last = text(String(after ?? '')) || undefined;
        this.#target = target;
        this.#dialog = dialog && { ...dialog };
        this.#name = `rsso/1 ${base}`;
        const shared = share && navigator.locks && globalThis.BroadcastChannel;
        const line = () => new Line(base, kinds, () => ({ lastEventId: this.last, login: this.#login }), !shared);
        this.#source = shared ? new Shared(this.#name, line, this) : new Alone(line, this);

        // What is hidden away for later must hold neither the connection nor the lead; it reads on where it stopped.
        this.#on(window, 'pagehide', () => {
            this.#source.stop();
            this.#others?.close();
        });
        this.#on(window, 'pageshow', ({ persisted }) => {
            if (!persisted) return;
            this.#overhear();
            this.#source.start();
        });
        this.#on(document, 'freeze', () => this.#source.stop());
        this.#on(document, 'resume', () => this.#source.start());
        this.#on(document, 'visibilitychange', () => this.#look());
        this.#on(window, 'focus', () => this.#look());
        if (document.prerendering) this.#on(document, 'prerenderingchange', () => this.#source.start());
        else this.#source.start();
    }

    close() {
        this.#state = 'closed';
        this.#closed.abort();
        this.#others?.close();
        this.#source?.stop();
    }

    get login() { return this.#login; }
    get state() { return this.#state; }
    set state(state) {
        if (!this.#over && !this.#closed.signal.aborted) this.#state = state;
    }

    /** An event, from whichever connection: told to the page if it is new to it. */
    event(event) {
        if (this.#closed.signal.aborted) return;
        const { type, data, sequence } = event;
        const kind = type.slice(PREFIX.length, -3);
        if (sequence) this.last = sequence;
        if (this.#over && !this.#revives(data)) {
            if (kind === 'connected') this.#meet(event);
            return;
        }
        if (kind === 'login.released' && data.reason === 'reclaimed') {
            // No end for this browser: whose the cookie is now comes with the next connection.
        } else if (TOLD.includes(kind) && this.#isNew(kind, event)) {
            const name = kind.replace('login.', '');
            const untouched = this.#tell(name, event);
            this.#happened(name, event, untouched);
        } else if (kind === 'connected') {
            this.#meet(event);
        } else if (kind === 'gap') {
            this.#tell(kind, event);
        }
    }

    lost(code) {
        if (this.state !== 'closed') this.#tell('disconnected', { code, terminal: false });
    }

    end(code, reason) {
        if (this.state === 'closed') {
            // Nobody new: it asks again when it is looked at.
            this.#source.stop();
            return;
        }
        if (code === 4000) code = this.#ended;
        // A gateway that says no more: who was somebody, and did not sign out, has run out of time.
        if (this.#login && (code === 4000 || code === 4401)) [code, reason] = [4004, undefined];
        if (code === 4401) hint();
        this.#state = 'closed';
        this.#over = true;
        this.#source.stop();
        if (this.#login) this.#overhear();
        else this.#closed.abort();
        this.#tell('disconnected', { code, terminal: true });
        this.#tell('ended', { code, reason: text(reason) || REASONS[code] || 'ended' });
        const what = ENDS[code];
        if (what) this.#show(what, {}, this.#login);
    }

    /** Whose the browser's cookie is. */
    #meet(event) {
        const user = userOf(event.data);
        if (this.#user !== undefined && user !== this.#user) {
            this.#switch(event);
            return;
        }
        this.#login = text(event.data.login);
        this.#user = user;
        this.#tell('connected', event);
    }

    /** Somebody else has signed in, in this browser: the page shows one user's things and would act as the other. */
    #switch(event) {
        this.#met = text(event.data.login);
        if (this.#ended !== 4005) {
            this.#ended = 4005;
            this.#hide?.();
            this.#unnote?.();
            this.#shown = !this.#tell('switched', event);
            this.#show('switched', {});
        }
        this.end(4005);
    }

    /** Whether an event is of the same user's next login, who has signed in again in this browser. */
    #revives(data) {
        if (userOf(data) !== this.#user || !text(data.login) || data.login === this.#login) return false;
        this.#over = this.#shown = false;
        // What was said of a kick stays to be read.
        if (![4001, 4002].includes(this.#ended)) this.#hide?.();
        this.#ended = 4000;
        this.#state = 'open';
        return true;
    }

    /** After an end, other tabs say when they are connected as somebody. */
    #overhear() {
        this.#others?.close();
        if (!this.#over || !globalThis.BroadcastChannel) return;
        this.#others = new BroadcastChannel(this.#name);
        this.#others.onmessage = ({ data }) => {
            const login = text(data?.login);
            if (!this.#over) this.#others.close();
            else if (login && login !== this.#login && login !== this.#met) this.#source.start();
        };
    }

    /** Who looks at this tab may have signed in since, in another one. */
    #look() {
        if (!this.#over || document.hidden || Date.now() - this.#asked < GLANCE) return;
        this.#asked = Date.now();
        this.#source.start();
    }

    #on(where, type, act) {
        where.addEventListener(type, act, { signal: this.#closed.signal });
    }

    /** An end happens once to a login, and may be told under two ids: by the outbox, and by the tombstone. */
    #isNew(kind, { id, data }) {
        const name = /kicked|released|expired/.test(kind) ? `${kind} ${text(data.login)}` : id;
        if (this.#seen.has(name)) return false;
        this.#seen.add(name);
        if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value);
        return true;
    }

    #happened(name, { data, time }, untouched) {
        if (name === 'elsewhere') {
            if (untouched) this.#note({ ...data, at: data.at ?? Date.parse(time) });
            return;
        }
        const what = name === 'kicked' && data.code !== -5 ? 'replaced' : name;
        const code = { replaced: 4001, kicked: 4002, released: 4003, expired: 4004 }[what];
        if (!code) return;
        this.#ended = code;
        if (!untouched) this.#shown = true; // the page says it in its own way
        this.#show(what, { ...data, at: data.at ?? Date.parse(time) }, text(data.login));
    }

    /** False if the page prevented what follows. */
    #tell(name, detail) {
        const cancelable = ['kicked', 'switched', 'elsewhere'].includes(name);
        return this.#target.dispatchEvent(new CustomEvent(`rsso:${name}`, { detail, cancelable }));
    }

    /** The newest takes the place of one that was not read yet. */
    #note(data) {
        if (!this.#dialog) return;
        try {
            this.#unnote?.();
            this.#unnote = showNotice(data, this.#dialog);
        } catch (error) {
            warn(error);
        }
    }

    /** A kick is worth telling to who comes back later, too; the other ends only to who saw the page alive. */
    #show(what, data, login) {
        const late = !['replaced', 'kicked'].includes(what) || !data.at;
        if (!this.#dialog || this.#shown || (late && !this.#login)) return;
        if (what === 'released' && !this.#dialog.released) return;
        this.#shown = true;
        try {
            this.#hide?.();
            this.#hide = showDialog(what, data, this.#dialog, login);
        } catch (error) {
            warn(error);
        }
    }
}

// ---- the connection, of one tab or of all --------------------------------------------------------------------------

/** A connection of this tab's own. */
class Alone {
    #line;

    constructor(line, tab) {
        this.#line = line();
        this.#line.on = {
            state: (state) => { tab.state = state; },
            event: (event) => tab.event(event),
            lost: (code) => tab.lost(code),
            end: (code, reason) => tab.end(code, reason),
        };
    }

    start() { this.#line.start(); }
    stop() { this.#line.stop(); }
}

/**
 * One connection for all tabs. Who holds the lock leads: it has the connection and hands on what comes.
 *
 * What it hands on says where it stood before (`from`) and stands now (`to`). Who has heard something else last has
 * missed something, or follows a leader that stands elsewhere: it reads what it has not got by a short connection of its
 * own, from its own position. That is how a tab joins, and comes back, as well. Sequences are opaque: nobody can tell
 * which of two is older, and with this nobody has to.
 *
 * The short connection also says whose login the cookie is now. A leader that was connected before the cookie changed
 * hears of another login: nobody follows it, and the lead is taken from it.
 */
class Shared {
    #name; #makeLine; #tab;
    #channel; #wish; #release;
    #line; // the leader's
    #reading; #queue = []; // a follower's short connection, and what was handed on meanwhile
    #joined = false; // has read what it lacked
    #fresh = false; // and heard nothing since
    #heard; #silence; #interval = 25_000;
    #told; // the position that the leader told last
    #login; // the leader's, as the gateway knows it

    constructor(name, makeLine, tab) {
        this.#name = name;
        this.#makeLine = makeLine;
        this.#tab = tab;
    }

    start() {
        if (this.#channel) return;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
        this.#join();
        document.addEventListener('visibilitychange', this.#seen);
        addEventListener('focus', this.#seen);
        addEventListener('online', this.#seen);
    }

    stop() {
        document.removeEventListener('visibilitychange', this.#seen);
        removeEventListener('focus', this.#seen);
        removeEventListener('online', this.#seen);
        clearTimeout(this.#silence);
        this.#resign();
        this.#wish?.abort();
        this.#reading?.stop();
        this.#channel?.close();
        this.#channel = this.#reading = undefined;
        this.#queue = [];
    }

    /** Leads, or is answered by who does. */
    #join() {
        this.#joined = false;
        this.#wait();
        this.#ask();
    }

    /** Stands in line for the lead, or takes it from a leader that does not answer. */
    #wait(steal = false) {
        this.#wish?.abort();
        const wish = this.#wish = new AbortController();
        // `steal` and `signal` exclude each other.
        navigator.locks.request(this.#name, steal ? { steal } : { signal: wish.signal }, () => {
            if (wish.signal.aborted) return undefined;
            const held = new Promise((release) => { this.#release = release; });
            this.#lead();
            return held;
        }).catch(({ name }) => {
            if (wish !== this.#wish || wish.signal.aborted || !this.#channel) return;
            // The lead was taken from this tab, which was not to be reached and is again; or there are no locks here, as in
            // a sandboxed frame, which shares nothing.
            if (name === 'AbortError') {
                this.#resign();
                this.#join();
            } else {
                this.#lead();
            }
        });
    }

    #lead() {
        clearTimeout(this.#silence);
        const line = this.#line = this.#makeLine();
        line.on = {
            state: (state) => { this.#tab.state = state; this.#say({ state }); },
            event: (event) => {
                const to = event.sequence || this.#tab.last;
                if (isConnected(event)) this.#login = text(event.data.login);
                // First the others: a page's listener may block, or leave.
                this.#say({ event }, to);
                this.#tab.event(event);
            },
            lost: (code) => { this.#say({ lost: code }); this.#tab.lost(code); },
            end: (code, reason) => {
                this.#say({ end: code, reason, login: this.#tab.login });
                this.#tab.end(code, reason);
            },
        };
        // What the former leader has handed on may be on its way yet.
        setTimeout(() => {
            if (this.#line !== line) return;
            this.#reading?.stop();
            this.#reading = undefined;
            this.#queue = [];
            this.#told = this.#tab.last;
            this.#login = undefined;
            line.start();
        }, 50);
    }

    #resign() {
        this.#line?.stop();
        this.#line = undefined;
        this.#release?.();
        this.#release = undefined;
    }

    #say(what, to = this.#tab.last) {
        this.#channel?.postMessage({ login: this.#login, ...what, from: this.#told, to });
        this.#told = to;
    }

    #hear(message) {
        if (!message || typeof message !== 'object') return;
        if (message.ask) {
            if (!this.#line) return;
            this.#say({ state: this.#tab.state, interval: this.#line.interval });
            // Somebody looks at that tab; this one's timers may be slow, as it is hidden.
            if (message.ask === 'now') this.#line.hurry();
        } else if (this.#line) {
            // From a leader of before, or from one that does not know yet that it is none any more.
            const event = checked(message.event);
            if (event && !this.#isAnothers(message)) this.#tab.event(event);
        } else if (this.#reading) {
            this.#watch();
            this.#queue.push(message);
            // What is dropped here is noticed below as missing, and read.
            if (this.#queue.length > MAX_QUEUE) this.#queue.shift();
        } else {
            this.#watch();
            this.#follow(message);
        }
    }

    #follow(message) {
        const { from, to, event, state, lost, end, interval } = message;
        const another = this.#isAnothers(message);
        const missed = !this.#joined || (this.#heard && this.#heard.to !== from);
        if (missed || (another && !this.#fresh)) {
            this.#queue.unshift(message);
            this.#read();
            return;
        }
        this.#fresh = false;
        if (another) {
            this.#wait(true);
            return;
        }
        this.#heard = { to };
        if (interval > 0) this.#interval = Math.min(interval, MAX_INTERVAL);
        if (checked(event)) this.#tab.event(event);
        if (text(to)) this.#tab.last = to;
        if (['connecting', 'open', 'waiting'].includes(state)) this.#tab.state = state;
        if (Number.isInteger(lost)) this.#tab.lost(lost);
        // Who is not known to be meant finds out about its own login: the lead is free now.
        if (isTerminal(end) && message.login && message.login === this.#tab.login) this.#tab.end(end, message.reason);
    }

    #isAnothers({ login, event }) {
        const whose = text(login ?? event?.data?.login);
        return !!whose && !!this.#tab.login && whose !== this.#tab.login;
    }

    /** Reads what this tab has not got, up to now; then comes what was handed on meanwhile. */
    #read() {
        this.#heard = undefined;
        const line = this.#reading = this.#makeLine();
        line.on = {
            state: () => {},
            lost: () => {},
            event: (event) => {
                if (!isConnected(event)) {
                    this.#tab.event(event);
                    return;
                }
                line.stop();
                this.#reading = undefined;
                const isKnown = this.#joined && event.data.login === this.#tab.login;
                this.#joined = this.#fresh = true;
                if (event.sequence) this.#tab.last = event.sequence;
                if (!isKnown) this.#tab.event(event);
                const queue = this.#queue;
                this.#queue = [];
                for (const message of queue) this.#hear(message);
            },
            end: (code, reason) => this.#tab.end(code, reason),
        };
        line.start();
    }

    #ask(how = true) {
        this.#channel.postMessage({ ask: how });
        this.#watch(ANSWER);
    }

    #seen = () => {
        if (!document.hidden && !this.#line && this.#channel) this.#ask('now');
    };

    /** A leader that is frozen holds the lock and says nothing: ask it, then take the lead. */
    #watch(limit) {
        clearTimeout(this.#silence);
        this.#silence = setTimeout(() => {
            if (this.#line) return;
            if (!limit || !navigator.onLine) this.#ask();
            else this.#wait(true);
        }, limit ?? Math.max(2.5 * this.#interval, 2 * BACKOFF.cap));
    }
}

// ---- one connection ------------------------------------------------------------------------------------------------

/** One connection at a time, made again until it is stopped or ends for good. `on` is told of what happens to it. */
class Line {
    on;
    interval = 25_000;
    #base; #kinds; #presents; #own;
    #kind = 0; // the transport in use
    #failed = 0; // how often it has, since it last worked
    #works = new Set();
    #attempt = 0;
    #opened;
    #heard = 0;
    #hangUp; #alarm; #again;
    #asleep = false; // hidden, and its stream given up
    #dialled = 0;

    /** `presents` is what the gateway is told of the client; `own`: each tab has one of these. */
    constructor(base, kinds, presents, own) {
        this.#base = base;
        this.#kinds = kinds;
        this.#presents = presents;
        this.#own = own;
    }

    start() {
        if (this.#hangUp || this.#again || this.#asleep) return;
        addEventListener('online', this.#wake);
        addEventListener('focus', this.#wake);
        document.addEventListener('visibilitychange', this.#wake);
        this.#dial();
    }

    stop() {
        removeEventListener('online', this.#wake);
        removeEventListener('focus', this.#wake);
        document.removeEventListener('visibilitychange', this.#wake);
        this.#asleep = false;
        this.#drop();
        clearTimeout(this.#again);
        this.#again = undefined;
    }

    #drop() {
        clearTimeout(this.#alarm);
        this.#hangUp?.();
        this.#hangUp = undefined;
    }

    #dial() {
        this.#again = this.#opened = undefined;
        if (this.#yields()) {
            this.#asleep = true;
            this.on.state('waiting');
            return;
        }
        this.#dialled = Date.now();
        this.on.state('connecting');
        const kind = this.#kinds[this.#kind];
        const { path, open } = CARRIERS[kind];
        const url = new URL(path, this.#base);
        for (const [name, value] of Object.entries(this.#presents())) if (value) url.searchParams.set(name, value);
        this.#expect(OPENING);
        try {
            this.#hangUp = open(url, (frame) => this.#receive(frame), (code, reason) => this.#lose(code, reason));
        } catch {
            this.#failed = Infinity;
            this.#lose(1006);
        }
    }

    #receive(frame) {
        const event = parsed(frame);
        if (!event) return;
        this.#works.add(this.#kind);
        this.#failed = 0;
        this.#heard = Date.now();
        const connected = isConnected(event);
        if (connected) {
            const { heartbeat } = event.data;
            if (heartbeat > 0) this.interval = Math.min(heartbeat * 1000, MAX_INTERVAL);
            this.#opened = Date.now();
        }
        this.#expect(2.5 * this.interval);
        if (connected) this.on.state('open');
        this.on.event(event);
    }

    #expect(milliseconds) {
        clearTimeout(this.#alarm);
        this.#alarm = setTimeout(() => this.#lose(1006), milliseconds);
    }

    #lose(code, reason) {
        this.#drop();
        if (isTerminal(code)) {
            this.stop();
            this.on.end(code, reason);
            return;
        }
        const opened = this.#opened;
        if (opened && Date.now() - opened > LASTED) this.#attempt = 0;
        // The next transport after two failures of one that has never worked here; a gateway that restarts is not a reason.
        if (!opened && code !== RECLAIMED && ++this.#failed >= (this.#works.has(this.#kind) ? 6 : 2)) {
            this.#kind = (this.#kind + 1) % this.#kinds.length;
            this.#failed = 0;
        }
        if ([1001, 1012, 1013].includes(code)) this.#attempt = Math.max(this.#attempt, CROWD);
        const most = Math.min(BACKOFF.cap, BACKOFF.base * 2 ** this.#attempt++);
        // A browser may be wrong about being offline: ask seldom, but ask.
        const delay = navigator.onLine === false ? BACKOFF.cap : Math.random() * most;
        this.#again = setTimeout(() => this.#dial(), delay);
        if (opened) this.on.lost(code);
        this.on.state('waiting');
    }

    /** Does not wait for the next attempt. */
    hurry() {
        if (!this.#again || Date.now() - this.#dialled < GLANCE) return;
        clearTimeout(this.#again);
        this.#dial();
    }

    /** The network is back, or the person: do not wait, and do not trust a connection that has missed a heartbeat. */
    #wake = ({ type }) => {
        if (this.#asleep && !document.hidden) {
            this.#asleep = false;
            this.#dial();
        } else if (this.#hangUp && this.#yields()) {
            this.#drop();
            this.#asleep = true;
            this.on.state('waiting');
        } else if (this.#opened && this.#hangUp && Date.now() - this.#heard > 1.5 * this.interval) {
            this.#lose(1006);
        }
        if (type === 'online' || !document.hidden) this.hurry();
    };

    /**
     * Whether a hidden tab leaves the network to those that are looked at. Over HTTP/1.1 a browser makes six connections
     * to a host, for pages too, and here each tab has a stream of its own.
     */
    #yields() {
        return document.hidden && this.#own && this.#kinds[this.#kind] === 'sse' && this.#base.protocol === 'http:';
    }
}

const CARRIERS = {
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
                const { code, reason } = object(data) ?? {};
                lose(code, reason);
            });
            source.onerror = async () => {
                const refused = source.readyState === EventSource.CLOSED;
                source.close(); // it would come back without jitter
                let code = 1006;
                // Only the status tells an end from a failure, and EventSource keeps it to itself.
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

/** What a refused event stream comes to, as a close code. */
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
        stop.abort(); // a stream, that one got through, would go on
    }
}

// ---- what comes from outside ---------------------------------------------------------------------------------------

function isTerminal(code) {
    return Number.isInteger(code) && code >= 4000 && code <= 4499;
}

function isConnected({ type }) {
    return type === `${PREFIX}connected.v1`;
}

function parsed(frame) {
    return typeof frame === 'string' && frame.length <= MAX_FRAME ? checked(object(frame)) : undefined;
}

function object(json) {
    try {
        const value = JSON.parse(json);
        return value && typeof value === 'object' ? value : undefined;
    } catch {
        return undefined;
    }
}

/** The event, if it is one that this client can handle. */
function checked(event) {
    const { type, id, data, sequence } = event ?? {};
    const known = typeof type === 'string' && type.length < 64 && type.startsWith(PREFIX) && type.endsWith('.v1');
    if (!known || !text(id) || !data || typeof data !== 'object') return undefined;
    return sequence === undefined || text(sequence) ? event : undefined;
}

/** The user whom an event is about. The bytes of an id that is no text are in `uid_base64`. */
function userOf({ uid, uid_base64: bytes }) {
    return text(bytes) || `${text(uid)} `;
}

/** A name or a position; longer ones are nobody's. */
function text(value) {
    return typeof value === 'string' && value.length <= 512 ? value : '';
}

// ---- the dialog, and the notice ----------------------------------------------------------------------------------------------------

// Per language: the labels of facts, the buttons; then title and text of each end, and of a sign-in beside this one.
const TEXTS = {
    en: {
        device: 'Device', address: 'Address', time: 'Time', signIn: 'Sign in again', reload: 'Load again', dismiss: 'Close',
        replaced: ['Signed in somewhere else', 'Your account was opened on another device, so this one was signed out. If that was not you, change your password.'],
        kicked: ['You have been signed out', 'An administrator, or you on another device, ended this session.'],
        expired: ['Your session has expired', 'Sign in again to go on.'],
        released: ['You have signed out', 'You signed out in another tab or window.'],
        switched: ['Another account is signed in here', 'Somebody signed in with another account in this browser. What this page shows is not theirs: load it again to go on.'],
        elsewhere: ['New sign-in to your account', 'Somebody signed in to your account on another device. If that was not you, change your password.'],
    },
    'zh-CN': {
        device: '设备', address: '地址', time: '时间', signIn: '重新登录', reload: '重新加载', dismiss: '关闭',
        replaced: ['您的账号已在别处登录', '您的账号在另一台设备上登录，此处已退出。如非本人操作，请立即修改密码。'],
        kicked: ['您已退出登录', '管理员或您本人在其他设备上结束了此会话。'],
        expired: ['会话已过期', '请重新登录以继续。'],
        released: ['您已退出登录', '您已在其他标签页或窗口中退出。'],
        switched: ['此浏览器已登录其他账号', '此浏览器中已有人登录了另一个账号，本页内容不属于该账号。请重新加载页面后继续。'],
        elsewhere: ['您的账号有新的登录', '您的账号在另一台设备上登录。如非本人操作，请立即修改密码。'],
    },
    ja: {
        device: '端末', address: 'アドレス', time: '日時', signIn: '再度ログイン', reload: '再読み込み', dismiss: '閉じる',
        replaced: ['別の場所でログインされました', '別の端末でログインされたため、この端末ではログアウトしました。お心当たりがない場合は、パスワードを変更してください。'],
        kicked: ['ログアウトしました', '管理者、または別の端末での操作により、このセッションは終了しました。'],
        expired: ['セッションの有効期限が切れました', '続けるには、もう一度ログインしてください。'],
        released: ['ログアウトしました', '別のタブまたはウィンドウでログアウトしました。'],
        switched: ['別のアカウントでログインされています', 'このブラウザーで別のアカウントのログインがありました。このページの内容はそのアカウントのものではありません。続けるには、ページを再読み込みしてください。'],
        elsewhere: ['新しいログインがありました', '別の端末でお使いのアカウントへのログインがありました。お心当たりがない場合は、パスワードを変更してください。'],
    },
    de: {
        device: 'Gerät', address: 'Adresse', time: 'Zeit', signIn: 'Wieder anmelden', reload: 'Neu laden', dismiss: 'Schließen',
        replaced: ['Anderswo angemeldet', 'Ihr Konto wurde auf einem anderen Gerät geöffnet, darum wurden Sie hier abgemeldet. Waren Sie das nicht, ändern Sie bitte Ihr Passwort.'],
        kicked: ['Sie wurden abgemeldet', 'Diese Sitzung wurde vom Administrator oder von Ihnen auf einem anderen Gerät beendet.'],
        expired: ['Ihre Sitzung ist abgelaufen', 'Melden Sie sich wieder an, um fortzufahren.'],
        released: ['Sie haben sich abgemeldet', 'Sie haben sich in einem anderen Tab oder Fenster abgemeldet.'],
        switched: ['Hier ist ein anderes Konto angemeldet', 'In diesem Browser hat sich jemand mit einem anderen Konto angemeldet. Was diese Seite zeigt, gehört nicht dazu: Laden Sie sie neu, um fortzufahren.'],
        elsewhere: ['Neue Anmeldung bei Ihrem Konto', 'Auf einem anderen Gerät wurde Ihr Konto geöffnet. Waren Sie das nicht, ändern Sie bitte Ihr Passwort.'],
    },
    fr: {
        device: 'Appareil', address: 'Adresse', time: 'Date', signIn: 'Se reconnecter', reload: 'Recharger', dismiss: 'Fermer',
        replaced: ['Connexion depuis un autre appareil', 'Votre compte a été ouvert sur un autre appareil ; vous avez donc été déconnecté ici. Si ce n’était pas vous, changez votre mot de passe.'],
        kicked: ['Vous avez été déconnecté', 'Un administrateur, ou vous-même sur un autre appareil, a mis fin à cette session.'],
        expired: ['Votre session a expiré', 'Reconnectez-vous pour continuer.'],
        released: ['Vous êtes déconnecté', 'Vous vous êtes déconnecté dans un autre onglet ou une autre fenêtre.'],
        switched: ['Un autre compte est connecté ici', 'Quelqu’un s’est connecté avec un autre compte dans ce navigateur. Cette page n’affiche pas ce compte : rechargez-la pour continuer.'],
        elsewhere: ['Nouvelle connexion à votre compte', 'Votre compte a été ouvert sur un autre appareil. Si ce n’était pas vous, changez votre mot de passe.'],
    },
    es: {
        device: 'Dispositivo', address: 'Dirección', time: 'Fecha', signIn: 'Volver a iniciar sesión', reload: 'Volver a cargar', dismiss: 'Cerrar',
        replaced: ['Ha iniciado sesión en otro lugar', 'Su cuenta se abrió en otro dispositivo, por lo que aquí se cerró la sesión. Si no fue usted, cambie su contraseña.'],
        kicked: ['Se ha cerrado su sesión', 'Un administrador, o usted desde otro dispositivo, puso fin a esta sesión.'],
        expired: ['Su sesión ha caducado', 'Vuelva a iniciar sesión para continuar.'],
        released: ['Ha cerrado la sesión', 'Cerró la sesión en otra pestaña o ventana.'],
        switched: ['Hay otra cuenta abierta aquí', 'Alguien inició sesión con otra cuenta en este navegador. Esta página no muestra esa cuenta: vuelva a cargarla para continuar.'],
        elsewhere: ['Nuevo inicio de sesión en su cuenta', 'Su cuenta se abrió en otro dispositivo. Si no fue usted, cambie su contraseña.'],
    },
};

const DEVICES = { web: 'Web', pc: 'PC', ios: 'iOS', android: 'Android' };

// In em: the page may have made rem anything.
const STYLE = `
:host { all: initial !important; }
dialog, aside {
    --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --main: #1f5fbf; --on-main: #fff;
    box-sizing: border-box; width: min(27em, 100vw - 2em); max-height: calc(100vh - 2em); padding: 1.75em;
    overflow: auto; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 1em;
    background: var(--paper); color: var(--ink); font: 1em/1.5 system-ui, sans-serif; text-align: start;
    box-shadow: 0 1em 3em rgb(0 0 0 / .25);
}
@supports (color: light-dark(red, red)) {
    dialog, aside {
        --paper: light-dark(#fff, #1d2126); --ink: light-dark(#1b1f24, #e8ebee); --soft: light-dark(#59636e, #a3adb8);
        --line: light-dark(#d8dee4, #39414a); --main: light-dark(#1f5fbf, #8ab8ff); --on-main: light-dark(#fff, #10233f);
    }
}
aside { position: fixed; z-index: 2147483647; inset: auto 1em 1em auto; width: min(22em, 100vw - 2em); padding: 1.25em; font-size: .9375em; }
aside:dir(rtl) { inset: auto auto 1em 1em; }
dialog::backdrop { background: rgb(10 14 20 / .5); }
h2 { margin: 0 0 .4em; font-size: 1.25em; line-height: 1.3; font-weight: 600; }
p { margin: 0; color: var(--soft); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25em 1em; margin: 1.25em 0 0; padding: .75em 0 0; border-top: 1px solid var(--line); font-size: .9375em; }
dt { color: var(--soft); overflow-wrap: normal; }
dd { margin: 0; }
small { color: var(--soft); font-size: 1em; }
div { display: flex; flex-wrap: wrap; gap: .625em; margin-top: 1.5em; flex-direction: row-reverse; justify-content: flex-start; }
button { min-height: 2.75em; padding: .5em 1.125em; border: 1px solid var(--line); border-radius: .625em; background: none; color: inherit; font: inherit; cursor: pointer; }
button.main { border-color: var(--main); background: var(--main); color: var(--on-main); font-weight: 600; }
dialog:dir(rtl), aside:dir(rtl) { text-align: right; }
h2, p, dt, dd, button { unicode-bidi: plaintext; }
button:hover { filter: brightness(.95); }
button:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
@media (max-width: 30rem) {
    dialog { padding: 1.25em; }
    button { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: no-preference) {
    dialog[open], aside { animation: rise .18s ease-out; }
    @keyframes rise { from { opacity: 0; transform: translateY(.5em); } }
}`;

/** A box with title, text and facts, in a shadow of its own, which is not in the page yet. */
function makeBox(kind, what, { by, at }, { lang, texts }) {
    const language = pick([lang, document.documentElement.lang, ...navigator.languages]);
    const words = { ...TEXTS[language.texts], ...texts };
    const [title, body] = words[what];

    const host = document.createElement(`rsso-${kind === 'dialog' ? kind : 'notice'}`);
    const root = host.attachShadow({ mode: 'open' });
    const box = element(kind, { lang: language.texts, dir: getComputedStyle(document.documentElement).direction });
    box.setAttribute('aria-labelledby', 'title');
    box.setAttribute('aria-describedby', 'body');
    // The page's scheme if it has chosen one, else the person's.
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    box.style.colorScheme = !scheme || scheme === 'normal' ? 'light dark' : scheme;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    box.append(element('h2', { id: 'title' }, title), element('p', { id: 'body' }, body));
    const facts = [
        [words.device, ['replaced', 'elsewhere'].includes(what) && deviceOf(by)],
        [words.address, what === 'elsewhere' && shortened(by?.ip)],
        [words.time, timeOf(at, language.tag)],
    ];
    const list = element('dl');
    for (const [name, value] of facts) if (value) list.append(element('dt', {}, name), element('dd', {}, ...[value].flat()));
    if (list.firstChild) box.append(list);
    root.append(box);
    return { host, box, words };
}

/** Shows what was made once there is a page to show it in; what takes it away. */
function appear(host, then) {
    let gone = false;
    const show = () => {
        if (gone) return;
        document.body.append(host);
        then?.();
    };
    if (document.body) show();
    else addEventListener('DOMContentLoaded', show, { once: true });
    return () => {
        gone = true;
        host.remove();
    };
}

/** Shows it; what takes it away unread. */
function showDialog(what, data, options, mark) {
    if (!globalThis.HTMLDialogElement || isMarked(mark)) return undefined;
    const { host, box: dialog, words } = makeBox('dialog', what, data, options);
    const again = element('button', { type: 'button', className: 'main' }, what === 'switched' ? words.reload : words.signIn);
    const dismiss = element('button', { type: 'button' }, words.dismiss);
    again.addEventListener('click', () => {
        setMark(mark); // `close` comes later, maybe too late
        dialog.close();
        leave(what === 'switched' ? undefined : options.signIn);
    });
    dismiss.addEventListener('click', () => {
        setMark(mark);
        dialog.close();
    });
    // Escape, too, comes to these. `close` is told later than the dialog is gone, and a page that is left meanwhile would not hear it;
    // `beforetoggle` is younger than dialogs are, and `cancel` is told of Escape alone.
    dialog.addEventListener('beforetoggle', ({ newState }) => { if (newState === 'closed') setMark(mark); });
    dialog.addEventListener('cancel', () => setMark(mark));
    dialog.addEventListener('close', () => {
        setMark(mark);
        host.remove();
    });
    dialog.append(element('div', {}, again, dismiss));
    return appear(host, () => {
        dialog.showModal();
        again.focus();
    });
}

/** A sign-in elsewhere that has ended nothing: told beside the page, not over it, until it was read in one of the tabs. */
function showNotice(data, options) {
    const mark = `${text(data.login)} ${data.at}`;
    if (isRead(mark)) return undefined;
    const { host, box, words } = makeBox('aside', 'elsewhere', data, options);
    box.setAttribute('role', 'status'); // read out when there is time, and nothing is focused
    const dismiss = element('button', { type: 'button' }, words.dismiss);
    box.append(element('div', {}, dismiss));

    const read = new AbortController();
    const hide = appear(host);
    const forget = () => {
        read.abort();
        hide();
    };
    dismiss.addEventListener('click', () => {
        setRead(mark);
        forget();
    });
    addEventListener('storage', () => { if (isRead(mark)) forget(); }, { signal: read.signal });
    return forget;
}

function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children); // strings become text
    return made;
}

/** What the newcomer's application calls the place, and its class. */
function deviceOf(by) {
    const device = shortened(by?.device);
    const label = shortened(by?.label);
    const name = Object.hasOwn(DEVICES, device) ? DEVICES[device] : device;
    if (!label) return name;
    return [element('bdi', {}, label), ...(name ? [' ', element('small', {}, `(${name})`)] : [])];
}

/** One line of at most 80 characters, without what turns or hides text. */
function shortened(value) {
    if (typeof value !== 'string') return '';
    const plain = value.slice(0, 1000).replace(/[\p{C}\s]+/gu, ' ').trim();
    const characters = [...plain];
    return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : plain;
}

function timeOf(at, tag) {
    try {
        return new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }).format(at ?? NaN);
    } catch {
        return '';
    }
}

/** The first language that there are texts in; `tag` writes its dates. */
function pick(tags) {
    for (const tag of tags) {
        const base = String(tag ?? '').toLowerCase().split(/[-_]/)[0];
        const texts = Object.keys(TEXTS).find((key) => base && key.split('-')[0] === base);
        // The person's own way to write dates, where the page's language leaves it open.
        const own = String(tag).length < 4 && navigator.languages.find((language) => language.startsWith(`${base}-`));
        if (texts) return { texts, tag: own || tag };
    }
    return { texts: 'en', tag: 'en' };
}

function leave(signIn) {
    const url = signIn ? new URL(signIn, document.baseURI) : undefined;
    if (url && /^https?:$/.test(url.protocol)) location.assign(url);
    else location.reload();
}

// A browser without storage shows it once more; nothing else comes of it.
function isMarked(mark) {
    try {
        return !!mark && sessionStorage.getItem('rsso') === mark;
    } catch {
        return false;
    }
}

/** This login's end has been read in this tab: not again after a reload. */
function setMark(mark) {
    try {
        if (mark) sessionStorage.setItem('rsso', mark);
    } catch { /* see above */ }
}

/** In any tab: what a login was told up to then is not told again, by a page that reads its events anew. */
function isRead(mark) {
    try {
        const [[login, at], [of, until]] = [mark, localStorage.getItem('rsso-notice') ?? ''].map((one) => one.split(' '));
        return login === of && Number(at) <= Number(until);
    } catch {
        return false;
    }
}

function setRead(mark) {
    try {
        localStorage.setItem('rsso-notice', mark);
    } catch { /* as above */ }
}

// ---- without code: client.js?connect&sign-in=/login.php&after=0&released -------------------------------------------

const query = new URL(import.meta.url).searchParams;
if (query.has('connect')) {
    const given = (name) => query.get(name) ?? undefined;
    const released = query.has('released') && !['0', 'false'].includes(query.get('released'));
    connect({ after: given('after'), dialog: { signIn: given('sign-in'), lang: given('lang'), released } });
}
