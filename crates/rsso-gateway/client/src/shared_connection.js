// One connection for all tabs of a browser: the tab that holds a lock leads, and the others follow it.

const MAX_QUEUE = 1024;
/** How long a leader may take to answer. */
const LEADER_ANSWER_TIMEOUT = 3_000;

/**
 * One connection for all tabs. The tab that holds the lock leads: it has the connection, and forwards what comes.
 *
 * Each forwarded message has the leader's position before it (`from`) and after it (`to`). If `from` is not the last `to`,
 * the follower has missed something, or the leader has another position. Then it reads what it lacks over a short
 * connection of its own, from its own position. A tab that joins or comes back does the same. Positions are opaque: nobody
 * can tell which of two is older, and so nobody has to.
 *
 * The short connection also says whose login the cookie is now. A leader that connected before the cookie changed has
 * another login: nobody follows it, and another tab takes the lead.
 */
class SharedConnection {
    #name; #makeConnection; #tab;
    #channel; #lockRequest; #releaseLock;
    #connection; // the leader's only
    #catchUp; #queued = []; // a follower's short connection, and what was forwarded meanwhile
    #caughtUp = false; // has read what it lacked once
    #justCaughtUp = false; // and has received nothing since
    #lastMessage; #silenceTimer; #interval = 25_000;
    #lastPosition; // the position that this leader forwarded last
    #login; // the leader's, as the gateway knows it

    constructor(name, makeConnection, tab) {
        this.#name = name;
        this.#makeConnection = makeConnection;
        this.#tab = tab;
    }

