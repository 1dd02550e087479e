// "A GPT on one page": the program of lesson 10, line by line, with the tensors it computed.
//
// panel.values describes the tensors, panel.snapshots has their elements after some training steps
// (page/play/one_page/report.cpp). State: step (a training step), line (of the source), letter (an
// index in the word), head; words, word and seed are what the program was run with.

addStyle(`
.one-page .source { max-height: 74vh; overflow: auto; border: 1px solid var(--line);
  border-radius: 8px; background: var(--paper); padding: 6px 0; }
.one-page .source .line { display: block; width: max-content; min-width: 100%; margin: 0; border: 0;
  border-radius: 0; padding: 0 10px 0 0; background: none; text-align: left; max-width: none;
  font: 12.5px/1.5 ui-monospace, monospace; white-space: pre; color: var(--soft); }
.one-page .source button.line { color: var(--ink); }
.one-page .source .mark { display: inline-block; width: 5ch; text-align: right;
  color: var(--hot); }
.one-page .source button.line:hover { background: var(--card); }
.one-page .source button.line[aria-pressed="true"] { background: var(--card); font-weight: 700;
  box-shadow: inset 4px 0 0 var(--pick); }
.one-page .source .number { display: inline-block; width: 3ch; text-align: right; margin: 0 1ch;
  color: var(--soft); font-weight: 400; }
.one-page .two { display: grid; grid-template-columns: minmax(0, 11fr) minmax(0, 10fr); gap: 16px; }
.one-page .tensors { max-height: 74vh; overflow: auto; }
.one-page table.matrix td { min-width: 36px; height: 22px; font-size: 11px; }
.one-page .pictures { display: flex; flex-wrap: wrap; gap: 18px 28px; margin-top: 14px; }
.one-page .pictures > div { max-width: 100%; min-width: 0; }
.one-page .names { display: flex; flex-wrap: wrap; gap: 10px; }
.one-page .names > div { padding: 4px 10px; max-width: 175px; overflow-wrap: anywhere;
  border: 1px solid var(--line); border-radius: 8px; }
.one-page .names > div.on { border-color: var(--pick); box-shadow: inset 0 0 0 1px var(--pick); }
.one-page ul { margin: 4px 0; padding-left: 18px; }
.one-page input[type="range"] { width: min(340px, 60vw); }
.one-page h3 { margin-top: 4px; }
.one-page svg.wide { min-width: 520px; }
@media (max-width: 900px) { .one-page .two { grid-template-columns: minmax(0, 1fr); }
  .one-page .source { max-height: 46vh; } }
`);

registerPanel("play_one_page", (panel) => {
  const view = { data: panel, body: element("div") };
  const form = onePageForm(view);
  onePageDraw(view);
  page.onSelect(() => {
    form.follow();
    for (const update of view.updates) update();
  });
  return element("div", { class: "one-page" }, form.node, view.body);
});

/// What is selected, within what the data has.
function onePageSelection({ snapshots, tokens, values }) {
  const { step, line, letter, head } = page.selection;
  const before = snapshots.filter((each) => each.step <= (step ?? Infinity));
  const lines = new Set(values.flatMap((value) => value.lines));
  return {
    snapshot: before.length ? before[before.length - 1] : snapshots[0],
    line: lines.has(line) ? line : 69,
    letter: Math.max(0, Math.min(tokens.length - 1, letter ?? tokens.length - 1)),
    head: Math.max(0, Math.min(3, head ?? 0)),
  };
}

/// Draws the data; view.updates are the functions that follow the selection.
function onePageDraw(view) {
  const { data } = view;
  view.updates = [];
  const parts = [onePageControls, onePageSource, onePageTensors].map((part) => part(view));
  const pictures = [onePageAttention, onePagePredictions, onePageMap, onePageNames, onePageCurve]
    .map((picture) => element("div", {}, picture(view)));
  view.body.replaceChildren(parts[0], element("div", { class: "two" }, parts[1], parts[2]),
    element("div", { class: "pictures" }, pictures));
  view.body.dataset.words = data.words;
}

