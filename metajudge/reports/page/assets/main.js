// The start of the page, and what each change of the state shows anew.

async function start() {
  meta = await startData("meta", byId("overview"));
  index = meta && await startData("index", byId("overview"));
  if (!index) return;
  rows = new Rows();
  state = readState(location.hash);
  byId("title").textContent = document.title;
  byId("views").hidden = meta.kind === "steps";
  prepareSearch();
  prepareKeys();
  prepareViews();
  onChange.push(show);
  followFragment();
  window.addEventListener("scroll", showVisible, { passive: true });
  window.addEventListener("resize", () => {
    showVisible();
    drawLines();
  });
  NARROW.addEventListener("change", () => changed(null));
  document.addEventListener("toggle", drawLines, true);
  show(null);
}

/**
 * Show what a change of the state has changed; everything if there is no state before.
 * @param {State | null} before
 */
function show(before) {
  const isNew = (/** @type {(keyof State)[]} */ ...names) =>
    !before || names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(state[name]));
  const isOpen = state.row !== "";
  const y = window.scrollY;
  if (before && !before.row && isOpen) list.scroll = y;
  byId("list-view").hidden = isOpen || state.view !== "rows";
  byId("row-view").hidden = !isOpen;
  byId("missed-view").hidden = isOpen || state.view !== "missed";
  byId("top").hidden = isOpen;
  if (isNew("judge", "models")) showOverview();
  if (isNew("judge", "models", "filters", "chip", "query")) showFilters();
  showViews();
  const field = /** @type {HTMLInputElement} */ (byId("search"));
  if (field.value !== state.query && document.activeElement !== field) field.value = state.query;
  if (isNew("query", ...(state.query ? /** @type {(keyof State)[]} */ (["judge", "models"]) : []))) void search(showList);
  else if (isNew("judge", "models", "filters", "chip", "sort", "down")) showList();
  if (before?.row && !isOpen) window.scrollTo(0, list.scroll);
  showVisible();
  if (before?.row && !isOpen) focusOnRow(before.row);
  if (isOpen && isNew("row", "tab", "judge", "models")) void showRow().then(() => focusRow(before));
  if (!isOpen) fill(byId("row-view"));
  if (isNew("view", "missed", "judge", "row")) showMissed();
}

/** Move the focus to a row of the list, the one that was open: by key, by button, or by the browser's way back. @param {string} id */
function focusOnRow(id) {
  const row = rows.byId.get(id);
  const place = row === undefined ? -1 : list.rows.indexOf(row);
  if (place >= 0 && state.view === "rows") moveTo(place);
}

/** @param {State | null} before */
function focusRow(before) {
  if (before?.row === state.row) {
    if (tabFocus) /** @type {HTMLElement | null} */ (document.querySelector("[role=tab][aria-selected=true]"))?.focus();
    tabFocus = false;
    return;
  }
  window.scrollTo(0, 0);
  document.getElementById("row-title")?.focus({ preventScroll: true });
}

function prepareViews() {
  byId("view-rows").addEventListener("click", () => go({ view: "rows" }));
  byId("view-missed").addEventListener("click", () => go({ view: "missed", missed: [state.models[0], state.missed[1]] }));
}

function showViews() {
  byId("view-rows").setAttribute("aria-pressed", String(state.view === "rows"));
  byId("view-missed").setAttribute("aria-pressed", String(state.view === "missed"));
}
