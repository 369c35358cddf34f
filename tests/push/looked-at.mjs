// A page that somebody looks at does not wait; one that nobody sees does not take what others need.
//
// Needs: input.origin, input.plain (the same site, in no secure context), the pages beside this file.
// Says, in this order:
//   { focus: 1, visibilitychange: 1, online: 1 }   attempts that each of these makes at once while the next one is 30 s away
//   { tabs: 8 }                    tabs of a plain http site without WebSocket that were opened one after the other, each of
//                                  them connected
//   { seen: [0, 1] } { missed: [0, 1] }   messages that the tab in front was told, and one behind it when it is looked at
//   { problems: [] }
import { Cable } from './cable.mjs';
import { Person, event, numbers, problems, reaches } from './people.mjs';

const TABS = 8;

const state = (tab, wanted) => tab.waitForFunction((one) => window.sso?.state === one, wanted);

export default async ({ person, say, input }) => {
    const cable = await Cable.to(input.origin);
    const ann = new Person(await person(), input.origin, cable.origin);
    await ann.context.addInitScript(() => {
        // For a browser that is offline the next attempt is far away.
        Object.defineProperty(navigator, 'onLine', { get: () => false });
        window.sockets = 0;
        window.WebSocket = class extends WebSocket {
            constructor(...given) {
                super(...given);
                window.sockets += 1;
            }
        };
    });
    await ann.signsIn('ann');
    const tab = await ann.opens();
    cable.cut();
    await event(tab, 'disconnected');
    const attempts = {};
    for (const type of ['focus', 'visibilitychange', 'online']) {
        await state(tab, 'waiting');
        await tab.waitForTimeout(1100);
        attempts[type] = await tab.evaluate((name) => {
            const before = window.sockets;
            (name === 'visibilitychange' ? document : window).dispatchEvent(new Event(name));
            return window.sockets - before;
        }, type);
    }
    say(attempts);
    const complaints = await problems(tab);
    await tab.close();
    cable.close();

    // A driven browser shows all its tabs at once.
    const bob = new Person(await person(), input.plain);
    await bob.context.addInitScript(() => {
        delete window.WebSocket;
        let hidden = false;
        Object.defineProperty(document, 'hidden', { get: () => hidden });
        window.hide = (value) => {
            hidden = value;
            document.dispatchEvent(new Event('visibilitychange'));
        };
    });
    const sender = new Person(await person(), input.origin);
    // Only the browser knows where that site is.
    const signIn = await bob.context.newPage();
    await signIn.goto(`${input.plain}/login.php?uid=bob`);
    await signIn.close();
    const tabs = [];
    while (tabs.length < TABS) {
        await tabs.at(-1)?.evaluate(() => window.hide(true));
        tabs.push(await bob.opens());
    }
    say({ tabs: tabs.length });
    await sender.asks('/notify.php?uid=bob&count=2');
    await reaches(tabs.at(-1), 1);
    say({ seen: await numbers(tabs.at(-1)) });
    await tabs[0].evaluate(() => window.hide(false));
    await reaches(tabs[0], 1);
    say({ missed: await numbers(tabs[0]) });
    for (const one of tabs) complaints.push(...await problems(one));
    say({ problems: complaints });
};
