// The state of the view is the fragment of the address: a link leads to the same view and row.

/** @type {State} */
let state;
/** Called after each change of the state, with the state before. @type {((before: State | null) => void)[]} */
const onChange = [];

/**
 * Return the state in which the page shows a judge first.
 * @param {number} judge
 * @returns {State}
 */
function firstState(judge) {
  const tables = meta.judges?.[judge]?.tables ?? [];
  return {
    judge, models: tables.slice(0, MOST_MODELS), view: "rows", chip: "", filters: {}, query: "",
    sort: "order", down: false, row: "", tab: [], missed: [tables[0] ?? 0, ""],
  };
}
/** Models that are selected when the page opens. */
const MOST_MODELS = 4;

/**
 * @param {string} fragment
 * @returns {State}
 */
function readState(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const judge = Number(given.get("judge"));
  const found = firstState(meta.judges?.[judge] ? judge : 0);
  const tables = meta.judges?.[found.judge]?.tables ?? [];
  const named = (/** @type {string} */ key) => {
    const wanted = numbers(given.get(key));
    return tables.filter((table) => wanted.includes(table)); // in the order of the top
  };
  if (named("models").length) found.models = named("models");
  found.view = given.get("view") === "missed" && meta.kind === "results" ? "missed" : "rows";
  found.chip = given.get("chip") ?? "";
  found.query = given.get("q") ?? "";
  const sort = given.get("sort") ?? "order";
  found.down = sort.startsWith("-");
  found.sort = sort.replace(/^-/, "");
  found.row = given.get("row") ?? "";
  found.tab = named("tab").slice(0, 2);
  const [table, ...domain] = (given.get("missed") ?? "").split(":");
  found.missed = [tables.includes(Number(table)) && table ? Number(table) : found.models[0] ?? 0, domain.join(":")];
  for (const [name, value] of given) {
    if (name.startsWith("f.")) found.filters[name.slice(2)] = value;
  }
  return found;
}

/** @param {string | null} text */
function numbers(text) {
  return (text ?? "").split(",").filter((part) => /^\d+$/.test(part)).map(Number);
}

/**
 * @param {State} one
 * @returns {string}
 */
function writeState(one) {
  const first = firstState(one.judge);
  const parts = new URLSearchParams();
  if (one.judge) parts.set("judge", String(one.judge));
  if (String(one.models) !== String(first.models)) parts.set("models", String(one.models));
  if (one.view !== first.view) parts.set("view", one.view);
  if (one.chip) parts.set("chip", one.chip);
  for (const [name, value] of Object.entries(one.filters)) parts.set(`f.${name}`, value);
  if (one.query) parts.set("q", one.query);
  if (one.sort !== "order" || one.down) parts.set("sort", (one.down ? "-" : "") + one.sort);
  if (one.view === "missed") parts.set("missed", `${one.missed[0]}:${one.missed[1]}`);
  if (one.row) parts.set("row", one.row);
  if (one.row && one.tab.length) parts.set("tab", String(one.tab));
  return `#${parts}`;
}

/**
 * Change the state and show it. `replace`: without a step in the browser's history.
 * @param {Partial<State>} changes
 * @param {boolean} [replace]
 */
function go(changes, replace = false) {
  const before = state;
  state = { ...state, ...changes };
  const fragment = writeState(state);
  if (fragment === location.hash || (fragment === "#" && !location.hash)) return changed(before);
  if (replace) history.replaceState(null, "", fragment);
  else history.pushState(null, "", fragment);
  changed(before);
}

/** @param {State | null} before */
function changed(before) {
  for (const act of onChange) act(before);
}

/** Follow the browser's history, and links. */
function followFragment() {
  const again = () => {
    const before = state;
    const next = readState(location.hash);
    if (writeState(next) === writeState(state)) return;
    state = next;
    changed(before);
  };
  window.addEventListener("popstate", again);
  window.addEventListener("hashchange", again);
}
