// A list to label: the conversation, both responses, human points left, reasons right.

/** Open a list; its first human point and reason are current. @param {number} place */
function openTask(place) {
  countTime();
  current.place = place;
  current.point = current.reason = 1;
  keep();
  showTask();
  showProgress();
  focusPair();
  byId("task").scrollIntoView({ block: "start" });
}

function showTask() {
  const task = labelPage.tasks[current.place];
  const [list, lists] = task.list;
  const folded = new Set([...document.querySelectorAll("#task details:not([open])")].map((one) => one.getAttribute("data-part")));
  const part = (/** @type {string} */ name, /** @type {HTMLDetailsElement} */ made) => {
    made.setAttribute("data-part", name);
    if (folded.has(name)) made.open = false;
    return made;
  };
  fill(byId("task"),
    el("h2", { id: "task-title" }, `Row ${task.row} of ${labelPage.rows}${lists > 1 ? `, list ${list} of ${lists}` : ""}`, " ",
      el("span", { id: "task-state" })),
    el("section", { "aria-label": "conversation" }, ...task.context.map(([role, text], i) => part(`turn ${i}`, foldable(role, text)))),
    el("section", { class: "pair", "aria-label": "responses" },
      ...task.responses.map((text, i) => part(`response ${i + 1}`, foldable(`Response ${i + 1}`, text)))),
    el("section", { class: "label-pairs", id: "pairs", "aria-label": "points and reasons" }),
    el("label", { class: "note" }, el("span", { class: "label" }, "note"), noteField()),
    el("div", { class: "label-steps" },
      button("← previous", () => step(-1)), button("confirm and go on", confirmTask, { id: "confirm" }), button("next →", () => step(1))));
  showPairs();
}

function noteField() {
  const field = el("textarea", { id: "note", rows: 2, maxlength: 5000, onchange: () => change((label) => (label.note = field.value)) });
  field.value = labelAt().note;
  return field;
}

/** Show both columns anew; the focus stays where it is. */
function showPairs() {
  const task = labelPage.tasks[current.place];
  const focused = document.activeElement?.getAttribute("data-focus");
  const label = labelAt();
  fill(byId("pairs"),
    el("div", { class: "side humans" }, el("h3", null, "Human points"),
      el("ol", { class: "column" }, ...task.human.map((text, i) => pointCard(text, i + 1, label, task)))),
    el("div", { class: "side reasons" }, el("h3", { id: "question" }, `Which reasons make the point R${current.point}?`),
      el("p", { class: "narrow" }, itemText(task.human[current.point - 1])),
      el("ol", { class: "column" }, ...task.reasons.map((text, i) => reasonCard(text, i + 1)),
        !task.reasons.length && el("li", { class: "card" }, "The model gives no reason.")),
      current.point < task.human.length && button(`next point: R${current.point + 1}`, () => pick(current.point + 1), { class: "narrow" })));
  const state = label.confirmed ? "✓ confirmed" : "not confirmed";
  fill(byId("task-state"), el("span", { class: label.confirmed ? "badge good" : "badge" }, state));
  if (focused) focusOn(focused);
}

/**
 * @param {string} text
 * @param {number} r
 * @param {Label} label
 * @param {LabelTask} task
 */
function pointCard(text, r, label, task) {
  const marked = task.reasons.map((_, i) => [i + 1, label.marks.get(`${r},${i + 1}`) ?? 0]).filter(([, score]) => score);
  const isCurrent = r === current.point;
  return el("li", { class: `card${isCurrent ? " current" : ""}` },
    el("button", { type: "button", class: "pick", "data-focus": `r${r}`, "aria-current": isCurrent ? "true" : null,
      onclick: () => pick(r) }, `R${r}`),
    " ", itemText(text),
    el("p", { class: "scores" },
      label.unclear.has(r) && el("span", { class: "pill none" }, "? unclear"),
      ...marked.map(([s, score]) => el("span", { class: "pill" }, `S${s} ${stepText(score)}`)),
      isCurrent && button(label.unclear.has(r) ? "not unclear" : "unclear", () => {
        toggleUnclear(r);
        showPairs();
      }, { class: "link", "data-focus": `u${r}` })));
}

