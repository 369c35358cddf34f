// A page is away while somebody pushes its user out: offline, in the back-forward cache, or behind a poll that has made
// another session of the dead one. When it comes back the dialog says who and when, as if it had been there.
//
// Needs: input.origin, one login a user (rsso.max_logins=1), session.use_strict_mode, the pages beside this file.
// Says, for each transport (ws first), and for each way to be away (offline, cached, polled):
//   { transport, way, code: 4001, title, label, time }   whether the newcomer's label and a time are in it
//   { problems: [] }               once for each transport
import { Cable, wake } from './cable.mjs';
import { Person, dialog, event, problems, title } from './people.mjs';

/** As the browser does it to a page that is left and come back to. */
const transition = (tab, type) =>
    tab.evaluate((name) => { dispatchEvent(new PageTransitionEvent(name, { persisted: true })); }, type);

export default async ({ person, say, input }) => {
    for (const transport of ['ws', 'sse']) {
        const cable = await Cable.to(input.origin);
        const ann = new Person(await person(), input.origin, cable.origin);
        const thief = new Person(await person(), input.origin);
        const WAYS = {
            offline: [() => cable.cut(), async (tab) => {
                cable.mend();
                await wake(tab);
            }],
            cached: [(tab) => transition(tab, 'pagehide'), (tab) => transition(tab, 'pageshow')],
            polled: [(tab) => transition(tab, 'pagehide'), async (tab) => {
                await ann.asks('/poll.php');
                await transition(tab, 'pageshow');
            }],
        };
        const complaints = [];
        for (const [way, [leave, comeBack]] of Object.entries(WAYS)) {
            await ann.signsIn('ann');
            const tab = await ann.opens({ transports: [transport] });
            await leave(tab);
            await thief.signsIn('ann', 'ios', 'Safari on the boat');
            await comeBack(tab);
            const { code } = await event(tab, 'ended');
            const facts = await dialog(tab).locator('dl').textContent({ timeout: 5000 }).catch(() => '');
            const [label, time] = [facts.includes('Safari on the boat'), facts.includes('Time')];
            say({ transport, way, code, title: await title(tab), label, time });
            complaints.push(...await problems(tab));
            await tab.close();
        }
        say({ problems: complaints });
        cable.close();
    }
};
