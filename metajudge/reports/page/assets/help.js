// The dialog of keys and help, and keys that work everywhere on a page.

/**
 * Fill the dialog, and make its buttons and the link that skips to the content work.
 * @param {string[][]} keys  each with its meaning
 * @param {() => void} skip
 */
function prepareHelp(keys, skip) {
  fill(byId("keys"), ...keys.flatMap(([key, meaning]) => [el("dt", null, el("kbd", null, key)), el("dd", null, meaning)]));
  byId("help-button").addEventListener("click", showHelp);
  byId("help-close").addEventListener("click", () => helpDialog().close());
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    skip();
  });
}

function showHelp() {
  helpDialog().showModal();
}

function helpDialog() {
  return /** @type {HTMLDialogElement} */ (byId("help"));
}

/**
 * Call `act` for each key pressed without a modifier while the help is closed; true from it ends the event. Letters are
 * small, as if Caps Lock was off. A key Enter that is held acts once: it would confirm list after list.
 * @param {(key: string, target: HTMLElement | null) => boolean} act
 */
function onKey(act) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || helpDialog().open || (event.repeat && event.key === "Enter")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (act(key, event.target instanceof HTMLElement ? event.target : null)) event.preventDefault();
  });
}
