// All cells of a large matrix as a picture. Pointing at a cell selects it.

/// `table` is the window of numbers (matrix.js), which has a frame in the picture.
function matrixThumbnail(spec, table) {
  const [height, width] = [spec.rows.length, spec.columns.length];
  const cell = Math.max(1, Math.floor(256 / Math.max(height, width)));
  const canvas = element("canvas", { "aria-hidden": "true" });  // the box has its text
  const frame = element("div", { class: "window-frame" });
  const box = element("div", { class: "thumbnail", role: "img",
    "aria-label": `${spec.caption}: a picture of ${height} rows and ${width} columns; the ` +
      "numbers around the selected cell are in the table below" }, canvas, frame);
  box.repaint = () => {
    const strongest = typeof spec.top === "function" ? spec.top() : spec.top;
    const isMasked = (i, j, x) => isMaskedCell(spec, i, j, x);
    paintCells(canvas, { height, width, cell, value: spec.value, isMasked, strongest });
    box.mark();
  };
  box.mark = () => {
    frame.style.left = table.left * cell + "px";
    frame.style.top = table.top * cell + "px";
    frame.style.width = table.width * cell + "px";
    frame.style.height = table.height * cell + "px";
    markCell(box, spec, cell);
  };
  if (spec.select) addThumbnailEvents(box, canvas, spec);
  return box;
}

/// A cross at the selected cell.
function markCell(box, spec, cell) {
  if (!spec.selected) return;
  const { row, column } = spec.selected();
  let cross = box.querySelector(".cross");
  if (!cross) {
    cross = element("div", { class: "cross" });
    box.append(cross);
  }
  cross.style.left = column * cell + "px";
  cross.style.top = row * cell + "px";
  cross.style.width = cross.style.height = cell + "px";
}

/// Draws a matrix on a canvas: cells of `cell` pixels; those that `isMasked` says are striped.
function paintCells(canvas, { height, width, cell, value, isMasked, strongest }) {
  canvas.width = width * cell;
  canvas.height = height * cell;
  const context = canvas.getContext("2d");
  const stripes = stripePattern(context);
  for (let i = 0; i < height; ++i)
    for (let j = 0; j < width; ++j) {
      const x = value(i, j);
      const masked = isMasked(i, j, x) || !Number.isFinite(x);
      context.fillStyle = masked ? stripes : `rgb(${colourOf(x, strongest)})`;
      context.fillRect(j * cell, i * cell, cell, cell);
    }
}

function stripePattern(context) {
  const tile = element("canvas", { width: 4, height: 4 });
  const draw = tile.getContext("2d");
  draw.fillStyle = `rgb(${colourOf(0, 1)})`;
  draw.fillRect(0, 0, 4, 4);
  draw.fillStyle = `rgb(${readColour("line")})`;
  for (let n = 0; n < 4; ++n) draw.fillRect(n, 3 - n, 1, 1);
  return context.createPattern(tile, "repeat");
}

function addThumbnailEvents(box, canvas, spec) {
  const place = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = (n, size) => Math.max(0, Math.min(size - 1, Math.floor(n * size)));
    return [at((clientY - top) / height, spec.rows.length),
      at((clientX - left) / width, spec.columns.length)];
  };
  box.addEventListener("mousemove", (event) => spec.select(...place(event), true));
  box.addEventListener("mouseleave", () => page.endPreview());
  box.addEventListener("click", (event) => spec.select(...place(event), false));
}
