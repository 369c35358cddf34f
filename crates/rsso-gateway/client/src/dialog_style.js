// How dialog and notice look. Lengths are in em, because the page may have changed rem.

const STYLE = `
:host { all: initial !important; }
dialog, aside {
    --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --main: #1f5fbf; --on-main: #fff;
    box-sizing: border-box; width: min(27em, 100vw - 2em); max-height: calc(100vh - 2em); padding: 1.75em;
    overflow: auto; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 1em;
    background: var(--paper); color: var(--ink); font: 1em/1.5 system-ui, sans-serif; text-align: start;
    box-shadow: 0 1em 3em rgb(0 0 0 / .25);
}
@supports (color: light-dark(red, red)) {
    dialog, aside {
        --paper: light-dark(#fff, #1d2126); --ink: light-dark(#1b1f24, #e8ebee); --soft: light-dark(#59636e, #a3adb8);
        --line: light-dark(#d8dee4, #39414a); --main: light-dark(#1f5fbf, #8ab8ff); --on-main: light-dark(#fff, #10233f);
    }
}
aside { position: fixed; z-index: 2147483647; inset: auto 1em 1em auto; width: min(22em, 100vw - 2em); padding: 1.25em; font-size: .9375em; }
aside:dir(rtl) { inset: auto auto 1em 1em; }
dialog::backdrop { background: rgb(10 14 20 / .5); }
h2 { margin: 0 0 .4em; font-size: 1.25em; line-height: 1.3; font-weight: 600; }
p { margin: 0; color: var(--soft); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25em 1em; margin: 1.25em 0 0; padding: .75em 0 0; border-top: 1px solid var(--line); font-size: .9375em; }
dt { color: var(--soft); overflow-wrap: normal; }
dd { margin: 0; }
small { color: var(--soft); font-size: 1em; }
div { display: flex; flex-wrap: wrap; gap: .625em; margin-top: 1.5em; flex-direction: row-reverse; justify-content: flex-start; }
button { min-height: 2.75em; padding: .5em 1.125em; border: 1px solid var(--line); border-radius: .625em; background: none; color: inherit; font: inherit; cursor: pointer; }
button.main { border-color: var(--main); background: var(--main); color: var(--on-main); font-weight: 600; }
dialog:dir(rtl), aside:dir(rtl) { text-align: right; }
h2, p, dt, dd, button { unicode-bidi: plaintext; }
button:hover { filter: brightness(.95); }
button:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
@media (max-width: 30rem) {
    dialog { padding: 1.25em; }
    button { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: no-preference) {
    dialog[open], aside { animation: rise .18s ease-out; }
    @keyframes rise { from { opacity: 0; transform: translateY(.5em); } }
}`;
