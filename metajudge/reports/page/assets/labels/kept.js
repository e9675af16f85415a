// Labels outlive a reload where the browser keeps data of pages opened from a file.

/** False if the browser keeps nothing. */
let isKept = true;

/** Keep all labels and the open list; a change that no file has is noted. */
function keep() {
  unsaved = true;
  const lines = [...labels].flatMap(([annotator, own]) => [...own].map(([place, label]) =>
    ({ ...lineOf(annotator, place, label), confirmed: label.confirmed })));
  try {
    localStorage.setItem(labelPage.key, JSON.stringify({ annotator: current.annotator, place: current.place, lines }));
    isKept = true;
  } catch {
    if (isKept) {
      isKept = false;
      showNotes();
    }
  }
}

/** Take what an earlier visit has kept. */
function takeKept() {
  try {
    const kept = JSON.parse(localStorage.getItem(labelPage.key) ?? "null");
    if (!kept) return;
    takeLines(kept.lines);
    if (typeof kept.annotator === "string") current.annotator = kept.annotator;
    if (labelPage.tasks[kept.place]) current.place = kept.place;
  } catch {
    // Not allowed, or not ours: `keep` says so if nothing can be kept.
  }
}

/** Ask before the page closes if labels would be lost. */
function prepareClosing() {
  window.addEventListener("storage", (event) => {
    if (event.key === labelPage.key) showNotes("This page is open in another window, too. Close one of them: each overwrites the labels of the other.");
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isKept && unsaved && changes.length) event.preventDefault();
  });
}
