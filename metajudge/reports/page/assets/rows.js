// Rows of the page: which are shown, in which order. Figures come from the report; only filtered rows are counted here.

/** @type {Meta} */
let meta;
/** @type {Index} */
let index;
/** @type {Rows} */
let rows;

/** Bits of a row's marks. */
const SPURIOUS = 1, ORDERS_DIFFER = 2, SAMPLES_DIFFER = 4, GUARDED = 8, EMPTY = 16, NO_HUMAN = 32, OPEN = 64;
/** Least difference of rationale consistency at which two models are listed as differing. */
const DIFFERENT = 0.5;

class Rows {
  constructor() {
    this.count = index.ids.length;
    const tables = index.tables ?? [];
    /** Place of each row in each table; -1 = none. */
    this.places = tables.map((table) => {
      const found = new Int32Array(this.count).fill(-1);
      table.rows.forEach((row, place) => (found[row] = place));
      return found;
    });
    /** @type {Map<string, number>} */
    this.byId = new Map(index.ids.map((id, row) => [id, row]));
  }

  /**
   * @param {number} table
   * @param {number} row
   */
  placeIn(table, row) {
    return this.places[table]?.[row] ?? -1;
  }

  /**
   * Return rationale consistency; null where the row is unscored or absent.
   * @param {number} table
   * @param {number} row
   * @returns {number | null}
   */
  rc(table, row) {
    const place = this.placeIn(table, row);
    return place < 0 ? null : index.tables?.[table]?.rc[place] ?? null;
  }

  /**
   * Return the first selected model's value minus the second's; the spread where more are selected.
   * @param {number} row
   * @param {number[]} models
   */
  difference(row, models) {
    const values = models.map((table) => this.rc(table, row));
    const known = /** @type {number[]} */ (values.filter((value) => value !== null));
    if (known.length < 2) return null;
    if (models.length === 2) return known[0] - known[1];
    return Math.max(...known) - Math.min(...known);
  }
}

/**
 * @typedef {object} Chip
 * @property {string} key
 * @property {string} label
 * @property {string} about
 * @property {((table: number, place: number) => boolean) | null} holds  of one model's record
 * @property {((row: number) => boolean) | null} [ofRow]  of a whole row
 */

/** @returns {Chip[]} */
function chips() {
  return meta.kind === "steps" ? stepChips() : resultChips();
}

/** @returns {Chip[]} */
function resultChips() {
  const tables = index.tables ?? [];
  /** @param {number} bit */
  const marked = (bit) => (/** @type {number} */ table, /** @type {number} */ place) =>
    (tables[table].marks[place] & bit) !== 0;
  /** @type {Chip[]} */
  const found = [
    { key: "spurious", label: "right verdict, no sound reason", holds: marked(SPURIOUS),
      about: `The verdict is right, and no matched pair scores at least ${share(meta.sound)}` },
    { key: "open", label: "right verdict, a sound reason is possible", holds: marked(OPEN),
      about: "One question per row leaves open whether a matched pair is sound" },
    { key: "unscored", label: "unscored", about: "The judge gave no readable scores",
      holds: (table, place) => tables[table].rc[place] === null && !marked(NO_HUMAN)(table, place) },
  ];
  const reasons = new Set(state.models.flatMap((table) => tables[table].reasons.filter(Boolean)));
  for (const reason of reasons) {
    found.push({ key: `reason:${reason}`, label: `unscored: ${reason}`, about: "Reason for having no scores",
      holds: (table, place) => tables[table].reasons[tables[table].unscored[place]] === reason });
  }
  return [...found,
    { key: "wrong", label: "wrong verdict", about: "The verdict is not the human preference",
      holds: (table, place) => tables[table].right[place] === 0 },
    { key: "orders", label: "orders disagree", holds: marked(ORDERS_DIFFER),
      about: "The model's verdict changes when the responses are exchanged" },
    { key: "differ", label: "models differ most", holds: null,
      about: `Rationale consistency differs by at least ${share(DIFFERENT)}`,
      ofRow: (row) => Math.abs(rows.difference(row, state.models) ?? 0) >= DIFFERENT - 1e-9 },
    { key: "samples", label: "samples of the judge differ", holds: marked(SAMPLES_DIFFER),
      about: "The judge's samples give different rationale consistency" },
    { key: "guard", label: "marked by the guard", holds: marked(GUARDED), about: "An item is suspicious" },
    { key: "empty", label: "empty", holds: marked(EMPTY), about: "A checklist has no item" },
  ];
}

