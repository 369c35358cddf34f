// The chat as it happens: shows what is pushed, and asks for what was missed.

import { localize } from './times.js';

const talk = document.querySelector('#talk');
const list = document.querySelector('#messages');
const log = document.querySelector('#log');
const compose = document.querySelector('#compose');
const error = document.querySelector('#error');
const me = Number(talk.dataset.me);
const partner = Number(talk.dataset.with ?? 0);
let last = Number(talk.dataset.last);

// A message comes as a push, as the answer to its own sending, and with what was missed: it is shown once.
function show(message) {
    const other = message.sender === me ? message.recipient : message.sender;
    if (other !== partner || list.querySelector(`[data-id="${Number(message.id)}"]`)) return;
    const item = document.querySelector('#message').content.firstElementChild.cloneNode(true);
    item.dataset.id = message.id;
    item.classList.toggle('mine', message.sender === me);
    item.querySelector('.unseen').textContent = `${message.sender === me ? 'You' : talk.dataset.name}: `;
    item.querySelector('p').textContent = message.text;
    const time = item.querySelector('time');
    time.dateTime = new Date(message.sent_at * 1000).toISOString();
    localize(time);
    const reading = log.scrollHeight - log.scrollTop - log.clientHeight > 100;
    const next = [...list.children].find((shown) => Number(shown.dataset.id) > message.id);
    list.insertBefore(item, next ?? null);
    if (!reading || message.sender === me) log.scrollTop = log.scrollHeight;
}

async function ask(path, options = {}) {
    const answer = await fetch(path, { ...options, headers: { Accept: 'application/json', ...options.headers } });
    if (answer.ok) return answer;
    // Signed out meanwhile, and nobody has said so yet: the sign-in page says why.
    if (answer.status === 401 && !document.querySelector('rsso-dialog')) location.assign('/sign-in');
    const { error: text } = await answer.json().catch(() => ({}));
    throw new Error(text ?? 'The chat does not answer.');
}

// What came since the page was made, or since the last time. Only this moves `last`: a push may overtake an older one.
async function catchUp() {
    for (let more = true; more;) {
        const answer = await (await ask(`/messages?after=${last}`)).json();
        answer.messages.forEach(show);
        last = answer.messages.at(-1)?.id ?? last;
        more = answer.more;
    }
    await look();
}

// Who is here, and how many of their messages wait.
async function people() {
    const answer = await ask(`/people?with=${partner}`);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.querySelector('#people').replaceChildren(...page.body.childNodes);
}

// What the reader has before their eyes counts as read.
async function read() {
    const newest = list?.lastElementChild?.dataset.id;
    if (!newest || document.visibilityState !== 'visible') return;
    const body = new URLSearchParams({ csrf: talk.dataset.token, with: partner, message: newest });
    await ask('/read', { method: 'POST', body });
}

async function look() {
    await read();
    await people();
}

const quietly = (act) => () => act().catch((reason) => console.warn(reason));

document.addEventListener('rsso:message', ({ detail: { data: { payload } } }) => {
    if (payload.kind === 'message') show(payload);
    // In a conversation that is open and seen nothing waits: the list stays as it is.
    const open = payload.kind === 'message' && [payload.sender, payload.recipient].includes(partner);
    quietly(open && document.visibilityState === 'visible' ? read : people)();
});
document.addEventListener('rsso:connected', quietly(catchUp));
document.addEventListener('rsso:gap', quietly(catchUp));
document.addEventListener('visibilitychange', quietly(look));

compose?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(compose));
    const button = compose.querySelector('button');
    button.disabled = true;
    try {
        show(await (await ask('/messages', { method: 'POST', body })).json());
        compose.reset();
        error.hidden = true;
    } catch (reason) {
        error.textContent = reason.message;
        error.hidden = false;
    } finally {
        button.disabled = false;
        compose.text.focus();
    }
});
compose?.text.addEventListener('keydown', (event) => {
    // Enter also ends the choice of a Chinese or Japanese word: that one is not for us.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        compose.requestSubmit();
    }
});

if (log) log.scrollTop = log.scrollHeight;

// Last: whoever connects finds the listeners above in place.
import('./live.js');
