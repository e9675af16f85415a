// Outcome accuracy against rationale consistency; each model is a point that can be chosen.

const SHAPES = ["M0-6A6 6 0 1 0 0.01-6Z", "M-5-5H5V5H-5Z", "M0-7L7 0L0 7L-7 0Z", "M0-7L6.5 5H-6.5Z", "M0 7L6.5-5H-6.5Z",
  "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z"];

/** Return shape and colour of a model by its place among the judge's models. @param {number} table */
function look(table) {
  const place = meta.judges.find((judge) => judge.tables.includes(table))?.tables.indexOf(table) ?? 0;
  return { shape: SHAPES[place % SHAPES.length], colour: `model-${place % 8}` };
}

/**
 * The mark of a model: its shape and colour in the picture.
 * @param {number} table
 */
function mark(table) {
  const { shape, colour } = look(table);
  return svg("svg", { viewBox: "-8 -8 16 16", width: 13, height: 13, class: `mark ${colour}`, "aria-hidden": "true" },
    svg("path", { d: shape }));
}

/** @param {number[]} tables */
function picture(tables) {
  const shown = tables.filter((table) => known(meta.tables[table]));
  if (!shown.length) return el("p", { class: "quiet" }, "No picture: no model has both OA and RC.");
  const width = 380, height = 260, left = 44, bottom = 36, top = 12, right = 14;
  const [xs, ys] = [span(shown, "oa"), span(shown, "rc")];
  const x = (/** @type {number} */ value) => left + (value - xs[0]) / (xs[1] - xs[0]) * (width - left - right);
  const y = (/** @type {number} */ value) => height - bottom - (value - ys[0]) / (ys[1] - ys[0]) * (height - top - bottom);
  const grid = [
    ...ticks(xs).map((value) => svg("g", {},
      svg("line", { x1: x(value), x2: x(value), y1: top, y2: height - bottom, class: "grid" }),
      svg("text", { x: x(value), y: height - bottom + 14, "text-anchor": "middle" }, share(value, 1)))),
    ...ticks(ys).map((value) => svg("g", {},
      svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "grid" }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, share(value, 1)))),
    svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "outcome accuracy (OA)"),
    svg("text", { transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" },
      "rationale consistency (RC)"),
  ];
  const named = shown.length > MOST_MODELS ? shown.filter((table) => state.models.includes(table)) : shown;
  const labels = labelHeights(named, y);
  return el("figure", { class: "picture" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "OA against RC; choose a model by its point" },
      svg("g", { class: "axes", "aria-hidden": "true" }, ...grid),
      ...shown.map((table) => point(table, x, y, labels.get(table), width))));
}

/** @param {ModelLine} line */
function known(line) {
  return line.figures.oa.value !== null && line.figures.rc.value !== null;
}

/**
 * Return the ends of an axis, with a margin.
 * @param {number[]} tables
 * @param {"oa" | "rc"} name
 * @returns {[number, number]}
 */
function span(tables, name) {
  const values = tables.flatMap((table) => {
    const one = meta.tables[table].figures[name];
    return [one.value, one.low, one.high, one.upper].filter((value) => value !== null && value !== undefined);
  });
  const low = Math.min(...values), high = Math.max(...values), margin = 0.05 + (high - low) * 0.08;
  return [Math.max(-0.03, low - margin), Math.min(1.03, high + margin)];
}

/** @param {[number, number]} ends */
function ticks([low, high]) {
  const found = [];
  const step = high - low > 0.5 ? 2 : 1;
  for (let tenth = Math.ceil(low * 10); tenth <= high * 10; tenth++) if (tenth % step === 0) found.push(tenth / 10);
  return found;
}

/**
 * Return a height for each name, so that names do not cover each other.
 * @param {number[]} tables
 * @param {(value: number) => number} y
 */
function labelHeights(tables, y) {
  const found = new Map();
  let last = -Infinity;
  const at = (/** @type {number} */ table) => y(meta.tables[table].figures.rc.value ?? 0);
  for (const table of [...tables].sort((one, other) => at(one) - at(other))) {
    last = Math.max(at(table) - 9, last + 14);
    found.set(table, last);
  }
  return found;
}

/**
 * @param {number} table
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 * @param {number | undefined} labelled  height of the name; undefined = the name is only a tip, as there are many
 * @param {number} width
 */
function point(table, x, y, labelled, width) {
  const line = meta.tables[table], { shape, colour } = look(table);
  const oa = line.figures.oa, rc = line.figures.rc;
  const px = x(oa.value ?? 0), py = y(rc.value ?? 0);
  const choose = () => go({ models: [table], tab: [] });
  const spaces = [px - 54, width - px - 12];
  const toLeft = spaces[0] > spaces[1];
  const room = Math.floor(Math.max(...spaces) / 6.8);
  const whisker = (/** @type {Record<string, number>} */ ends) => svg("line", { ...ends, class: "whisker" });
  return svg("g", { class: `point ${colour}${state.models.includes(table) ? " chosen" : ""}`, onclick: choose },
    svg("g", {
      role: "button", tabindex: "0",
      "aria-label": `${line.model}: OA ${share(oa.value, 3)}, RC ${share(rc.value, 3)}; show its rows`,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      },
    },
      oa.low !== null && oa.high !== null && whisker({ x1: x(oa.low), x2: x(oa.high), y1: py, y2: py }),
      rc.low !== null && rc.high !== null && whisker({ x1: px, x2: px, y1: y(rc.low), y2: y(rc.high) }),
      svg("circle", { cx: px, cy: py, r: 12, class: "halo" }),
      svg("path", { d: shape, transform: `translate(${px} ${py})`, class: "shape" })),
    // Beside the button, whose name has the whole name of the model.
    labelled !== undefined && svg("text", { x: px + (toLeft ? -10 : 10), y: labelled, "text-anchor": toLeft ? "end" : "start",
      class: "name", "aria-hidden": "true" }, shortened(line.model, room)),
    svg("title", {}, line.model));
}
