// Export to a file, and going on from one.

/** True if there are changes that no file has. */
let unsaved = false;

/** @param {"jsonl" | "csv"} kind */
function exportLabels(kind) {
  countTime();
  const own = [...labelsOf(current.annotator)].filter(([, label]) => label.confirmed).sort(([one], [other]) => one - other);
  if (!current.annotator) return needName();
  if (!own.length) return say("Nothing to export: confirm a list first.");
  const lines = own.map(([place, label]) => lineOf(current.annotator, place, label));
  const text = kind === "csv" ? csvText(lines) : lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const address = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/jsonl" }));
  const name = current.annotator.replace(/[^\p{L}\p{N}._-]+/gu, "_");
  const link = el("a", { href: address, download: `labels-${name}.${kind}` });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
  unsaved = false;
  say(`Exported ${plural(own.length, "list")}.`);
}

/** Take the labels of a file that this page, or a spreadsheet, has written. @param {File} file */
async function goOnFrom(file) {
  try {
    const text = (await file.text()).replace(/^\ufeff/, "");
    const lines = /\.csv$/i.test(file.name) ? csvLines(text)
      : text.split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));
    const found = takeLines(lines);
    if (found.taken && !found.annotators.includes(current.annotator)) current.annotator = found.annotators[0];
    keep();
    openTask(nextOpen(-1) ?? 0);
    showNotes(`${file.name}: ${plural(found.taken, "label")} taken` +
      (found.kept ? `, ${found.kept} left out because this page has them` : "") +
      (found.refused.length ? `, ${found.refused.length} refused (${found.refused.slice(0, 3).join("; ")})` : ""));
  } catch (error) {
    showNotes(`${file.name} cannot be read (${error instanceof Error ? error.message : error}): choose a file that this page has exported.`);
  }
}

// ------------------------------------------------------------------ CSV

/** @param {LabelLine[]} lines */
function csvText(lines) {
  const rows = lines.map((line) => COLUMNS.map((name) => csvCell(line[name])).join(","));
  return `\ufeff${[COLUMNS.join(","), ...rows].join("\r\n")}\r\n`;
}

/** Begins a text that a spreadsheet may run as a formula, or round as a number: some hashes have digits alone. */
const MISREAD = "'*(?:[=+\\-@＝＋－＠]|\\d+(?:e\\d+)?$)";

/** Return a cell; a quote keeps a text from being read as something else. @param {LabelLine[keyof LabelLine]} value */
function csvCell(value) {
  if (Array.isArray(value)) {
    return value.map((one) => (Array.isArray(one) ? `R${one[0]}@S${one[1]}: ${one[2]}` : `R${one}`)).join("; ");
  }
  if (typeof value !== "string") return String(value);
  const text = new RegExp(`^${MISREAD}`).test(value) ? `'${value}` : value;
  return /[",;\r\n\t]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/**
 * Return the lines of a CSV file with marks and numbers read.
 * @param {string} text
 * @returns {Record<string, unknown>[]}
 */
function csvLines(text) {
  const head = text.split(/\r|\n/, 1)[0];
  const delimiter = [",", ";", "\t"].reduce((best, one) => (head.split(one).length > head.split(best).length ? one : best));
  const [names = [], ...rows] = csvRows(text, delimiter);
  return rows.filter((row) => row.some((cell) => cell.trim())).map((row) =>
    Object.fromEntries(names.map((name, i) => [name.trim(), csvValue(name.trim(), row[i] ?? "")])));
}

/** @param {string} name @param {string} cell */
function csvValue(name, cell) {
  const text = cell.trim();
  const parts = text.split(/[;\n]/).map((part) => part.trim()).filter(Boolean);
  if (name === "marks") {
    return parts.map((part) => (/^R(\d+)\s*@\s*S(\d+)\s*:\s*(\d*[.,]?\d+)$/i.exec(part) ?? []).slice(1).map(cellNumber));
  }
  if (name === "unclear") return parts.map((part) => Number(part.replace(/^R/i, "")));
  if (name === "probability" || name === "seconds") return cellNumber(text);
  if (name === "judge_shown") return text.toLowerCase() === "true";
  return text.replace(new RegExp(`^'(?=${MISREAD})`), "");
}

/** Return a number of a cell; some languages write 0,5. @param {string} text */
function cellNumber(text) {
  return Number(text.replace(",", "."));
}

/**
 * @param {string} text
 * @param {string} delimiter
 * @returns {string[][]}
 */
function csvRows(text, delimiter) {
  /** @type {string[][]} */
  const rows = [[]];
  const cells = new RegExp(`(?:"((?:[^"]|"")*)"|([^"\\r\\n${delimiter}][^\\r\\n${delimiter}]*)?)(${delimiter}|\\r\\n|\\r|\\n|$)`, "y");
  while (cells.lastIndex < text.length) {
    const match = cells.exec(text);
    if (!match) throw new Error("a quote is not closed");
    /** @type {string[]} */ (rows.at(-1)).push(match[1]?.replace(/""/g, '"') ?? match[2] ?? "");
    if (match[3] !== delimiter) rows.push([]);
  }
  return rows;
}
