// The way between a browser and the site, which can be cut: what a sleeping laptop or a train does to it.
import { createConnection, createServer } from 'node:net';

export class Cable {
    #sockets = new Set();
    #server;
    #cut = false;

    /** A way to the site of its own; `origin` is where the browser finds it. */
    static async to(origin) {
        const cable = new Cable();
        const { hostname, port } = new URL(origin);
        cable.#server = createServer((near) => cable.#join(near, createConnection(Number(port), hostname)));
        await new Promise((listens) => cable.#server.listen(0, '127.0.0.1', listens));
        cable.origin = `http://127.0.0.1:${cable.#server.address().port}`;
        return cable;
    }

    #join(near, far) {
        for (const [one, other] of [[near, far], [far, near]]) {
            this.#sockets.add(one);
            one.on('error', () => {});
            one.on('close', () => {
                this.#sockets.delete(one);
                other.destroy();
            });
            one.pipe(other);
        }
        if (this.#cut) near.destroy();
    }

    cut() {
        this.#cut = true;
        for (const socket of this.#sockets) socket.destroy();
    }

    mend() { this.#cut = false; }

    close() {
        this.cut();
        this.#server.close();
    }
}

/** The network is back, as the browser says it. */
export const wake = (tab) => tab.evaluate(() => { dispatchEvent(new Event('online')); });
