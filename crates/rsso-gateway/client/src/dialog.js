// The dialog about the end of a login, and the notice about a sign-in elsewhere.

/** A box with title, text and facts, in its own shadow root. It is not in the page yet. */
function makeBox(kind, what, { by, at }, { lang, texts }) {
    const language = pickLanguage([lang, document.documentElement.lang, ...navigator.languages]);
    const words = { ...TEXTS[language.texts], ...texts };
    const [title, body] = words[what];

    const host = document.createElement(`rsso-${kind === 'dialog' ? kind : 'notice'}`);
    const root = host.attachShadow({ mode: 'open' });
    const box = element(kind, { lang: language.texts, dir: getComputedStyle(document.documentElement).direction });
    box.setAttribute('aria-labelledby', 'title');
    box.setAttribute('aria-describedby', 'body');
    // The page's color scheme if it has chosen one, otherwise the person's.
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    box.style.colorScheme = !scheme || scheme === 'normal' ? 'light dark' : scheme;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    box.append(element('h2', { id: 'title' }, title), element('p', { id: 'body' }, body));
    const facts = [
        [words.device, ['replaced', 'elsewhere'].includes(what) && deviceOf(by)],
        [words.address, what === 'elsewhere' && oneLine(by?.ip)],
        [words.time, timeOf(at, language.tag)],
    ];
    const list = element('dl');
    for (const [name, value] of facts) if (value) list.append(element('dt', {}, name), element('dd', {}, ...[value].flat()));
    if (list.firstChild) box.append(list);
    root.append(box);
    return { host, box, words };
}

/** Shows an element once the page has a body. Returns what removes it. */
function showOnceLoaded(host, then) {
    let gone = false;
    const show = () => {
        if (gone) return;
        document.body.append(host);
        then?.();
    };
    if (document.body) show();
    else addEventListener('DOMContentLoaded', show, { once: true });
    return () => {
        gone = true;
        host.remove();
    };
}

/** Shows the dialog. Returns what removes it unread. */
function showDialog(what, data, options, mark) {
    if (!globalThis.HTMLDialogElement || isEndRead(mark)) return undefined;
    const { host, box: dialog, words } = makeBox('dialog', what, data, options);
    const again = element('button', { type: 'button', className: 'main' }, what === 'switched' ? words.reload : words.signIn);
    const dismiss = element('button', { type: 'button' }, words.dismiss);
    again.addEventListener('click', () => {
        setEndRead(mark); // the event `close` comes later, maybe too late
        dialog.close();
        signInAgain(what === 'switched' ? undefined : options.signIn);
    });
    dismiss.addEventListener('click', () => {
        setEndRead(mark);
        dialog.close();
    });
    // These are for Escape. `close` comes after the dialog is gone, too late for a page that is left meanwhile. Older
    // browsers have no `beforetoggle`, and `cancel` comes only with Escape.
    dialog.addEventListener('beforetoggle', ({ newState }) => { if (newState === 'closed') setEndRead(mark); });
    dialog.addEventListener('cancel', () => setEndRead(mark));
    dialog.addEventListener('close', () => {
        setEndRead(mark);
        host.remove();
    });
    dialog.append(element('div', {}, again, dismiss));
    return showOnceLoaded(host, () => {
        dialog.showModal();
        again.focus();
    });
}

/** Shows a sign-in elsewhere that has ended nothing, in a corner, until it is read in one of the tabs. */
function showNotice(data, options) {
    const mark = `${text(data.login)} ${data.at}`;
    if (isNoticeRead(mark)) return undefined;
    const { host, box, words } = makeBox('aside', 'elsewhere', data, options);
    box.setAttribute('role', 'status'); // screen readers read it when there is time, and focus stays
    const dismiss = element('button', { type: 'button' }, words.dismiss);
    box.append(element('div', {}, dismiss));

    const read = new AbortController();
    const hide = showOnceLoaded(host);
    const forget = () => {
        read.abort();
        hide();
    };
    dismiss.addEventListener('click', () => {
        setNoticeRead(mark);
        forget();
    });
    addEventListener('storage', () => { if (isNoticeRead(mark)) forget(); }, { signal: read.signal });
    return forget;
}
