// An open row: conversation, responses, the human points beside the model's reasons, and what the judge said.

let rowRun = 0;

async function showRow() {
  const run = ++rowRun;
  const place = byId("row-view");
  const row = rows.byId.get(state.row);
  if (row === undefined) {
    fill(place, el("div", { class: "bar-top" }, backButton()), el("p", null, `No row has the id ${state.row}.`));
    return;
  }
  const models = meta.kind === "results" ? tabModels(row) : [];
  const [texts, ...details] = await Promise.all([textsOf(row), ...models.map((table) => detailOf(table, row))]);
  if (run !== rowRun) return;
  shownDetails.clear();
  models.forEach((table, i) => shownDetails.set(table, details[i] ?? {}));
  fill(place, rowBar(row, texts, models, details), rowFacts(row), conversation(texts), responses(row, texts),
    meta.kind === "results" ? matching(row, texts, models, details) : stepDetails(texts), sources(texts), otherFields(texts));
  drawLines();
}

/**
 * Return the models that the row shows: those of the tab, else the first selected one that has the row.
 * @param {number} row
 */
function tabModels(row) {
  const has = (/** @type {number} */ table) => rows.placeIn(table, row) >= 0;
  const chosen = state.tab.filter(has);
  if (chosen.length) return chosen;
  const selected = state.models.filter(has);
  if (selected.length === 2 && !NARROW.matches) return selected;
  return (selected.length ? selected : meta.judges[state.judge].tables.filter(has)).slice(0, 1);
}

function backButton() {
  return button("← all rows", closeRow, { class: "back", title: "Esc" });
}

function closeRow() {
  go({ row: "", tab: [] });
}

/**
 * @param {number} row
 * @param {RowTexts} texts
 * @param {number[]} models
 * @param {(Detail | null)[]} details
 */
function rowBar(row, texts, models, details) {
  const place = list.rows.indexOf(row);
  const step = (/** @type {number} */ by) => () => stepRow(by);
  const json = () => copy(JSON.stringify({
    id: index.ids[row], ...texts,
    models: Object.fromEntries(models.map((table, i) => [meta.tables[table].model, details[i]])),
  }, null, 2));
  return el("div", { class: "bar-top" }, backButton(),
    button("‹ previous", step(-1), { title: "k", disabled: place <= 0 }),
    button("next ›", step(1), { title: "j", disabled: place < 0 || place >= list.rows.length - 1 }),
    el("span", { class: "quiet" }, place < 0 ? "not in the list" : `${place + 1} of ${list.rows.length}`),
    el("span", { class: "gap" }),
    button("copy as JSON", json),
    ...models.map((table) => el("button", { type: "button", title: showCommand(table, row),
      onclick: () => copy(showCommand(table, row)) },
      "copy show command ", mark(table), el("span", { class: "off-screen" }, ` of ${meta.tables[table].model}`))));
}

/**
 * Return the command that shows the row in a terminal.
 * @param {number} table
 * @param {number} row
 */
function showCommand(table, row) {
  const id = index.ids[row].replace(/ \(\d+\)$/, "");
  return `${meta.tables[table].show} --id ${shellQuoted(id)}`;
}

