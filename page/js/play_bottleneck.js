// "How much fits through one vector?": four models repeat the reader's digits.
//
// panel.models has what each model does with panel.digits (page/play/bottleneck/report.cpp). State:
// digits, query (the output step that is looked at), off (the first output step without attention),
// untrained (1: gradients before the training).

addStyle(`
.bottleneck .models { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); }
.bottleneck .model { border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px;
  background: var(--paper); min-width: 0; }
.bottleneck .model h3 { margin: 0; }
.bottleneck .written { font: 700 17px/1.6 ui-monospace, monospace; margin: 6px 0; }
.bottleneck .written button { font: inherit; padding: 0 5px; border-radius: 5px; min-width: 24px; }
.bottleneck .written .wrong { color: var(--k); text-decoration: underline wavy; }
.bottleneck .written .without { border-style: dashed; }
.bottleneck table.matrix td { min-width: 0; width: 20px; height: 18px; font-size: 0; }
.bottleneck table.matrix th { font-size: 11px; padding: 0 3px; }
.bottleneck .controls { display: flex; flex-wrap: wrap; gap: 8px 22px; align-items: center;
  margin: 10px 0; }
.bottleneck input[type="range"] { width: min(240px, 60vw); }
.bottleneck svg.wide { min-width: 560px; }
.bottleneck pre { overflow-x: auto; font: 12px/1.45 ui-monospace, monospace; }
`);

registerPanel("play_bottleneck", (panel) => {
  const view = { data: panel, updates: [], models: element("div", { class: "models" }) };
  const form = bottleneckForm(view);
  const controls = bottleneckControls(view);
  bottleneckDraw(view);
  page.onSelect(() => {
    form.follow();
    controls.update();
    view.lengthChanged();
    for (const update of view.updates) update();
  });
  return element("div", { class: "bottleneck" }, bottleneckAccuracy(view), form.node,
    controls.node, view.models);
});

/// What is selected, within the digits that are shown.
function bottleneckSelection({ digits }) {
  const { query, off, untrained } = page.selection;
  const clamp = (n, most) => Math.max(0, Math.min(most, n));
  return {
    query: clamp(query ?? 0, digits.length - 1),
    off: clamp(off ?? digits.length, digits.length),
    untrained: untrained === 1,
  };
}

/// The reader's digits. follow() asks the program about other digits.
function bottleneckForm(view) {
  const input = element("input", { type: "text", inputmode: "numeric", size: 24,
    value: page.state.digits ?? view.data.digits });
  const lacks = "This page does not contain the program: it shows one sequence only.";
  const status = element("output", { class: "say" }, page.canRun ? "" : lacks);
  let asked = view.data.digits;
  const submit = (event) => {
    event.preventDefault();
    page.select({ digits: input.value.trim(), query: null, off: null, tour: null });
  };
  const follow = async () => {
    const digits = String(page.state.digits ?? view.data.digits);
    if (digits === asked) return;
    asked = digits;
    if (!page.canRun) return;
    status.textContent = "running …";
    try {
      const report = await page.run(["--digits", digits, "--trained", "trained.json"],
        { files: [["trained.json", view.data.trained]] });
      if (digits !== asked) return;
      const place = page.report.panels.indexOf(view.data);
      view.data = report.panels.find(({ type }) => type === "play_bottleneck");
      page.report.panels[place] = view.data; // for the next page.draw(), such as in the dark
      bottleneckDraw(view);
      status.textContent = "";
      page.select({});
    } catch (error) {
      if (digits !== asked) return;
      status.textContent = error.message;
      announce(error.message);
    }
  };
  const node = element("form", { class: "controls", onsubmit: submit },
    element("label", {}, "digits to repeat ", input),
    button("write", null, { type: "submit", disabled: !page.canRun }), status);
  return { node, follow };
}

