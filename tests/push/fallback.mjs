// A browser without WebSocket is told the same by an event stream, and stops asking when there is nothing left to hear.
//
// Needs: input.origin, one login a user (rsso.max_logins=1), the pages beside this file.
// Says, in this order:
//   { numbers: [0, 1] }            messages that came by the stream
//   { events }                     the types in order: connected, message twice, kicked, disconnected, ended
//   { ended }                      code 4001
//   { requests: 0 }                streams asked for in two seconds after the end
//   { again, requests }            a reload with the same cookie: the code of its end; at most two requests (the stream, and
//                                  one for its status)
//   { stranger, requests, hints }  who is not signed in: code 4401; at most two requests; what the console says
//   { refused }                    two WebSockets that are refused make the third attempt a stream: "ws ws sse"
//   { problems: [] }
import { Person, event, numbers, problems, reaches, types } from './people.mjs';

export default async ({ person, say, input }) => {
    const without = async () => {
        const one = new Person(await person(), input.origin);
        one.requests = 0;
        one.context.on('request', (request) => { one.requests += request.url().includes('/sso/events'); });
        await one.context.addInitScript(() => { delete window.WebSocket; });
        return one;
    };
    const ann = await without();
    const other = new Person(await person(), input.origin);

    await ann.signsIn('ann');
    const tab = await ann.opens();
    await other.asks('/notify.php?uid=ann&count=2');
    await reaches(tab, 1);
    say({ numbers: await numbers(tab) });

    await other.signsIn('ann', 'pc');
    const ended = await event(tab, 'ended');
    say({ events: await types(tab) });
    say({ ended });
    ann.requests = 0;
    await tab.waitForTimeout(2000);
    say({ requests: ann.requests });
    const complaints = await problems(tab);
    await tab.reload();
    const { code: again } = await event(tab, 'ended');
    say({ again, requests: ann.requests });

    const stranger = await without();
    const page = await stranger.opens({}, 'closed');
    const { code } = await event(page, 'ended');
    const hints = await page.evaluate(() => window.hints);
    say({ stranger: code, requests: stranger.requests, hints });
    complaints.push(...await problems(page));
    complaints.push(...await tab.evaluate(() => window.hints));

    // As where a proxy knows no upgrade.
    const behind = new Person(await person(), input.origin);
    const tried = [];
    await behind.context.exposeFunction('tried', (what) => tried.push(what));
    await behind.context.addInitScript(() => {
        const { WebSocket: Socket, EventSource: Stream } = window;
        window.WebSocket = class extends Socket {
            constructor() {
                window.tried('ws');
                super(`ws://${location.host}/nothing`);
            }
        };
        window.EventSource = class extends Stream {
            constructor(...given) {
                window.tried('sse');
                super(...given);
            }
        };
    });
    await behind.signsIn('bob');
    const last = await behind.opens();
    complaints.push(...await problems(last));
    // What a page calls reaches us later than what it shows.
    for (let wait = 0; wait < 100 && tried.length < 3; wait++) await last.waitForTimeout(100);
    say({ refused: tried.join(' ') });
    say({ problems: complaints });
};
