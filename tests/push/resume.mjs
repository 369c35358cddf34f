// A connection that is cut comes back where it stood; a page that begins at a position gets what came after it.
//
// Needs: input.origin, the pages beside this file.
// Says, in this order:
//   { numbers: [0] }             before the cut
//   { attempts: 0 }              connections tried in a second without network
//   { numbers: [0, 1, 2, 3] }    after it: what was missed and what came then, once
//   { events }                   the types in order, "disconnected" and a second "connected" among them
//   { numbers: [0, 1, 2, 3] }    a new page that begins at "0"
//   { numbers: [2, 3] }          one that begins where the first stood after number 1
//   { problems: [] }
import { Person, event, numbers, problems, reaches, types } from './people.mjs';

export default async ({ person, say, input }) => {
    const ann = new Person(await person(), input.origin);
    const sender = new Person(await person(), input.origin);
    // The page's sockets, to cut them.
    await ann.context.addInitScript(() => {
        window.sockets = [];
        window.WebSocket = class extends WebSocket {
            constructor(...given) {
                super(...given);
                window.sockets.push(this);
            }
        };
    });
    const send = (from, count = 1) => sender.asks(`/notify.php?${new URLSearchParams({ uid: 'ann', from, count })}`);

    await ann.signsIn('ann');
    const tab = await ann.opens();
    await send(0);
    await reaches(tab, 0);
    say({ numbers: await numbers(tab) });

    await ann.context.setOffline(true);
    await tab.evaluate(() => window.sockets.at(-1).close());
    await event(tab, 'disconnected');
    await send(1, 2);
    await tab.waitForTimeout(1000);
    say({ attempts: await tab.evaluate(() => window.sockets.length - 1) });
    await ann.context.setOffline(false);
    await reaches(tab, 2);
    await send(3);
    await reaches(tab, 3);
    say({ numbers: await numbers(tab) });
    say({ events: await types(tab) });

    const after = await tab.evaluate(() =>
        window.seen.find(({ type, detail }) => type === 'message' && detail.data.payload === 1).detail.sequence);
    const pages = [await ann.opens({ after: '0' }), await ann.opens({ after })];
    for (const page of pages) {
        await reaches(page, 3);
        say({ numbers: await numbers(page) });
    }
    say({ problems: (await Promise.all([tab, ...pages].map(problems))).flat() });
};
