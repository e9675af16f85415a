// The list of rows: only the rows in sight are elements.

const list = {
  /** Rows in the order of the list. @type {number[]} */
  rows: [],
  /** Place of the current row in the list. */
  current: 0,
  /** Elements in sight by their place. @type {Map<number, HTMLElement>} */
  shown: new Map(),
  height: 44,
  /** Where the window was when a row was opened. */
  scroll: 0,
};
const SPARE = 6;

/** Find the rows to show and draw the list anew. */
function showList() {
  const chip = chips().find((one) => one.key === state.chip);
  let found = filteredRows();
  if (chip) found = found.filter((row) => chipHolds(chip, row));
  const matching = hits;
  if (matching) found = found.filter((row) => matching.has(row));
  list.rows = sorted(found);
  list.current = Math.min(list.current, Math.max(0, list.rows.length - 1));
  const columns = listColumns();
  list.height = NARROW.matches ? 62 + 30 * (meta.kind === "results" ? state.models.length : 1) : 44;
  const table = byId("list");
  table.style.setProperty("--columns", columns.map((column) => column.width).join(" "));
  table.style.setProperty("--row", `${list.height}px`);
  table.setAttribute("aria-rowcount", String(list.rows.length + 1));
  fill(byId("list-head"), el("div", { role: "row", class: "row head", "aria-rowindex": 1 }, ...columns.map(headCell)));
  byId("list-body").style.height = `${Math.max(1, list.rows.length) * list.height}px`;
  list.shown.clear();
  fill(byId("list-body"));
  if (!list.rows.length) {
    byId("list-body").append(el("div", { role: "row", class: "row none" },
      el("div", { role: "cell" }, searched < 1 ? "Searching …" : "No row fits. Clear a filter.")));
  }
  showVisible();
  showCount();
}

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string} sort  empty = cannot be sorted
 * @property {string} width
 * @property {(row: number) => Child} cell
 * @property {Child} [before]
 * @property {"prompt" | "model"} [kind]  a line of the card on a narrow screen
 */

/** @returns {Column[]} */
function listColumns() {
  const domain = index.facets.find((facet) => facet.name === "domain");
  /** @type {(Column | false | undefined)[]} */
  const found = [
    { name: "row", sort: "id", width: "minmax(7rem, 10rem)", cell: rowLink },
    domain && { name: "domain", sort: "facet.domain", width: "minmax(5rem, 8rem)",
                cell: (row) => domain.values[domain.codes[row]] ?? "" },
    { name: "prompt", kind: "prompt", sort: "begin", width: "minmax(8rem, 1fr)", cell: (row) => el("span", { dir: "auto", class: "begin" }, index.begins[row]) },
    { name: "human", sort: "gold", width: "minmax(4rem, 6rem)", cell: (row) => index.golds[row] || "–" },
    ...(meta.kind === "steps" ? stepColumns() : state.models.map(modelColumn)),
    meta.kind === "results" && state.models.length > 1 && {
      name: "difference", sort: "difference", width: "6rem", cell: differenceCell },
  ];
  return found.filter((column) => Boolean(column)).map((column) => /** @type {Column} */ (column));
}

/**
 * @param {number} table
 * @returns {Column}
 */
function modelColumn(table) {
  const line = meta.tables[table];
  return { name: line.model, kind: "model", sort: `rc.${table}`, width: "minmax(10rem, 15rem)", before: mark(table),
           cell: (row) => modelCell(table, row) };
}

/** @returns {Column[]} */
function stepColumns() {
  const steps = /** @type {StepColumns} */ (index.steps);
  return [
    { name: "status", sort: "status", width: "minmax(9rem, 17rem)", cell: (row) => steps.status[row] },
    { name: "verdicts", sort: "", width: "minmax(5rem, 8rem)", cell: (row) => steps.verdicts[row].join(", ") },
    { name: "points", sort: "points", width: "5rem", cell: (row) => String(steps.points[row]) },
    { name: "ignored", sort: "ignored", width: "5rem", cell: (row) => String(steps.ignored[row]) },
    { name: "doubts", sort: "doubts", width: "5rem", cell: (row) => String(steps.doubts[row]) },
  ];
}

/** @param {Column} column */
function headCell(column) {
  const chosen = column.sort !== "" && state.sort === column.sort;
  const order = chosen ? (state.down ? "descending" : "ascending") : "none";
  // As names of models often differ in their ends, not these are cut.
  const name = column.kind === "model" && !NARROW.matches ? shortened(column.name, state.models.length > 2 ? 14 : 22) : column.name;
  const act = () => go(chosen && state.down ? { sort: "order", down: false } : { sort: column.sort, down: chosen });
  return el("div", { role: "columnheader", "aria-sort": column.sort ? order : null, class: "cell" },
    column.sort
      ? el("button", { type: "button", class: "sort", onclick: act, title: `sort by ${column.name}` },
          column.before, el("span", { class: "sort-name" }, name), chosen ? (state.down ? " ▾" : " ▴") : "")
      : column.name);
}

