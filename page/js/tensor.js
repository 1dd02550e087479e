// A tensor of any shape: what it is, its elements, its statistics.

registerPanel("tensor", (panel) => {
  const tensor = decode(panel.values);
  const { shape } = tensor;
  const facts = [
    `shape ${formatShape(shape)}`,
    panel.dtype,
    `strides (${panel.strides.join(", ")})`,
  ];
  return element("div", {}, element("p", { class: "facts" }, facts.join(" · ")),
    statisticsLine(panel.statistics), tensorTable(panel, tensor));
});

/// mean, std, min and max in one line.
function statisticsLine(statistics) {
  const parts = [];
  for (const name of ["mean", "std", "min", "max"])
    if (name in statistics) parts.push(`${name} ${formatShort(statistics[name])}`);
  if (statistics.nan) parts.push(`${statistics.nan} NaN`);
  if (statistics.inf) parts.push(`${statistics.inf} infinite`);
  return element("p", { class: "facts" }, parts.join(" · "));
}

/// The last two dimensions as a table.
function tensorTable(panel, { shape, data }) {
  const columns = shape.length > 0 ? shape[shape.length - 1] : 1;
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1;
  const names = (labels, size) => (labels.length ? labels
    : Array.from({ length: size }, (_, i) => String(i)));
  return matrixFigure({
    caption: "elements",
    rows: names(panel.rows, rows),
    columns: names(panel.columns, columns),
    top: largest(data),
    value: (i, j) => data[i * columns + j],
    isMasked: () => false,
  });
}
