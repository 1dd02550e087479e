// Heat maps, and alignments of two sentences.

/// Its axes are keys of the selection: "query" and "key" are shared with the attention panels.
registerPanel("heatmap", (panel) => {
  const matrix = decode(panel.values);
  const { rows, columns, row_axis, column_axis, digits } = panel;
  const say = element("p", { class: "say" });
  const selected = () => ({
    row: clampIndex(page.selection[row_axis], rows.length),
    column: clampIndex(page.selection[column_axis], columns.length),
  });
  const figure = matrixFigure({
    caption: panel.title, note: `${row_axis} in rows, ${column_axis} in columns`,
    rows, columns, digits, selected,
    corner: cornerOf(row_axis, column_axis),
    top: Math.max(Math.abs(panel.low), Math.abs(panel.high)),
    value: (i, j) => matrix.at(i, j),
    select: (i, j, preview) => page.select({ [row_axis]: i, [column_axis]: j }, preview),
  });
  page.onSelect(() => {
    figure.mark();
    const { row, column } = selected();
    if (row < 0 || column < 0) return;
    const x = matrix.at(row, column);
    say.textContent = `${row_axis} “${rows[row]}”, ${column_axis} “${columns[column]}”: ` +
      (Number.isFinite(x) ? format(x, 4) : `masked, because ${panel.masked_because}`);
  });
  return element("div", {}, say, figure);
});

/// An index of the selection, or the nearest one that exists; -1 if there is none.
function clampIndex(n, size) {
  return Math.max(Math.min(0, size - 1), Math.min(size - 1, Number.isInteger(n) ? n : 0));
}

/// What the rows and the columns are: "q↓ k→", "layer↓ head→".
function cornerOf(rowAxis, columnAxis) {
  const short = (axis) => ({ query: "q", key: "k" })[axis] ?? axis;
  return `${short(rowAxis)}↓ ${short(columnAxis)}→`;
}
