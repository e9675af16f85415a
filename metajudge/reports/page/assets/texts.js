// Long texts: Markdown as blocks of plain text, code kept; nothing of it becomes markup.

const LONG_TEXT = 4000;

/**
 * Return a text as blocks; a long one can be unfolded, a cut one says so.
 * @param {CutText} given
 * @returns {HTMLElement}
 */
function textBlocks(given) {
  const text = plainText(given);
  const made = el("div", { class: "text", dir: "auto" });
  const isLong = text.length > LONG_TEXT;
  made.append(...markdown(isLong ? text.slice(0, LONG_TEXT) : text));
  if (isLong) {
    const more = button(`Show all ${text.length.toLocaleString("en")} characters`, () => {
      fill(made, ...markdown(text));
    }, { class: "more" });
    made.append(more);
  }
  addChildren(made, [given === "" ? el("p", { class: "cut" }, "(empty)") : cutNote(given)]);
  return made;
}

/**
 * Say how much of a text is missing; null if it is whole.
 * @param {CutText} given
 */
function cutNote(given) {
  if (typeof given === "string") return null;
  const [text, total] = given;
  const shown = [...text].length; // code points, as the total is counted
  const what = text ? `cut after ${shown.toLocaleString("en")} of ` : "left out: ";
  return el("p", { class: "cut" }, `(${what}${total.toLocaleString("en")} characters; --texts full keeps all)`);
}

/**
 * Return the text alone: its beginning where it is cut.
 * @param {CutText} given
 */
function plainText(given) {
  return typeof given === "string" ? given : given[0];
}

/**
 * Split a text into code, headings, list items and paragraphs.
 * @param {string} text
 * @returns {HTMLElement[]}
 */
function markdown(text) {
  const made = [];
  /** @type {string[]} */
  let paragraph = [];
  /** @type {{fence: string, lines: string[]} | null} */
  let code = null;
  const close = () => {
    if (paragraph.length) made.push(el("p", null, ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (const line of text.split(/\r\n|\r|\n/)) {
    const fence = /^\s{0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(line); // ```code``` on one line opens no block
    if (code) {
      if (fence && fence[1].startsWith(code.fence) && /^\s*[`~]+\s*$/.test(line)) {
        made.push(codeBlock(code.lines));
        code = null;
      } else code.lines.push(line);
    } else if (fence) {
      close();
      code = { fence: fence[1], lines: [] };
    } else if (/^\s{0,3}#{1,6}\s/.test(line)) {
      close();
      made.push(el("p", { class: "heading" }, ...inline(line.replace(/^\s*#+\s*/, ""))));
    } else if (!line.trim()) close();
    else {
      if (/^\s*(?:[-*•]|\d{1,3}[.)])\s/.test(line)) close();
      paragraph.push(line);
    }
  }
  close();
  if (code) made.push(codeBlock(code.lines));
  return made;
}

/** @param {string[]} lines */
function codeBlock(lines) {
  return el("pre", { tabindex: "0", role: "group", "aria-label": "code", dir: "ltr" }, el("code", null, lines.join("\n")));
}

/**
 * Return the parts of a paragraph, code between single backquotes and **bold** words marked; 2**3 is none.
 * @param {string} text
 * @returns {Child[]}
 */
function inline(text) {
  return text.split(/(`[^`\n]{1,200}`|(?<![\p{L}\p{N}*])\*\*[^*\s](?:[^*\n]{0,300}[^*\s])?\*\*(?![\p{L}\p{N}*]))/u).map((part, i) => {
    if (i % 2 === 0) return part;
    if (part.startsWith("`")) return el("code", { dir: "ltr" }, part.slice(1, -1));
    return el("strong", null, ...inline(part.slice(2, -2)));
  });
}

/**
 * A text that can be folded.
 * @param {string} heading
 * @param {CutText} text
 * @param {Child} [beside]
 */
function foldable(heading, text, beside) {
  const length = typeof text === "string" ? text.length : text[1];
  return el("details", { open: true, class: "fold" },
    el("summary", null, el("span", { class: "fold-name" }, heading), beside,
      el("span", { class: "quiet" }, plural(length, "character"))),
    textBlocks(text));
}

/**
 * An item of a checklist; a long one is cut until somebody asks for all of it.
 * @param {string} text
 * @param {() => void} [opened]  called when all of it is shown
 */
function itemText(text, opened) {
  if (text.length <= 600) return el("span", { class: "item", dir: "auto" }, text.trim() ? text : "(empty)");
  const made = el("span", { class: "item", dir: "auto" }, `${text.slice(0, 500)}… `);
  made.append(button(`all ${text.length.toLocaleString("en")} characters`, () => {
    fill(made, text);
    opened?.();
  }, { class: "link" }));
  return made;
}
