// The matrices of an attention layer, from the queries to the output, and who looks at whom.

/// The scores, the masked scores and the weights side by side.
function matrixStages(view) {
  const { steps } = view;
  const { divisor, divisor_text: text } = steps[0];
  const hasMask = steps.some(({ hidden }) => hidden);
  const divided = divisor && divisor !== 1 ? ` ÷ ${text}` : "";
  // In a long text most weights are small: a picture of them would be empty.
  const most = view.keys.length > 24 ? 8 / view.keys.length : 1;
  const scale = most < 1 ? `; ${format(most, 2)} and more have the strongest colour` : "";
  const isWeight = { field: "weights", digits: 2, top: most, isMasked: view.isHidden };
  const isScore = { field: "scores", digits: 2, top: view.top("scores") };
  const stages = [
    steps[0].scores ? matrixStage(view, { ...isScore, caption: "1 · scores",
      note: divisor ? "q · k for every query and key" : null, isMasked: () => false }) : null,
    steps[0].scores && hasMask ? matrixStage(view, { ...isScore, caption: "2 · masked",
      note: "striped keys are hidden: −∞", isMasked: view.isHidden,
      hiddenValue: -Infinity }) : null,
    matrixStage(view, { ...isWeight, caption: hasMask ? "3 · weights" : "2 · weights",
      note: `softmax(${hasMask ? "masked" : "scores"}${divided}): every row sums to 1${scale}` }),
  ].filter(Boolean);
  return stageRow(stages);
}

function matrixStage(view, { field, caption, note, digits, top, isMasked, hiddenValue }) {
  const value = (i, j) => {
    if (hiddenValue !== undefined && view.isHidden(i, j)) return hiddenValue;
    const tensor = view.tensor(field);
    return tensor ? tensor.at(view.now().head, i, j) : NaN;
  };
  return matrixFigure({
    caption, note, digits, top, value, isMasked, rows: view.queries, columns: view.keys,
    corner: "q↓ k→", size: 5, select: view.select, selected: view.selected, version: view.version,
  });
}

/// The queries, keys and values, and the output: one row for each word.
function vectorStages(view) {
  const { queries, keys, steps, panel } = view;
  const last = steps[steps.length - 1];
  const D = last.q ? decode(last.q).shape[2] : 0;
  if (!D) return null;
  const stages = [
    vectorStage(view, "q", "queries q", queries, "query"),
    vectorStage(view, "k", "keys k", keys, "key"),
    vectorStage(view, "v", "values v", keys, "key"),
    vectorStage(view, "context", "output", queries, "query"),
  ].filter(Boolean);
  const row = stageRow(stages);
  const isSmall = D <= 16 && queries.length <= 16;
  const box = element("details", { open: isSmall },
    element("summary", {}, `queries, keys, values and the output: ${D} numbers for each word`),
    panel.steps.some(({ q }) => !q)
      ? element("p", { class: "note" }, "Of the last training step only.") : null, row);
  box.update = () => { if (box.open) row.update(); };
  box.addEventListener("toggle", box.update);
  return box;
}

/// One row for each word, one column for each number of its vector.
function vectorStage(view, field, caption, words, key) {
  const { steps } = view;
  const last = steps[steps.length - 1];
  if (!last[field]) return null;
  const width = decode(last[field]).shape[2];
  const tensor = () => view.tensor(field) ?? decode(last[field]);
  return matrixFigure({
    caption, rows: words, columns: Array.from({ length: width }, (_, c) => String(c)),
    corner: `${key}↓ channel→`, size: 5, kind: "vectors", top: view.top(field),
    isMasked: () => false,
    value: (i, c) => tensor().at(view.now().head, i, c), version: view.version,
    select: (i, channel, preview) => page.select({ [key]: i, channel }, preview),
    selected: () => ({ row: view.now()[key], column: clampIndex(page.selection.channel, width) }),
  });
}

function stageRow(figures) {
  const row = element("div", { class: "row stages" }, figures);
  row.update = () => { for (const figure of figures) figure.mark(); };
  return row;
}

/// Lines from the query to its keys; for a long text bars of the keys with the largest weights.
function linksOfQuery(view) {
  const { queries, keys } = view;
  const weight = (i, j) =>
    (view.isHidden(i, j) ? 0 : view.tensor("weights").at(view.now().head, i, j));
  if (Math.max(queries.length, keys.length) > 24) return strongestKeys(view, weight);
  const svg = linksPicture({
    name: "who looks at whom", left: queries, right: keys, heads: ["query", "key"], weight,
    selected: () => view.now().query,
    select: (query, preview) => page.select({ query }, preview),
    selectRight: (key, preview) => page.select({ key }, preview),
  });
  const figure = element("figure", {}, element("figcaption", {},
    element("b", {}, "who looks at whom"), " ",
    saveSvgButton("who looks at whom", () => svg),
    element("small", {}, "the thicker a line, the larger the weight")), svg);
  figure.update = () => svg.mark();
  return figure;
}

function strongestKeys(view, weight) {
  const { queries, keys } = view;
  const caption = element("figcaption");
  const box = element("div");
  const figure = element("figure", { class: "strongest" }, caption, box);
  figure.update = () => {
    const { query } = view.now();
    caption.replaceChildren(element("b", {}, `what “${queries[query]}” looks at most`));
    const items = keys.map((label, j) => ({ label: `${label} (${j})`, value: weight(query, j) }));
    items.sort((a, b) => b.value - a.value);
    box.replaceChildren(barList(items.slice(0, 8), (x) => format(x, 3)));
  };
  return figure;
}