    start() {
        if (this.#channel) return;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.onmessage = ({ data }) => this.#receive(data);
        this.#join();
        document.addEventListener('visibilitychange', this.#onVisible);
        addEventListener('focus', this.#onVisible);
        addEventListener('online', this.#onVisible);
    }

    stop() {
        document.removeEventListener('visibilitychange', this.#onVisible);
        removeEventListener('focus', this.#onVisible);
        removeEventListener('online', this.#onVisible);
        clearTimeout(this.#silenceTimer);
        this.#resign();
        this.#lockRequest?.abort();
        this.#catchUp?.stop();
        this.#channel?.close();
        this.#channel = this.#catchUp = undefined;
        this.#queued = [];
    }

    /** Becomes the leader, or gets an answer from it. */
    #join() {
        this.#caughtUp = false;
        this.#requestLead();
        this.#askLeader();
    }

    /** Waits for the lead, or takes it from a leader that does not answer. */
    #requestLead(steal = false) {
        this.#lockRequest?.abort();
        const request = this.#lockRequest = new AbortController();
        // `steal` and `signal` cannot be combined.
        navigator.locks.request(this.#name, steal ? { steal } : { signal: request.signal }, () => {
            if (request.signal.aborted) return undefined;
            const held = new Promise((release) => { this.#releaseLock = release; });
            this.#lead();
            return held;
        }).catch(({ name }) => {
            if (request !== this.#lockRequest || request.signal.aborted || !this.#channel) return;
            // Either the lead was taken from this tab, which did not answer for a while; or there are no locks here, as in a
            // sandboxed frame, which shares nothing.
            if (name === 'AbortError') {
                this.#resign();
                this.#join();
            } else {
                this.#lead();
            }
        });
    }

    #lead() {
        clearTimeout(this.#silenceTimer);
        const connection = this.#connection = this.#makeConnection();
        connection.handlers = {
            state: (state) => { this.#tab.state = state; this.#broadcast({ state }); },
            event: (event) => {
                const to = event.sequence || this.#tab.last;
                if (isConnected(event)) this.#login = text(event.data.login);
                // The other tabs first, because a listener of this page may block, or leave the page.
                this.#broadcast({ event }, to);
                this.#tab.event(event);
            },
            lost: (code) => { this.#broadcast({ lost: code }); this.#tab.lost(code); },
            end: (code, reason) => {
                this.#broadcast({ end: code, reason, login: this.#tab.login });
                this.#tab.end(code, reason);
            },
        };
        // Messages of the former leader may still be on their way.
        setTimeout(() => {
            if (this.#connection !== connection) return;
            this.#catchUp?.stop();
            this.#catchUp = undefined;
            this.#queued = [];
            this.#lastPosition = this.#tab.last;
            this.#login = undefined;
            connection.start();
        }, 50);
    }

    #resign() {
        this.#connection?.stop();
        this.#connection = undefined;
        this.#releaseLock?.();
        this.#releaseLock = undefined;
    }

    #broadcast(what, to = this.#tab.last) {
        this.#channel?.postMessage({ login: this.#login, ...what, from: this.#lastPosition, to });
        this.#lastPosition = to;
    }

    #receive(message) {
        if (!message || typeof message !== 'object') return;
        if (message.ask) {
            if (!this.#connection) return;
            this.#broadcast({ state: this.#tab.state, interval: this.#connection.interval });
            // Somebody looks at that tab, while this one is hidden and its timers may be slow.
            if (message.ask === 'now') this.#connection.retryNow();
        } else if (this.#connection) {
            // From a former leader, which may not know yet that it is none any more.
            const event = checkedEvent(message.event);
            if (event && !this.#isOfOtherLogin(message)) this.#tab.event(event);
        } else if (this.#catchUp) {
            this.#watchLeader();
            this.#queued.push(message);
            // A message that is dropped here is noticed as missing, and read.
            if (this.#queued.length > MAX_QUEUE) this.#queued.shift();
        } else {
            this.#watchLeader();
            this.#follow(message);
        }
    }

    #follow(message) {
        const { from, to, event, state, lost, end, interval } = message;
        const isOther = this.#isOfOtherLogin(message);
        const missed = !this.#caughtUp || (this.#lastMessage && this.#lastMessage.to !== from);
        if (missed || (isOther && !this.#justCaughtUp)) {
            this.#queued.unshift(message);
            this.#readMissed();
            return;
        }
        this.#justCaughtUp = false;
        if (isOther) {
            this.#requestLead(true);
            return;
        }
        this.#lastMessage = { to };
        if (interval > 0) this.#interval = Math.min(interval, MAX_HEARTBEAT);
        if (checkedEvent(event)) this.#tab.event(event);
        if (text(to)) this.#tab.last = to;
        if (['connecting', 'open', 'waiting'].includes(state)) this.#tab.state = state;
        if (Number.isInteger(lost)) this.#tab.lost(lost);
        // A tab with another login asks about it itself, because the lead is free now.
        if (isTerminal(end) && message.login && message.login === this.#tab.login) this.#tab.end(end, message.reason);
    }

    #isOfOtherLogin({ login, event }) {
        const whose = text(login ?? event?.data?.login);
        return !!whose && !!this.#tab.login && whose !== this.#tab.login;
    }

    /** Reads what this tab lacks up to now, and then takes what was forwarded meanwhile. */
    #readMissed() {
        this.#lastMessage = undefined;
        const connection = this.#catchUp = this.#makeConnection();
        connection.handlers = {
            state: () => {},
            lost: () => {},
            event: (event) => {
                if (!isConnected(event)) {
                    this.#tab.event(event);
                    return;
                }
                connection.stop();
                this.#catchUp = undefined;
                const isKnown = this.#caughtUp && event.data.login === this.#tab.login;
                this.#caughtUp = this.#justCaughtUp = true;
                if (event.sequence) this.#tab.last = event.sequence;
                if (!isKnown) this.#tab.event(event);
                const queue = this.#queued;
                this.#queued = [];
                for (const message of queue) this.#receive(message);
            },
            end: (code, reason) => this.#tab.end(code, reason),
        };
        connection.start();
    }

    #askLeader(how = true) {
        this.#channel.postMessage({ ask: how });
        this.#watchLeader(LEADER_ANSWER_TIMEOUT);
    }

    #onVisible = () => {
        if (!document.hidden && !this.#connection && this.#channel) this.#askLeader('now');
    };

    /** A frozen leader holds the lock and sends nothing. It is asked, and then loses the lead. */
    #watchLeader(limit) {
        clearTimeout(this.#silenceTimer);
        this.#silenceTimer = setTimeout(() => {
            if (this.#connection) return;
            if (!limit || !navigator.onLine) this.#askLeader();
            else this.#requestLead(true);
        }, limit ?? Math.max(2.5 * this.#interval, 2 * BACKOFF.cap));
    }
}
