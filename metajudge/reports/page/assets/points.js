// Human points on one side, a model's reasons on the other, lines between them by score; the matching is drawn bold.

/**
 * @param {number} row
 * @param {RowTexts} texts
 * @param {number[]} models
 * @param {(Detail | null)[]} details
 */
function matching(row, texts, models, details) {
  const lists = details.map((detail) => detail?.human ?? texts.human);
  const human = lists[0] ?? texts.human;
  // Lines lead to the same points: files whose human points differ are shown one at a time.
  const differ = JSON.stringify(lists[0]) !== JSON.stringify(lists.at(-1));
  const known = models.map((table, i) => ({ table, detail: details[i] ?? {} })).slice(0, differ ? 1 : 2);
  const two = known.length === 2;
  return el("section", { "aria-label": "reasons" }, el("h3", null, "Reasons"), tabs(row, models),
    differ && el("p", { class: "badge warn" }, "The files have different human points for this row: choose one model."),
    el("div", { role: "tabpanel", id: "tab-panel", tabindex: "0", "aria-label": models.map((table) => meta.tables[table].model).join(" beside ") },
      el("div", { class: "verdicts" }, ...known.map((one) => verdictLine(row, one.table, one.detail))),
      el("div", { class: `match ${two ? "two" : "one"}`, id: "match" },
        svg("svg", { class: "lines", "aria-hidden": "true" }),
        two && reasonColumn(known[0], human, "left"),
        humanColumn(human, known),
        reasonColumn(known[two ? 1 : 0], human, "right"))),
    ...known.map((one) => drawer(one.table, one.detail)));
}

/**
 * @param {number} row
 * @param {number[]} models
 */
function tabs(row, models) {
  const all = meta.judges[state.judge].tables.filter((table) => rows.placeIn(table, row) >= 0);
  if (all.length < 2) return null;
  /** @type {number[][]} */
  const choices = all.map((table) => [table]);
  const pair = state.models.length === 2 ? state.models.filter((table) => all.includes(table)) : all.slice(0, 2);
  if (pair.length === 2) choices.push(pair);
  return el("div", { role: "tablist", "aria-label": "models" }, ...choices.map((choice) => {
    const chosen = String([...choice].sort()) === String([...models].sort());
    return el("button", { type: "button", role: "tab", "aria-selected": String(chosen), "aria-controls": "tab-panel",
      tabindex: chosen ? 0 : -1, "data-tab": String(choice), onclick: () => go({ tab: choice }, true) },
      ...choice.flatMap((table, i) => [i ? " beside " : null, mark(table), ` ${meta.tables[table].model}`]));
  }));
}

/** Open the next tab. @param {number} by */
function nextTab(by) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const place = all.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  const next = all[(place + by + all.length) % all.length];
  if (!next || all.length < 2) return;
  const tab = numbers(next.getAttribute("data-tab"));
  tabFocus = document.activeElement?.getAttribute("role") === "tab";
  go({ tab }, true);
}
let tabFocus = false;

/**
 * @param {number} row
 * @param {number} table
 * @param {Detail} detail
 */
function verdictLine(row, table, detail) {
  const place = rows.placeIn(table, row);
  const columns = index.tables?.[table];
  if (!columns || place < 0) return null;
  const reason = columns.reasons[columns.unscored[place]];
  return el("p", null, mark(table), " ", el("strong", null, meta.tables[table].model), " ",
    verdictMark(columns.verdicts[place], columns.right[place]), " ",
    reason ? el("span", { class: "badge warn" }, `unscored: ${reason}`) : `RC ${share(columns.rc[place], 3)}`,
    (columns.marks[place] & SPURIOUS) !== 0 && el("span", { class: "badge warn" }, "right verdict, no sound reason"),
    detail.error && el("span", { class: "quiet", dir: "auto" }, ` ${detail.error}`), bothOrders(detail.labels));
}

/**
 * @typedef {{table: number, detail: Detail}} Side
 */

/**
 * Return a pair's score: a number, or null if it was not asked.
 * @param {Detail} detail
 * @param {number} r
 * @param {number} s
 */
function scoreOf(detail, r, s) {
  return detail.matrix?.[r - 1]?.[s - 1] ?? null;
}

