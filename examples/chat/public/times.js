// The server writes times by its own clock; the browser knows where the reader is.

const today = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const earlier = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });

export function localize(time) {
    const at = new Date(time.dateTime);
    time.textContent = (at.toDateString() === new Date().toDateString() ? today : earlier).format(at);
    time.title = at.toLocaleString();
}

document.querySelectorAll('time[datetime]').forEach(localize);
