// The parameters of a module and of its children, which open and close.

registerPanel("module", ({ title, module, training }) => {
  const count = module.count.toLocaleString("en");
  const norms = gradientNorms(module, "");
  const mode = training ? "training" : "evaluation";
  const picture = norms.length
    ? element("details", {}, element("summary", {}, "gradient norms side by side"),
      barList(norms, formatShort),
      saveSvgButton(title + ", gradient norms", () => barsSvg(title, norms, formatShort)))
    : element("p", { class: "note" },
      "No parameter has a gradient: no backward() has reached one.");
  return element("div", {}, element("p", { class: "facts" }, `${count} parameters · ${mode} mode`),
    picture, moduleContent(module, 0));
});

/// The tables of a module's own parameters, then its children.
function moduleContent({ parameters, children }, depth) {
  return [
    parameters.length ? parameterTable(parameters) : null,
    ...children.map((child) => moduleDetails(child, depth)),
  ];
}

/// Children are drawn when they are opened for the first time; a few are open at first.
function moduleDetails(child, depth) {
  const total = child.count.toLocaleString("en");
  const { length } = child.children;
  const parts = length ? `, ${length} ${length === 1 ? "module" : "modules"}` : "";
  const summary = element("summary", {}, element("b", {}, child.name),
    ` ${total} parameters${parts}`);
  const box = element("details", { class: "module" }, summary);
  const fillBox = () => {
    if (box.open && box.childElementCount === 1) box.append(...moduleContent(child, depth + 1)
      .filter(Boolean));
  };
  box.addEventListener("toggle", fillBox);
  if (depth === 0) box.open = true;
  fillBox();
  return box;
}

const PARAMETER_COLUMNS = ["parameter", "shape", "mean", "std", "values", "gradient norm",
  "gradient mean", "gradient"];

function parameterTable(parameters) {
  const head = PARAMETER_COLUMNS.map((text) => element("th", { scope: "col" }, text));
  return scrollBox("parameters", element("table", { class: "list" },
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, parameters.map(parameterRow))));
}

function parameterRow({ name, shape, dtype, values, gradient, requires_grad: isTrained }) {
  const text = (statistics, key) =>
    (statistics && key in statistics ? formatShort(numberOf(statistics[key])) : "–");
  const bad = (statistics) => (statistics && (statistics.nan || statistics.inf)
    ? element("strong", { class: "bad" }, ` ⚠ ${statistics.nan} NaN, ${statistics.inf} infinite`)
    : null);
  const none = isTrained ? "none" : "not trained";
  return element("tr", {}, element("th", { scope: "row" }, name),
    element("td", {}, formatShape(shape), dtype === "float32" ? null : ` ${dtype}`),
    element("td", {}, text(values, "mean"), bad(values)), element("td", {}, text(values, "std")),
    element("td", {}, smallHistogram(values)),
    element("td", {}, gradient ? text(gradient, "norm") : none, bad(gradient)),
    element("td", {}, text(gradient, "mean")), element("td", {}, smallHistogram(gradient)));
}

/// Without a text: the numbers are beside it.
function smallHistogram(statistics) {
  if (!statistics || !statistics.histogram) return "–";
  const { low, high } = statistics.histogram;
  if (low === high) return `all ${formatShort(numberOf(low))}`;
  const picture = histogramPicture("", statistics.histogram, 170, 44);
  picture.setAttribute("aria-hidden", "true");
  return picture;
}

/// [{label, value}] of all parameters that have a gradient.
function gradientNorms({ parameters, children }, prefix) {
  return [
    ...parameters.filter(({ gradient }) => gradient).map(({ name, gradient }) =>
      ({ label: prefix + name, value: numberOf(gradient.norm) })),
    ...children.flatMap((child) => gradientNorms(child, `${prefix}${child.name}.`)),
  ];
}
