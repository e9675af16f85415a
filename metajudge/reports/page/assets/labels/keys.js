// Keys of the label page, and its help.

const LABEL_KEYS = [
  ["j, ↓", "next reason"], ["k, ↑", "previous reason"], ["→, ←", "next, previous human point"],
  ["0", "the reason does not make the point, or contradicts it"], ["1", ".25, slightly: the same narrow topic, not the finding"],
  ["2", ".50, partly: the core, without an essential part"], ["3", ".75, mostly: only a secondary condition is missing"],
  ["4", "1, fully: the same specific point about the same response"], ["u", "the human point is unclear"],
  ["n", "note; Esc leaves it"], ["z", "undo"], ["Enter", "confirm the list (what is not marked is 0) and go on"],
  ["f, b", "next list, previous list"], ["?", "this help"],
];

function prepareLabelKeys() {
  const help = /** @type {HTMLDialogElement} */ (byId("help"));
  fill(byId("keys"), ...LABEL_KEYS.flatMap(([key, what]) => [el("dt", null, el("kbd", null, key)), el("dd", null, what)]));
  byId("help-button").addEventListener("click", () => help.showModal());
  byId("help-close").addEventListener("click", () => help.close());
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    focusPair();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.matches("input[type=text], textarea")) {
      if (event.key === "Escape" || (event.key === "Enter" && target.matches("input"))) {
        target.blur();
        focusPair();
        event.preventDefault();
      }
    } else if (labelKeyDone(event.key, target, help)) event.preventDefault();
  });
}

/**
 * Do what a key says; return whether it says anything here.
 * @param {string} key
 * @param {HTMLElement | null} target
 * @param {HTMLDialogElement} help
 */
function labelKeyDone(key, target, help) {
  const inText = target?.matches("pre") ?? false;
  if (key >= "0" && key <= "4" && key.length === 1) giveScore(current.reason, SCORES[Number(key)]);
  else if (key === "?") help.showModal();
  else if (key === "j" || (key === "ArrowDown" && !inText)) nextReason(1);
  else if (key === "k" || (key === "ArrowUp" && !inText)) nextReason(-1);
  else if (key === "ArrowRight" && !inText) pick(current.point + 1);
  else if (key === "ArrowLeft" && !inText) pick(current.point - 1);
  else if (key === "u") {
    toggleUnclear(current.point);
    showPairs();
  } else if (key === "n") byId("note").focus();
  else if (key === "z") undo();
  else if (key === "f") step(1);
  else if (key === "b") step(-1);
  else if (key === "Enter" && !target?.matches("button, summary, a, input")) confirmTask();
  else return false;
  return true;
}
