// The labels: whose they are, what a change was before, and which list is open.

/** @type {LabelPage} */
let labelPage;
const SCORES = [0, 0.25, 0.5, 0.75, 1];
/** Labels by annotator and place of the task. @type {Map<string, Map<number, Label>>} */
const labels = new Map();
const current = { annotator: "", place: 0, point: 1, reason: 1 };
/** Labels before each change, the latest last. @type {{annotator: string, place: number, before: Label}[]} */
const changes = [];

/** @returns {Label} */
function emptyLabel() {
  return { marks: new Map(), unclear: new Set(), note: "", seconds: 0, confirmed: false, shown: labelPage.judge_shown };
}

/** @param {Label} label @returns {Label} */
function copyOf(label) {
  return { ...label, marks: new Map(label.marks), unclear: new Set(label.unclear) };
}

/** Return the labels of an annotator. @param {string} annotator */
function labelsOf(annotator) {
  let own = labels.get(annotator);
  if (!own) labels.set(annotator, (own = new Map()));
  return own;
}

/** Return the open label, or that of another place. @param {number} [place] */
function labelAt(place = current.place) {
  const own = labelsOf(current.annotator);
  let label = own.get(place);
  if (!label) own.set(place, (label = emptyLabel()));
  return label;
}

/** Number of lists that the annotator has confirmed. */
function confirmedCount() {
  return [...labelsOf(current.annotator).values()].filter((label) => label.confirmed).length;
}

/** Change the open label so that it can be undone. @param {(label: Label) => void} act */
function change(act) {
  const label = labelAt();
  changes.push({ annotator: current.annotator, place: current.place, before: copyOf(label) });
  act(label);
  keep();
}

/** Undo the annotator's last change and show its list; the time that it took stays. */
function undo() {
  const at = changes.map((one) => one.annotator).lastIndexOf(current.annotator);
  if (at < 0) return say("Nothing to undo.");
  const [last] = changes.splice(at, 1);
  const label = labelAt(last.place);
  labelsOf(last.annotator).set(last.place, { ...last.before, seconds: label.seconds });
  keep();
  openTask(last.place);
  say("Undone.");
}

/** @param {number} r @param {number} s */
function scoreAt(r, s) {
  return labelAt().marks.get(`${r},${s}`) ?? 0;
}

/** @param {number} r @param {number} s @param {number} score */
function setScore(r, s, score) {
  if (scoreAt(r, s) === score) return;
  change((label) => {
    if (score) label.marks.set(`${r},${s}`, score);
    else label.marks.delete(`${r},${s}`);
  });
}

/** @param {number} r */
function toggleUnclear(r) {
  change((label) => {
    if (!label.unclear.delete(r)) label.unclear.add(r);
  });
}

/** Write the annotator's name; marks that were made without one become theirs. @param {string} name */
function setAnnotator(name) {
  const unnamed = labels.get("");
  if (name && unnamed && !labels.has(name)) {
    labels.delete("");
    labels.set(name, unnamed);
    for (const one of changes) if (!one.annotator) one.annotator = name;
  }
  current.annotator = name;
  keep();
}

// ------------------------------------------------------------------ time

const LONGEST_PAUSE = 300;
let lastSign = performance.now();

/** Add the time since the last key or click to the open list; a longer pause counts as five minutes. */
function countTime() {
  const now = performance.now();
  const label = labelAt();
  if (!label.confirmed) label.seconds += Math.min((now - lastSign) / 1000, LONGEST_PAUSE);
  lastSign = now;
}

function prepareTime() {
  for (const name of ["keydown", "pointerdown", "wheel"]) document.addEventListener(name, countTime, { passive: true });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      countTime();
      keep();
    } else lastSign = performance.now();
  });
}
