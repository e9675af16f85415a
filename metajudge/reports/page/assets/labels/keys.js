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
  prepareHelp(LABEL_KEYS, focusPair);
  onKey((key, target) => (target?.matches("input[type=text], textarea") ? inputKeyDone(key, target) : labelKeyDone(key, target)));
}

/**
 * Leave a text field by Esc, the name by Enter, too; return whether the key does so.
 * @param {string} key
 * @param {HTMLElement} field
 */
function inputKeyDone(key, field) {
  if (key !== "Escape" && !(key === "Enter" && field.matches("input"))) return false;
  field.blur();
  focusPair();
  return true;
}

/**
 * Do what a key says; return whether it says anything here.
 * @param {string} key
 * @param {HTMLElement | null} target
 */
function labelKeyDone(key, target) {
  const inText = target?.matches("pre") ?? false;
  if (key >= "0" && key <= "4" && key.length === 1) giveScore(current.reason, SCORES[Number(key)]);
  else if (key === "?") showHelp();
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
