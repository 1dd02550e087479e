// A matrix in colours is a table: it has headers for screen readers, its numbers can be selected.

/// spec: {caption, note, rows, columns, corner, value(i, j), top, digits, isMasked(i, j), select(i,
/// j, preview), selected()}. Returns the figure; `repaint` on it draws the values again, `mark`
/// the selected row and column.
function matrixFigure(spec) {
  const { caption, note, rows, columns } = spec;
  const headers = columns.map((label) => element("th", { scope: "col" }, label));
  const cells = rows.map((_, i) => columns.map((__, j) =>
    element("td", { "data-i": i, "data-j": j })));
  const lines = rows.map((label, i) =>
    element("tr", {}, element("th", { scope: "row" }, label), cells[i]));
  const table = element("table",
    { class: "matrix", tabindex: spec.select ? 0 : null, "aria-label": caption + ", a table" },
    element("thead", {}, element("tr", {}, element("td", { class: "corner" }, spec.corner || ""),
      headers)),
    element("tbody", {}, lines));
  const cell = (i, j) => ({
    text: cells[i][j].textContent,
    colour: cells[i][j].style.background,
    ink: cells[i][j].style.color,
  });
  const save = saveSvgButton(caption, () => matrixSvg({ caption, rows, columns, cell }));
  const figure = element("figure", {}, element("figcaption", {}, element("b", {}, caption), " ",
    save, note ? element("small", {}, note) : null), scrollBox(caption, table));
  figure.repaint = () => cells.forEach((line, i) => line.forEach((td, j) => paint(td, spec, i, j)));
  figure.mark = () => markSelected(spec, headers, lines, cells);
  if (spec.select) addMatrixEvents(table, spec);
  figure.repaint();
  return figure;
}

function paint(td, spec, i, j) {
  const x = spec.value(i, j);
  const masked = spec.isMasked ? spec.isMasked(i, j) : !Number.isFinite(x);
  td.classList.toggle("masked", masked);
  td.textContent = format(x, spec.digits ?? 2);
  if (masked) td.style.background = td.style.color = "";
  else shade(td, x, spec.top);
}

function markSelected(spec, headers, lines, cells) {
  const { row, column } = spec.selected();
  lines.forEach((line, i) => line.classList.toggle("on", i === row));
  headers.forEach((header, j) => header.classList.toggle("on", j === column));
  cells.forEach((line) => line.forEach((td, j) => td.classList.toggle("on", j === column)));
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/// Pointing previews, a click pins, arrows move.
function addMatrixEvents(table, spec) {
  const place = (event) => {
    const { i, j } = event.target.dataset;
    return i === undefined ? null : [Number(i), Number(j)];
  };
  table.addEventListener("mouseover", (event) => {
    const at = place(event);
    if (at) spec.select(...at, true);
  });
  table.addEventListener("mouseleave", () => page.endPreview());
  table.addEventListener("click", (event) => {
    const at = place(event);
    if (at) spec.select(...at, false);
  });
  table.addEventListener("keydown", (event) => {
    const by = ARROWS[event.key];
    if (!by) return;
    event.preventDefault();
    const { row, column } = spec.selected();
    const clamp = (n, size) => Math.max(0, Math.min(size - 1, n));
    spec.select(clamp(row + by[0], spec.rows.length), clamp(column + by[1], spec.columns.length),
      false);
  });
}

registerPanel("heatmap", (panel) => {
  const matrix = decode(panel.values);
  const { rows, columns, row_axis, column_axis, digits } = panel;
  const say = element("p", { class: "say" });
  const selected = () => ({
    row: Math.min(page.selection.query ?? 0, rows.length - 1),
    column: Math.min(page.selection.key ?? 0, columns.length - 1),
  });
  const figure = matrixFigure({
    caption: panel.title, rows, columns, digits, selected,
    corner: `${row_axis}↓ ${column_axis}→`,
    top: Math.max(Math.abs(panel.low), Math.abs(panel.high)),
    value: (i, j) => matrix.at(i, j),
    select: (query, key, preview) => page.select({ query, key }, preview),
  });
  page.onSelect(() => {
    figure.mark();
    const { row, column } = selected();
    if (row < 0 || column < 0) return;
    const x = matrix.at(row, column);
    say.textContent = `${row_axis} “${rows[row]}”, ${column_axis} “${columns[column]}”: ` +
      (Number.isFinite(x) ? format(x, 4) : `${format(x)}, masked: ${panel.masked_because}`);
  });
  return element("div", {}, figure, say);
});

registerPanel("alignment", (panel) => {
  const weights = decode(panel.weights);
  const { source, target } = panel;
  return matrixFigure({
    caption: panel.title, rows: target, columns: source, corner: "target↓ source→", top: 1,
    value: (i, j) => weights.at(i, j),
  });
});
