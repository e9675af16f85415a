// Class and flaws of a reason, beside its words, with the quotes that support them.

/**
 * Return the badges of a reason, one line for each judge that has read it.
 * @param {FlawTags[] | undefined} judged
 * @param {number} s
 * @param {() => void} [opened]  called when the quotes are shown or hidden
 */
function flawTags(judged, s, opened) {
  return (judged ?? []).map((one) => {
    const found = one.items.find((item) => item.item === s);
    if (!found) return null;
    const names = [...(found.class ? [found.class] : []), ...found.flaws];
    return el("div", { class: "tags" },
      ...names.map((tag) => el("span", { class: `badge${tag in meta.flaws ? " warn" : ""}`, title: kindName(tag) }, `${tag} ${kindName(tag)}`)),
      found.unread.length > 0 && el("span", { class: "badge unread" }, `unread: ${unreadNames(found.unread)}`),
      found.quotes.length === 0 ? el("span", { class: "quotes quiet" }, `by ${one.judge}`) : el("details", { class: "quotes", ontoggle: () => opened?.() },
        el("summary", { class: "quiet" }, `by ${one.judge}, ${plural(found.quotes.length, "quote")}`),
        el("ul", null, ...found.quotes.map((quote) => el("li", null, `${quote.tag} in ${sourceName(quote.in)}: `,
          el("q", { dir: "auto" }, quote.text))))));
  });
}

/** @param {string} tag */
function kindName(tag) {
  return meta.classes[tag] ?? meta.flaws[tag] ?? "";
}

/** @param {string[]} names */
function unreadNames(names) {
  return names.length > Object.keys(meta.flaws).length ? "everything" : names.join(", ");
}

/** @param {string} source */
function sourceName(source) {
  if (source === "A" || source === "B") return `response ${source}`;
  return source === "REASON" ? "the reason" : source === "VERDICT" ? "the verdict" : source.replace("REASON_", "reason ");
}
