// What the judge was asked and what it said about a record.

/**
 * @param {number} table
 * @param {Detail} detail
 */
function drawer(table, detail) {
  const tokens = detail.tokens?.some((count) => count !== null)
    ? `${detail.tokens[0] ?? "?"} + ${detail.tokens[1] ?? "?"} tokens` : null;
  const facts = [detail.status && `status ${detail.status}`, detail.attempts !== undefined && plural(detail.attempts, "request"),
    tokens, detail.seconds !== undefined && `${detail.seconds} s`, detail.finished];
  const several = (detail.samples?.length ?? 0) > 1;
  return el("details", { class: "drawer" },
    el("summary", null, "The judge's reply, prompt, requests and tokens: ", meta.tables[table].model),
    el("p", { class: "quiet" }, facts.filter(Boolean).join(" · ")),
    ...(detail.samples ?? []).map((sample, place) => drawerPart(
      `${several ? `reply of sample ${place + 1}` : "reply"}${sample.rc === null ? "" : `, RC ${share(sample.rc, 3)}`}` +
      `${sample.finish && sample.finish !== "stop" ? `, ended with ${sample.finish}` : ""}` +
      `${sample.copied ? `, copied from ${sample.copied}` : ""}`, sample.reply ?? "")),
    ...(detail.replies ?? []).map((reply, place) => drawerPart(`reply about question ${place + 1}`, reply ?? "")),
    detail.prompt !== undefined && drawerPart("the checklists as they were sent", detail.prompt),
    detail.guard && drawerPart("guard", Object.entries(detail.guard).map(([item, why]) => `${item}: ${why}`).join("\n")),
    ...generatedParts(detail));
}

/**
 * The texts that the model generated, with the responses in one order or in both.
 * @param {Detail | Critic} one
 */
function generatedParts(one) {
  return [one.generated !== undefined && drawerPart("text that the model generated", one.generated),
    one.generated_BA && drawerPart("… with the responses exchanged", one.generated_BA)];
}

/**
 * A part of a drawer, as it is: no Markdown.
 * @param {string} heading
 * @param {CutText} text
 */
function drawerPart(heading, text) {
  return el("div", { class: "part" }, el("h5", null, heading),
    el("pre", { tabindex: "0", role: "group", "aria-label": heading, dir: "auto" }, plainText(text) || "(none)"),
    cutNote(text));
}
