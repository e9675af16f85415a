// Points missed most: what kind of reason does a model never give?

function showMissed() {
  const place = byId("missed-view");
  if (state.view !== "missed" || meta.kind !== "results") return;
  const [table, domain] = state.missed;
  const domains = meta.missed[table] ?? [];
  const chosen = domains.find((one) => one.domain === domain) ?? domains[0];
  const model = el("select", { id: "missed-model", onchange: () => go({ missed: [Number(model.value), domain] }) },
    ...meta.judges[state.judge].tables.map((one) =>
      el("option", { value: one, selected: one === table }, meta.tables[one].model)));
  fill(place, el("h2", null, "Points missed most"),
    el("p", { class: "fields" }, el("label", { for: "missed-model" }, el("span", { class: "label" }, "model"), model)),
    el("p", { class: "quiet" }, "A human point is missed if no reason scores at least ", share(meta.missed_below / 100),
      " on it. Points that were not judged are not counted."),
    chosen ? el("div", { class: "pair" }, domainTable(domains, chosen, table), wordTable(chosen))
      : el("p", null, "No point was judged."));
}

/**
 * @param {MissedDomain[]} domains
 * @param {MissedDomain} chosen
 * @param {number} table
 */
function domainTable(domains, chosen, table) {
  return el("div", null, el("h3", null, "By domain"), el("table", { class: "missed" },
    el("thead", null, el("tr", null, ...["domain", "points", "missed", "share"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", null, ...domains.map((one) => el("tr", { class: one === chosen ? "chosen" : null },
      el("th", { scope: "row" }, button(one.domain || "all", () => go({ missed: [table, one.domain] }),
        { class: "link", "aria-pressed": String(one === chosen) })),
      el("td", { class: "number" }, one.points.toLocaleString("en")),
      el("td", { class: "number" }, one.missed.toLocaleString("en")),
      el("td", null, shareBar(one.missed / one.points)))))));
}

/** @param {MissedDomain} domain */
function wordTable(domain) {
  return el("div", null, el("h3", null, `Words of missed points${domain.domain ? ` in ${domain.domain}` : ""}`),
    domain.words.length ? null : el("p", { class: "quiet" }, "No word is in enough points."),
    ...domain.words.map((one) => el("details", { class: "word" },
      el("summary", null, shareBar(one.missed / one.points), " ", el("strong", { dir: "auto" }, one.word),
        ` ${one.missed} of ${one.points} missed`),
      el("ul", null, ...one.examples.map(([row, item, text]) => el("li", null,
        el("a", { href: writeState({ ...state, view: "rows", row: index.ids[row], tab: [state.missed[0]] }) }, `R${item}`),
        " ", el("span", { dir: "auto" }, text)))))));
}

/** @param {number} value */
function shareBar(value) {
  return el("span", { class: "share" },
    svg("svg", { viewBox: "0 0 60 10", width: 60, height: 10, "aria-hidden": "true" },
      svg("rect", { x: 0, y: 0, width: 60, height: 10, class: "bar-scale" }),
      svg("rect", { x: 0, y: 0, width: 60 * value, height: 10, class: "bar-interval" })), ` ${share(value)}`);
}
