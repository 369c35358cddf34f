// One connection to the gateway, made again after each failure.

const BACKOFF = { base: 500, cap: 30_000 };
/** A gateway that restarts disconnects all at once. They begin with a later attempt, whose delays are spread further. */
const RESTART_ATTEMPT = 4;
/** How long a connection must have lasted for the delays to begin anew. */
const STABLE_AFTER = 10_000;
const OPEN_TIMEOUT = 15_000;

/** One connection at a time, made again until it is stopped or ends for good. `handlers` get what happens. */
class Connection {
    handlers;
    interval = 25_000;
    #base; #transports; #parameters; #onlyThisTab;
    #current = 0; // the index of the transport in use
    #failures = 0; // in a row, of this transport
    #haveWorked = new Set();
    #attempt = 0;
    #openedAt;
    #receivedAt = 0;
    #disconnect; #silenceTimer; #retryTimer;
    #asleep = false; // hidden, without a stream
    #triedAt = 0;

    /** `parameters()` are those of the URL; `onlyThisTab`: each tab has such a connection. */
    constructor(base, transports, parameters, onlyThisTab) {
        this.#base = base;
        this.#transports = transports;
        this.#parameters = parameters;
        this.#onlyThisTab = onlyThisTab;
    }

    start() {
        if (this.#disconnect || this.#retryTimer || this.#asleep) return;
        addEventListener('online', this.#wake);
        addEventListener('focus', this.#wake);
        document.addEventListener('visibilitychange', this.#wake);
        this.#connect();
    }

    stop() {
        removeEventListener('online', this.#wake);
        removeEventListener('focus', this.#wake);
        document.removeEventListener('visibilitychange', this.#wake);
        this.#asleep = false;
        this.#hangUp();
        clearTimeout(this.#retryTimer);
        this.#retryTimer = undefined;
    }

    #hangUp() {
        clearTimeout(this.#silenceTimer);
        this.#disconnect?.();
        this.#disconnect = undefined;
    }

    #connect() {
        this.#retryTimer = this.#openedAt = undefined;
        if (this.#leavesNetworkToOthers()) {
            this.#asleep = true;
            this.handlers.state('waiting');
            return;
        }
        this.#triedAt = Date.now();
        this.handlers.state('connecting');
        const { path, open } = TRANSPORTS[this.#transports[this.#current]];
        const url = new URL(path, this.#base);
        for (const [name, value] of Object.entries(this.#parameters())) if (value) url.searchParams.set(name, value);
        this.#expectWithin(OPEN_TIMEOUT);
        try {
            this.#disconnect = open(url, (frame) => this.#receive(frame), (code, reason) => this.#lost(code, reason));
        } catch {
            this.#failures = Infinity;
            this.#lost(1006);
        }
    }

    #receive(frame) {
        const event = parseFrame(frame);
        if (!event) return;
        this.#haveWorked.add(this.#current);
        this.#failures = 0;
        this.#receivedAt = Date.now();
        const connected = isConnected(event);
        if (connected) {
            const { heartbeat } = event.data;
            if (heartbeat > 0) this.interval = Math.min(heartbeat * 1000, MAX_HEARTBEAT);
            this.#openedAt = Date.now();
        }
        this.#expectWithin(2.5 * this.interval);
        if (connected) this.handlers.state('open');
        this.handlers.event(event);
    }

    #expectWithin(milliseconds) {
        clearTimeout(this.#silenceTimer);
        this.#silenceTimer = setTimeout(() => this.#lost(1006), milliseconds);
    }

    #lost(code, reason) {
        this.#hangUp();
        if (isTerminal(code)) {
            this.stop();
            this.handlers.end(code, reason);
            return;
        }
        const openedAt = this.#openedAt;
        if (openedAt && Date.now() - openedAt > STABLE_AFTER) this.#attempt = 0;
        // The next transport after two failures of one that has never worked here. A gateway that restarts is no failure of it.
        if (!openedAt && code !== RECLAIMED && ++this.#failures >= (this.#haveWorked.has(this.#current) ? 6 : 2)) {
            this.#current = (this.#current + 1) % this.#transports.length;
            this.#failures = 0;
        }
        if ([1001, 1012, 1013].includes(code)) this.#attempt = Math.max(this.#attempt, RESTART_ATTEMPT);
        const longest = Math.min(BACKOFF.cap, BACKOFF.base * 2 ** this.#attempt++);
        // A browser may be wrong about being offline, so it is tried, but seldom.
        const delay = navigator.onLine === false ? BACKOFF.cap : Math.random() * longest;
        this.#retryTimer = setTimeout(() => this.#connect(), delay);
        if (openedAt) this.handlers.lost(code);
        this.handlers.state('waiting');
    }

    /** Makes the next attempt now. */
    retryNow() {
        if (!this.#retryTimer || Date.now() - this.#triedAt < MIN_RETRY_INTERVAL) return;
        clearTimeout(this.#retryTimer);
        this.#connect();
    }

    /** The network or the person is back: try now, and give up a connection that has missed a heartbeat. */
    #wake = ({ type }) => {
        if (this.#asleep && !document.hidden) {
            this.#asleep = false;
            this.#connect();
        } else if (this.#disconnect && this.#leavesNetworkToOthers()) {
            this.#hangUp();
            this.#asleep = true;
            this.handlers.state('waiting');
        } else if (this.#openedAt && this.#disconnect && Date.now() - this.#receivedAt > 1.5 * this.interval) {
            this.#lost(1006);
        }
        if (type === 'online' || !document.hidden) this.retryNow();
    };

    /**
     * Whether this tab is hidden and goes without a stream, for the sake of visible ones. Over HTTP/1.1 a browser makes only
     * six connections to a host, pages included, and here each tab needs one.
     */
    #leavesNetworkToOthers() {
        return document.hidden && this.#onlyThisTab && this.#transports[this.#current] === 'sse' && this.#base.protocol === 'http:';
    }
}
