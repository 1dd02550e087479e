// Which words of one list belong to which of another: lines between two columns, and a matrix.

/// Lines from the words on the left to those on the right, as thick as their weights. spec: {name,
/// left, right, heads: [left title, right title], weight(i, j), colour, selected(): index on the
/// left, select(i, preview), selectRight(j, preview)}. The svg's mark() shows the links of what is
/// selected.
function linksPicture(spec) {
  const { left, right } = spec;
  const step = left.length > 24 ? 17 : 26;
  const height = Math.max(left.length, right.length) * step + 30;
  const y = (i) => 34 + i * step;
  const svg = svgElement("svg", { viewBox: `0 0 320 ${height}`, width: 320, height, role: "img",
    "aria-label": `${spec.name}: lines from the selected word on the left to words on the right` });
  const lines = svgElement("g");
  const word = (text, i, x, anchor, select) => svgElement("text", { x, y: y(i) + 4,
    "text-anchor": anchor, class: "word", onmouseover: () => select && select(i, true),
    onmouseout: () => page.endPreview(), onclick: () => select && select(i, false) },
  shortened(text, 15), svgElement("title", {}, text));
  const lefts = left.map((text, i) => word(text, i, 112, "end", spec.select));
  const rights = right.map((text, j) => word(text, j, 208, "start", spec.selectRight));
  const title = (text, x, anchor) =>
    svgElement("text", { x, y: 14, "text-anchor": anchor, class: "soft" }, text);
  svg.append(title(spec.heads[0], 112, "end"), title(spec.heads[1], 208, "start"), lines,
    ...lefts, ...rights);
  const link = (i, j, weight, isSelected) => svgElement("line", {
    x1: 118, y1: y(i), x2: 202, y2: y(j), stroke: spec.colour || "var(--hot)",
    "stroke-width": (0.5 + 5 * weight).toFixed(2),
    "stroke-opacity": (isSelected ? 0.25 + 0.75 * weight : 0.2 * weight).toFixed(2),
  });
  svg.mark = () => {
    const selected = spec.selected();
    const parts = [];
    left.forEach((_, i) => {
      if (i !== selected && left.length > 24) return;
      right.forEach((__, j) => {
        const weight = spec.weight(i, j);
        if (weight > 0.005) parts.push(link(i, j, weight, i === selected));
      });
    });
    lines.replaceChildren(...parts);
    lefts.forEach((text, i) => text.classList.toggle("on", i === selected));
  };
  return svg;
}

/// The first letters of a long text.
function shortened(text, size) {
  const letters = [...text];
  return letters.length > size ? letters.slice(0, size - 1).join("") + "…" : text;
}

registerPanel("alignment", (panel) => {
  const weights = decode(panel.weights);
  const { source, target } = panel;
  const selected = () => ({
    row: clampIndex(page.selection.target, target.length),
    column: clampIndex(page.selection.source, source.length),
  });
  const select = (i, j, preview) => page.select({ target: i, source: j }, preview);
  const value = (i, j) => weights.at(i, j);
  const figure = matrixFigure({
    caption: "weights", note: "each row is one target word and sums to 1", rows: target,
    columns: source, corner: "target↓ source→", top: 1, value, selected, select,
  });
  const links = linksPicture({
    name: panel.title, left: target, right: source, heads: ["target", "source"], weight: value,
    selected: () => selected().row,
    select: (i, preview) => select(i, selected().column, preview),
    selectRight: (j, preview) => select(selected().row, j, preview),
  });
  const say = element("p", { class: "say" });
  page.onSelect(() => {
    figure.mark();
    links.mark();
    const { row, column } = selected();
    say.textContent = `“${target[row]}” takes “${source[column]}” with weight ` +
      `${format(value(row, column), 3)}.`;
  });
  return element("div", {}, say, element("div", { class: "row" }, figure,
    element("figure", {}, element("figcaption", {}, element("b", {}, "links"), " ",
      saveSvgButton(panel.title + ", links", () => links)), links)));
});
