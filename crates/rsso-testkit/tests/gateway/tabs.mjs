// Three tabs, one connection: every message comes to each tab once and in order, also while the tab that has the
// connection is closed, and the end comes to all.
//
// Needs: input.origin, which is a secure context (http://127.0.0.1:port is; Web Locks need it); the pages beside this file.
// Says, in this order:
//   { sockets: 1 }                      WebSockets that four tabs have opened, before anything happens
//   { tab, count: 500, ordered: true }  for the three that stay
//   { sockets }                         now: one more for each leader that left, and a few short ones at most
//   { tab, ended }                      for each: rsso:ended, code 4003, after a logout
//   { problems: [] }
import { Person, event, numbers, problems, reaches } from './people.mjs';

const MESSAGES = 500;

export default async ({ person, say, input }) => {
    const ann = new Person(await person(), input.origin);
    let sockets = 0;
    ann.context.on('page', (tab) => tab.on('websocket', () => { sockets += 1; }));

    await ann.signsIn('ann');
    const leader = await ann.opens();
    const tabs = [await ann.opens(), await ann.opens(), await ann.opens()];
    say({ sockets });

    const sent = ann.asks(`/notify.php?uid=ann&count=${MESSAGES}`);
    await reaches(tabs[0], 100);
    await leader.close();
    await sent;
    for (const [tab, page] of tabs.entries()) {
        await reaches(page, MESSAGES - 1);
        const seen = await numbers(page);
        say({ tab, count: seen.length, ordered: seen.every((number, place) => number === place) });
    }
    say({ sockets });

    await ann.asks('/logout.php');
    for (const [tab, page] of tabs.entries()) say({ tab, ended: await event(page, 'ended') });
    say({ problems: (await Promise.all(tabs.map(problems))).flat() });
};
