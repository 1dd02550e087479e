// The graph from which a tensor was computed.

registerPanel("graph", ({ title, nodes }) => {
  const rows = nodes.map(({ id, op, name, scope, shape, inputs }) => element("tr", {},
    element("th", { scope: "row" }, id), element("td", {}, op), element("td", {}, name ?? ""),
    element("td", {}, scope), element("td", {}, formatShape(shape)),
    element("td", {}, inputs.join(", "))));
  const head = ["node", "op", "name", "scope", "shape", "inputs"].map((text) =>
    element("th", { scope: "col" }, text));
  return scrollBox(title, element("table", { class: "list" },
    element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows)));
});
