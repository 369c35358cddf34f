// A button that is clicked twice: the browser drops the first answer, and its cookie with it. Who has one browser is signed in
// all the same, where a second login would be refused.
//
// Needs: input.origin, the pages beside this file.
// Says, for each of twenty users, one after the other in the same browser:
//   { uid, twice: true, said: "<uid>, 1" }   whether the form was sent twice; who is signed in then, with how many logins
const USERS = 20;

/** What the page says once it is another than that with the form for nobody. */
const answer = async (tab) => {
    const said = await tab.waitForFunction(() => {
        const text = document.querySelector('p')?.textContent;
        return text && text !== 'nobody, 0' && text;
    });
    return said.jsonValue();
};

export default async ({ person, say, input }) => {
    const context = await person();
    let sent = 0;
    context.on('request', (request) => { sent += request.method() === 'POST'; });
    const tab = await context.newPage();
    for (let number = 0; number < USERS; number++) {
        const uid = `u${number}`;
        sent = 0;
        await tab.goto(`${input.origin}/double.php?uid=${uid}`);
        await tab.dblclick('button', { delay: 40 });
        const said = await answer(tab);
        // What a browser tells of itself may come later than what it does.
        for (let tries = 0; tries < 100 && sent < 2; tries++) await tab.waitForTimeout(50);
        say({ uid, twice: sent === 2, said });
        await tab.goto(`${input.origin}/logout.php`);
    }
};
