// The picture of "One memory, many tensors": rows of cells above, the tensor below.

const CELL = { width: 46, height: 34 };

/// A cell with its number, and a small text in its corner.
function memoryCell({ x, y, value, corner, order, count, selected }) {
  const isLit = order !== null;
  const colour = colourOf(isLit ? 0.25 + 0.75 * (order / Math.max(1, count - 1)) : 0, 1);
  const ink = isLit ? inkOn(colour) : "var(--soft)";
  return svgElement("g", {},
    svgElement("rect", { x: x + 1, y: y + 1, width: CELL.width - 2, height: CELL.height - 2, rx: 3,
      fill: isLit ? `rgb(${colour})` : "var(--paper)",
      stroke: selected ? "var(--pick)" : "var(--line)", "stroke-width": selected ? 3 : 1 }),
    svgElement("text", { x: x + CELL.width / 2, y: y + 26, "text-anchor": "middle",
      style: `fill:${ink};font-size:13px` }, formatShort(numberOf(value))),
    svgElement("text", { x: x + 4, y: y + 12, style: `fill:${ink};font-size:9px` }, corner));
}

/// The numbers of each storage as they are after step `at`.
function memoryContents(result, at) {
  const contents = new Map();
  for (const step of result.steps.slice(0, at + 1)) contents.set(step.storage, step.memory);
  return [...contents].map(([name, memory]) => ({ name, memory }));
}

function memorySvg(result, at, lit) {
  const step = result.steps[at];
  const columns = innerWidth < 620 ? 6 : 16;
  const storages = memoryContents(result, at);
  const parts = [];
  let y = 0;
  const places = [];  // of the cell that was copied, and of the selected element's cell
  for (const storage of storages) {
    const isOwn = storage.name === step.storage;
    const top = y + 24;
    parts.push(memoryCaption(storage, step, isOwn, y + 16));
    const { cells } = isOwn ? step : sourceIn(storage, step);
    if (lit >= 0 && cells.length > 0) places.push(cellPlace(cells[lit], columns, top));
    storage.memory.forEach((value, cell) => {
      const { x, y: cellY } = cellPlace(cell, columns, top);
      parts.push(memoryCell({ x, y: cellY, value, count: step.cells.length,
        ...storageMark(isOwn ? step : sourceIn(storage, step), cell, lit) }));
    });
    const rows = Math.ceil(storage.memory.length / columns);
    if (isOwn && step.kind === "copy") parts.push(flash(columns, top, rows, storage));
    y = top + rows * CELL.height + 6;
  }
  const tensor = tensorGrid(step, lit, y + 20);
  const width = Math.max(Math.min(columns, 16) * CELL.width, tensor.width) + 10;
  const height = tensor.bottom + 8;
  if (lit >= 0) places.push(tensor.placeOf(lit));
  const label = `memory ${step.storage} and the tensor ${step.text}`;
  return svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": label, style: "max-width:none" },
  svgElement("rect", { width, height, fill: "var(--card)" }), parts, tensor.parts,
  places.slice(1).map((place, i) => connection(places[i], place)));
}

/// The cells of the storage that this step has copied.
function sourceIn(storage, step) {
  return step.from?.storage === storage.name ? step.from : { cells: [] };
}

function cellPlace(cell, columns, top) {
  return { x: (cell % columns) * CELL.width, y: top + Math.floor(cell / columns) * CELL.height };
}

function memoryCaption({ name, memory }, step, isOwn, y) {
  const note = isOwn && step.kind === "copy" ? ": new, a copy"
    : isOwn && step.kind === "computed" ? ": new" : "";
  return svgElement("text", { x: 2, y, "font-weight": isOwn ? 700 : 400 },
    `memory ${name}, ${memory.length} cells${note}`);
}

/// Whether a cell is lit, and how many elements it is.
function storageMark({ cells }, cell, lit) {
  const elements = [];
  for (let i = 0; i <= lit; ++i) if (cells[i] === cell) elements.push(i);
  const times = elements.length > 1 ? ` ×${elements.length}` : "";
  return { corner: cell + times, order: elements.length > 0 ? elements[0] : null,
    selected: lit >= 0 && cells[lit] === cell };
}

/// A frame that flashes around new memory.
function flash(columns, top, rows, { memory }) {
  const width = Math.min(columns, memory.length) * CELL.width;
  return svgElement("rect", { x: 0, y: top - 1, width, height: rows * CELL.height + 2, rx: 4,
    fill: "none", stroke: "var(--pick)", "stroke-width": 3, class: "flash" });
}

/// The tensor as matrices of its last two dimensions, side by side.
function tensorGrid(step, lit, top) {
  const { shape, cells } = step;
  const columns = shape.length > 0 ? shape[shape.length - 1] : 1;
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1;
  const perBlock = Math.max(1, rows * columns);
  const blocks = cells.length / perBlock;
  const blockWidth = columns * CELL.width + 14;
  const perLine = Math.max(1, Math.floor((innerWidth < 620 ? 330 : 900) / blockWidth));
  const heightOfLine = rows * CELL.height + 26;
  const placeOf = (i) => {
    const block = Math.floor(i / perBlock);
    const row = Math.floor((i % perBlock) / columns);
    return { x: (block % perLine) * blockWidth + (i % columns) * CELL.width,
      y: top + Math.floor(block / perLine) * heightOfLine + 6 + row * CELL.height };
  };
  const parts = [svgElement("text", { x: 2, y: top - 4, "font-weight": 700 },
    `the tensor, ${formatShape(shape)}; in each corner its cell`)];
  cells.forEach((cell, i) => {
    parts.push(memoryCell({ ...placeOf(i), value: step.values[i], corner: cell,
      order: i <= lit ? i : null, count: cells.length, selected: i === lit }));
  });
  const lines = Math.ceil(blocks / perLine);
  return { parts, placeOf, width: Math.max(Math.min(blocks, perLine) * blockWidth, 300),
    bottom: top + lines * heightOfLine };
}

/// From an element to its cell.
function connection(cell, place) {
  const [x1, y1] = [cell.x + CELL.width / 2, cell.y + CELL.height - 1];
  const [x2, y2] = [place.x + CELL.width / 2, place.y + 1];
  return svgElement("path", { d: `M${x1},${y1} C${x1},${y1 + 24} ${x2},${y2 - 24} ${x2},${y2}`,
    fill: "none", stroke: "var(--pick)", "stroke-width": 2 });
}