/** @param {number} row */
function rowLink(row) {
  return el("a", { href: writeState({ ...state, row: index.ids[row] }), class: "row-link", dir: "auto" }, index.ids[row]);
}

/**
 * @param {number} table
 * @param {number} row
 */
function modelCell(table, row) {
  const place = rows.placeIn(table, row);
  const columns = index.tables?.[table];
  if (place < 0 || !columns) return el("span", { class: "quiet" }, "no such row");
  const reason = columns.reasons[columns.unscored[place]];
  return el("span", { class: "model-cell" },
    NARROW.matches && mark(table), verdictMark(columns.verdicts[place], columns.right[place]),
    strip(columns.strips[place]),
    reason ? el("span", { class: "reason", title: reason }, reason)
      : el("span", { class: "rc" }, share(columns.rc[place])));
}

/**
 * @param {string} verdict
 * @param {0 | 1 | null} right
 */
function verdictMark(verdict, right) {
  const sign = right === 1 ? "✓" : right === 0 ? "✗" : "";
  const word = right === 1 ? "right" : right === 0 ? "wrong" : "no human preference to compare";
  return el("span", { class: `verdict ${right === 1 ? "right" : right === 0 ? "wrong" : ""}`, title: word },
    verdict || "–", sign && ` ${sign}`, el("span", { class: "off-screen" }, ` ${word}`));
}

/** Most cells of a strip. */
const MOST_CELLS = 10;

/**
 * A cell for each human point, filled as high as its best score; a cell that nobody judged is hatched.
 * @param {(number | null)[]} scores
 */
function strip(scores) {
  const words = scores.map((score) => score === null ? "not asked" : share(score / 100)).join(", ");
  return el("span", { class: "strip", role: "img", "aria-label": `best scores of the human points: ${words || "none"}`,
                      title: words },
    ...scores.slice(0, MOST_CELLS).map((score) => el("span", { class: `score ${stepClass(score)}` })),
    scores.length > MOST_CELLS && `+${scores.length - MOST_CELLS}`);
}

/** @param {number | null} score  in percent */
function stepClass(score) {
  if (score === null) return "not-asked";
  return `s${score === 0 ? 0 : Math.max(25, Math.round(score / 25) * 25)}`;
}

/** @param {number} row */
function differenceCell(row) {
  const value = rows.difference(row, state.models);
  if (value === null) return "–";
  const sign = state.models.length === 2 && value > 0 ? "+" : "";
  return `${sign}${share(value)}`.replace("-", "−");
}

// ------------------------------------------------------------------ in sight

function showVisible() {
  if (byId("list-view").hidden) return;
  const body = byId("list-body");
  const above = -body.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor(above / list.height) - SPARE);
  const last = Math.min(list.rows.length - 1, Math.ceil((above + window.innerHeight) / list.height) + SPARE);
  for (const [place, element] of list.shown) {
    if (place < first || place > last) {
      element.remove();
      list.shown.delete(place);
    }
  }
  const columns = listColumns();
  const before = (/** @type {number} */ place) => {
    for (let next = place + 1; next <= last; next++) {
      const found = list.shown.get(next);
      if (found) return found;
    }
    return null;
  };
  for (let place = first; place <= last; place++) {
    if (list.shown.has(place)) continue;
    const made = listRow(place, columns);
    body.insertBefore(made, before(place));
    list.shown.set(place, made);
  }
}

/**
 * @param {number} place
 * @param {Column[]} columns
 */
function listRow(place, columns) {
  const row = list.rows[place];
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || String(window.getSelection())) return;
    event.preventDefault();
    list.current = place;
    openRow(row);
  };
  const made = el("div", { role: "row", class: `row${place === list.current ? " current" : ""}`, "aria-rowindex": place + 2,
    onclick: open }, ...columns.map((column) => el("div", { role: "cell", class: `cell ${column.kind ?? ""}` }, column.cell(row))));
  made.style.top = `${place * list.height}px`;
  return made;
}

/**
 * Make the row at a place of the list the current one, and move the focus to it.
 * @param {number} place
 */
function moveTo(place) {
  if (!list.rows.length) return;
  list.current = Math.max(0, Math.min(list.rows.length - 1, place));
  const body = byId("list-body").getBoundingClientRect();
  const top = body.top + list.current * list.height;
  const head = byId("list-head").getBoundingClientRect().height;
  if (top < head + 8) window.scrollBy(0, top - head - 8);
  else if (top + list.height > window.innerHeight - 8) window.scrollBy(0, top + list.height - window.innerHeight + 8);
  showVisible();
  for (const [number, element] of list.shown) element.classList.toggle("current", number === list.current);
  list.shown.get(list.current)?.querySelector("a")?.focus({ preventScroll: true });
}

/** @param {number} row */
function openRow(row) {
  go({ row: index.ids[row], tab: [] });
}
