// The start of a label page, and what is around the open list.

async function startLabels() {
  labelPage = await startData("labels", byId("task"));
  if (!labelPage) return;
  labelPage.tasks.forEach((task, place) => placeOfTask.set(taskKey(task.id, task.question_id), place));
  byId("title").textContent = document.title;
  takeKept();
  prepareBar();
  prepareLabelKeys();
  prepareTime();
  prepareClosing();
  openTask(current.place);
  window.scrollTo(0, 0);
  unsaved = false;
  showNotes();
  if (!current.annotator) byId("annotator").focus();
}

function prepareBar() {
  const name = /** @type {HTMLInputElement} */ (byId("annotator"));
  name.addEventListener("change", () => {
    const before = labelAt(), earlier = current.annotator, count = confirmedCount();
    setAnnotator(name.value.trim());
    showNotes(count && !confirmedCount() ? `${plural(count, "list")} of ${earlier} kept: write this name again to go on with them.` : "");
    if (labelAt() !== before) showTask(); // else a click that ends the input would hit an element that is gone
    showProgress();
  });
  const earlier = /** @type {HTMLInputElement} */ (byId("earlier"));
  earlier.addEventListener("change", () => {
    const file = earlier.files?.[0];
    if (file) void goOnFrom(file).then(() => (earlier.value = ""));
  });
  byId("undo").addEventListener("click", undo);
  byId("export-jsonl").addEventListener("click", () => exportLabels("jsonl"));
  byId("export-csv").addEventListener("click", () => exportLabels("csv"));
}

function needName() {
  byId("annotator").focus();
  say("Write your name first.");
}

function showProgress() {
  const done = confirmedCount(), all = labelPage.tasks.length;
  const bar = /** @type {HTMLProgressElement} */ (byId("progress"));
  bar.max = all;
  bar.value = done;
  const times = [...labelsOf(current.annotator).values()].filter((label) => label.confirmed).map((label) => label.seconds).sort((a, b) => a - b);
  const usual = times.length ? `, ${Math.round(times[times.length >> 1])} s each` : "";
  byId("progress-text").textContent = `${done} of ${plural(all, "list")} confirmed${usual}`;
  /** @type {HTMLInputElement} */ (byId("annotator")).value = current.annotator;
}

/** Show what the person must know, and what happened to a file. @param {string} [about] */
function showNotes(about) {
  fill(byId("label-notes"),
    labelPage.judge_shown && el("p", { class: "badge warn" }, "The judge's scores are shown: these labels cannot correct the judge."),
    !isKept && el("p", { class: "badge warn" }, "This browser keeps nothing when the page is closed: export your labels before."),
    about && el("p", { class: "badge", role: "status" }, about));
}
