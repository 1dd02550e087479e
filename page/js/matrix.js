// A matrix in colours. It is a table: it has headers for screen readers, its numbers can be
// selected. A matrix of more than 32 rows or columns is a picture of all its cells (thumbnail.js)
// and a table of those around the selected one.

const MOST_CELLS = 32;
const WINDOW = 12;

/// spec:
///   caption, note, corner    texts
///   name                     of the saved picture and for screen readers; the caption by default
///   rows, columns            labels
///   value(i, j)              a number
///   top                      the absolute value with the strongest colour, a number or a function
///   digits                   after the decimal point, or text(x) for the text of a cell
///   isMasked(i, j)           whether a cell is striped; by default if it is not finite
///   select(i, j, preview)    called when a cell is pointed at (preview), clicked, or reached by an
///                            arrow key; may be left out
///   selected()               {row, column}, if there is select
///   kind                     "vectors" if the columns are the numbers of a vector
///   size                     rows and columns of the table of a large matrix
///   version()                repaint() is needed after it changed; by default never
/// The figure that is returned has two functions: repaint() draws the values again, mark() shows
/// what is selected, and repaints if the version changed.
function matrixFigure(spec) {
  const { caption, note, rows, columns } = spec;
  const isBig = rows.length > MOST_CELLS || columns.length > MOST_CELLS;
  const table = matrixTable(spec, isBig ? spec.size ?? WINDOW : MOST_CELLS);
  const picture = isBig ? matrixThumbnail(spec, table) : null;
  const name = spec.name ?? caption;
  const save = saveSvgButton(name, () => matrixSvg(svgOfMatrix(spec, table)));
  const figure = element("figure", { class: "matrix-figure" },
    element("figcaption", {}, element("b", {}, caption), " ", save,
      note ? element("small", {}, note) : null),
    picture ? scrollBox(name + ", picture", picture) : null,
    scrollBox(name + ", numbers", table.node));
  let version = spec.version ? spec.version() : "";
  figure.repaint = () => {
    table.repaint();
    if (picture) picture.repaint();
  };
  figure.mark = () => {
    const now = spec.version ? spec.version() : "";
    const changed = now !== version;
    version = now;
    const moved = table.mark();
    if (changed) figure.repaint();
    else if (moved && picture) picture.mark();
  };
  if (!spec.select) figure.mark = () => {};
  figure.repaint();
  return figure;
}

/// The table of at most `size` rows and columns around the selected cell.
function matrixTable(spec, size) {
  const height = Math.min(size, spec.rows.length);
  const width = Math.min(size, spec.columns.length);
  const headers = Array.from({ length: width }, () => element("th", { scope: "col" }));
  const sides = Array.from({ length: height }, () => element("th", { scope: "row" }));
  const cells = sides.map((_, i) =>
    headers.map((__, j) => element("td", { "data-i": i, "data-j": j })));
  const lines = sides.map((side, i) => element("tr", {}, side, cells[i]));
  const node = element("table",
    { class: `cells ${spec.kind ?? "matrix"}`, tabindex: spec.select ? 0 : null,
      "aria-label": tableName(spec) },
    element("thead", {}, element("tr", {}, element("td", { class: "corner" }, spec.corner || ""),
      headers)),
    element("tbody", {}, lines));
  const table = { node, headers, sides, cells, lines, top: 0, left: 0, height, width, on: [] };
  table.repaint = () => paintTable(table, spec);
  table.mark = () => markTable(table, spec);
  if (spec.select) addMatrixEvents(table, spec);
  return table;
}

function tableName({ caption, name = caption, corner, select }) {
  const axes = corner ? `, ${corner.replace("↓", " in rows,").replace("→", " in columns")}` : "";
  return name + axes + (select ? ". The arrow keys move." : "");
}

function paintTable(table, spec) {
  const { headers, sides, cells, top, left } = table;
  headers.forEach((header, j) => { header.textContent = spec.columns[left + j]; });
  sides.forEach((side, i) => { side.textContent = spec.rows[top + i]; });
  const strongest = typeof spec.top === "function" ? spec.top() : spec.top;
  cells.forEach((line, i) => line.forEach((td, j) => {
    paintCell(td, spec, top + i, left + j, strongest);
  }));
}

