// Keeps the page connected to the gateway: a login that is ended elsewhere says so at once, in the dialog of rsso's client.

import './times.js';

// Signed out in another tab, by the same person: nothing to explain.
document.addEventListener('rsso:ended', ({ detail }) => {
    if (detail.code === 4003) location.assign('/sign-in');
});

const gateway = new URL(document.body.dataset.gateway, location);
try {
    const { connect } = await import(new URL('client.js', gateway));
    connect({ dialog: { signIn: '/sign-in' } });
} catch (error) {
    console.warn('The gateway does not answer; the page works without it.', error);
}
