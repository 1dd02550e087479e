// The parameters of a module.

registerPanel("module", ({ title, count, parameters }) => {
  const rows = parameters.map(({ name, shape, statistics, gradient }) => element("tr", {},
    element("th", { scope: "row" }, name), element("td", {}, formatShape(shape)),
    element("td", {}, formatShort(statistics.mean)), element("td", {}, formatShort(statistics.std)),
    element("td", {}, gradient ? formatShort(gradient.norm) : "none")));
  const head = ["parameter", "shape", "mean", "std", "gradient norm"].map((text) =>
    element("th", { scope: "col" }, text));
  return element("div", {}, element("p", { class: "facts" }, `${count} parameters`),
    scrollBox(title, element("table", { class: "list" },
      element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows))));
});
