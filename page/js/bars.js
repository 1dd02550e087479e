// Bars, and the most probable predictions.

/// items: [{label, value}]; text(value) is beside the bar.
function barList(items, text) {
  const top = largest(items.map(({ value }) => value)) || 1;
  return element("div", { class: "bar-list" }, items.map(({ label, value }) => [
    element("span", {}, label),
    element("i", { class: value < 0 ? "negative" : null,
      style: `width: ${Number.isFinite(value) ? Math.abs(100 * value / top).toFixed(1) : 0}%` }),
    element("span", {}, text(value)),
  ]));
}

/// The bars as a picture to save.
function barsSvg(name, items, text) {
  const top = largest(items.map(({ value }) => value)) || 1;
  const size = { width: 560, height: 28 + 20 * items.length };
  const svg = svgElement("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  const write = (x, y, anchor, content) =>
    svg.append(svgElement("text", { x, y, "text-anchor": anchor, fill: "var(--ink)" }, content));
  write(4, 14, "start", name);
  items.forEach(({ label, value }, i) => {
    const y = 28 + 20 * i;
    const width = Number.isFinite(value) ? 300 * Math.abs(value) / top : 0;
    svg.append(svgElement("rect", { x: 170, y, width, height: 13,
      fill: value < 0 ? "var(--cold)" : "var(--hot)" }));
    write(162, y + 11, "end", label);
    write(176 + width, y + 11, "start", text(value));
  });
  return svg;
}

registerPanel("bars", ({ title, labels, values }) => {
  const items = labels.map((label, i) => ({ label, value: numberOf(values[i]) }));
  return element("div", {}, barList(items, formatShort),
    saveSvgButton(title, () => barsSvg(title, items, formatShort)));
});

/// The rows follow the selected query.
registerPanel("predictions", ({ title, rows }) => {
  const box = element("div");
  const percent = (p) => format(100 * p, 1) + " %";
  const selected = () => clampIndex(page.selection.query, rows.length);
  const items = () => rows[selected()].map(({ label, probability }) =>
    ({ label, value: numberOf(probability) }));
  const position = element("input", { type: "number", min: 0, max: rows.length - 1, class: "index",
    onchange: ({ target }) => page.select({ query: Number(target.value) }) });
  page.onSelect(() => {
    position.value = selected();
    box.replaceChildren(barList(items(), percent));
  });
  const picker = rows.length > 1
    ? element("p", { class: "pickers" }, element("label", {}, "after position ", position)) : null;
  return element("div", {}, picker, box,
    saveSvgButton(title, () => barsSvg(title, items(), percent)));
});
