// Lines of label files: labels become lines, and lines of an exported file become labels.

/** Places of the tasks by their key. @type {Map<string, number>} */
const placeOfTask = new Map();
const COLUMNS = /** @type {const} */ (["id", "question_id", "annotator", "marks", "unclear", "note", "seconds", "probability",
  "judge_shown", "n_human", "n_model"]);

/** @param {unknown} id @param {unknown} question */
function taskKey(id, question) {
  return JSON.stringify([id, question]);
}

/**
 * @param {string} annotator
 * @param {number} place
 * @param {Label} label
 * @returns {LabelLine}
 */
function lineOf(annotator, place, label) {
  const task = labelPage.tasks[place];
  const marks = [...label.marks].map(([pair, score]) => /** @type {[number, number, number]} */ ([...pair.split(",").map(Number), score]));
  return {
    id: task.id, question_id: task.question_id, annotator,
    marks: marks.sort((one, other) => one[0] - other[0] || one[1] - other[1]),
    unclear: [...label.unclear].sort((one, other) => one - other),
    note: label.note, seconds: Math.round(10 * label.seconds) / 10, probability: task.probability, judge_shown: label.shown,
    n_human: task.human.length, n_model: task.reasons.length,
  };
}

/**
 * Return the label of a line; a text says why there is none.
 * @param {Record<string, unknown>} line
 * @param {LabelTask} task
 * @returns {Label | string}
 */
function labelFrom(line, task) {
  const probability = Number(line.probability);
  if (!(Math.abs(probability - task.probability) <= 1e-6 * task.probability)) return "of another drawing";
  const label = emptyLabel();
  if (!Array.isArray(line.marks)) return "without marks";
  for (const mark of line.marks) {
    const [r, s, score] = Array.isArray(mark) ? mark : [];
    if (!isPlace(r, task.human.length) || !isPlace(s, task.reasons.length) || !SCORES.includes(score)) return "with marks that cannot be read";
    if (score) label.marks.set(`${r},${s}`, score);
  }
  for (const r of Array.isArray(line.unclear) ? line.unclear : []) if (isPlace(r, task.human.length)) label.unclear.add(r);
  if (typeof line.note === "string") label.note = line.note;
  const seconds = Number(line.seconds);
  if (seconds > 0 && Number.isFinite(seconds)) label.seconds = seconds;
  label.shown = label.shown || line.judge_shown === true;
  label.confirmed = line.confirmed !== false;
  return label;
}

/** @param {unknown} value @param {number} most */
function isPlace(value, most) {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most;
}

/**
 * Take the labels of lines. Confirmed labels that are there already stay.
 * @param {Record<string, unknown>[]} lines
 * @returns {{taken: number, kept: number, refused: string[], annotators: string[]}}
 */
function takeLines(lines) {
  const found = { taken: 0, kept: 0, refused: /** @type {string[]} */ ([]), annotators: /** @type {string[]} */ ([]) };
  lines.forEach((line, number) => {
    const annotator = typeof line?.annotator === "string" ? line.annotator.trim() : "";
    if (!annotator && line?.confirmed === undefined) return; // a task that is not labelled yet
    const place = placeOfTask.get(taskKey(line.id, line.question_id));
    const label = place === undefined ? "of no list of this page" : labelFrom(line, labelPage.tasks[place]);
    if (place === undefined || typeof label === "string") {
      found.refused.push(`line ${number + 1} is ${label}`);
      return;
    }
    if (!found.annotators.includes(annotator)) found.annotators.push(annotator);
    const own = labelsOf(annotator);
    if (own.get(place)?.confirmed) found.kept++;
    else {
      own.set(place, label);
      found.taken++;
    }
  });
  return found;
}
