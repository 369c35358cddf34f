// One tab: what it has seen, and what the page and the person are told.

const MAX_SEEN = 2048;
/** The shortest time between two attempts that a person causes by looking at the page. */
const MIN_RETRY_INTERVAL = 1_000;
/** Which dialog shows an end. */
const DIALOG_OF_CODE = { 4001: 'replaced', 4002: 'kicked', 4003: 'released', 4004: 'expired', 4005: 'switched' };

/** What a tab has seen, and what it tells the page. */
class Tab {
    last;
    #state = 'connecting';
    #seen = new Set();
    #login; // the login that this tab was connected as
    #user; // its user, whose content the page shows
    #otherLogin; // another user's login, which the page knows about
    #loginEnded = false; // and nobody has signed in again since
    #dialogShown = false;
    #hideDialog; // removes the dialog
    #hideNotice; // removes the notice
    #endCode = 4000; // how the login ended, once an event says so
    #target;
    #dialog;
    #connection;
    #channelName;
    #closing = new AbortController();
    #otherTabs; // a channel on which the other tabs are heard after an end
    #lastRetry = 0;

    start({ url, after, share = true, transports = ['ws', 'sse'], dialog = true, target = document }) {
        const base = new URL(url ?? '.', url == null ? import.meta.url : document.baseURI);
        if (!base.pathname.endsWith('/')) base.pathname += '/';
        const transportNames = transports.filter((kind) => TRANSPORTS[kind]?.there());
        if (!transportNames.length) throw new Error('no transport that this browser has');
        if (!(target instanceof EventTarget)) throw new TypeError('target is no EventTarget');
        this.last = text(String(after ?? '')) || undefined;
        this.#target = target;
        this.#dialog = dialog && { ...dialog };
        this.#channelName = `rsso/1 ${base}`;
        const shared = share && navigator.locks && globalThis.BroadcastChannel;
        const makeConnection = () => new Connection(base, transportNames, () => ({ lastEventId: this.last, login: this.#login }), !shared);
        this.#connection = shared ? new SharedConnection(this.#channelName, makeConnection, this) : new OwnConnection(makeConnection, this);

        // A page in the back-forward cache must hold neither the connection nor the lead. It resumes where it stopped.
        this.#listen(window, 'pagehide', () => {
            this.#connection.stop();
            this.#otherTabs?.close();
        });
        this.#listen(window, 'pageshow', ({ persisted }) => {
            if (!persisted) return;
            this.#listenToOtherTabs();
            this.#connection.start();
        });
        this.#listen(document, 'freeze', () => this.#connection.stop());
        this.#listen(document, 'resume', () => this.#connection.start());
        this.#listen(document, 'visibilitychange', () => this.#retryIfVisible());
        this.#listen(window, 'focus', () => this.#retryIfVisible());
        if (document.prerendering) this.#listen(document, 'prerenderingchange', () => this.#connection.start());
        else this.#connection.start();
    }

    close() {
        this.#state = 'closed';
        this.#closing.abort();
        this.#otherTabs?.close();
        this.#connection?.stop();
    }

    get login() { return this.#login; }
    get state() { return this.#state; }
    set state(state) {
        if (!this.#loginEnded && !this.#closing.signal.aborted) this.#state = state;
    }

    /** Takes an event from any connection. The page gets it if it is new. */
    event(event) {
        if (this.#closing.signal.aborted) return;
        const { type, data, sequence } = event;
        const kind = type.slice(PREFIX.length, -3);
        if (sequence) this.last = sequence;
        if (this.#loginEnded && !this.#continueAsNextLogin(data)) {
            if (kind === 'connected') this.#identify(event);
            return;
        }
        if (kind === 'login.released' && data.reason === 'reclaimed') {
            // The browser is still signed in. The next connection says as whom.
        } else if (DISPATCHED.includes(kind) && this.#isNew(kind, event)) {
            const name = kind.replace('login.', '');
            const notPrevented = this.#dispatch(name, event);
            this.#showEvent(name, event, notPrevented);
        } else if (kind === 'connected') {
            this.#identify(event);
        } else if (kind === 'gap') {
            this.#dispatch(kind, event);
        }
    }

    lost(code) {
        if (this.state !== 'closed') this.#dispatch('disconnected', { code, terminal: false });
    }

    end(code, reason) {
        if (this.state === 'closed') {
            // Nobody has signed in. It asks again when the page becomes visible.
            this.#connection.stop();
            return;
        }
        if (code === 4000) code = this.#endCode;
        // The gateway says no more. A login that had not signed out has expired.
        if (this.#login && (code === 4000 || code === 4401)) [code, reason] = [4004, undefined];
        if (code === 4401) explainSetup();
        this.#state = 'closed';
        this.#loginEnded = true;
        this.#connection.stop();
        if (this.#login) this.#listenToOtherTabs();
        else this.#closing.abort();
        this.#dispatch('disconnected', { code, terminal: true });
        this.#dispatch('ended', { code, reason: text(reason) || REASONS[code] || 'ended' });
        const what = DIALOG_OF_CODE[code];
        if (what) this.#showEnd(what, {}, this.#login);
    }

    /** Learns whose the browser's cookie is. */
    #identify(event) {
        const user = userOf(event.data);
        if (this.#user !== undefined && user !== this.#user) {
            this.#userSwitched(event);
            return;
        }
        this.#login = text(event.data.login);
        this.#user = user;
        this.#dispatch('connected', event);
    }

    /** Another user has signed in in this browser: the page shows one user's content and would act as the other. */
    #userSwitched(event) {
        this.#otherLogin = text(event.data.login);
        if (this.#endCode !== 4005) {
            this.#endCode = 4005;
            this.#hideDialog?.();
            this.#hideNotice?.();
            this.#dialogShown = !this.#dispatch('switched', event);
            this.#showEnd('switched', {});
        }
        this.end(4005);
    }

    /** Continues if an event is of the same user's next login, who has signed in again in this browser. */
    #continueAsNextLogin(data) {
        if (userOf(data) !== this.#user || !text(data.login) || data.login === this.#login) return false;
        this.#loginEnded = this.#dialogShown = false;
        // The dialog about a kick stays, so that it can be read.
        if (![4001, 4002].includes(this.#endCode)) this.#hideDialog?.();
        this.#endCode = 4000;
        this.#state = 'open';
        return true;
    }

    /** Listens, after an end, for other tabs that are connected as somebody. */
    #listenToOtherTabs() {
        this.#otherTabs?.close();
        if (!this.#loginEnded || !globalThis.BroadcastChannel) return;
        this.#otherTabs = new BroadcastChannel(this.#channelName);
        this.#otherTabs.onmessage = ({ data }) => {
            const login = text(data?.login);
            if (!this.#loginEnded) this.#otherTabs.close();
            else if (login && login !== this.#login && login !== this.#otherLogin) this.#connection.start();
        };
    }

    /** Connects again when this tab is looked at: the person may have signed in in another one. */
    #retryIfVisible() {
        if (!this.#loginEnded || document.hidden || Date.now() - this.#lastRetry < MIN_RETRY_INTERVAL) return;
        this.#lastRetry = Date.now();
        this.#connection.start();
    }

    #listen(where, type, act) {
        where.addEventListener(type, act, { signal: this.#closing.signal });
    }

    /** Whether an event was not seen before. A login's end may come with two ids: the outbox's, and the tombstone's. */
    #isNew(kind, { id, data }) {
        const name = /kicked|released|expired/.test(kind) ? `${kind} ${text(data.login)}` : id;
        if (this.#seen.has(name)) return false;
        this.#seen.add(name);
        if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value);
        return true;
    }

    #showEvent(name, { data, time }, notPrevented) {
        if (name === 'elsewhere') {
            if (notPrevented) this.#showNotice({ ...data, at: data.at ?? Date.parse(time) });
            return;
        }
        const what = name === 'kicked' && data.code !== -5 ? 'replaced' : name;
        const code = { replaced: 4001, kicked: 4002, released: 4003, expired: 4004 }[what];
        if (!code) return;
        this.#endCode = code;
        if (!notPrevented) this.#dialogShown = true; // the page shows it in its own way
        this.#showEnd(what, { ...data, at: data.at ?? Date.parse(time) }, text(data.login));
    }

    /** Dispatches a DOM event; false if the page prevented what follows. */
    #dispatch(name, detail) {
        const cancelable = ['kicked', 'switched', 'elsewhere'].includes(name);
        return this.#target.dispatchEvent(new CustomEvent(`rsso:${name}`, { detail, cancelable }));
    }

    /** Shows a notice, instead of one that was not read yet. */
    #showNotice(data) {
        if (!this.#dialog) return;
        try {
            this.#hideNotice?.();
            this.#hideNotice = showNotice(data, this.#dialog);
        } catch (error) {
            warn(error);
        }
    }

    /** Shows the dialog of an end. Only that of a kick is also shown to somebody who comes later. */
    #showEnd(what, data, login) {
        const late = !['replaced', 'kicked'].includes(what) || !data.at;
        if (!this.#dialog || this.#dialogShown || (late && !this.#login)) return;
        if (what === 'released' && !this.#dialog.released) return;
        this.#dialogShown = true;
        try {
            this.#hideDialog?.();
            this.#hideDialog = showDialog(what, data, this.#dialog, login);
        } catch (error) {
            warn(error);
        }
    }
}
