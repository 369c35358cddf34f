// Runs one script in a new browser, headless, with a profile of its own under $TMPDIR.
//
//   node run.mjs <folder with node_modules> <chromium or firefox> <its program> <milliseconds> <script> <input as JSON>
//
// The script is an ES module whose default export gets { person, say, input }: `person()` is another browser (a context:
// it shares no cookie with the others), `say(value)` prints a line of JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, kind, executablePath, milliseconds, script, input] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { default: steps } = await import(pathToFileURL(script));

const limit = Number(milliseconds);
// A single act; shorter than the whole, so that what is reported is the act that hung.
const timeout = limit / 3;

const chromium = () => require('playwright-core').chromium.launch({
    executablePath,
    timeout,
    args: [
        '--headless',
        '--no-sandbox', // tests may run as root, and in containers
        '--disable-gpu',
        '--disable-dev-shm-usage', // a container's is small
        '--disable-quic',
        '--no-first-run',
        '--no-proxy-server',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // The test's own names and this machine, which is a secure context as they are not; nothing goes to the network.
        '--host-resolver-rules=MAP *.a.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
});

const firefox = async () => {
    const { launch } = await import('./firefox.mjs');
    return launch(require('puppeteer-core').default, executablePath, timeout);
};
const browser = await { chromium, firefox }[kind]();

const person = async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout?.(timeout);
    return context;
};
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

let timer;
const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
});
try {
    await Promise.race([steps({ person, say, input: JSON.parse(input) }), late]);
} finally {
    clearTimeout(timer);
    await browser.close();
}
