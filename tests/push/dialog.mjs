// Somebody is pushed out, and told: where and when, in a dialog that a keyboard is enough for.
//
// Needs: input.origin, one login a user (rsso.max_logins=1), the pages beside this file.
// Says, in this order:
//   { login, kicked }            the login of the first browser; the data of its kicked event
//   { ended }                    the detail of rsso:ended: { code: 4001, reason }
//   { title, facts, focused, modal }   the dialog; facts is the text of its list, with the newcomer's label
//   { dialogs: 1 } { dialogs: 0 } { dialogs: 0 }   before Escape, after it, after a reload
//   { path: "/login.php" }       where Enter leads to, in the dialog after a kick by the administrator
//   { title, code: 4002 }        that dialog's title, which is another one; and the end's code
//   { prevented: 0 }             dialogs where the page prevented it
//   { read: true }               whether a dialog counts as read as soon as it is closed, in the same step of the page
//   { dialogs: 0, ended }        after a logout in another tab: the event alone, code 4003
//   { problems: [] }             what the pages complained about, the Content-Security-Policy included
import { Person, event, problems } from './people.mjs';

export default async ({ person, say, input }) => {
    const ann = new Person(await person(), input.origin);
    const other = new Person(await person(), input.origin);
    const complaints = [];

    const dialog = (tab) => tab.locator('rsso-dialog dialog[open]');
    const dialogs = async (tab) => say({ dialogs: await dialog(tab).count() });
    const options = { dialog: { signIn: '/login.php?uid=ann' } };

    const login = await ann.signsIn('ann');
    let tab = await ann.opens(options);
    await other.signsIn('ann', 'ios', 'Safari </script><img src=x onerror=alert(1)>');
    say({ login, kicked: (await event(tab, 'kicked')).data });
    say({ ended: await event(tab, 'ended') });
    say({
        title: await dialog(tab).locator('h2').textContent(),
        facts: await dialog(tab).locator('dl').textContent(),
        focused: await tab.evaluate(() => document.activeElement.shadowRoot?.activeElement?.textContent),
        modal: await dialog(tab).evaluate((one) => one.matches(':modal')),
    });
    await dialogs(tab);
    await tab.keyboard.press('Escape');
    await dialog(tab).waitFor({ state: 'detached' });
    await dialogs(tab);
    complaints.push(...await problems(tab));
    await tab.reload();
    await event(tab, 'ended');
    await dialogs(tab);
    await tab.close();

    await ann.signsIn('ann');
    tab = await ann.opens(options);
    await other.asks('/kick.php?uid=ann');
    const { code } = await event(tab, 'ended');
    const title = await dialog(tab).locator('h2').textContent();
    complaints.push(...await problems(tab));
    const navigation = tab.waitForNavigation();
    await tab.keyboard.press('Enter');
    await navigation;
    say({ path: new URL(tab.url()).pathname });
    say({ title, code });
    await tab.close();

    await ann.signsIn('ann');
    tab = await ann.opens(options);
    await tab.evaluate(() => document.addEventListener('rsso:kicked', (kicked) => kicked.preventDefault()));
    await other.asks('/kick.php?uid=ann');
    await event(tab, 'ended');
    say({ prevented: await dialog(tab).count() });
    await tab.close();

    const last = await ann.signsIn('ann');
    tab = await ann.opens(options);
    await other.asks('/kick.php?uid=ann');
    await event(tab, 'ended');
    const read = await dialog(tab).evaluate((one) => {
        one.close();
        return sessionStorage.getItem('rsso');
    });
    say({ read: read === last });
    await tab.close();

    await ann.signsIn('ann');
    tab = await ann.opens(options);
    await ann.asks('/logout.php');
    const ended = await event(tab, 'ended');
    say({ dialogs: await dialog(tab).count(), ended });
    complaints.push(...await problems(tab));
    say({ problems: complaints });
};
