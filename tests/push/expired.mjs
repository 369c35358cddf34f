// A page sleeps while its login ends: when it comes back it is told how, whatever carries it.
//
// Needs: input.origin, the pages beside this file.
// Says, for each transport, ws first:
//   { transport, code: 4004, title }              the session ran out: the dialog says so
//   { transport, code: 4003, dialogs: 0 }         it was a logout in another tab
//   { transport, code: 4003, title }              the same, where the page wants it told
//   { problems: [] }
import { Cable, wake } from './cable.mjs';
import { Person, dialog, event, problems, title } from './people.mjs';

export default async ({ person, say, input }) => {
    for (const transport of ['ws', 'sse']) {
        const cable = await Cable.to(input.origin);
        const ann = new Person(await person(), input.origin, cable.origin);
        const sleeps = async (options, meanwhile) => {
            await ann.signsIn('ann');
            const tab = await ann.opens({ transports: [transport], ...options });
            cable.cut();
            await meanwhile();
            cable.mend();
            await wake(tab);
            return tab;
        };

        let tab = await sleeps({}, async () => {
            await ann.asks('/shorten.php');
            await new Promise((over) => setTimeout(over, 2500));
        });
        let { code } = await event(tab, 'ended');
        say({ transport, code, title: await title(tab) });
        const complaints = await problems(tab);
        await tab.close();

        tab = await sleeps({}, () => ann.asks('/logout.php'));
        ({ code } = await event(tab, 'ended'));
        say({ transport, code, dialogs: await dialog(tab).count() });
        await tab.close();

        tab = await sleeps({ dialog: { released: true } }, () => ann.asks('/logout.php'));
        ({ code } = await event(tab, 'ended'));
        say({ transport, code, title: await title(tab) });
        complaints.push(...await problems(tab));
        say({ problems: complaints });
        cable.close();
    }
};
