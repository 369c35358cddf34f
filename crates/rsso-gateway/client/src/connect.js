// What a page calls: `connect()`. client.d.ts has its types.

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

let setupExplained = false;
/** Helps whoever has just set it up. For a visitor it is right that nobody is signed in. */
function explainSetup() {
    if (setupExplained) return;
    setupExplained = true;
    console.info(
        'rsso: nobody is signed in with this browser\'s cookie (4401). If somebody is: session.cookie_path must cover the folder'
        + ' of client.js (/ does); session.name must be the gateway\'s --cookie; rsso.dsn, rsso.prefix, rsso.realm and rsso.hash_ids'
        + ' must be the same in php.ini and the gateway. `rsso serve --check` compares them, and the gateway\'s log names the one.',
    );
}
