// Some tabs, one connection: every message comes to each tab once and in order, also while the tab that has the
// connection is closed, and the end comes to all.
//
// Needs: input.origin, which is a secure context (http://127.0.0.1:port is; Web Locks need it); the pages beside this file.
// Says, in this order:
//   { open: 1, opened: 4 }              WebSockets of the four tabs: the one that lasts, and a short one of each that joined it
//   { tab, count: 500, ordered: true }  for the three that stay
//   { open: 1, opened }                 now: one more for the new leader, and short ones of tabs that stood elsewhere
//   { tab, ended }                      for each: rsso:ended, code 4003, after a logout
//   { problems: [] }
import { Person, event, numbers, problems, reaches } from './people.mjs';

const MESSAGES = 500;

export default async ({ person, say, input }) => {
    const ann = new Person(await person(), input.origin);
    const sockets = [];
    ann.context.on('page', (tab) => tab.on('websocket', (socket) => sockets.push({ tab, socket })));
    const open = () => sockets.filter(({ tab, socket }) => !tab.isClosed() && !socket.isClosed()).length;
    // The short ones end by themselves; one lasts.
    const count = async (tab) => {
        for (let times = 0; times < 200 && open() !== 1; times++) await tab.waitForTimeout(50);
        say({ open: open(), opened: sockets.length });
    };

    await ann.signsIn('ann');
    const leader = await ann.opens();
    const tabs = [await ann.opens(), await ann.opens(), await ann.opens()];
    await count(leader);

    const sent = ann.asks(`/notify.php?uid=ann&count=${MESSAGES}`);
    await reaches(tabs[0], 100);
    await leader.close();
    await sent;
    for (const [tab, page] of tabs.entries()) {
        await reaches(page, MESSAGES - 1);
        const seen = await numbers(page);
        say({ tab, count: seen.length, ordered: seen.every((number, place) => number === place) });
    }
    await count(tabs[0]);

    await ann.asks('/logout.php');
    for (const [tab, page] of tabs.entries()) say({ tab, ended: await event(page, 'ended') });
    say({ problems: (await Promise.all(tabs.map(problems))).flat() });
};
