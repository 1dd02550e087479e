// Bars, and the most probable predictions.

function barList(items, text) {
  const top = largest(items.map(({ value }) => value)) || 1;
  return element("div", { class: "bars" }, items.map(({ label, value }) => [
    element("span", {}, label),
    element("i", { style: `width:${Math.abs(100 * value / top)}%` }),
    element("span", {}, text(value)),
  ]));
}

registerPanel("bars", ({ labels, values }) =>
  barList(labels.map((label, i) => ({ label, value: numberOf(values[i]) })), formatShort));

registerPanel("predictions", ({ rows }) => {
  const box = element("div");
  page.onSelect(() => {
    const row = rows[Math.min(page.selection.query ?? 0, rows.length - 1)];
    const items = row.map(({ label, probability }) => ({ label, value: probability }));
    box.replaceChildren(barList(items, (p) => format(100 * p, 1) + " %"));
  });
  return box;
});
