// What the steps beside this file have in common: people with a browser each, and what their pages have seen.

export class Person {
    /** `shown` is where the browser's pages find the site, if that is another way than `asks` takes. */
    constructor(context, origin, shown = origin) {
        this.context = context;
        this.origin = origin;
        this.shown = shown;
    }

    /** Asks the site without opening a page. */
    async asks(path) {
        const answer = await this.context.request.get(`${this.origin}${path}`);
        if (!answer.ok()) throw new Error(`${path} was answered with ${answer.status()}: ${await answer.text()}`);
        return answer.text();
    }

    signsIn(uid, device = 'web', label = '') {
        return this.asks(`/login.php?${new URLSearchParams({ uid, device, ...(label && { label }) })}`);
    }

    /** A tab with the page, connected unless told otherwise. */
    async opens(options = {}, wait = 'open') {
        const tab = await this.context.newPage();
        await tab.goto(`${this.shown}/page.php?${new URLSearchParams({ options: JSON.stringify(options) })}`);
        await tab.waitForFunction((state) => window.sso?.state === state, wait);
        return tab;
    }
}

export const types = (tab) => tab.evaluate(() => window.seen.map(({ type }) => type));

/** The detail of the first event of a type, once it has come. */
export const event = async (tab, type) => {
    const found = await tab.waitForFunction((wanted) => window.seen.find((one) => one.type === wanted), type);
    return (await found.jsonValue()).detail;
};

export const numbers = (tab) =>
    tab.evaluate(() => window.seen.filter(({ type }) => type === 'message').map(({ detail }) => detail.data.payload));

/** Until a message with this number has come. */
export const reaches = (tab, number) =>
    tab.waitForFunction(
        (wanted) => window.seen.some(({ type, detail }) => type === 'message' && detail.data.payload === wanted),
        number,
    );

export const problems = (tab) => tab.evaluate(() => window.problems);

export const dialog = (tab) => tab.locator('rsso-dialog dialog[open]');

/** Of the dialog, or what else has one, once it is there. */
export const title = (tab, box = dialog) => box(tab).locator('h2').textContent();