/**
 * @param {Detail} detail
 * @param {number} r
 */
function bestOf(detail, r) {
  const known = (detail.matrix?.[r - 1] ?? []).filter((score) => score !== null);
  if (known.length) return Math.max(...known);
  return detail.unmatched?.includes(r) ? 0 : null;
}

/**
 * @param {Detail} detail
 * @param {number} r
 * @param {number} s
 */
function isMatched(detail, r, s) {
  return detail.pairs?.some(([human, item]) => human === r && item === s) ?? false;
}

/**
 * @param {string[]} human
 * @param {Side[]} sides
 */
function humanColumn(human, sides) {
  return el("div", { class: "side humans" }, el("h4", null, "Human points"), el("ol", { class: "column" }, ...human.map((text, i) => {
    const r = i + 1;
    const scored = sides.filter((side) => side.detail.matrix);
    const missed = scored.length > 0 && scored.every((side) => {
      const best = bestOf(side.detail, r);
      return best !== null && best * 100 < meta.missed_below;
    });
    return el("li", { class: `card${missed ? " missed" : ""}`, tabindex: "0", "data-r": r, ...lightUp(`[data-r="${r}"]`) },
      el("span", { class: "number" }, `R${r}`), missed && el("span", { class: "badge warn" }, "✗ missed"),
      ...sides.map((side) => guardBadge(side.detail, `R${r}`)).slice(0, 1),
      itemText(text, drawLines),
      ...sides.map((side) => humanScores(side, r, sides.length > 1)));
  }), !human.length && el("li", { class: "card not-judged" }, "no human points")));
}

/**
 * All scores of a human point by one model's reasons.
 * @param {Side} side
 * @param {number} r
 * @param {boolean} named
 */
function humanScores(side, r, named) {
  const { detail, table } = side;
  if (!detail.matrix) return null;
  const count = detail.items?.length ?? 0;
  // With one question per row, a point that no reason makes was judged as a whole.
  const asked = /** @type {number[]} */ ([]), not = /** @type {number[]} */ ([]);
  for (let s = 1; s <= count; s++) (scoreOf(detail, r, s) === null ? not : asked).push(s);
  asked.sort((one, other) => (scoreOf(detail, r, other) ?? 0) - (scoreOf(detail, r, one) ?? 0));
  return el("p", { class: "scores" }, named && mark(table),
    bestOf(detail, r) === 0 && el("span", { class: "pill none" }, "✗ no reason makes it: 0"),
    ...asked.map((s) => {
      const score = scoreOf(detail, r, s) ?? 0;
      const bold = isMatched(detail, r, s);
      return el("span", { class: `pill ${stepClass(score * 100)}${bold ? " matched" : ""}${score ? "" : " more"}` },
        `S${s} ${share(score)}${bold ? " matched" : ""}`);
    }),
    not.length > 0 && (asked.length > 0 || !detail.unmatched?.includes(r)) && el("span", { class: "pill not-asked more" }, detail.judged !== undefined ? "other pairs not asked" :
      not.length === 1 ? `S${not[0]} not asked` : `${not.length} not asked: ${not.map((s) => `S${s}`).join(", ")}`));
}

/**
 * @param {Side} side
 * @param {string[]} human
 * @param {"left" | "right"} at
 */
function reasonColumn(side, human, at) {
  const { detail, table } = side;
  const items = detail.items ?? [];
  return el("div", { class: `side reasons ${at}`, "data-table": table },
    el("h4", null, mark(table), ` Reasons of ${meta.tables[table].model}`), el("ol", { class: "column" }, ...items.map((text, i) => {
      const s = i + 1;
      const scores = human.map((_, place) => scoreOf(detail, place + 1, s));
      const claimed = scores.some((score) => score !== null && score > 0);
      const kind = !detail.matrix ? "" : claimed ? "claimed" : isAsked(detail, s) ? "unclaimed" : "not-judged";
      return el("li", { class: `card ${kind}`, tabindex: "0", "data-s": s, "data-table": table,
                        ...lightUp(`[data-table="${table}"][data-s="${s}"]`) },
        el("span", { class: "number" }, `S${s}`),
        kind === "unclaimed" && el("span", { class: "badge" }, "○ unclaimed"),
        kind === "not-judged" && el("span", { class: "badge" }, "not asked"),
        guardBadge(detail, `S${s}`),
        itemText(text, drawLines),
        ...flawTags(detail.flaws, s, drawLines));
    }),
    !items.length && el("li", { class: "card not-judged" }, "no reasons")));
}

