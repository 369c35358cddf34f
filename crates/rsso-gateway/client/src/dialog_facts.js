// What dialog and notice show: elements, and facts as texts.

const DEVICES = { web: 'Web', pc: 'PC', ios: 'iOS', android: 'Android' };

function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children); // strings become text nodes
    return made;
}

/** The new login's label and device class. */
function deviceOf(by) {
    const device = oneLine(by?.device);
    const label = oneLine(by?.label);
    const name = Object.hasOwn(DEVICES, device) ? DEVICES[device] : device;
    if (!label) return name;
    return [element('bdi', {}, label), ...(name ? [' ', element('small', {}, `(${name})`)] : [])];
}

/** One line of at most 80 characters, without characters that turn or hide text. */
function oneLine(value) {
    if (typeof value !== 'string') return '';
    const plain = value.slice(0, 1000).replace(/[\p{C}\s]+/gu, ' ').trim();
    const characters = [...plain];
    return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : plain;
}

function timeOf(at, tag) {
    try {
        return new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }).format(at ?? NaN);
    } catch {
        return '';
    }
}

/** The first language with texts; `tag` is for its dates. */
function pickLanguage(tags) {
    for (const tag of tags) {
        const base = String(tag ?? '').toLowerCase().split(/[-_]/)[0];
        const texts = Object.keys(TEXTS).find((key) => base && key.split('-')[0] === base);
        // The person's own region for dates, if the page's language names none.
        const own = String(tag).length < 4 && navigator.languages.find((language) => language.startsWith(`${base}-`));
        if (texts) return { texts, tag: own || tag };
    }
    return { texts: 'en', tag: 'en' };
}

function signInAgain(signIn) {
    const url = signIn ? new URL(signIn, document.baseURI) : undefined;
    if (url && /^https?:$/.test(url.protocol)) location.assign(url);
    else location.reload();
}
