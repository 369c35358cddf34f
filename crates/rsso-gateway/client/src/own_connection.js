// A tab's own connection, for browsers where tabs cannot share one.

/** A connection that only this tab uses. */
class OwnConnection {
    #connection;

    constructor(makeConnection, tab) {
        this.#connection = makeConnection();
        this.#connection.handlers = {
            state: (state) => { tab.state = state; },
            event: (event) => tab.event(event),
            lost: (code) => tab.lost(code),
            end: (code, reason) => tab.end(code, reason),
        };
    }

    start() { this.#connection.start(); }
    stop() { this.#connection.stop(); }
}
