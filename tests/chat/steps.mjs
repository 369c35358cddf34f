// What people do in examples/chat, each in a browser of their own. Nobody clicks or reloads where something is said to come
// by itself.
//
// Needs: input.url, where the chat answers and, below /sso/, the gateway: "http://chat.a.test:8080" (the browser knows no
// other names), one port for both as scripts/demo's nginx.conf has it; examples/chat/php.ini; an empty CHAT_DB.
//
// Says, in this order:
//   { step, path }                      after each page that was opened or form that was sent: where it led to
//   { step, messages: [text, ...] }     what a conversation shows, "> " before one's own
//   { step, ended, told }               a browser that was signed out: the code of rsso:ended, and whether a dialog is there
//   { step, path, why }                 after Enter in that dialog: where it leads to, and what the page says there (but for the time)
//   { step, logins: ["label, text", ...] }   "where am I signed in"; "* " before this device
//   { problems: [text, ...] }           last: what the pages' consoles had to complain about; none is expected
export default async ({ person, say, input }) => {
    const problems = [];

    class Person {
        static async named(name, device = '') {
            const self = new Person();
            self.name = name.split(' ')[0];
            self.called = name;
            self.device = device;
            const context = await person();
            // Each page remembers what it was told.
            await context.addInitScript(() => {
                globalThis.heard = {};
                for (const name of ['connected', 'ended']) {
                    document.addEventListener(`rsso:${name}`, ({ detail }) => { globalThis.heard[name] = detail; });
                }
            });
            self.page = await context.newPage();
            self.page.on('pageerror', (error) => problems.push(`${name}: ${error.message}`));
            self.page.on('console', (line) => {
                // A refused form is in the console as well, as an answer that is no success.
                if (line.type() === 'error') problems.push(`${name}: ${line.text()}`);
            });
            return self;
        }

        get path() { return new URL(this.page.url()).pathname; }

        did(what, more = { path: this.path }) { say({ step: `${this.called} ${what}`, ...more }); }

        async open(path) { await this.page.goto(`${input.url}${path}`); }

        async connected() { await this.page.waitForFunction(() => globalThis.heard?.connected); }

        // Sends the form that the button is in.
        async press(button) {
            const navigation = this.page.waitForNavigation();
            await this.page.click(button);
            await navigation;
        }

        async enter(path) {
            await this.open(path);
            await this.page.fill('[name=name]', this.name);
            await this.page.fill('[name=password]', 'correct horse');
            await this.page.selectOption('[name=device]', this.device);
            await this.press('main button');
            this.did(path === '/register' ? 'registers' : 'signs in');
        }

        async registers() { await this.enter('/register'); }
        async signsIn() { await this.enter('/sign-in'); }

        async talksTo(name) {
            await this.open('/');
            await this.press(`.people a[title="${name}"]`);
            await this.connected();
        }

        async writes(text) {
            await this.page.fill('#text', text);
            await this.page.press('#text', 'Enter');
        }

        // Waits until the last message is this one.
        async shows(text, when = 'is shown') {
            await this.page.waitForFunction(
                (text) => document.querySelector('#messages li:last-child p')?.textContent === text, text,
            );
            const messages = await this.page.$$eval('#messages li', (items) => items.map(
                (item) => (item.matches('.mine') ? '> ' : '') + item.querySelector('p').textContent,
            ));
            this.did(when, { messages });
        }

        async reloads() {
            await this.page.reload();
            await this.connected();
        }

        async isSignedOut() {
            await this.page.waitForFunction(() => globalThis.heard.ended);
            await this.page.waitForSelector('rsso-dialog', { state: 'attached' });
            const ended = await this.page.evaluate(() => globalThis.heard.ended.code);
            this.did('is told', { ended, told: await this.page.$('rsso-dialog') !== null });

            // The dialog is out of reach for scripts, and its first button has the focus. Who presses it is there.
            await this.page.bringToFront();
            const navigation = this.page.waitForNavigation();
            await this.page.keyboard.press('Enter');
            await navigation;
            const why = await this.page.$eval('#kicked', (notice) => {
                notice.querySelector('time').remove();
                return notice.textContent.replace(/\s+/g, ' ').replace(/ at (?=[:,])/, '').trim();
            });
            this.did('signs in again', { path: this.path, why });
        }

        async lists(when) {
            const logins = await this.page.$$eval('[data-login]', (items) => items.map((item) => {
                const label = item.querySelector('strong').textContent;
                const place = item.querySelector('small').textContent.replace(/, since .*/s, '');
                return `${item.matches('.current') ? '* ' : ''}${label}, ${place}`;
            }));
            this.did(when, { logins });
        }
    }

    const ann = await Person.named('ann');
    const bob = await Person.named('bob');
    await ann.registers();
    await bob.registers();

    // Messages arrive, on all devices of both.
    const phone = await Person.named('ann on the phone', 'phone');
    await phone.signsIn();
    await ann.talksTo('bob');
    await phone.talksTo('bob');
    await bob.talksTo('ann');
    await ann.writes('Hello Bob!');
    await bob.shows('Hello Bob!');
    await bob.writes('你好 <b>Ann</b> & 皆さん');
    await ann.shows('你好 <b>Ann</b> & 皆さん');
    await phone.shows('你好 <b>Ann</b> & 皆さん');
    await phone.writes('From the phone.');
    await ann.shows('From the phone.');
    await bob.shows('From the phone.');

    // They are still there when the page is made anew.
    await bob.reloads();
    await bob.shows('From the phone.', 'reloads');
    await ann.reloads();
    await ann.shows('From the phone.', 'reloads');

    // The same user on the same kind of device: the first is told without a click, and the phone stays.
    const again = await Person.named('ann elsewhere');
    await again.signsIn();
    await ann.isSignedOut();

    await again.open('/logins');
    await again.lists('looks where she is signed in');
    await phone.open('/logins');
    await phone.connected();
    await phone.lists('looks where she is signed in');

    // One device signs another one out.
    await again.press('[data-login]:not(.current) button');
    await again.lists('signs the phone out');
    await phone.isSignedOut();

    await bob.press('#sign-out');
    bob.did('signs out');
    await bob.open('/');
    bob.did('comes back');

    say({ problems });
};
