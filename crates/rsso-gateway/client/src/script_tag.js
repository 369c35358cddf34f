// The script tag without code: client.js?connect&sign-in=/login.php&after=0&released

const query = new URL(import.meta.url).searchParams;
if (query.has('connect')) {
    const given = (name) => query.get(name) ?? undefined;
    const released = query.has('released') && !['0', 'false'].includes(query.get('released'));
    connect({ after: given('after'), dialog: { signIn: given('sign-in'), lang: given('lang'), released } });
}
