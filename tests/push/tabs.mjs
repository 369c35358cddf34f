// Some tabs, one connection: every message comes to each tab once and in order, also while the tab that has the
// connection is closed, and the end comes to all.
//
// Needs: input.origin, which is a secure context (http://127.0.0.1:port is; Web Locks need it); the pages beside this file.
// Says, in this order:
//   { open: 1, opened: 4 }              WebSockets of the four tabs: the one that lasts, and a short one of each that joined it
//   { tab, count: 500, ordered: true }  for the three that stay
//   { open: 1, opened }                 of those three: one more for the new leader, and short ones of tabs that stood elsewhere
//   { tab, ended }                      for each: rsso:ended, code 4003, after a logout
//   { problems: [] }
import { Person, event, numbers, problems, reaches } from './people.mjs';

const MESSAGES = 500;
/** `readyState` of a WebSocket that is open no more. */
const CLOSING = 2;

export default async ({ person, say, input }) => {
    const ann = new Person(await person(), input.origin);
    await ann.context.addInitScript(() => {
        window.sockets = [];
        window.WebSocket = class extends WebSocket {
            constructor(...given) {
                super(...given);
                window.sockets.push(this);
            }
        };
    });
    const states = async (tabs) => {
        const each = tabs.map((tab) => tab.evaluate(() => window.sockets.map(({ readyState }) => readyState)));
        return (await Promise.all(each)).flat();
    };
    // The short ones end by themselves; one lasts.
    const count = async (tabs) => {
        let all = [];
        for (let times = 0; times < 200; times++) {
            all = await states(tabs);
            if (all.filter((state) => state < CLOSING).length === 1) break;
            await tabs[0].waitForTimeout(50);
        }
        say({ open: all.filter((state) => state < CLOSING).length, opened: all.length });
    };

    await ann.signsIn('ann');
    const leader = await ann.opens();
    const tabs = [await ann.opens(), await ann.opens(), await ann.opens()];
    await count([leader, ...tabs]);

    const sent = ann.asks(`/notify.php?uid=ann&count=${MESSAGES}`);
    await reaches(tabs[0], 100);
    await leader.close();
    await sent;
    for (const [tab, page] of tabs.entries()) {
        await reaches(page, MESSAGES - 1);
        const seen = await numbers(page);
        say({ tab, count: seen.length, ordered: seen.every((number, place) => number === place) });
    }
    await count(tabs);

    await ann.asks('/logout.php');
    for (const [tab, page] of tabs.entries()) say({ tab, ended: await event(page, 'ended') });
    say({ problems: (await Promise.all(tabs.map(problems))).flat() });
};
