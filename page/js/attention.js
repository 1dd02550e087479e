// The stages of attention, linked by one selection.

registerPanel("attention", (panel) => {
  const { queries, keys, steps } = panel;
  const heads = decode(steps[0].weights).shape[0];
  const index = (n, size) => Math.max(0, Math.min(size - 1, n ?? 0));
  const now = () => {
    const { query, key, head, step } = page.selection;
    const found = steps.findIndex((candidate) => candidate.step === step);
    return {
      query: index(query, queries.length), key: index(key, keys.length), head: index(head, heads),
      step: steps[found < 0 ? steps.length - 1 : found],
    };
  };
  const stage = (caption, field, top) => matrixFigure({
    caption, rows: queries, columns: keys, corner: "q↓ k→", top,
    value: (i, j) => decode(now().step[field]).at(now().head, i, j),
    select: (query, key, preview) => page.select({ query, key }, preview),
    selected: () => ({ row: now().query, column: now().key }),
  });
  const top = largest(steps.flatMap((step) => (step.scores ? [...decode(step.scores).data] : [])));
  const stages = [
    steps[0].scores ? stage("1 · scores", "scores", top) : null,
    steps[0].masked_scores ? stage("2 · masked", "masked_scores", top) : null,
    stage("3 · weights", "weights", 1),
  ].filter(Boolean);
  const pickers = Array.from({ length: heads }, (_, head) =>
    button(`head ${head}`, () => page.select({ head })));
  const say = element("p", { class: "say" });
  page.onSelect(() => {
    const { query, key, head, step } = now();
    const weight = decode(step.weights).at(head, query, key);
    for (const figure of stages) {
      figure.repaint();
      figure.mark();
    }
    pickers.forEach((picker, h) => picker.setAttribute("aria-pressed", h === head));
    const after = steps.length > 1 ? ` after ${step.step} steps` : "";
    say.textContent = `“${queries[query]}” looks at “${keys[key]}” with weight ` +
      `${format(weight, 3)} in head ${head}${after}.`;
  });
  return element("div", {}, say, element("div", { class: "row" }, pickers),
    element("div", { class: "row" }, stages));
});