/** @returns {Chip[]} */
function stepChips() {
  const steps = /** @type {StepColumns} */ (index.steps);
  /** @type {Chip[]} */
  const found = [...new Set(steps.status)].map((status) => ({
    key: `status:${status}`, label: status, about: "Steps and their outcome", holds: null,
    ofRow: (row) => steps.status[row] === status,
  }));
  return [...found,
    { key: "doubts", label: "doubts", about: "A check doubts a point", holds: null, ofRow: (row) => steps.doubts[row] > 0 },
    { key: "ignored", label: "text ignored", about: "Some of the annotators' text is in no point", holds: null,
      ofRow: (row) => steps.ignored[row] > 0 },
    { key: "orders", label: "orders disagree", holds: null, ofRow: (row) => steps.differ[row],
      about: "The model's verdict changes when the responses are exchanged" },
  ];
}

/**
 * Return whether a chip holds for a row: for at least one of the selected models.
 * @param {Chip} chip
 * @param {number} row
 */
function chipHolds(chip, row) {
  if (!chip.holds) return chip.ofRow?.(row) ?? false;
  for (const table of state.models) {
    const place = rows.placeIn(table, row);
    if (place >= 0 && chip.holds(table, place)) return true;
  }
  return false;
}

/** Return the rows of the selected models. @returns {number[]} */
function modelRows() {
  const key = String(state.models);
  if (ofModels.key !== key) {
    ofModels.key = key;
    ofModels.rows = index.ids.map((_, row) => row).filter((row) =>
      meta.kind === "steps" || state.models.some((table) => rows.placeIn(table, row) >= 0));
  }
  return ofModels.rows;
}
/** @type {{key: string | null, rows: number[]}} */
const ofModels = { key: null, rows: [] };

/** Return the rows of the selected models that pass the filters of fields. @returns {number[]} */
function filteredRows() {
  const wanted = Object.entries(state.filters).map(([name, value]) => {
    const facet = index.facets.find((one) => one.name === name);
    return { codes: facet?.codes ?? [], code: facet ? facet.values.indexOf(value) : -2 };
  });
  return modelRows().filter((row) => wanted.every(({ codes, code }) => codes[row] === code));
}

/**
 * Sort rows by the state's column; rows without a value come last, ties stay in the order of the file.
 * @param {number[]} found
 */
function sorted(found) {
  const key = sortKey();
  if (!key) return state.down ? [...found].reverse() : found;
  const sign = state.down ? -1 : 1;
  const keyed = found.map((row) => ({ row, value: key(row) }));
  keyed.sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null) || one.row - other.row;
    }
    if (one.value === other.value) return one.row - other.row;
    return (one.value < other.value ? -1 : 1) * sign;
  });
  return keyed.map((one) => one.row);
}

/** @returns {((row: number) => string | number | null) | null} */
function sortKey() {
  const [kind, ...rest] = state.sort.split(".");
  const name = rest.join(".");
  if (kind === "rc") return (row) => rows.rc(Number(name), row);
  if (kind === "difference") {
    return (row) => {
      const value = rows.difference(row, state.models);
      return value === null ? null : Math.abs(value);
    };
  }
  if (kind === "id") return (row) => index.ids[row];
  if (kind === "begin") return (row) => index.begins[row];
  if (kind === "gold") return (row) => index.golds[row];
  if (kind === "facet") {
    const facet = index.facets.find((one) => one.name === name);
    if (facet) return (row) => facet.values[facet.codes[row]] ?? null;
  }
  const steps = index.steps;
  if (steps && (kind === "points" || kind === "ignored" || kind === "doubts")) return (row) => steps[kind][row];
  if (steps && kind === "status") return (row) => steps.status[row];
  return null;
}
