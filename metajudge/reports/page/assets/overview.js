// The top of the page: the judge, a line for each model with the figures of the report, and the picture.

function showOverview() {
  const place = byId("overview");
  if (meta.kind === "steps") {
    fill(place, el("p", null, `${plural(rows.count, "row")} of ${meta.files.join(", ")}`));
    return;
  }
  const judge = meta.judges[state.judge];
  fill(place, judgeLine(judge),
    el("div", { class: "top" },
      el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "figures of the models" },
        modelTable(judge.tables)),
      picture(judge.tables)),
    figureNote(judge.tables), notesOf(judge.notes));
}

/** @param {Meta["judges"][number]} judge */
function judgeLine(judge) {
  if (meta.judges.length === 1) {
    return el("p", { class: "judge" }, "Judge: ", el("strong", null, judge.name), " ",
      el("span", { class: "quiet" }, judge.about));
  }
  const select = el("select", { id: "judge", onchange: () => go(firstState(Number(select.value))) }, ...meta.judges.map((one, number) =>
    el("option", { value: number, selected: number === state.judge }, one.name)));
  return el("p", { class: "judge" }, el("label", { for: "judge" }, "Judge: "), select, " ",
    el("span", { class: "quiet" }, `${judge.about}; figures of different judges are never mixed`));
}

/** Headings of the table of models: name, class, meaning. @type {[string, string | null, string | null][]} */
const HEADINGS = [
  ["show", null, null], ["model", null, null], ["n", "number", null], ["unscored", "number", null],
  ["OA", "number", "Outcome accuracy: share of right verdicts"],
  ["RC", "number main", "Rationale consistency: how far the reasons are those of the experts; the figure to cite"],
  ["S-Corr", "number", "Spurious correctness: share of right verdicts without a sound reason"],
  ["deceptive alignment", null, null],
];

/** @param {number[]} tables */
function modelTable(tables) {
  return el("table", { class: "models" },
    el("thead", null, el("tr", null, ...HEADINGS.map(([name, kind, about]) =>
      el("th", { scope: "col", title: about, class: kind }, name)))),
    el("tbody", null, ...tables.map(modelLine)));
}

/** @param {number} table */
function modelLine(table) {
  const line = meta.tables[table];
  const chosen = state.models.includes(table);
  const box = el("input", { type: "checkbox", checked: chosen, "aria-label": `show ${line.model}`,
    onchange: () => selectModel(table, box.checked) });
  return el("tr", { class: chosen ? "chosen" : null },
    el("td", null, box),
    el("th", { scope: "row" }, mark(table), " ", ...breakable(line.model)),
    el("td", { class: "number", "data-name": "n" }, line.n.toLocaleString("en")),
    el("td", { class: "number", "data-name": "unscored" }, line.unscored
      ? countLink(line.unscored.toLocaleString("en"), table, "unscored", `unscored rows of ${line.model}`) : "0"),
    el("td", { class: "number", "data-name": "OA" }, figure(line.figures.oa)),
    el("td", { class: "number main", "data-name": "RC" }, figure(line.figures.rc), intervalBar(line.figures.rc)),
    el("td", { class: "number", "data-name": "S-Corr" }, line.figures.scorr.value === null ? line.figures.scorr.text
      : countLink(figure(line.figures.scorr), table, "spurious", `rows of ${line.model} with a right verdict and no sound reason`)),
    el("td", { title: line.flag?.about ?? null, "data-name": "deceptive alignment" }, line.flag
      ? el("span", { class: `flag flag-${line.flag.verdict.split(" ")[0]}` }, line.flag.verdict) : "–"));
}

/**
 * A link to the rows of one model that a chip holds for.
 * @param {Child} label
 * @param {number} table
 * @param {string} chip
 * @param {string} about
 */
function countLink(label, table, chip, about) {
  const target = { ...firstState(state.judge), models: [table], chip };
  return el("a", { href: writeState(target), title: about }, label, el("span", { class: "off-screen" }, ` ${about}`));
}

/**
 * A figure as the report prints it, its interval in small type.
 * @param {Figure} one
 */
function figure(one) {
  const [value, interval] = one.text.split(" [");
  return el("span", { class: "figure" }, value, interval && el("small", null, ` [${interval}`));
}

/**
 * @param {number} table
 * @param {boolean} chosen
 */
function selectModel(table, chosen) {
  const models = meta.judges[state.judge].tables.filter((one) => one === table ? chosen : state.models.includes(one));
  if (models.length) go({ models });
  else changed(state);
}

/**
 * An interval as a bar on the scale of 0 to 1.
 * @param {Figure} one
 */
function intervalBar(one) {
  if (one.value === null) return null;
  const at = (/** @type {number} */ value) => 2 + 116 * value;
  const low = one.low ?? one.value, high = one.high ?? one.upper ?? one.value;
  return svg("svg", { viewBox: "0 0 120 18", width: 120, height: 18, class: "bar", role: "img",
                      "aria-label": `${one.text} on a scale of 0 to 1` },
    svg("rect", { x: 2, y: 7, width: 116, height: 4, class: "bar-scale" }),
    svg("rect", { x: at(low), y: 5, width: Math.max(1, at(high) - at(low)), height: 8, class: "bar-interval" }),
    svg("rect", { x: at(one.value) - 1.5, y: 1, width: Math.max(3, at(one.upper ?? one.value) - at(one.value)),
                  height: 16, class: "bar-value" }));
}

/** @param {number[]} tables */
function figureNote(tables) {
  const ranges = tables.some((table) => !meta.tables[table].exact);
  return el("p", { class: "quiet" }, el("strong", null, "RC is the figure to cite"),
    ", with its interval and its judge: the share of the human points that the model's reasons make, each reason used once. Intervals hold 95 %. ",
    ranges && "With one question per row RC is known as a range; granularity item gives the exact figure. ");
}

/** @param {string[]} notes */
function notesOf(notes) {
  return el("details", { class: "notes" }, el("summary", null, `Notes of the report (${notes.length})`),
    el("ul", null, ...notes.map((note) => el("li", null, note))));
}
