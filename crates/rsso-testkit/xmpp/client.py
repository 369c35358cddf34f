"""XMPP clients for the tests: slixmpp, one connection for each address given.

    client.py <port> <password> <answer> <full address>...

<answer> is what it says to a ping (XEP-0199): pong, unknown (as a client that knows none), unavailable (as a server says
where there is no client), or nothing.

Says what happens to them as JSON, one object a line. Comes back when it was disconnected, but not after <conflict/>: that
is what a client does whose place somebody else has taken. A message whose id it has seen is no message to it but said
'again', as docs/xmpp.md asks of a client. Ends with its standard input.
"""

import asyncio
import json
import sys
import time

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

AGAIN = 0.1
EVENT = '{urn:rsso:event:1}event'


def say(me, what, **more):
    print(json.dumps({'me': me, 'what': what, 'at': time.time(), **more}), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, port, me, password, answer):
        plugins = {'feature_mechanisms': {'unencrypted_plain': True, 'unencrypted_scram': True}}
        super().__init__(me, password, plugin_config=plugins)
        self.me, self.port, self.wanted, self.seen = me, port, True, set()
        # Loopback, and no certificates.
        self.enable_starttls = self.enable_direct_tls = False
        self.enable_plaintext = True
        if answer == 'pong':
            self.register_plugin('xep_0199')
        elif answer != 'unknown':
            ping = MatchXPath('{jabber:client}iq/{urn:xmpp:ping}ping')
            self.register_handler(Callback('ping', ping, self.unavailable if answer == 'unavailable' else lambda _: None))
        self.add_event_handler('session_start', self.on_start)
        self.add_event_handler('message', self.on_message)
        self.add_event_handler('message_error', self.on_message)
        self.add_event_handler('stream_error', self.on_stream_error)
        self.add_event_handler('disconnected', self.on_disconnected)
        self.add_event_handler('connection_failed', self.on_failed)
        self.add_event_handler('failed_all_auth', self.on_refused)

    def unavailable(self, ping):
        reply = ping.reply()
        reply.error()
        reply['error']['condition'] = 'service-unavailable'
        reply.send()

    def begin(self):
        self.connect('127.0.0.1', self.port)

    async def on_start(self, _):
        self.send_presence()
        # The answer proves that the presence has been seen.
        await self.get_roster()
        say(self.me, 'online', address=str(self.boundjid))

    def on_message(self, message):
        event = message.xml.find(EVENT)
        again = event is not None and message['id'] in self.seen
        self.seen.add(message['id'])
        say(
            self.me,
            'again' if again else 'message',
            id=message['id'],
            type=message['type'],
            sender=str(message['from']),
            to=str(message['to']),
            body=message['body'],
            lang=message.get_lang(),
            event=None if event is None else event.text,
        )

    def on_stream_error(self, error):
        condition = error['condition']
        self.wanted = self.wanted and condition != 'conflict'
        say(self.me, 'stream-error', condition=condition)

    def on_refused(self, _):
        say(self.me, 'refused')

    async def on_disconnected(self, _):
        say(self.me, 'offline')
        await self.on_failed(None)

    async def on_failed(self, _):
        """slixmpp would wait longer each time; begin() cancels that."""
        if self.wanted:
            await asyncio.sleep(AGAIN)
            self.begin()


async def until_the_end():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def main(port, password, answer, *addresses):
    clients = [Client(int(port), me, password, answer) for me in addresses]
    for client in clients:
        client.begin()
    await until_the_end()


asyncio.run(main(*sys.argv[1:]))