/** @param {string} text */
function shellQuoted(text) {
  return /^[\w.@%+=:,/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}

/** @param {number} by */
function stepRow(by) {
  const row = rows.byId.get(state.row);
  const place = row === undefined ? -1 : list.rows.indexOf(row);
  const next = list.rows[place + by];
  if (place < 0 || next === undefined) return;
  list.current = place + by;
  go({ row: index.ids[next] }, true);
}

/** @param {number} row */
function rowFacts(row) {
  const said = ["overall_preference", "preference strength"]; // the human preference says both
  const facts = index.facets.filter((facet) => facet.codes[row] >= 0 && !said.includes(facet.name)).slice(0, 8)
    .map((facet) => [facet.name, facet.values[facet.codes[row]]]);
  return el("header", { class: "facts" }, el("h2", { tabindex: "-1", id: "row-title", dir: "auto" }, index.ids[row]),
    el("dl", null, ...facts.flatMap(([name, value]) =>
      [el("div", null, el("dt", null, name), el("dd", { dir: "auto" }, value))]),
    index.golds[row] && el("div", null, el("dt", null, "human preference"), el("dd", null, index.golds[row]))));
}

/** @param {RowTexts} texts */
function conversation(texts) {
  if (!texts.context.length) return null;
  return el("section", { "aria-label": "conversation" }, el("h3", null, "Conversation"),
    ...texts.context.map(([role, text]) => foldable(role, text)));
}

/**
 * @param {number} row
 * @param {RowTexts} texts
 */
function responses(row, texts) {
  if (!texts.responses.length) return null;
  const gold = index.golds[row];
  const preferred = /^A>/.test(gold) ? 0 : /^B>/.test(gold) ? 1 : -1;
  return el("section", { "aria-label": "responses" }, el("h3", null, "Responses"),
    el("div", { class: "pair" }, ...texts.responses.map((text, place) =>
      foldable(`Response ${place + 1} = ${"AB"[place]}`, text,
        place === preferred && el("span", { class: "badge good" }, "★ preferred by people")))));
}

/** @param {RowTexts} texts */
function sources(texts) {
  if (!texts.feedback.length && !texts.ignored.length && !texts.lists.length) return null;
  return el("section", { "aria-label": "annotators" }, el("h3", null, "Where the human points come from"),
    el("div", { class: "pair" },
      el("div", null, el("h4", null, "Annotators' texts"), ...texts.feedback.flatMap(([annotator, said]) =>
        said.map(([label, text]) => foldable(`annotator ${annotator}: ${label}`, text))),
        !texts.feedback.length && el("p", { class: "quiet" }, "none in the row")),
      el("div", null, el("h4", null, "Points"), pointList(texts.human, texts),
        ...texts.lists.flatMap(([name, items]) => [el("h5", null, name), pointList(items, null)]),
        el("h4", null, "Ignored"), texts.ignored.length
          ? el("ul", { class: "ignored" }, ...texts.ignored.map(([text, reason]) =>
              el("li", null, el("span", { dir: "auto" }, text), el("span", { class: "badge" }, reason || "no reason given"))))
          : el("p", { class: "quiet" }, "nothing"))));
}

/**
 * @param {string[]} items
 * @param {RowTexts | null} texts  whose doubts are shown beside the points
 */
function pointList(items, texts) {
  return el("ol", { class: "points" }, ...items.map((item, place) => {
    const doubts = texts?.doubts.filter(([number]) => Number(number) === place + 1) ?? [];
    return el("li", null, el("span", { dir: "auto" }, item), ...doubts.map(([, reason, text]) =>
      el("span", { class: "badge warn" }, `doubt: ${reason}${text ? ` (${text})` : ""}`)));
  }));
}

/** @param {RowTexts} texts */
function otherFields(texts) {
  if (!texts.other.length) return null;
  return el("details", { class: "drawer" }, el("summary", null, `Other fields of the row (${texts.other.length})`),
    el("dl", { class: "fields" }, ...texts.other.map(([name, text]) =>
      el("div", null, el("dt", { dir: "auto" }, name), el("dd", null, textBlocks(text))))));
}

/** @param {RowTexts} texts */
function stepDetails(texts) {
  const stamps = texts.stamps ?? [], critics = texts.critics ?? [];
  return el("section", { "aria-label": "steps" },
    el("p", { class: "quiet" }, stamps.map(([step, status, model]) => `${step}: ${status}${model ? ` by ${model}` : ""}`).join("; ")),
    ...critics.map((critic) => el("div", { class: "critic" },
      el("h3", null, `Reasons of ${critic.model}`, " ", critic.label && el("span", { class: "badge" }, `verdict ${critic.label}`)),
      bothOrders(critic.labels),
      el("ol", { class: "points" }, ...critic.items.map((item, i) => el("li", null, el("span", { dir: "auto" }, item), ...flawTags(critic.flaws, i + 1)))),
      ...generatedParts(critic))));
}

/** @param {Record<string, string> | undefined} labels */
function bothOrders(labels) {
  if (!labels) return null;
  const words = Object.entries(labels).map(([order, label]) => `${order}: ${label}`).join(", ");
  return el("p", { class: "quiet" }, `verdict in both orders: ${words}`);
}
