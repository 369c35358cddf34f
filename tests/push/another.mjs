// Somebody signs in again in the same browser, in another tab: the same user, and the page goes on; or another one, and
// the page says that what it shows is not theirs.
//
// Needs: input.origin, one login a user (rsso.max_logins=1), the pages beside this file.
// Says, for each way (tabs that share, tabs that do not, tabs without WebSocket):
//   { way, again: [[true, 4001], [true, 4001]] }     ann signs in again: each tab is connected as the new login, and hears
//                                                    of its kick
//   { way, another: [...] }                          bob signs in in the same session: of each tab, what it was told, the end,
//                                                    the title, and whose the browser is
//   { way, returned: [[4003, 4001], ...] }     ann signs out, and in again: each tab goes on, and hears of the kick
//   { way, after: [...] }                            ann signs out, and bob in: as above
//   { way, reloaded: "bob" }                         who is connected after "load again"
//   { way, problems: [] }
import { Person, dialog, event, problems, title } from './people.mjs';

const WAYS = {
    shared: {},
    alone: { share: false },
    streams: { transports: ['sse'] },
};

/** Until the tab has been told this of this login. */
const told = (tab, type, login) =>
    tab.waitForFunction(
        ([wanted, of]) => window.seen.some((one) => one.type === wanted && one.detail.data.login === of),
        [type, login],
    );

/** The last end that the tab was told, once there are this many. */
const ended = async (tab, count = 1) => {
    const found = await tab.waitForFunction((wanted) => {
        const ends = window.seen.filter(({ type }) => type === 'ended');
        return ends.length >= wanted && ends.at(-1).detail.code;
    }, count);
    return found.jsonValue();
};

/** As somebody who comes back to the tabs, one after the other; those that share are told by the others. */
const look = async (tabs, type) => {
    for (const tab of tabs) {
        await tab.bringToFront();
        await tab.evaluate(() => { dispatchEvent(new Event('focus')); });
        await tab.waitForFunction((wanted) => window.seen.at(-1).type === wanted, type);
    }
};

export default async ({ person, say, input }) => {
    for (const [way, options] of Object.entries(WAYS)) {
        const ann = new Person(await person(), input.origin);
        const thief = new Person(await person(), input.origin);
        const complaints = [];
        const opens = async () => [await ann.opens(options), await ann.opens(options)];
        const closes = async (tabs) => {
            for (const tab of tabs) {
                complaints.push(...await problems(tab));
                await tab.close();
            }
        };
        const each = (tabs, act) => Promise.all(tabs.map(act));
        // Its end comes right behind it, unless there was one before.
        const switched = async (tab) => ({
            now: (await event(tab, 'switched')).data.uid,
            end: await ended(tab),
            title: await title(tab),
            released: await tab.evaluate(() => window.seen.some(({ type }) => type === 'released')),
        });

        await ann.signsIn('ann');
        let tabs = await opens();
        const login = await ann.signsIn('ann');
        await each(tabs, (tab) => told(tab, 'connected', login));
        await thief.signsIn('ann');
        say({ way, again: await each(tabs, async (tab) => [!!await told(tab, 'kicked', login), await ended(tab)]) });
        await closes(tabs);

        await ann.signsIn('ann');
        tabs = await opens();
        await ann.signsIn('bob');
        say({ way, another: await each(tabs, switched) });
        await closes(tabs);

        await ann.signsIn('ann');
        tabs = await opens();
        await ann.asks('/logout.php');
        const ends = await each(tabs, (tab) => ended(tab));
        const next = await ann.signsIn('ann');
        let fresh = await ann.opens(options);
        if (way === 'alone') await look(tabs, 'connected');
        await each(tabs, (tab) => told(tab, 'connected', next));
        await thief.signsIn('ann');
        await each(tabs, (tab) => told(tab, 'kicked', next));
        say({ way, returned: await each(tabs, async (tab, n) => [ends[n], await ended(tab, 2)]) });
        await closes([...tabs, fresh]);

        await ann.signsIn('ann');
        tabs = await opens();
        await ann.asks('/logout.php');
        await each(tabs, (tab) => ended(tab));
        await ann.signsIn('bob');
        fresh = await ann.opens(options);
        if (way === 'alone') await look(tabs, 'switched');
        say({ way, after: await each(tabs, switched) });
        complaints.push(...await problems(tabs[0]));
        await dialog(tabs[0]).locator('button.main').click();
        await tabs[0].waitForFunction(() => window.sso?.state === 'open');
        say({ way, reloaded: (await event(tabs[0], 'connected')).data.uid });
        say({ way, problems: complaints });
    }
};
