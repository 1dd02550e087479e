// "One memory, many tensors": the tensors of an expression as windows on rows of memory cells.
//
// panel.result and the result of each example describe an expression (page/play/memory/memory.h).
// State: code, step (which call), element (the last one that is lit).

registerPanel("play_memory", (panel) => {
  const results = new Map(panel.examples.map(({ result }) => [result.code, result]));
  results.set(panel.result.code, panel.result);
  const picture = element("div");
  const input = expressionInput({ panel, results, cleared: { step: null, element: null },
    argv: (code) => ["--code", code] });
  let drawn = null;
  page.onSelect(() => {
    const code = String(page.selection.code ?? panel.result.code);
    const result = results.get(code);
    if (!result) return input.compute(code);
    const step = clampIndex(page.selection.step ?? result.steps.length - 1, result.steps.length);
    const now = JSON.stringify([code, step, page.selection.element, page.state.theme]);
    if (now === drawn) return undefined;
    drawn = now;
    input.show(result);
    const at = picture.querySelector(":focus")?.dataset.focus;
    picture.replaceChildren(...memoryPicture(panel, result, step));
    if (at) picture.querySelector(`[data-focus="${at}"]`)?.focus();
    return undefined;
  });
  return element("div", {}, input.node, picture);
});

function memoryPicture(panel, result, at) {
  if (result.steps.length === 0) return [];
  const step = result.steps[at];
  const last = step.cells.length - 1;
  const lit = last < 0 ? -1 : clampIndex(page.selection.element ?? last, last + 1);
  const svg = memorySvg(result, at, lit);
  const code = panel.sources[step.op];
  announce(step.say);
  return [memorySteps(result, at),
    element("p", { class: "say" }, step.say),
    memorySlider(step, lit),
    element("p", { class: "facts" }, memoryFacts(step)),
    scrollBox("the memory and the tensor", svg),
    saveSvgButton("memory of " + step.text, () => svg),
    code ? element("details", {}, element("summary", {}, `The C++ of ${step.op}`),
      panelKinds.get("code")(code, page)) : null].filter(Boolean);
}

/// One button for each tensor; the arrow keys move between them.
function memorySteps(result, at) {
  const style = "overflow-wrap:anywhere;text-align:left";
  const buttons = result.steps.map((step, i) => element("button", { type: "button", style,
    onclick: () => page.select({ step: i, element: null }),
    "aria-pressed": String(i === at), "data-focus": "step" + i },
  element("span", { style: "font-family:ui-monospace,monospace" }, step.text),
  element("small", { style: "display:block;color:var(--soft)" }, step.kind)));
  const move = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = clampIndex(at + by, buttons.length);
    buttons[next].focus();
    page.select({ step: next, element: null });
  };
  return element("div", { class: "row", role: "group", "aria-label": "tensors", onkeydown: move,
    style: "gap:6px;margin:8px 0" }, buttons);
}

function memoryFacts(step) {
  const list = (numbers) => `[${numbers.join(", ")}]`;
  const copied = step.bytes > 0 ? `${step.bytes} bytes written` : "no bytes written";
  return `shape ${list(step.shape)} · strides ${list(step.strides)} · offset ${step.offset} · ` +
    `memory ${step.storage} · ${step.contiguous ? "contiguous" : "not contiguous"} · ${copied}`;
}

/// Lights the elements one after the other.
function memorySlider(step, lit) {
  const count = step.cells.length;
  if (count === 0) return element("p", { class: "say" }, "This tensor has no elements.");
  const slider = element("input", { type: "range", min: 0, max: count - 1, value: lit,
    "aria-label": "element", "data-focus": "slider", style: "flex:1;min-width:120px;padding:0",
    oninput: (event) => page.select({ element: Number(event.target.value) }) });
  const play = () => {
    let next = 0;
    const timer = setInterval(() => {
      if (!document.querySelector(".play_memory") || next >= count) {
        clearInterval(timer);
        page.select({ element: null });
        return;
      }
      page.select({ element: next }, true);
      next += 1;
    }, Math.min(350, 5000 / count));
  };
  return element("div", { class: "row", style: "gap:10px;align-items:center" },
    button("▶ light the elements in order", play, { "data-focus": "play" }), slider,
    element("output", {}, step.at[lit]));
}