/** @param {string} text @param {number} s */
function reasonCard(text, s) {
  const r = current.point, score = scoreAt(r, s);
  const judged = labelPage.judge_shown ? labelPage.tasks[current.place].judge?.[r - 1]?.[s - 1] ?? null : null;
  const isCurrent = s === current.reason;
  return el("li", null, el("div", { class: `card${isCurrent ? " current" : ""}${score ? " marked" : ""}`, role: "group",
    tabindex: isCurrent ? 0 : -1, "data-focus": `s${s}`, "data-s": s, "aria-label": `S${s} for R${r}: ${stepText(score)}`,
    onfocus: () => markCurrent(s) },
    el("span", { class: "number" }, `S${s}`), itemText(text),
    el("p", { class: "scores steps" }, ...SCORES.map((one, key) => button(stepText(one), () => giveScore(s, one), { title: WORDS[key],
      "aria-pressed": String(one === score), "data-focus": `s${s}-${key}`, "aria-label": `S${s}: ${stepText(one)}, ${WORDS[key]}` })),
      labelPage.judge_shown && el("span", { class: "pill" }, `judge ${judged === null ? "not asked" : share(judged)}`))));
}

const WORDS = ["not at all", "slightly", "partly", "mostly", "fully"];

/** Return a step of the scale: 0, .25, .5, .75 or 1. @param {number} score */
function stepText(score) {
  return String(score).replace(/^0\./, ".");
}

/** @param {string} name */
function focusOn(name) {
  /** @type {HTMLElement | null} */ (document.querySelector(`[data-focus="${name}"]`))?.focus({ preventScroll: true });
}

/** Put the focus on the current reason. */
function focusPair() {
  const card = document.querySelector(`[data-focus="s${current.reason}"]`) ?? document.querySelector(`[data-focus="r${current.point}"]`);
  if (card instanceof HTMLElement) card.focus({ preventScroll: true });
}

// ------------------------------------------------------------------ what the person does

/** Make a reason the current one, without new elements: it has the focus. @param {number} s */
function markCurrent(s) {
  current.reason = s;
  for (const card of document.querySelectorAll("#pairs [data-s]")) {
    const isCurrent = card.getAttribute("data-s") === String(s);
    card.classList.toggle("current", isCurrent);
    card.setAttribute("tabindex", isCurrent ? "0" : "-1");
  }
}

/** @param {number} by */
function nextReason(by) {
  const count = labelPage.tasks[current.place].reasons.length;
  if (!count) return;
  markCurrent(Math.min(Math.max(current.reason + by, 1), count));
  focusPair();
  document.activeElement?.scrollIntoView({ block: "nearest" });
}

/** Make a human point the current one, from its first reason on. @param {number} r */
function pick(r) {
  current.point = Math.min(Math.max(r, 1), labelPage.tasks[current.place].human.length);
  current.reason = 1;
  showPairs();
  focusPair();
  if (NARROW.matches) byId("question").scrollIntoView({ block: "start" });
  else document.querySelector("#pairs .humans .current")?.scrollIntoView({ block: "nearest" });
}

/** @param {number} s @param {number} score */
function giveScore(s, score) {
  if (s > labelPage.tasks[current.place].reasons.length) return;
  setScore(current.point, s, score);
  showPairs();
}

/** Open the list before or after this one. @param {number} by */
function step(by) {
  const place = current.place + by;
  if (labelPage.tasks[place]) openTask(place);
  else say(by > 0 ? "This is the last list." : "This is the first list.");
}

/** Return the next list after a place that is not confirmed, from the first again at the end; null if there is none. @param {number} after */
function nextOpen(after) {
  const count = labelPage.tasks.length, own = labelsOf(current.annotator);
  for (let i = 1; i <= count; i++) {
    const place = (after + i + count) % count;
    if (!own.get(place)?.confirmed) return place;
  }
  return null;
}

/** Confirm the open list: what is not marked is 0. */
function confirmTask() {
  if (!current.annotator) return needName();
  countTime();
  if (!labelAt().confirmed) change((label) => (label.confirmed = true));
  const next = nextOpen(current.place);
  if (next !== null) return openTask(next);
  showPairs();
  showProgress();
  say("All lists are confirmed: export them.");
}
