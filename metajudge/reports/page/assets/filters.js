// Chips, filters of fields, the search field, and the counts of rows beside them.

function showFilters() {
  const filtered = filteredRows();
  fill(byId("chips"), chipButton({ key: "", label: "all rows", about: "", holds: null, ofRow: () => true }, filtered),
    ...chips().map((chip) => chipButton(chip, filtered)));
  showFields();
}

/**
 * @param {Chip} chip
 * @param {number[]} filtered
 */
function chipButton(chip, filtered) {
  const count = filtered.filter((row) => chipHolds(chip, row)).length;
  const chosen = state.chip === chip.key;
  if (!count && !chosen && chip.key && chip.key !== "spurious") return null;
  const each = chip.holds && state.models.length > 1 && state.models.length <= MOST_MODELS
    ? el("span", { class: "each" }, " ", ...state.models.flatMap((table) => [mark(table), ` ${modelCount(chip, table, filtered)} `]))
    : null;
  const act = () => go({ chip: chosen ? "" : chip.key, view: "rows", row: "",
    ...(chip.key === "differ" && !chosen ? { sort: "difference", down: true } : {}) });
  return el("button", { type: "button", class: "chip", "aria-pressed": String(chosen), title: chip.about || null,
    "data-chip": chip.key, onclick: act },
    `${chip.label} `, el("span", { class: "count" }, `(${count.toLocaleString("en")})`), each);
}

/**
 * @param {Chip} chip
 * @param {number} table
 * @param {number[]} filtered
 */
function modelCount(chip, table, filtered) {
  return filtered.filter((row) => {
    const place = rows.placeIn(table, row);
    return place >= 0 && chip.holds?.(table, place);
  }).length;
}

/** Most fields that have a select field each; the others share one. */
const OWN_FIELDS = 3;

function showFields() {
  const own = index.facets.slice(0, OWN_FIELDS), others = index.facets.slice(OWN_FIELDS);
  const chosen = others.filter((facet) => facet.name in state.filters);
  const free = others.filter((facet) => !(facet.name in state.filters));
  const more = free.length ? el("label", null, el("span", { class: "label" }, "more fields"),
    el("select", { onchange: (/** @type {Event} */ event) => {
      const name = /** @type {HTMLSelectElement} */ (event.target).value;
      const facet = index.facets.find((one) => one.name === name);
      if (facet) go({ filters: { ...state.filters, [name]: facet.values[0] } });
    } }, el("option", { value: "" }, "add a filter"), ...free.map((facet) => el("option", null, facet.name)))) : null;
  const any = Object.keys(state.filters).length > 0 || state.query || state.chip;
  fill(byId("fields"), ...[...own, ...chosen].map(fieldSelect), more,
    any && button("clear filters", () => go({ filters: {}, query: "", chip: "" }), { class: "link" }));
}

/** @param {Facet} facet */
function fieldSelect(facet) {
  const counts = new Map();
  for (const row of modelRows()) counts.set(facet.codes[row], (counts.get(facet.codes[row]) ?? 0) + 1);
  const order = facet.values.map((value, code) => ({ value, code }));
  const isNumber = facet.values.every((value) => value.trim() !== "" && Number.isFinite(Number(value)));
  order.sort((one, other) => isNumber ? Number(one.value) - Number(other.value) : one.value < other.value ? -1 : 1);
  const select = el("select", { "data-field": facet.name, onchange: () => {
    const filters = { ...state.filters };
    if (select.selectedIndex === 0) delete filters[facet.name];
    else filters[facet.name] = order[select.selectedIndex - 1].value;
    go({ filters });
  } }, el("option", null, "any"), ...order.map(({ value, code }) =>
    el("option", { selected: state.filters[facet.name] === value }, `${value} (${counts.get(code) ?? 0})`)));
  return el("label", null, el("span", { class: "label" }, facet.name), select);
}

/** Show the number of rows and the progress of the search. */
function showCount() {
  const all = modelRows().length;
  const busy = searched < 1 ? `; searching, ${Math.round(100 * searched)} %` : "";
  byId("count").textContent = `${list.rows.length.toLocaleString("en")} of ${plural(all, "row")}${busy}`;
}

function prepareSearch() {
  const field = /** @type {HTMLInputElement} */ (byId("search"));
  let waiting = 0;
  field.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => go({ query: field.value, row: "" }, true), 200);
  });
}
