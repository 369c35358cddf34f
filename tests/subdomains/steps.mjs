// What people do on www.a.test and i.a.test. After each step: what the page shows, and the cookies that they have then.
export default async ({ person, say, input }) => {
    const url = (site) => `http://${site}.a.test:${input.port}/index.php`;

    class Person {
        static async named(name) {
            const self = new Person();
            self.name = name;
            self.context = await person();
            self.page = await self.context.newPage();
            return self;
        }

        async cookie() {
            const cookies = await this.context.cookies();
            if (cookies.length !== 1) throw new Error(`${this.name} has ${cookies.length} cookies`);
            return cookies[0];
        }

        async done(step) {
            const shown = JSON.parse(await this.page.textContent('#shown'));
            say({ step: `${this.name} ${step}`, ...shown, cookie: await this.cookie() });
        }

        async opens(site) {
            await this.page.goto(url(site));
            await this.done(`opens ${site}`);
        }

        async fillsIn(site) {
            await this.page.goto(url(site));
            await this.page.fill('#login [name=user]', this.name);
            await this.page.fill('#login [name=password]', 'correct horse');
        }

        // Presses a button: what the page that comes of it was answered with.
        async presses(button) {
            const navigation = this.page.waitForNavigation();
            await this.page.click(button);
            return (await navigation).status();
        }

        async logsIn(site) {
            await this.fillsIn(site);
            await this.presses('#login button');
            await this.done(`logs in on ${site}`);
        }

        async logsOut(site) {
            await this.page.goto(url(site));
            await this.presses('#logout button');
            await this.done(`logs out on ${site}`);
        }

        // As another site's page would: it cannot know the token.
        async forges(site) {
            await this.fillsIn(site);
            await this.page.$eval('#login [name=csrf]', (field) => { field.value = 'guessed'; });
            const status = await this.presses('#login button');
            if (status !== 403) throw new Error(`a forged form was answered with ${status}`);
            await this.opens(site);
        }

        // Four tabs of each site at the same time.
        async opensTabs() {
            const tabs = await Promise.all(Array.from({ length: 8 }, () => this.context.newPage()));
            await Promise.all(tabs.map((tab, n) => tab.goto(`${url(n % 2 ? 'www' : 'i')}?tab=${n}`)));
            const shown = await Promise.all(tabs.map((tab) => tab.textContent('#shown')));
            await Promise.all(tabs.map((tab) => tab.close()));
            return shown.map((text) => JSON.parse(text));
        }
    }

    const thief = async (name, cookie) => {
        const self = await Person.named(name);
        await self.context.addCookies([cookie]);
        return self;
    };

    const ann = await Person.named('ann');
    await ann.opens('www');
    await ann.opens('i');
    const before = await ann.cookie();
    await ann.logsIn('www');
    await ann.opens('i');
    const during = await ann.cookie();
    // Who planted the id that she came with has gained nothing.
    await (await thief('planter', before)).opens('www');

    const bob = await Person.named('bob');
    await bob.opens('i');
    await bob.opens('www');
    await bob.logsIn('i');
    await bob.opens('www');

    await ann.logsOut('i');
    await ann.opens('www');
    // The server has forgotten the session, not only her browser.
    const copier = await thief('copier', during);
    await copier.opens('i');
    await copier.opens('www');
    await bob.opens('www');
    await bob.opens('i');

    await ann.logsIn('i');
    await ann.opens('www');
    await ann.logsOut('www');
    await ann.opens('i');
    await ann.forges('i');

    for (const tab of await bob.opensTabs()) say({ tab });
    await bob.opens('www');
};
