// Below the graph of "Play it backward": the chosen node with its rules, and what gradcheck says.

function nodeCard(panel, result, state) {
  const { nodes, label } = state.view.boxes[state.box];
  const index = nodes[nodes.length - 1];
  const node = result.nodes[index];
  const { hasValue, hasGradient } = phaseOf(state, state.box);
  const wrong = state.broken?.gradients[index];
  const tables = [node.value && hasValue ? smallTable("value", node.value) : null,
    node.gradient && hasGradient ? smallTable(wrong ? "right gradient" : "gradient", node.gradient)
      : null,
    wrong && hasGradient ? smallTable("✗ gradient by the wrong rule", wrong) : null];
  const source = panel.sources[node.op];
  const rules = node.inputs.map((input) => ruleOf(index, input, state.broken));
  return element("section", { style: "margin-top:12px", "aria-label": "the chosen node" },
    element("h3", {}, node.op === "leaf" ? label : `${node.op}: ${node.label}`),
    node.scope ? element("p", { class: "facts" }, "in " + node.scope) : null,
    element("div", { class: "row" }, tables,
      rules.length > 0 ? element("div", {}, element("p", { class: "facts" }, nodes.length > 1
        ? "The rule of the module's last node; y is its result, dy the gradient of y:"
        : "Its rule for each input; y is its result, dy the gradient of y:"), rules) : null),
    source ? element("details", {}, element("summary", {}, `The C++ of ${node.op}`),
      panelKinds.get("code")(source, page)) : null);
}

/// The formula for one input, and the buttons that make it wrong.
function ruleOf(index, { input, label, formula, mistakes }, broken) {
  const buttons = mistakes.map(({ name, label: words }) => {
    const key = `${index}.${input}.${name}`;
    const isOn = broken?.key === key;
    return button(words, () => page.select({ broken: isOn ? null : key }),
      { class: "mini", "aria-pressed": String(isOn), "data-focus": "break" + key });
  });
  const name = formula.match(/^d(\w+)/)?.[1];  // of the input in "db = dy * a"
  const called = name && name !== label ? ` (in the rule: ${name})` : "";
  return element("div", { style: "margin-bottom:8px" },
    element("div", {}, `for ${label}${called}: `, element("code", {}, formula)),
    element("div", { class: "row", style: "gap:4px;align-items:center" },
      element("small", {}, "break it:"), buttons));
}

/// A tensor as a table; the rows of leading dimensions follow each other.
function smallTable(caption, values) {
  const { shape, data } = decode(values);
  const width = shape.length > 0 ? shape[shape.length - 1] : 1;
  const columns = shape.length > 0 ? Array.from({ length: width }, (_, j) => String(j)) : [""];
  const rows = Array.from({ length: data.length / width }, (_, i) => rowName(shape, i));
  return matrixFigure({ caption, note: formatShape(shape), rows, columns, top: largest(data),
    value: (i, j) => data[i * width + j], text: (x) => formatShort(Number(x.toPrecision(3))) });
}

/// "1" of a matrix, "0,1" of a tensor of three dimensions.
function rowName(shape, row) {
  const index = [];
  let rest = row;
  for (const size of shape.slice(0, -1).reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index.join(",");
}

/// What the library's checks say about the wrong rule.
function sabotageCard(broken) {
  const undo = button("mend the rule", () => page.select({ broken: null }),
    { "data-focus": "mend" });
  const list = (verdicts) => element("ul", { style: "margin:4px 0;padding-left:20px" },
    verdicts.map(({ name, ok, message }) => element("li", {},
      ok ? `✓ ${name}: right` : element("span", { style: "white-space:pre-wrap" },
        "✗ " + message))));
  announce(broken.gradcheck);
  return element("section", { class: "question", "aria-label": "the wrong rule" },
    element("p", {}, element("strong", {}, broken.say), " ", undo),
    element("p", {}, broken.gradcheck ? "gradcheck compares with differences and throws:"
      : "gradcheck of the whole finds nothing: the gradients of the leaves are right by chance."),
    broken.gradcheck ? element("pre", { class: "output", style: "white-space:pre-wrap" },
      broken.gradcheck) : null,
    element("p", {}, "The diagnosis of each leaf:"), list(broken.leaves),
    broken.op ? element("p", {}, `And of ${broken.op} alone:`) : null,
    broken.op ? list(broken.inputs) : null);
}

function honestCard({ honest, loss }) {
  const wrong = honest.filter(({ ok }) => !ok);
  const names = honest.map(({ name }) => name);
  const shown = names.length > 5 ? `all ${names.length} leaves` : names.join(", ");
  return element("p", { class: wrong.length === 0 ? "check ok" : "check failed" },
    wrong.length === 0
      ? `✓ gradcheck: the gradients of ${shown} are right. The loss is ${formatShort(loss)}.`
      : "✗ " + wrong.map(({ message }) => message).join(" "));
}
