// Data elements of the page: gzip in Base64, opened on demand. The last few opened blocks are kept.

/** @type {Map<string, Promise<any>>} */
const openBlocks = new Map();
const KEPT_BLOCKS = 12;
const parsed = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => resolve(null));
  else resolve(null);
});

/**
 * Return the JSON text of a data element, or null if there is none.
 * @param {string} id
 * @returns {Promise<string | null>}
 */
async function blockText(id) {
  const element = document.getElementById(id);
  if (!element) return null;
  const stream = new Blob([bytesOf(element.textContent ?? "")]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).text();
}

/**
 * Return the value of a data element that the page starts with; null, and a note in `place`, if it cannot be read.
 * @param {string} id
 * @param {HTMLElement} place
 * @returns {Promise<any>}
 */
async function startData(id, place) {
  try {
    return JSON.parse((await blockText(id)) ?? "null");
  } catch (error) {
    fill(place, el("p", { class: "badge warn" },
      `This browser cannot open the data (${error}): a current one has DecompressionStream.`));
    return null;
  }
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Return the entries of a block; `kind`: `texts`, or `modelN`.
 * @param {string} kind
 * @param {number} number
 * @returns {Promise<any[]>}
 */
function block(kind, number) {
  const id = `${kind}-${number}`;
  let found = openBlocks.get(id);
  if (!found) {
    found = parsed.then(() => blockText(id)).then((text) => JSON.parse(text ?? "[]"));
    openBlocks.set(id, found);
    if (openBlocks.size > KEPT_BLOCKS) openBlocks.delete(/** @type {string} */ (openBlocks.keys().next().value));
  }
  return found;
}

/**
 * Return the texts of a row.
 * @param {number} row
 * @returns {Promise<RowTexts>}
 */
async function textsOf(row) {
  return (await block("texts", Math.floor(row / meta.block)))[row % meta.block];
}

/**
 * Return what the page knows of one model's record, or null where the model has no such row.
 * @param {number} table
 * @param {number} row
 * @returns {Promise<Detail | null>}
 */
async function detailOf(table, row) {
  const place = rows.placeIn(table, row);
  if (place < 0) return null;
  return (await block(`model${table}`, Math.floor(place / meta.block)))[place % meta.block];
}
