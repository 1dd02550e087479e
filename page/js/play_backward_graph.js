// The graph of "Play it backward": boxes from left to right, placed by C++.

function backwardSvg(result, state) {
  const { view } = state;
  const size = { width: view.width, height: view.height };
  const boxes = view.boxes.map((box, i) => graphBox(result, state, box, i));
  const edges = view.edges.map((edge) => graphEdge(state, edge));
  return svgElement("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}`,
    style: "max-width:none", role: "group", "aria-label": "graph, from the leaves to the loss" },
  svgElement("rect", { ...size, fill: "var(--card)" }), edges, boxes);
}

/// Whether the box has its value, and whether it has its gradient.
function phaseOf({ at, count }, i) {
  return { hasValue: at > i, hasGradient: at >= 2 * count - i };
}

function graphEdge(state, { from, to, points }) {
  const path = points.map(([x, y], i) => {
    if (i === 0) return `M${x},${y}`;
    const [px, py] = points[i - 1];
    const middle = (px + x) / 2;
    return py === y ? `L${x},${y}` : `C${middle},${py} ${middle},${y} ${x},${y}`;
  }).join(" ");
  const flowsBack = phaseOf(state, to).hasGradient;
  const isNew = flowsBack && state.isBackward && state.box === to;
  const isUsed = phaseOf(state, to).hasValue;
  return svgElement("path", { d: path, fill: "none",
    stroke: isNew ? "var(--pick)" : flowsBack ? "var(--cold)" : isUsed ? "var(--ink)"
      : "var(--line)",
    "stroke-width": isNew ? 4 : flowsBack ? 2.5 : 1.3,
    "stroke-dasharray": isUsed ? null : "4 4" });
}

/// A box: its label, and its value and gradient as far as they are known.
function graphBox(result, state, box, i) {
  const { hasValue, hasGradient } = phaseOf(state, i);
  const index = box.nodes[box.nodes.length - 1];
  const node = result.nodes[index];
  const isWrong = box.nodes.some((n) => state.broken?.gradients[n] !== undefined) && hasGradient;
  const [width, height] = state.view.box;
  const isLeaf = node.op === "leaf" && box.nodes.length === 1;
  const text = (y, content, style) => svgElement("text", { x: width / 2, y,
    "text-anchor": "middle", style }, content);
  const frame = svgElement("rect", { width, height, rx: isLeaf ? 14 : 5, fill: "var(--paper)",
    stroke: i === state.box ? "var(--pick)" : isWrong ? "var(--k)" : "var(--soft)",
    "stroke-width": i === state.box ? 3 : 1.2,
    "stroke-dasharray": hasValue ? null : "4 4" });
  const choose = () => page.select({ at: state.isBackward ? 2 * state.count - i : i + 1 });
  const onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();  // a space would scroll
    choose();
  };
  return svgElement("g", { transform: `translate(${box.x},${box.y})`, tabindex: 0, role: "button",
    "aria-label": boxInWords(box.label, node, hasValue, hasGradient, isWrong),
    "data-focus": "box" + i, style: "cursor:pointer", onclick: choose, onkeydown },
  frame, text(18, (isWrong ? "✗ " : "") + shorten(box.label), "font-weight:600"),
  text(35, boxText(node, hasValue, hasGradient), "font-size:11px"));
}

/// "att.W_query.weight" becomes "W_query.weight".
function shorten(label) {
  let short = label;
  while (short.length > 15 && short.includes(".")) short = short.slice(short.indexOf(".") + 1);
  return short.length > 15 ? short.slice(0, 14) + "…" : short;
}

/// "−6 · grad 1" for single numbers, else the shape; ◀ if the gradient is known.
function boxText(node, hasValue, hasGradient) {
  const scalar = (values) => formatShort(decode(values).data[0]);
  if (node.shape.length > 0) return node.shape.join("×") + (hasGradient ? "  ◀" : "");
  const value = !hasValue ? "—" : node.value ? scalar(node.value) : "a number";
  return hasGradient && node.gradient ? `${value} · grad ${scalar(node.gradient)}` : value;
}

/// For a screen reader.
function boxInWords(label, node, hasValue, hasGradient, isWrong) {
  const known = hasGradient ? "value and gradient are known" : hasValue ? "the value is known"
    : "not computed yet";
  return `${label}, ${formatShape(node.shape)}, ${known}${isWrong ? ", wrong gradient" : ""}`;
}

/// Scrolls the graph sideways so that the chosen box is in view.
function showChosenBox(picture, state) {
  const scroll = picture.querySelector(".scroll");
  if (!scroll || state.box === null) return;
  const middle = state.view.boxes[state.box].x + state.view.box[0] / 2;
  scroll.scrollLeft = middle - scroll.clientWidth / 2;
}
