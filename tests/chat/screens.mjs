// The pictures of examples/chat that the docs show: the chat, a browser that is signed out, "where am I signed in", and the
// sign-in page that says why; light and dark, on a computer and on a telephone.
//
// Needs: input.url as for steps.mjs, on an empty CHAT_DB, and input.dir, the folder that the pictures go to. They are named
// chat-light.png, chat-dark-phone.png, and so on. Says { picture: name } for each.
// Those in docs/images/ have then been through `pngquant --ext .png --force --nofs`.
import { join } from 'node:path';

const PLACES = { '': { width: 1280, height: 800 }, '-phone': { width: 390, height: 844 } };

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

const TALK = [
    ['Ann', 'Did you see that the old tab closed itself?'],
    ['Bob', 'Yes! I signed in on the laptop, and the one in the office said so at once.'],
    ['Ann', 'And the phone stayed signed in.'],
    ['Bob', 'One per kind of device. Tea at four?'],
    ['Ann', 'Tea at four.'],
];

export default async ({ person, say, input }) => {
    const open = (page, path) => page.goto(`${input.url}${path}`);

    const enter = async (page, path, name, device = '') => {
        await open(page, path);
        await page.fill('[name=name]', name);
        await page.fill('[name=password]', 'correct horse');
        await page.selectOption('[name=device]', device);
        await Promise.all([page.waitForURL(`${input.url}/`), page.click('main button')]);
    };

    const newPage = async (userAgent) => {
        const page = await (await person()).newPage();
        if (userAgent) await page.setExtraHTTPHeaders({ 'User-Agent': userAgent });
        return page;
    };

    const listening = async (page) => {
        await page.addInitScript(() => {
            document.addEventListener('rsso:connected', () => { globalThis.listening = true; });
        });
        return page;
    };

    // The page as it is, in every size and colour.
    const pictures = async (page, name) => {
        for (const [place, size] of Object.entries(PLACES)) {
            for (const colorScheme of ['light', 'dark']) {
                await page.setViewportSize(size);
                await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                await page.evaluate(() => {
                    const log = document.querySelector('#log');
                    if (log) log.scrollTop = log.scrollHeight;
                });
                await page.waitForTimeout(100); // painted
                const picture = `${name}-${colorScheme}${place}.png`;
                await page.screenshot({ path: join(input.dir, picture) });
                say({ picture });
            }
        }
    };

    const ann = await listening(await newPage());
    const pages = { Ann: ann, Bob: await newPage() };
    await enter(pages.Bob, '/register', 'Bob');
    await enter(ann, '/register', 'Ann');
    for (const name of ['Zoé', 'Łukasz']) {
        await enter(await newPage(), '/register', name, name === 'Zoé' ? 'phone' : 'pc');
    }
    await enter(await newPage(IPHONE), '/sign-in', 'Bob');
    await open(pages.Bob, '/');
    for (const [page, other] of [[pages.Bob, 'Ann'], [ann, 'Bob']]) {
        await open(page, '/');
        await page.click(`.people a[title="${other}"]`);
        await page.waitForSelector('#compose');
    }
    for (const [name, text] of TALK) {
        const { length } = await pages[name].$$('#messages li');
        await pages[name].fill('#text', text);
        await pages[name].click('#compose button');
        for (const page of Object.values(pages)) {
            await page.waitForFunction((length) => document.querySelectorAll('#messages li').length > length, length);
        }
    }
    await ann.evaluate(() => document.activeElement.blur());
    await pictures(ann, 'chat');
    await enter(await newPage(IPHONE), '/sign-in', 'Ann');
    await enter(await newPage(FIREFOX), '/sign-in', 'Ann', 'pc');
    await open(ann, '/logins');
    await pictures(ann, 'logins');

    await ann.goBack();
    await ann.waitForFunction(() => globalThis.listening);
    await enter(await newPage(FIREFOX), '/sign-in', 'Ann');
    await ann.waitForSelector('rsso-dialog', { state: 'attached' });
    await ann.waitForTimeout(500); // it fades in
    await pictures(ann, 'dialog');

    await open(ann, '/');
    await ann.evaluate(() => document.activeElement.blur());
    await pictures(ann, 'signed-out');
};
