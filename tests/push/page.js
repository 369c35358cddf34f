// window.sso is the connection, with the options in the query (page.php?options={"after":"0"}), window.seen what it told:
// { type, detail }; window.problems what the page had to complain about,
// window.hints what was said on the console.
import { connect } from '/sso/client.js';

window.seen = [];
window.problems = [];
addEventListener('error', ({ message }) => window.problems.push(message));
addEventListener('unhandledrejection', ({ reason }) => window.problems.push(String(reason)));
addEventListener('securitypolicyviolation', ({ violatedDirective }) => window.problems.push(violatedDirective));

window.hints = [];
const { info } = console;
console.info = (...words) => {
    window.hints.push(words.join(' '));
    info.apply(console, words);
};

const kinds = ['claimed', 'kicked', 'released', 'expired', 'switched', 'elsewhere', 'message', 'gap', 'connected', 'disconnected', 'ended'];
for (const type of kinds) {
    document.addEventListener(`rsso:${type}`, ({ detail }) => window.seen.push({ type, detail }));
}
window.sso = connect(JSON.parse(new URLSearchParams(location.search).get('options') ?? '{}'));