/**
 * @param {Detail} detail
 * @param {string} item
 */
function guardBadge(detail, item) {
  const why = detail.guard?.[item];
  return why === undefined ? null : el("span", { class: "badge warn" }, `guard: ${why}`);
}

/**
 * Return whether the judge was asked about a reason: by a score, or by a question about the whole row.
 * @param {Detail} detail
 * @param {number} s
 */
function isAsked(detail, s) {
  if (detail.judged !== undefined) return s <= detail.judged;
  return (detail.matrix ?? []).some((scores) => scores[s - 1] !== null && scores[s - 1] !== undefined);
}

/**
 * Handlers that light up the lines of a card.
 * @param {string} selector
 */
function lightUp(selector) {
  const set = (/** @type {boolean} */ on) => () => {
    const match = document.getElementById("match");
    match?.classList.toggle("lit", on);
    match?.querySelectorAll(".line").forEach((line) => line.classList.toggle("on", on && line.matches(selector)));
  };
  return { onmouseenter: set(true), onmouseleave: set(false), onfocus: set(true), onblur: set(false) };
}

// ------------------------------------------------------------------ lines

/** Draw the lines between the cards where they stand now. */
function drawLines() {
  const match = document.getElementById("match");
  const place = match?.querySelector("svg.lines");
  if (!match || !place) return;
  fill(place);
  if (NARROW.matches) return;
  const box = match.getBoundingClientRect();
  const cards = cardBoxes(match);
  place.setAttribute("width", String(box.width));
  place.setAttribute("height", String(box.height));
  for (const reasons of match.querySelectorAll(".reasons")) {
    const table = Number(reasons.getAttribute("data-table"));
    const toRight = reasons.classList.contains("right");
    const detail = shownDetails.get(table);
    if (detail) addLines(place, cards, box, table, detail, toRight);
  }
}
/** Details of the open row by table. @type {Map<number, Detail>} */
const shownDetails = new Map();

/**
 * Return where each card stands, by table (none for human points) and number: before the first line is added, since the
 * browser would measure the page anew after each.
 * @param {Element} match
 */
function cardBoxes(match) {
  return new Map([...match.querySelectorAll("[data-r].card, [data-s].card")].map((card) => [
    `${card.getAttribute("data-table") ?? ""}:${card.getAttribute("data-r") ?? card.getAttribute("data-s")}`,
    card.getBoundingClientRect(),
  ]));
}

/**
 * @param {Element} place
 * @param {Map<string, DOMRect>} cards
 * @param {DOMRect} box
 * @param {number} table
 * @param {Detail} detail
 * @param {boolean} toRight
 */
function addLines(place, cards, box, table, detail, toRight) {
  const lines = /** @type {SVGElement[]} */ ([]), numbers = /** @type {SVGElement[]} */ ([]);
  (detail.matrix ?? []).forEach((scores, i) => scores.forEach((score, j) => {
    if (!score) return;
    const from = cards.get(`:${i + 1}`), to = cards.get(`${table}:${j + 1}`);
    if (!from || !to) return;
    const x1 = (toRight ? from.right : from.left) - box.left, x2 = (toRight ? to.left : to.right) - box.left;
    const y1 = from.top + Math.min(from.height / 2, 40) - box.top, y2 = to.top + Math.min(to.height / 2, 40) - box.top;
    const middle = (x1 + x2) / 2;
    const bold = isMatched(detail, i + 1, j + 1);
    lines.push(svg("path", { d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`, "data-r": i + 1, "data-s": j + 1,
      "data-table": table, class: `line ${stepClass(score * 100)}${bold ? " matched" : ""}` }));
    if (bold) {
      numbers.push(svg("text", { x: x2 + (toRight ? -6 : 6), y: y1 < y2 ? y2 + 16 : y2 - 8, "text-anchor": toRight ? "end" : "start", class: "line-score" },
        share(score)));
    }
  }));
  place.append(...lines, ...numbers); // the numbers above all lines
}