function isMaskedCell(spec, i, j, x) {
  return spec.isMasked ? spec.isMasked(i, j) : !Number.isFinite(x);
}

function paintCell(td, spec, i, j, strongest) {
  const x = spec.value(i, j);
  const masked = isMaskedCell(spec, i, j, x);
  td.className = masked ? "masked" : Number.isFinite(x) ? "" : "bad";
  td.textContent = spec.text ? spec.text(x) : format(x, spec.digits ?? 2);
  if (masked || !Number.isFinite(x)) td.style.background = td.style.color = "";
  else shade(td, x, strongest);
}

/// Moves the window so that the selected cell is in it, and marks the cell with its row and column.
/// Returns whether another cell was selected before.
function markTable(table, spec) {
  const { row, column } = spec.selected();
  if (table.row === row && table.column === column) return false;
  table.row = row;
  table.column = column;
  const top = windowStart(table.top, row, table.height, spec.rows.length);
  const left = windowStart(table.left, column, table.width, spec.columns.length);
  if (top !== table.top || left !== table.left) {
    table.top = top;
    table.left = left;
    table.repaint();
  }
  for (const node of table.on) node.classList.remove("on", "at");
  const [i, j] = [row - top, column - left];
  if (!table.lines[i] || !table.headers[j]) return true;
  table.on = [table.lines[i], table.headers[j], table.cells[i][j]];
  for (const node of table.on) node.classList.add("on");
  for (let n = 0; n < table.width; ++n) table.on.push(table.cells[i][n]);
  for (let n = 0; n < table.height; ++n) table.on.push(table.cells[n][j]);
  for (const node of table.on) node.classList.add("at");
  return true;
}

/// The start of a window of `size` that contains `at`; it moves only if it has to.
function windowStart(start, at, size, all) {
  const moved = at < start || at >= start + size ? at - (size >> 1) : start;
  return Math.max(0, Math.min(all - size, moved));
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/// Pointing previews, a click pins, arrows move.
function addMatrixEvents(table, spec) {
  const place = ({ target }) => {
    const { i, j } = target.dataset;
    return i === undefined ? null : [table.top + Number(i), table.left + Number(j)];
  };
  table.node.addEventListener("mouseover", (event) => {
    const at = place(event);
    if (at) spec.select(...at, true);
  });
  table.node.addEventListener("mouseleave", () => page.endPreview());
  table.node.addEventListener("click", (event) => {
    const at = place(event);
    if (at) spec.select(...at, false);
  });
  table.node.addEventListener("keydown", (event) => moveByKey(event, spec));
}

function moveByKey(event, spec) {
  const by = ARROWS[event.key];
  if (!by) return;
  event.preventDefault();
  const { row, column } = spec.selected();
  const clamp = (n, size) => Math.max(0, Math.min(size - 1, n));
  const at = [clamp(row + by[0], spec.rows.length), clamp(column + by[1], spec.columns.length)];
  spec.select(...at, false);
}

/// What saveSvgButton draws: all cells of a matrix of up to 128 rows and columns, those of a small
/// one with their numbers; otherwise the cells of the table.
function svgOfMatrix(spec, table) {
  const { caption, name = caption, rows, columns } = spec;
  const all = rows.length <= 128 && columns.length <= 128;
  const top = all ? 0 : table.top;
  const left = all ? 0 : table.left;
  const strongest = typeof spec.top === "function" ? spec.top() : spec.top;
  const cell = (i, j) => {
    const x = spec.value(top + i, left + j);
    const text = spec.text ? spec.text(x) : format(x, spec.digits ?? 2);
    if (isMaskedCell(spec, top + i, left + j, x) || !Number.isFinite(x)) return { text };
    const colour = colourOf(x, strongest);
    return { text, colour: `rgb(${colour})`, ink: inkOn(colour) };
  };
  return {
    caption: name, cell,
    rows: all ? rows : rows.slice(top, top + table.height),
    columns: all ? columns : columns.slice(left, left + table.width),
  };
}
