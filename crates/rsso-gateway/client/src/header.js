// The browser's side of `rsso serve`: tells a page what happens to its login, and the person how it ended.
//
// What always holds: every event is dispatched once per tab, in the outbox's order; the tabs of a browser share one
// connection; an end is final until the same user signs in again in this browser; nothing is thrown into the page; what comes
// from outside is treated as text, and bounded. client.d.ts has the types.
//
// client/src/ has the parts of this file. The gateway joins them, so they share one module's scope, and adds the texts.
