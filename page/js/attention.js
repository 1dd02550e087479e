// The stages of attention, linked by one selection: query, key, head and step.

registerPanel("attention", (panel) => {
  const view = attentionView(panel);
  const say = element("p", { class: "say", role: "status" });
  const parts = [headPicker(view), stepSlider(view), vectorStages(view), matrixStages(view)];
  const below = [linksOfQuery(view), numberByNumber(view)];
  page.onSelect(() => {
    say.replaceChildren(...selectionInWords(view));
    for (const part of [...parts, ...below]) if (part) part.update();
  });
  return element("div", {}, say, parts, element("div", { class: "row" }, below));
});

/// What the parts of the panel share: the data, what is selected, and how it is changed.
function attentionView(panel) {
  const { queries, keys, steps } = panel;
  const heads = decode(steps[0].weights).shape[0];
  const view = {
    panel, queries, keys, heads, steps,
    now() {
      const { query, key, head, step } = page.selection;
      return {
        query: clampIndex(query, queries.length), key: clampIndex(key, keys.length),
        head: clampIndex(head, heads), step: steps[nearestStep(steps, step)],
      };
    },
    /// A tensor of the selected step; null if the page does not have it.
    tensor(field) {
      const values = view.now().step[field];
      return values ? decode(values) : null;
    },
    isHidden(i, j) {
      const { head, step } = view.now();
      return isHiddenKey(step.hidden, [head, i, j], [queries.length, keys.length]);
    },
    select: (query, key, preview) => page.select({ query, key }, preview),
    selected: () => ({ row: view.now().query, column: view.now().key }),
    version: () => `${view.now().head} ${view.now().step.step}`,
    /// The largest absolute value of a field in all steps and heads: with one scale for all, one
    /// sees what grows.
    top: (field) => largest(steps.map((step) => (step[field] ? largest(decode(step[field]).data)
      : 0))) || 1,
  };
  return view;
}

/// `hidden` has a letter for each query and key, of one head if all heads hide the same.
function isHiddenKey(hidden, [head, i, j], [rows, columns]) {
  if (!hidden) return false;
  const start = hidden.length === rows * columns ? 0 : head * rows * columns;
  return hidden[start + i * columns + j] === "1";
}

/// The place in the list of the step nearest to a training step; the last one by default.
function nearestStep(steps, step) {
  if (typeof step !== "number") return steps.length - 1;
  const distance = (n) => Math.abs(steps[n].step - step);
  return steps.reduce((best, _, n) => (distance(n) < distance(best) ? n : best), 0);
}

function selectionInWords({ panel, queries, keys, heads, steps, now, tensor, isHidden }) {
  const { query, key, head, step } = now();
  const strong = (text) => element("b", {}, `“${text}”`);
  const inHead = heads > 1 ? ` in head ${head}` : "";
  const after = steps.length > 1 ? ` after ${step.step} training steps` : "";
  if (isHidden(query, key))
    return [strong(queries[query]), " may not look at ", strong(keys[key]),
      `${inHead}: ${panel.masked_because}.`];
  const weight = format(tensor("weights").at(head, query, key), 3);
  return [strong(queries[query]), " looks at ", strong(keys[key]),
    ` with weight ${weight}${inHead}${after}.`];
}

/// A button for each head, with a picture of its weights.
function headPicker(view) {
  if (view.heads === 1) return null;
  const [height, width] = [view.queries.length, view.keys.length];
  const cell = Math.max(1, Math.floor(64 / Math.max(height, width)));
  const buttons = Array.from({ length: view.heads }, (_, head) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const node = button([canvas, `head ${head}`], () => page.select({ head }), { class: "head" });
    return { node, canvas };
  });
  const row = element("div", { class: "row heads", role: "group", "aria-label": "heads" },
    buttons.map(({ node }) => node));
  let drawn = null;
  row.update = () => {
    const { head: selected, step } = view.now();
    buttons.forEach(({ node }, head) => node.setAttribute("aria-pressed", head === selected));
    if (drawn === step) return;
    drawn = step;
    const weights = decode(step.weights);
    buttons.forEach(({ canvas }, head) => paintCells(canvas, {
      height, width, cell, strongest: width > 24 ? 8 / width : 1,
      value: (i, j) => weights.at(head, i, j),
      isMasked: (i, j) => isHiddenKey(step.hidden, [head, i, j], [height, width]),
    }));
  };
  return row;
}

/// A slider over the training steps, if there are several.
function stepSlider({ steps, now }) {
  if (steps.length === 1) return null;
  const last = steps.length - 1;
  const show = (n) => page.select({ step: steps[n].step });
  const slider = element("input", { type: "range", min: 0, max: last, "aria-label": "training step",
    oninput: ({ target }) => show(Number(target.value)) });
  const label = element("output");
  let timer = 0;
  const play = () => {
    clearInterval(timer);
    let n = 0;
    timer = setInterval(() => {
      if (n > last || !slider.isConnected) clearInterval(timer);
      else show(n++);
    }, 400);
  };
  const row = element("div", { class: "row slider" }, button("▶ watch it learn", play), slider,
    label);
  row.update = () => {
    const n = steps.indexOf(now().step);
    slider.value = n;
    slider.setAttribute("aria-valuetext", `step ${steps[n].step}`);
    label.textContent = `after ${steps[n].step} training steps`;
  };
  return row;
}