/// The training step, and the letter of the word.
function onePageControls(view) {
  const { snapshots, tokens } = view.data;
  const output = element("output", { class: "say" });
  const slider = element("input", { type: "range", min: 0, max: snapshots.length - 1, step: 1,
    "aria-label": "training step",
    oninput: () => page.select({ step: snapshots[slider.value].step }) });
  const letters = tokens.map((token, i) =>
    button(token, () => page.select({ letter: i }), { "aria-label": `letter ${i}: ${token}` }));
  view.updates.push(() => {
    const { snapshot, letter } = onePageSelection(view.data);
    slider.value = snapshots.indexOf(snapshot);
    slider.setAttribute("aria-valuetext", `${snapshot.step} steps`);
    output.textContent =
      `after ${snapshot.step} steps; the loss of this word is ${format(snapshot.loss, 3)}`;
    letters.forEach((each, i) => each.setAttribute("aria-pressed", String(i === letter)));
  });
  return element("div", {},
    element("div", { class: "row" }, element("label", {}, "training step ", slider), output),
    element("div", { class: "row", role: "group", "aria-label": "the letters of the word",
      style: "gap:4px;margin:6px 0" }, element("span", {}, "the word, letter by letter: "),
    letters));
}

/// The source; lines that computed tensors are buttons.
function onePageSource(view) {
  const { source, values } = view.data;
  const buttons = new Map();
  const counts = new Map();
  for (const line of values.flatMap((value) => value.lines))
    counts.set(line, (counts.get(line) ?? 0) + 1);
  const lines = source.lines.map((text, i) => {
    const line = source.first_line + i;
    const number = element("span", { class: "number" }, String(line));
    if (!counts.has(line))
      return element("div", { class: "line" }, element("span", { class: "mark" }), number, text);
    const mark = element("span", { class: "mark" }, `${counts.get(line)} ▸`);
    const select = () => page.select({ line });
    const node = element("button", { type: "button", class: "line", onclick: select,
      title: `show the tensors of line ${line}` }, mark, number, text);
    buttons.set(line, node);
    return node;
  });
  const list = element("div", { class: "source", role: "region", "aria-label": "the program",
    tabindex: 0 }, lines);
  list.addEventListener("keydown", (event) => moveToLine(event, [...buttons]));
  view.updates.push(() => {
    const { line } = onePageSelection(view.data);
    for (const [each, node] of buttons) node.setAttribute("aria-pressed", String(each === line));
    const node = buttons.get(line);
    const box = node.parentElement;
    const at = node.offsetTop - box.offsetTop;
    if (at < box.scrollTop || at > box.scrollTop + box.clientHeight - 30)
      box.scrollTop = at - box.clientHeight / 3;
  });
  return element("div", {}, element("h3", {}, source.file), list);
}

/// The arrows go from a line with tensors to the next one. `lines` are [number, button].
function moveToLine(event, lines) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const at = lines.findIndex(([, node]) => node === document.activeElement);
  const next = lines[at + by];
  if (at < 0 || !next) return;
  event.preventDefault();
  next[1].focus();
  page.select({ line: next[0] });
}

/// The tensors of the selected line.
function onePageTensors(view) {
  const title = element("h3");
  const box = element("div", { class: "tensors", role: "region", tabindex: 0,
    "aria-label": "the tensors of the selected line" });
  let drawn = null;
  view.updates.push(() => {
    const { snapshot, line } = onePageSelection(view.data);
    const now = [snapshot.step, line, page.state.theme].join();
    if (now !== drawn) {
      drawn = now;
      title.textContent = `Line ${line} after ${snapshot.step} steps`;
      const shown = view.data.values.map((value, i) => ({ value, data: snapshot.values[i] }))
        .filter(({ value }) => value.lines.includes(line));
      box.replaceChildren(...shown.map(({ value, data }) => onePageTensor(view, value, data)));
    }
    for (const figure of box.querySelectorAll("figure"))
      if (figure.mark) figure.mark();
  });
  return element("div", {}, title, box);
}