/// Where attention ends, and which gradients are shown.
function bottleneckControls(view) {
  const slider = element("input", { type: "range", min: 0, step: 1,
    "aria-label": "the first output digit without attention",
    oninput: () => page.select({ off: Number(slider.value) }) });
  const output = element("output");
  const untrained = element("input", { type: "checkbox",
    onchange: () => page.select({ untrained: untrained.checked ? 1 : 0 }) });
  const update = () => {
    const { off, untrained: isUntrained } = bottleneckSelection(view.data);
    const T = view.data.digits.length;
    slider.max = T;
    slider.value = off;
    output.textContent = off === T ? "never" : `from output digit ${off + 1} on`;
    slider.setAttribute("aria-valuetext", output.textContent);
    untrained.checked = isUntrained;
  };
  const node = element("div", { class: "controls" },
    element("label", {}, "switch attention off ", slider, " "), output,
    element("label", {}, untrained, " gradients before the training"));
  return { node, update };
}

/// A card for each model.
function bottleneckDraw(view) {
  view.updates = [];
  view.models.replaceChildren(...view.data.models.map((model) => element("div",
    { class: "model", "data-model": model.name },
    element("h3", {}, model.name, " ", element("small", {}, `${model.parameters} parameters`)),
    element("p", { class: "facts" }, model.description),
    bottleneckWritten(view, model), bottleneckAlignment(view, model),
    bottleneckGradient(view, model), bottleneckCode(model))));
}

/// The digits that the model writes; wrong ones are underlined.
function bottleneckWritten(view, model) {
  const { digits } = view.data;
  const line = element("div", { class: "written", role: "group",
    "aria-label": `${model.name} writes` });
  const verdict = element("small");
  view.updates.push(() => {
    const { off, query } = bottleneckSelection(view.data);
    const text = model.off[off];
    const right = [...text].filter((digit, t) => digit === digits[t]).length;
    const focused = [...line.children].indexOf(document.activeElement);
    line.replaceChildren(...[...text].map((digit, t) => {
      const isRight = digit === digits[t];
      const label = `output ${t + 1}: ${digit}, ${isRight ? "right" : `wrong, not ${digits[t]}`}`;
      const classes = (isRight ? "" : "wrong ") + (t >= off ? "without" : "");
      return button(digit, () => page.select({ query: t }),
        { class: classes, "aria-label": label, title: label, "aria-pressed": String(t === query) });
    }));
    if (focused >= 0) line.children[focused]?.focus();
    const sign = right === digits.length ? "✓" : "✗";
    verdict.textContent = `${sign} ${right} of ${digits.length} right`;
  });
  return element("div", {}, line, verdict);
}

/// Which input each output digit reads.
function bottleneckAlignment(view, model) {
  const { digits } = view.data;
  const written = model.off[digits.length];
  if (!model.alignment)
    return element("p", { class: "note" },
      "No attention: there is nothing to align. Every output digit must come from the one vector.");
  const weights = decode(model.alignment);
  const say = element("small");
  const figure = matrixFigure({
    caption: `${model.name}: attention`, corner: "out↓ in→", rows: [...written],
    columns: [...digits], top: 1, digits: 2,
    value: (i, j) => weights.at(i, j),
    select: (query, key, preview) => page.select({ query, key }, preview),
    selected: () => ({ row: bottleneckSelection(view.data).query,
      column: Math.min(page.selection.key ?? -1, digits.length - 1) }),
  });
  let theme = null;
  view.updates.push(() => {
    if (theme !== (theme = String(page.state.theme))) figure.repaint();
    figure.mark();
    const { query } = bottleneckSelection(view.data);
    const row = [...digits].map((_, j) => weights.at(query, j));
    const most = row.indexOf(Math.max(...row));
    say.textContent = `output ${query + 1} reads input ${most + 1} with weight `
      + `${format(row[most], 2)}`;
  });
  return element("div", {}, figure, say);
}

/// The definition of what the model's decoder reads.
function bottleneckCode({ code }) {
  return element("details", {}, element("summary", {}, `${code.file}, line ${code.first_line}`),
    element("pre", { tabindex: 0 }, code.text));
}
