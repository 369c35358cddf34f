// The user signs in on another device, and nobody has to go: the pages that stay say so in a corner, until that was read.
//
// Needs: input.origin, the pages beside this file.
// Says, for each way (tabs that share, tabs that do not, tabs without WebSocket):
//   { way, told: [[login, by, ip], ...] }      of each of two tabs: whether the event is addressed to its login, and names the
//                                              newcomer; and the newcomer's network
//   { way, title, facts, device, network, focus, states }   the notice; whether its facts name the device; where the focus is
//   { way, notices: [1, 1] }                   how many each tab shows
//   { way, newcomer: 0 }                       and the newcomer's page, which reads all there is
//   { way, unread: 1 }                         after a reload that reads all there is again
//   { way, read: [0, 0] }                      after "close" in the first tab
//   { way, again: 0 }                          after another reload
//   { way, next: [1, 0] }                      after the next sign-in: the second tab's page prevents it
//   { way, ended: [0, 1] }                     notices and dialogs of a tab after another user has signed in in this browser
//   { way, problems: [] }
import { Person, dialog, event, problems, title } from './people.mjs';

const WAYS = {
    shared: {},
    alone: { share: false },
    streams: { transports: ['sse'] },
};

const notice = (tab) => tab.locator('rsso-notice aside');

/** Until a tab shows so many. */
const shows = async (tab, count) => {
    for (let tries = 0; tries < 100 && await notice(tab).count() !== count; tries++) await tab.waitForTimeout(50);
    return notice(tab).count();
};

export default async ({ person, say, input }) => {
    for (const [way, options] of Object.entries(WAYS)) {
        const ann = new Person(await person(), input.origin);
        const phone = new Person(await person(), input.origin);
        const beside = (who, label) => who.asks(`/beside.php?${new URLSearchParams({ uid: way, device: 'ios', label })}`);
        const all = { ...options, after: '0' };
        const login = await ann.signsIn(way);
        const tabs = [await ann.opens(all), await ann.opens(all)];
        const each = (act) => Promise.all(tabs.map(act));

        const other = await beside(phone, 'Safari </script><img src=x onerror=alert(1)>');
        say({
            way,
            told: await each(async (tab) => {
                const { data } = await event(tab, 'elsewhere');
                return [data.login === login, data.by.login === other, data.by.ip];
            }),
        });
        const facts = await notice(tabs[0]).locator('dl').textContent();
        say({
            way,
            title: await title(tabs[0], notice),
            facts: await notice(tabs[0]).locator('dl').evaluate((list) => [...list.querySelectorAll('dt')].map((one) => one.textContent)),
            device: facts.includes('Safari </script><img src=x onerror=alert(1)> (iOS)'),
            network: facts.includes('127.0.0.0/24'),
            focus: await tabs[0].evaluate(() => document.activeElement.tagName),
            states: await each((tab) => tab.evaluate(() => window.sso.state)),
        });
        say({ way, notices: await each((tab) => shows(tab, 1)) });
        const newcomer = await phone.opens(all);
        say({ way, newcomer: await notice(newcomer).count() });
        const complaints = [...await problems(newcomer)];

        await tabs[1].reload();
        await event(tabs[1], 'elsewhere');
        say({ way, unread: await shows(tabs[1], 1) });
        await tabs[0].bringToFront();
        await notice(tabs[0]).locator('button').click();
        say({ way, read: await each((tab) => shows(tab, 0)) });
        complaints.push(...await problems(tabs[1]));
        await tabs[1].reload();
        await event(tabs[1], 'elsewhere');
        say({ way, again: await notice(tabs[1]).count() });

        await tabs[1].evaluate(() => document.addEventListener('rsso:elsewhere', (news) => news.preventDefault()));
        const before = await each((tab) => tab.evaluate(() => window.seen.length));
        await beside(new Person(await person(), input.origin), 'a tablet');
        await Promise.all(tabs.map((tab, at) => tab.waitForFunction((length) => window.seen.length > length, before[at])));
        say({ way, next: [await shows(tabs[0], 1), await notice(tabs[1]).count()] });

        await ann.signsIn('somebody else');
        await event(tabs[0], 'switched');
        await dialog(tabs[0]).locator('h2').textContent();
        say({ way, ended: [await notice(tabs[0]).count(), await dialog(tabs[0]).count()] });
        for (const tab of tabs) complaints.push(...await problems(tab));
        for (const tab of [...tabs, newcomer]) await tab.close();
        say({ way, problems: complaints });
    }
};
