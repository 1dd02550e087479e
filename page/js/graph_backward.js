// Plays backward: from y to the leaves, one node after the other.

/// The nodes of a view in the order in which backward reaches them: newest first. Those outside of
/// the view only take part in its lines.
function backwardOrder({ nodes }) {
  return nodes.map((_, n) => n).filter((n) => nodes[n].kind !== "outside" || isReader(nodes[n]))
    .sort((a, b) => nodes[b].order - nodes[a].order);
}

function isReader({ lines }) {
  return lines[0].startsWith("to ");
}

/// Whether a node has a part of its gradient when backward is at the node with this order.
function hasGradientAt({ nodes, edges }, n, order) {
  if (nodes[n].order >= order) return true;
  return edges.some(({ from, to }) => from === n && nodes[to].order >= order);
}

/// Whether all that use a node have sent it their part of its gradient.
function isCompleteAt({ nodes, edges }, n, order) {
  return nodes[n].order >= order ||
    edges.every(({ from, to }) => from !== n || nodes[to].order >= order);
}

/// Buttons and a slider: the arrow keys step forward and backward on it.
function backwardPlayer(graph) {
  const { id, view } = graph;
  const key = id + ".time";
  const last = () => backwardOrder(view()).length - 1;
  const show = (time) => page.select({ [key]: time });
  const slider = element("input", { type: "range", min: 0, value: 0, "aria-label":
    "step of backward", oninput: ({ target }) => show(Number(target.value)) });
  const label = element("output");
  let timer = 0;
  const play = () => {
    clearInterval(timer);
    let time = 0;
    timer = setInterval(() => {
      if (time > last() || !slider.isConnected) clearInterval(timer);
      else show(time++);
    }, 700);
    show(time++);
  };
  const step = (by) => () => {
    clearInterval(timer);
    const now = page.state[key];
    show(Math.max(0, Math.min(last(), Number.isInteger(now) ? now + by : 0)));
  };
  const stop = () => {
    clearInterval(timer);
    show(null);
  };
  const node = element("div", { class: "row slider" }, button("◀ play backward", play),
    button("‹", step(-1), { "aria-label": "one step back towards y" }),
    button("›", step(1), { "aria-label": "one step further towards the leaves" }),
    slider, label, button("stop", stop));
  const update = () => {
    const now = page.selection[key];
    const time = Number.isInteger(now) ? Math.max(0, Math.min(last(), now)) : null;
    slider.max = last();
    slider.value = time ?? 0;
    label.textContent = time === null ? "" : `step ${time + 1} of ${last() + 1}`;
    slider.setAttribute("aria-valuetext", label.textContent || "not started");
    return time;
  };
  return { node, update };
}

/// What backward does at a node: which gradient it has, by which rule it is passed on.
function backwardInWords({ nodes, edges }, n, bold) {
  const node = nodes[n];
  const from = edges.filter((edge) => edge.from === n).map(({ to }) => nodes[to].label);
  const inputs = edges.filter((edge) => edge.to === n).map((edge) => nodes[edge.from].label);
  const gradient = numbersInWords("gradient", node.gradient) ?? "its gradient";
  const source = from.length === 0 ? "backward starts here" : `sum of what ${joined(from)} sent`;
  const rule = node.rule ? ` by the rule ${node.rule}` : "";
  const target = node.kind === "leaf" ? "A leaf keeps it as its grad"
    : inputs.length ? `It goes on to ${joined(inputs)}${rule}` : "It goes on to the leaves inside";
  return [bold, ` has the ${gradient} (${source}). ${target}.`];
}

/// "a", "a and b", "a, b and c".
function joined(names) {
  const all = [...new Set(names)];
  const last = all.pop() ?? "";
  return all.length ? `${all.join(", ")} and ${last}` : last;
}
