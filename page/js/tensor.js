// A tensor of any shape: what it is, its elements, its statistics.

registerPanel("tensor", (panel) => {
  const { shape } = panel;
  const facts = [
    `shape ${formatShape(shape)}`, panel.dtype,
    shape.length ? `strides (${panel.strides.join(", ")})` : null,
    panel.offset ? `offset ${panel.offset}` : null,
    panel.contiguous ? null : "not contiguous",
  ];
  return element("div", {}, element("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    specialValues(panel), element("div", { class: hasFew(panel) ? null : "row" },
      tensorTable(panel), statisticsBox(panel)));
});

const FEW_ELEMENTS = 256;

/// Whether a tensor is small and has others around it: then it gets little room.
function hasFew({ statistics }) {
  return statistics.count <= FEW_ELEMENTS && page.report.panels.length > 1;
}

/// The statistics of a small tensor are folded: its elements are beside them, and a page has many.
function statisticsBox(panel) {
  const { title, statistics } = panel;
  const figure = statisticsFigure(title, statistics);
  if (!figure || !hasFew(panel)) return figure;
  return element("details", {}, element("summary", {}, "mean, std, histogram"), figure);
}

/// A sentence that says where elements are not finite.
function specialValues({ statistics: { nan, inf, first_bad: first }, id }) {
  if (!nan && !inf) return null;
  const counts = [nan ? `${nan} NaN` : null, inf ? `${inf} infinite` : null].filter(Boolean);
  const where = first.length ? `; the first is at [${first.join(", ")}]` : "";
  const go = button("show it", () => selectElement(id, first), { class: "mini" });
  return element("p", { class: "warning" }, `⚠ Not finite: ${counts.join(", ")}${where}. `,
    first.length ? go : null);
}

/// What of a tensor is shown is in the state: an index for each dimension, "x.0", "x.1", ...
function selectElement(id, index, preview = false) {
  page.select(Object.fromEntries(index.map((n, d) => [`${id}.${d}`, n])), preview);
}

function selectedIndex({ id, shape }) {
  return shape.map((size, d) => clampIndex(page.selection[`${id}.${d}`], size));
}

/// The last two dimensions as a table; the others are picked.
function tensorTable(panel) {
  const { shape } = panel;
  if (shape.includes(0)) return element("p", {}, "It has no elements.");
  const leading = Math.max(0, shape.length - 2);
  const part = panel.window ?? panel.values;
  const { data, shape: shown } = decode(part);
  const columns = shown[shown.length - 1] ?? 1;
  const rows = shown.length > 1 ? shown[shown.length - 2] : 1;
  const start = () => selectedIndex(panel).slice(0, leading)
    .reduce((place, n, d) => place * shape[d] + n, 0) * rows * columns;
  const fromTable = (i, j) => [...selectedIndex(panel).slice(0, leading),
    ...[i, j].slice(2 - Math.min(2, shape.length))];
  const figure = matrixFigure({
    caption: panel.window ? `the first ${rows} × ${columns} elements` : "elements",
    rows: labelsOf(panel.rows, rows), columns: labelsOf(panel.columns, columns),
    corner: panel.axes.length > 1
      ? `${panel.axes[leading]}↓ ${panel.axes[leading + 1]}→` : panel.axes[0],
    top: largest(data),
    text: elementText(panel),
    value: (i, j) => data[(panel.window ? 0 : start()) + i * columns + j],
    isMasked: () => false,
    select: (i, j, preview) => selectElement(panel.id, fromTable(i, j), preview),
    selected: () => selectedCell(panel, rows, columns),
    version: () => String(start()),
  });
  const say = element("p", { class: "say" });
  page.onSelect(() => {
    figure.mark();
    const { row, column } = selectedCell(panel, rows, columns);
    const x = data[(panel.window ? 0 : start()) + row * columns + column];
    const place = shape.length ? `[${fromTable(row, column).join(", ")}]` : "";
    say.textContent = `${panel.title}${place} = ${formatShort(x)}`;
  });
  return element("div", {}, panel.window ? largeTensor(panel) : indexPickers(panel, leading), say,
    figure);
}

function selectedCell(panel, rows, columns) {
  const index = [0, 0, ...selectedIndex(panel)].slice(-2);
  return { row: Math.min(index[0], rows - 1), column: Math.min(index[1], columns - 1) };
}

function labelsOf(labels, size) {
  return labels.length ? labels.slice(0, size)
    : Array.from({ length: size }, (_, i) => String(i));
}

/// The text of an element: C++ decides the digits.
function elementText({ dtype, digits }) {
  if (dtype === "bool") return (x) => (x ? "true" : "false");
  if (digits === null) return formatShort;
  return (x) => format(x, digits);
}

/// An input for the index of each dimension before the last two.
function indexPickers(panel, leading) {
  if (leading === 0) return null;
  const inputs = Array.from({ length: leading }, (_, d) => element("input", {
    type: "number", min: 0, max: panel.shape[d] - 1, class: "index",
    onchange: ({ target }) => page.select({ [`${panel.id}.${d}`]: Number(target.value) }),
  }));
  page.onSelect(() => selectedIndex(panel).slice(0, leading).forEach((n, d) => {
    if (inputs[d].value !== String(n)) inputs[d].value = n;
  }));
  return element("p", { class: "pickers" }, inputs.map((input, d) => element("label", {},
    `${panel.axes[d] ?? "dimension " + d} `, input, ` of ${panel.shape[d]} `)));
}

/// A picture of a tensor that is too large for the page: each cell is the mean of a block.
function largeTensor(panel) {
  const { thumbnail, shape } = panel;
  const { data, shape: [height, width] } = decode(thumbnail);
  const canvas = element("canvas", { "aria-hidden": "true" });
  const cell = Math.max(1, Math.floor(256 / Math.max(height, width)));
  const strongest = largest(data);
  const value = (i, j) => data[i * width + j];
  paintCells(canvas, { height, width, cell, value, isMasked: () => false, strongest });
  const box = element("div", { class: "thumbnail", role: "img", "aria-label": thumbnail.note },
    canvas);
  const first = shape.length > 2 ? "of the first matrix " : "";
  const numbers = (size) => Array.from({ length: size }, (_, i) => String(i));
  const save = saveSvgButton("all elements of " + panel.title, () => matrixSvg({
    caption: panel.title, rows: numbers(height), columns: numbers(width),
    cell: (i, j) => ({ text: "", colour: `rgb(${colourOf(value(i, j), strongest)})` }) }));
  return element("figure", {}, element("figcaption", {}, element("b", {}, "all elements "), first,
    save, element("small", {}, thumbnail.note)), box);
}
