// The graph from which a tensor was computed: modules first, what is in them on demand; backward
// is played node by node.

registerPanel("graph", (panel) => {
  const { id } = panel;
  const view = () => panel.views[clampIndex(page.selection[id + ".view"], panel.views.length)];
  const open = (n) => page.select(
    { [id + ".view"]: n, [id + ".node"]: null, [id + ".time"]: null });
  const select = (n, preview) => page.select({ [id + ".node"]: n }, preview);
  const graph = { panel, id, view, open, select };
  const path = element("p", { class: "row path" });
  const say = element("p", { class: "say", role: "status" });
  const holder = scrollBox(panel.title);
  const player = backwardPlayer(graph);
  let drawn = null;
  page.onSelect(() => {
    if (drawn !== view()) {
      drawn = view();
      path.replaceChildren(...pathButtons(graph));
      holder.replaceChildren(graphPicture(graph));
      holder.update();
    }
    const time = player.update();
    markGraph(holder, graph, time);
    say.replaceChildren(...graphInWords(graph, time));
  });
  return element("div", {}, path, player.node, say, element("figure", { class: "graph" }, holder,
    element("figcaption", {}, saveSvgButton(panel.title, () => holder.firstChild), " ",
      element("strong", { class: "hint" }, "The graph is wider than its box: scroll it sideways. "),
      graphLegend())));
});

function graphLegend() {
  return "Values flow to the right, gradients to the left. Dashed: leaves (parameters and " +
    "inputs); double border: a module, click or Enter opens it.";
}

/// The views that lead to this one, and that of all operations.
function pathButtons({ panel, view, open }) {
  const { views } = panel;
  const parents = [];
  for (let n = views.indexOf(view()); n !== null; n = views[n].parent) parents.unshift(n);
  const flat = views.length - 1;
  const others = views.length > 1 ? [0, flat].filter((n) => !parents.includes(n) &&
    (n === 0 || views[n].title === "all operations")) : [];
  return [...parents, ...others].map((n) => button(views[n].title, () => open(n),
    { "aria-pressed": views[n] === view() ? "true" : "false" }));
}

function graphPicture(graph) {
  const { width, height, nodes, edges } = graph.view();
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
    "aria-label": `${graph.view().title}: ${nodes.length} boxes, ${edges.length} lines` });
  svg.style.maxWidth = "none";
  edges.forEach(({ from, to, path }, n) => svg.append(svgElement("path",
    { d: path, class: "edge", "data-n": n, "data-from": from, "data-to": to, fill: "none",
      stroke: "var(--soft)" })));
  nodes.forEach((node, n) => svg.append(graphNode(graph, node, n)));
  return svg;
}

function graphNode({ open, select }, node, n) {
  const { kind, x, y, width, height, lines, opens } = node;
  const enter = () => (opens === undefined ? select(n, false) : open(opens));
  const box = (inset) => svgElement("rect", { x: x + inset, y: y + inset, rx: 6 - inset,
    width: width - 2 * inset, height: height - 2 * inset, fill: "var(--paper)",
    stroke: "var(--soft)", "stroke-dasharray": kind === "leaf" ? "5 3"
      : kind === "outside" ? "1 3" : null });
  const texts = lines.map((line, i) => svgElement("text", { x: x + width / 2, y: y + 17 + 15 * i,
    class: line.startsWith("grad ") ? "grad" : null, "text-anchor": "middle",
    "font-weight": i === 0 ? 700 : 400, fill: "var(--ink)" }, line));
  return svgElement("g", { class: "node " + kind, tabindex: 0, role: "button",
    "data-n": n, "aria-label": lines.join(", ") + (opens === undefined ? "" : "; opens"),
    onmouseenter: () => select(n, true), onmouseleave: () => page.endPreview(),
    onfocus: () => select(n, true), onblur: () => page.endPreview(), onclick: enter,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      enter();
    } }, box(0), kind === "module" ? box(3) : null, texts);
}

/// Marks the selected node with its lines; while backward is played, what has a gradient so far.
function markGraph(holder, { id, view }, time) {
  const { nodes } = view();
  const playing = time !== null;
  const current = playing ? backwardOrder(view())[time] : page.selection[id + ".node"];
  const order = nodes[current]?.order;
  if (playing && nodes[current]) showInside(holder, nodes[current]);
  for (const node of holder.querySelectorAll(".node")) {
    const n = Number(node.dataset.n);
    node.classList.toggle("on", n === current);
    node.classList.toggle("waiting", playing && !hasGradientAt(view(), n, order));
    node.classList.toggle("partial", playing && !isCompleteAt(view(), n, order));
  }
  for (const edge of holder.querySelectorAll(".edge")) {
    const isOf = Number(edge.dataset.to) === current ||
      (!playing && Number(edge.dataset.from) === current);
    edge.classList.toggle("on", isOf);
  }
}

/// Scrolls the box of the picture, not the page, so that a node can be seen.
function showInside(holder, { x, y, width, height }) {
  const isOutside = x < holder.scrollLeft || x + width > holder.scrollLeft + holder.clientWidth ||
    y < holder.scrollTop || y + height > holder.scrollTop + holder.clientHeight;
  if (!isOutside) return;
  holder.scrollLeft = x + width / 2 - holder.clientWidth / 2;
  holder.scrollTop = y + height / 2 - holder.clientHeight / 2;
}

function graphInWords(graph, time) {
  const { view, id, panel } = graph;
  const { nodes } = view();
  const n = time === null ? page.selection[id + ".node"] : backwardOrder(view())[time];
  const node = nodes[n];
  if (!node) return [`${panel.count} nodes. Point at a box, or play backward.`];
  const bold = element("b", {}, node.label);
  if (time !== null) return backwardInWords(view(), n, bold);
  const facts = [
    node.kind === "module" ? `a module of ${node.count} ops`
      : node.kind === "leaf" ? "a leaf" : node.op,
    node.scope && node.kind !== "module" ? `in ${node.scope}` : null,
    `shape ${formatShape(node.shape)}`,
    numbersInWords("value", node.value), numbersInWords("gradient", node.gradient),
    node.rule ? `rule: ${node.rule}` : null,
  ].filter(Boolean);
  return [bold, ": ", facts.join(" · ")];
}

/// "gradient 1, 2", or its norm and mean.
function numbersInWords(what, numbers) {
  if (!numbers) return null;
  const list = (numbers.numbers ?? []).map((x) => formatShort(numberOf(x)));
  if (list.length) return `${what} ${list.join(", ")}`;
  return `${what}: norm ${formatShort(numberOf(numbers.norm))}, ` +
    `mean ${formatShort(numberOf(numbers.mean))}`;
}
