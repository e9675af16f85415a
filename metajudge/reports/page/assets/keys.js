// Keys: j and k, arrows, slash, question mark.

const KEYS = [
  ["j, ↓", "next row"], ["k, ↑", "previous row"], ["Enter", "open the row"], ["Esc", "back to the list; close this help"],
  ["←, →", "another model's tab, in an open row"], ["/", "search"], ["?", "this help"],
];

function prepareKeys() {
  prepareHelp(KEYS, () => moveTo(list.current));
  onKey((key, target) => {
    if (target?.matches("input[type=search]") && key === "Escape") target.blur();
    return !target?.matches("input, select, textarea") && keyDone(key, target);
  });
}

/**
 * Do what a key says; return whether it says anything here.
 * @param {string} key
 * @param {HTMLElement | null} target
 */
function keyDone(key, target) {
  if (key === "?") showHelp();
  else if (key === "/") {
    if (state.row || state.view !== "rows") go({ row: "", view: "rows" });
    byId("search").focus();
  } else if (state.row) return rowKey(key, target);
  else if (state.view === "rows") return listKey(key, target);
  else return false;
  return true;
}

/**
 * @param {string} key
 * @param {HTMLElement | null} target
 */
function rowKey(key, target) {
  const scrolls = target?.matches("pre");
  if (key === "j") stepRow(1);
  else if (key === "k") stepRow(-1);
  else if (key === "Escape") closeRow();
  else if (key === "ArrowRight" && !scrolls) nextTab(1);
  else if (key === "ArrowLeft" && !scrolls) nextTab(-1);
  else return false;
  return true;
}

/**
 * @param {string} key
 * @param {HTMLElement | null} target
 */
function listKey(key, target) {
  const inList = byId("list-body").contains(document.activeElement);
  if (key === "j") moveTo(inList ? list.current + 1 : list.current);
  else if (key === "k") moveTo(inList ? list.current - 1 : list.current);
  else if (inList && key === "ArrowDown") moveTo(list.current + 1);
  else if (inList && key === "ArrowUp") moveTo(list.current - 1);
  else if (inList && key === "Home") moveTo(0);
  else if (inList && key === "End") moveTo(list.rows.length - 1);
  else if (key === "Enter" && inList && target?.matches("a")) openRow(list.rows[list.current]);
  else return false;
  return true;
}
