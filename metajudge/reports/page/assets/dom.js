// Elements. Texts of the data are only ever text nodes: nothing here reads markup.

/** Matches on a phone. */
const NARROW = window.matchMedia("(max-width: 760px)");

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Make an element. `props`: `class`, `on…` handlers, and attributes; false and null leave one out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown> | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function el(tag, props, ...children) {
  const made = document.createElement(tag);
  setProps(made, props ?? {});
  addChildren(made, children);
  return made;
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, unknown>} props
 * @param {...Child} children
 * @returns {SVGElement}
 */
function svg(tag, props, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setProps(made, props);
  addChildren(made, children);
  return made;
}

/**
 * @param {Element} element
 * @param {Record<string, unknown>} props
 */
function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function addChildren(element, children) {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/**
 * Replace everything inside an element.
 * @param {Element} element
 * @param {...Child} children
 */
function fill(element, ...children) {
  element.replaceChildren();
  addChildren(element, children);
}

/**
 * Return the element of the page's skeleton with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/**
 * @param {number} count
 * @param {string} noun
 */
function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * Return a share of 0..1 with two or three digits, without a leading zero.
 * @param {number | null} value
 * @param {number} [digits]
 */
function share(value, digits = 2) {
  return value === null ? "–" : value.toFixed(digits).replace(/^(-?)0\./, "$1.");
}

/**
 * Return the parts of a name, with places where a line may break: names have few spaces.
 * @param {string} name
 * @returns {Child[]}
 */
function breakable(name) {
  return name.split(/(?<=[-_/:])(?=[^-_/:])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));
}

/**
 * Return a name with at most `most` characters: its middle is cut, as names often differ in their ends.
 * @param {string} name
 * @param {number} most
 */
function shortened(name, most) {
  if (name.length <= most) return name;
  const tail = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - tail)}…${name.slice(name.length - tail)}`;
}

/**
 * Make a button; one of the class `link` looks like a link.
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, unknown>} [props]
 */
function button(label, act, props) {
  return el("button", { type: "button", onclick: act, ...props }, label);
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "off-screen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied.");
}

/**
 * Announce a short message; it is shown for a while, too.
 * @param {string} message
 */
function say(message) {
  const place = byId("message");
  place.textContent = message;
  place.hidden = false;
  window.clearTimeout(saying);
  saying = window.setTimeout(() => (place.hidden = true), 2500);
}
let saying = 0;
