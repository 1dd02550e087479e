// The picture of the matrix product, C = A B: B above C, A to its left, the packed blocks below.

let squareSize = 26; // pixels for one number

function matmulSvg(panel, step, cache) {
  squareSize = innerWidth < 620 ? 17 : 26;
  const size = step.areas[0].columns * squareSize;
  const [gap, top] = [innerWidth < 620 ? 22 : 30, 22];
  const places = [{ x: 0, y: top + size + gap }, { x: size + gap, y: top },
    { x: size + gap, y: top + size + gap }];
  let bottom = top + 2 * size + gap;
  let x = 0;
  for (const area of step.areas.slice(3)) {
    places.push({ x, y: top + 2 * size + 2 * gap });
    x += area.columns * squareSize + gap;
    bottom = Math.max(bottom, top + 2 * size + 2 * gap + area.rows * squareSize);
  }
  const width = 2 * size + gap + 6;
  const height = bottom + 8;
  const areas = step.areas.map((area, i) => areaGrid(panel.line, area, i, places[i], cache));
  return svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `the matrices A, B and C; ${cache.lines.size} lines are in the cache`,
    style: "max-width:none" },
  svgElement("rect", { width, height, fill: "var(--card)" }),
  svgElement("text", { x: 0, y: top + 14 }, "C = A B"), areas);
}

/// A matrix with a frame around each cache line; lines in the cache are filled.
function areaGrid(line, area, index, { x, y }, { lines, last }) {
  const parts = [svgElement("text", { x, y: y - 6, "font-weight": 600 }, area.name)];
  const inCache = `rgb(${colourOf(0.45, 1)})`;
  const ink = inkOn(colourOf(0.45, 1));
  for (let start = 0; start < area.rows * area.columns; start += line) {
    const isIn = lines.has(area.line + start / line);
    const place = { x: x + (start % area.columns) * squareSize,
      y: y + Math.floor(start / area.columns) * squareSize };
    parts.push(svgElement("rect", { x: place.x + 1.5, y: place.y + 1.5, rx: 4,
      width: line * squareSize - 3, height: squareSize - 3, fill: isIn ? inCache : "var(--paper)",
      stroke: "var(--soft)", "stroke-width": isIn ? 1.6 : 0.8 }));
    for (let i = 0; i < line; ++i)
      parts.push(svgElement("circle", { cx: place.x + (i + 0.5) * squareSize,
        cy: place.y + squareSize / 2, r: squareSize / 10, fill: isIn ? ink : "var(--soft)" }));
  }
  if (last && last.area === index) parts.push(accessMark(area, last, { x, y }));
  return svgElement("g", {}, parts);
}

/// The number that is read or written.
function accessMark({ columns }, { element: number, isHit, isWrite }, { x, y }) {
  const cx = x + (number % columns + 0.5) * squareSize;
  const cy = y + (Math.floor(number / columns) + 0.5) * squareSize;
  const colour = isHit ? "var(--ok)" : "var(--k)";
  const r = squareSize / 2 - 2;
  const mark = isWrite
    ? svgElement("rect", { x: cx - r, y: cy - r, width: 2 * r, height: 2 * r, fill: colour })
    : svgElement("circle", { cx, cy, r, fill: colour });
  return svgElement("g", {}, mark, svgElement("text", { x: cx, y: cy + 4.5,
    "text-anchor": "middle",
    style: `fill:var(--paper);font-weight:700;font-size:${squareSize < 20 ? 9 : 12}px` },
  (isHit ? "" : "✗") + (isWrite ? "w" : "r")));
}