/// One tensor: its name, its shape, and a table for each head.
function onePageTensor(view, { name, axes, shape, dtype }, data) {
  const meaning = shape.map((size, d) => (axes[d] ? `${size} ${axes[d]}s` : String(size)));
  const facts = `${meaning.join(" × ") || "a number"}, ${dtype}`;
  const columns = shape.length ? shape[shape.length - 1] : 1;
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1;
  const numbers = decode({ shape, data }).data;
  const blocks = numbers.length / (rows * columns);
  const top = largest(numbers);
  const digits = dtype === "int64" ? 0 : top < 1 ? 3 : 2;
  const labels = (axis, size) => onePageLabels(view.data, axis, size);
  const isPerLetter = axes[shape.length - 2] === "letter";
  const figures = Array.from({ length: blocks }, (_, block) => matrixFigure({
    caption: blocks > 1 ? `${name}, head ${block}` : name,
    note: blocks > 1 ? null : facts,
    rows: shape.length > 1 ? labels(axes[shape.length - 2], rows) : [""],
    columns: shape.length ? labels(axes[shape.length - 1], columns) : [""],
    top, digits,
    value: (i, j) => numbers[(block * rows + i) * columns + j],
    isMasked: () => false,
    selected: () => ({
      row: isPerLetter ? onePageSelection(view.data).letter : -1,
      column: shape.length === 1 && axes[0] === "letter" ? onePageSelection(view.data).letter : -1,
    }),
  }));
  if (blocks === 1) return figures[0];
  return element("div", {}, element("p", { class: "facts" }, `${name}: ${facts}`),
    element("div", { class: "row" }, figures));
}

function onePageLabels({ tokens, letters }, axis, size) {
  if (axis === "letter") return tokens;
  if (axis === "token") return letters;
  return Array.from({ length: size }, (_, i) => String(i));
}

/// The reader's own words. follow() runs the program again if the state asks for another run.
function onePageForm(view) {
  const canRun = page.canRun && view.data.reruns;
  const words = element("textarea", { rows: 3, style: "width:min(420px,100%)",
    placeholder: "one word a line", "aria-label": "your words, one a line" });
  const word = element("input", { type: "text", size: 14, autocapitalize: "off" });
  const seed = element("input", { type: "number", min: 0, step: 1, style: "width:9ch" });
  const status = element("output", { class: "say" });
  const submit = (event) => {
    event.preventDefault();
    const typed = words.value.trim();
    // Other words may lack the letters of the word that is shown: then the program chooses one.
    const isLeft = word.value.trim() === view.data.word && typed !== (page.state.words ?? "");
    page.select({ words: typed || null, word: isLeft ? null : word.value.trim() || null,
      seed: seed.value === "" ? null : Number(seed.value), letter: null, tour: null });
  };
  const wanted = () => ["words", "word", "seed"].filter((key) => key in page.state)
    .flatMap((key) => ["--" + key, String(page.state[key])]);
  let shown = view.data.argv ?? "[]"; // the arguments of the run that is drawn
  const follow = async () => {
    const argv = wanted();
    if (JSON.stringify(argv) === shown || !canRun) return;
    shown = JSON.stringify(argv);
    const isOld = () => JSON.stringify(wanted()) !== JSON.stringify(argv);
    status.textContent = "training 1,000 steps in this page …";
    const start = performance.now();
    try {
      const report = await page.run(argv);
      if (isOld()) return;
      const place = page.report.panels.indexOf(view.data);
      view.data = report.panels.find(({ type }) => type === "play_one_page");
      view.data.argv = shown;
      page.report.panels[place] = view.data; // for the next page.draw(), such as in the dark
      page.report.tour = report.tour;
      onePageDraw(view);
      for (const update of view.updates) update();
      const seconds = (performance.now() - start) / 1000;
      status.textContent = `trained here in ${format(seconds, 1)} s on ${view.data.words}`;
      word.value = view.data.word;
    } catch (error) {
      if (isOld()) return;
      status.textContent = error.message;
    }
    announce(status.textContent);
  };
  words.value = page.state.words ?? "";
  word.value = page.state.word ?? view.data.word;
  seed.value = page.state.seed ?? 42;
  const node = canRun
    ? element("form", { class: "row", onsubmit: submit, style: "align-items:end" },
      element("label", {}, "train on your own words, one a line ", words),
      element("label", {}, "look into ", word), element("label", {}, "seed ", seed),
      button("train", null, { type: "submit" }), status)
    : element("p", { class: "note" }, `Trained on ${view.data.words}.`);
  return { node, follow };
}
