// Full-text search: the rows' texts, and the reasons and replies of the selected models, block by block.

let searchRun = 0;
/** Rows that the last search found; null = no search. @type {Set<number> | null} */
let hits = null;
/** Share of the blocks that are searched, 0..1. */
let searched = 1;

/**
 * Search for the state's query and call `show` as the rows are found.
 * @param {() => void} show
 */
async function search(show) {
  const run = ++searchRun;
  const query = state.query.trim().toLowerCase();
  if (!query) {
    hits = null;
    searched = 1;
    return show();
  }
  hits = new Set(index.ids.flatMap((id, row) =>
    id.toLowerCase().includes(query) || index.begins[row].toLowerCase().includes(query) ? [row] : []));
  searched = 0;
  show();
  await parsed;
  const parts = searchParts();
  // The JSON text of a block is searched first: most blocks need not be parsed.
  const escaped = JSON.stringify(query).slice(1, -1);
  let shown = performance.now();
  for (const [number, part] of parts.entries()) {
    const text = await blockText(part.id);
    if (run !== searchRun) return;
    if (text && text.toLowerCase().includes(escaped)) {
      JSON.parse(text).forEach((/** @type {unknown} */ entry, /** @type {number} */ i) => {
        if (mentions(entry, query)) hits?.add(part.row(i));
      });
    }
    searched = (number + 1) / parts.length;
    if (performance.now() - shown > 150) {
      show();
      shown = performance.now();
    }
  }
  show();
}

/** Return the blocks to search, with the row of each entry. */
function searchParts() {
  /** @type {{id: string, row: (place: number) => number}[]} */
  const found = [];
  for (let number = 0; number * meta.block < rows.count; number++) {
    found.push({ id: `texts-${number}`, row: (place) => number * meta.block + place });
  }
  for (const table of meta.kind === "results" ? state.models : []) {
    const own = index.tables?.[table].rows ?? [];
    for (let number = 0; number * meta.block < own.length; number++) {
      found.push({ id: `model${table}-${number}`, row: (place) => own[number * meta.block + place] });
    }
  }
  return found;
}

/**
 * Return whether a text inside a JSON value holds the query; names of keys do not count.
 * @param {unknown} value
 * @param {string} query
 * @returns {boolean}
 */
function mentions(value, query) {
  if (typeof value === "string") return value.toLowerCase().includes(query);
  if (Array.isArray(value)) return value.some((part) => mentions(part, query));
  if (value !== null && typeof value === "object") return Object.values(value).some((part) => mentions(part, query));
  return false;
}
