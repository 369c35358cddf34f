// Debian's Firefox, driven by puppeteer-core over WebDriver BiDi, behind as much of Playwright's face as the scripts use:
// Playwright's own Firefox is another build.

// Nothing goes to the network: the test's own names are this machine, and for others there is a proxy that is not there.
const PREFERENCES = {
    'network.dns.localDomains': 'www.a.test,i.a.test,chat.a.test',
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': 9,
    'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': 9,
    'network.proxy.no_proxies_on': '127.0.0.1, .a.test',
    'intl.accept_languages': 'en-US, en',
};

/** `puppeteer` is the module; `timeout` that of a single act, in milliseconds. */
export async function launch(puppeteer, executablePath, timeout) {
    const browser = await puppeteer.launch({
        browser: 'firefox',
        executablePath,
        headless: true,
        timeout,
        extraPrefsFirefox: PREFERENCES,
    });
    return {
        newContext: async () => new Context(await browser.createBrowserContext(), timeout),
        close: () => browser.close(),
    };
}

/** A browser that shares no cookie with the others. */
class Context {
    #context; #timeout;
    #scripts = []; #functions = []; #requests = []; #tabs = [];

    constructor(context, timeout) {
        this.#context = context;
        this.#timeout = timeout;
        this.request = { get: (url) => this.#get(url) };
    }

    async newPage() {
        const page = await this.#context.newPage();
        page.setDefaultTimeout(this.#timeout);
        for (const heard of this.#requests) page.on('request', heard);
        for (const [name, act] of this.#functions) await page.exposeFunction(name, act);
        for (const script of this.#scripts) await page.evaluateOnNewDocument(script);
        const tab = new Tab(page, this.#timeout);
        this.#tabs.push(tab);
        return tab;
    }

    cookies() { return this.#context.cookies(); }
    addCookies(cookies) { return this.#context.setCookie(...cookies); }

    /** What a browser tells its pages of the network; the network itself stays. */
    async setOffline(offline) {
        const open = this.#tabs.filter((tab) => !tab.isClosed());
        await Promise.all(open.map((tab) => tab.evaluate((is) => {
            Object.defineProperty(navigator, 'onLine', { value: !is, configurable: true });
            dispatchEvent(new Event(is ? 'offline' : 'online'));
        }, offline)));
    }

    addInitScript(script) { this.#scripts.push(script); }
    exposeFunction(name, act) { this.#functions.push([name, act]); }

    on(what, heard) {
        if (what !== 'request') throw new Error(`nobody tells of a ${what} here`);
        this.#requests.push(heard);
    }

    /** Asks with the browser's cookies, and keeps what it is given. */
    async #get(url) {
        const { hostname: domain } = new URL(url);
        const own = (await this.#context.cookies()).filter((cookie) => cookie.domain === domain);
        const Cookie = own.map(({ name, value }) => `${name}=${value}`).join('; ');
        const answer = await fetch(url, { headers: Cookie ? { Cookie } : {}, signal: AbortSignal.timeout(this.#timeout) });
        const body = await answer.text();
        for (const line of answer.headers.getSetCookie()) {
            const [pair, ...attributes] = line.split(';').map((part) => part.trim());
            const [name, ...value] = pair.split('=');
            const httpOnly = attributes.some((one) => /^httponly$/i.test(one));
            await this.#context.setCookie({ name, value: value.join('='), domain, path: '/', httpOnly });
        }
        return { ok: () => answer.ok, status: () => answer.status, text: () => body };
    }
}

class Tab {
    #page; #timeout;

    constructor(page, timeout) {
        this.#page = page;
        this.#timeout = timeout;
        this.keyboard = page.keyboard;
    }

    /** `pageerror` and `console`. */
    on(what, heard) { this.#page.on(what, heard); }
    goto(url) { return this.#page.goto(url); }
    reload() { return this.#page.reload(); }
    close() { return this.#page.close(); }
    isClosed() { return this.#page.isClosed(); }
    bringToFront() { return this.#page.bringToFront(); }
    url() { return this.#page.url(); }
    evaluate(act, given) { return this.#page.evaluate(act, given); }
    $(selector) { return this.#page.$(selector); }
    $eval(selector, act) { return this.#page.$eval(selector, act); }
    $$eval(selector, act) { return this.#page.$$eval(selector, act); }
    textContent(selector) { return this.$eval(selector, (one) => one.textContent); }
    waitForSelector(selector) { return this.#page.waitForSelector(selector); }
    selectOption(selector, value) { return this.#page.select(selector, value); }
    press(selector, key) { return this.#page.focus(selector).then(() => this.keyboard.press(key)); }
    click(selector) { return this.locator(selector).click(); }
    dblclick(selector, { delay }) { return this.#page.click(selector, { count: 2, delay }); }
    waitForNavigation() { return this.#page.waitForNavigation(); }
    waitForTimeout(milliseconds) { return new Promise((over) => setTimeout(over, milliseconds)); }

    waitForFunction(condition, given) {
        return this.#page.waitForFunction(condition, { polling: 50, timeout: this.#timeout }, given);
    }

    /** Without a frame painted, which a tab behind another one never does. */
    async fill(selector, text) {
        await this.waitForSelector(selector);
        await this.#page.$eval(selector, (one, value) => {
            one.value = value;
            one.dispatchEvent(new Event('input', { bubbles: true }));
        }, text);
    }

    locator(selector) { return new Locator(this, selector.split(' '), this.#timeout); }
}

/** What a chain of simple selectors finds, in shadow trees, too. */
class Locator {
    #tab; #selectors; #timeout;

    constructor(tab, selectors, timeout) {
        this.#tab = tab;
        this.#selectors = selectors;
        this.#timeout = timeout;
    }

    locator(selector) { return new Locator(this.#tab, [...this.#selectors, ...selector.split(' ')], this.#timeout); }

    count() { return this.#run('(found) => found.length'); }
    textContent({ timeout } = {}) { return this.evaluate((one) => one.textContent, timeout); }
    click() { return this.evaluate((one) => one.click()); }

    async waitFor({ state }) {
        if (state !== 'detached') throw new Error(`cannot wait for ${state}`);
        await this.#until(async () => !await this.count());
    }

    async evaluate(act, timeout) {
        await this.#until(() => this.count(), timeout);
        return this.#run(`(found) => (${act})(found[0])`);
    }

    async #until(condition, timeout = this.#timeout) {
        for (const end = Date.now() + timeout; !await condition();) {
            if (Date.now() > end) throw new Error(`${this.#selectors.join(' ')}: not so after ${timeout} ms`);
            await this.#tab.waitForTimeout(50);
        }
    }

    #run(act) {
        return this.#tab.evaluate(`((selectors) => {
            const below = (root) => [...root.querySelectorAll('*')].flatMap((one) => [one, ...(one.shadowRoot ? below(one.shadowRoot) : [])]);
            const inside = (one) => [...below(one), ...(one.shadowRoot ? below(one.shadowRoot) : [])];
            let found = [document];
            for (const selector of selectors) {
                found = [...new Set(found.flatMap(inside))].filter((one) => one.matches(selector));
            }
            return (${act})(found);
        })(${JSON.stringify(this.#selectors)})`);
    }
}
