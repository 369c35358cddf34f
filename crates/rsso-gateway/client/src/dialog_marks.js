// Remembers which dialogs and notices were read. In a browser without storage they are shown again.

function isEndRead(mark) {
    try {
        return !!mark && sessionStorage.getItem('rsso') === mark;
    } catch {
        return false;
    }
}

/** This login's end was read in this tab, and is not shown again after a reload. */
function setEndRead(mark) {
    try {
        if (mark) sessionStorage.setItem('rsso', mark);
    } catch { /* it has no storage */ }
}

/** Whether a notice up to this time was read in any tab, so that a page that reads old events does not show it again. */
function isNoticeRead(mark) {
    try {
        const [[login, at], [of, until]] = [mark, localStorage.getItem('rsso-notice') ?? ''].map((one) => one.split(' '));
        return login === of && Number(at) <= Number(until);
    } catch {
        return false;
    }
}

function setNoticeRead(mark) {
    try {
        localStorage.setItem('rsso-notice', mark);
    } catch { /* it has no storage */ }
}
