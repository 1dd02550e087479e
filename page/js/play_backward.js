// "Play it backward": a graph, forward and backward step by step, with right and wrong rules.
//
// panel.result and the result of each example describe a graph (page/play/backward/backward.h).
// State: code, view ("modules" or "ops"), at (how many steps were done: forward, then backward),
// broken (the wrong rule, "node.input.mistake").

registerPanel("play_backward", (panel) => {
  const results = new Map(panel.examples.map(({ result }) => [result.code, result]));
  if (!results.has(panel.result.code)) results.set(panel.result.code, panel.result);
  const picture = element("div", { onkeydown: backwardKeys });
  const cleared = { at: null, view: null, broken: null };
  const input = expressionInput({ panel, results, cleared,
    argv: (code) => ["--code", code, "--examples", "no"] });
  let drawn = null;
  page.onSelect(() => {
    const code = String(page.selection.code ?? panel.result.code);
    const result = results.get(code);
    if (!result) return input.compute(code);
    const { at, view, broken, theme } = page.selection;
    const message = sabotageRuns.get(`${code} ${broken}`);
    const now = JSON.stringify([code, at, view, broken, theme, message,
      result.sabotages?.length]);
    if (now === drawn) return undefined;
    drawn = now;
    input.show(result);
    const focus = picture.querySelector(":focus")?.dataset.focus;
    picture.replaceChildren(...(result.fault ? [] : backwardPicture(panel, result)));
    if (!result.fault) showChosenBox(picture, backwardState(result));
    if (focus) picture.querySelector(`[data-focus="${focus}"]`)?.focus({ preventScroll: true });
    return undefined;
  });
  return element("div", {}, input.node, picture);
});

/// What is shown: the view, the number of steps that were done, the box of the last one.
function backwardState(result) {
  const view = result.views.find(({ name }) => name === page.selection.view) ?? result.views[0];
  const count = view.boxes.length;
  const at = clampIndex(page.selection.at ?? firstShown(result, view), 2 * count + 1);
  const isBackward = at > count;
  const box = at === 0 ? null : isBackward ? 2 * count - at : at - 1;
  const broken = result.sabotages?.find(({ key }) => key === page.selection.broken) ?? null;
  return { view, count, at, isBackward, box, broken };
}

/// The step backward of the first box that has rules.
function firstShown(result, { boxes }) {
  const lastOf = ({ nodes }) => result.nodes[nodes[nodes.length - 1]];
  const first = boxes.findIndex((box) => lastOf(box).inputs.length > 0);
  return 2 * boxes.length - Math.max(0, first);
}

function backwardPicture(panel, result) {
  const state = backwardState(result);
  const svg = backwardSvg(result, state);
  const missing = page.selection.broken && !state.broken;
  if (missing) computeSabotage(panel, result);
  const say = sentenceOfStep(result, state);
  announce(say);
  return [result.note ? element("p", { class: "facts" }, result.note) : null,
    backwardControls(result, state),
    element("p", { class: "say" }, say), scrollBox("the graph", svg),
    element("p", { class: "facts" }, "◀: the gradient is known. Click a box, or use ← and →."),
    saveSvgButton("graph of " + result.code, () => svg),
    missing ? element("p", { class: "say" }, sabotageStatus(result)) : null,
    state.broken ? sabotageCard(state.broken) : honestCard(result),
    state.box === null ? null : nodeCard(panel, result, state)].filter(Boolean);
}

function sentenceOfStep(result, { view, at, isBackward, box }) {
  if (at === 0) return `${view.boxes.length} boxes, nothing is computed yet.`;
  const { nodes, label } = view.boxes[box];
  const node = result.nodes[nodes[nodes.length - 1]];
  const module = nodes.length > 1 ? `${label}, a module of ${nodes.length} nodes. ` : "";
  return module + (isBackward ? node.backward : node.forward);
}

/// Steps, and the choice of the view.
function backwardControls(result, { view, at, count }) {
  const go = (to) => page.select({ at: clampIndex(to, 2 * count + 1) });
  const slider = element("input", { type: "range", min: 0, max: 2 * count, value: at,
    "aria-label": "step", "data-focus": "slider", style: "flex:1;min-width:120px;padding:0",
    oninput: (event) => go(Number(event.target.value)) });
  const play = (from, to) => () => {
    let next = from;
    const timer = setInterval(() => {
      if (!document.querySelector(".play_backward") || next > to) return clearInterval(timer);
      page.select({ at: next }, next < to);
      next += 1;
      return undefined;
    }, 350);
  };
  const phase = at === 0 ? "nothing computed" : at <= count ? `forward ${at} of ${count}`
    : `backward ${at - count} of ${count}`;
  const views = result.views.length < 2 ? [] : result.views.map(({ name, boxes }) =>
    button(`${name} (${boxes.length})`, () => page.select({ view: name, at: null }),
      { "aria-pressed": String(name === view.name), "data-focus": "view" + name }));
  return element("div", { class: "row", style: "gap:8px;align-items:center;margin-top:8px" },
    button("▶ forward", play(1, count), { "data-focus": "forward" }),
    button("◀ play backward", play(count + 1, 2 * count), { "data-focus": "backward" }),
    button("−", () => go(at - 1), { "aria-label": "one step less", "data-focus": "less" }),
    button("+", () => go(at + 1), { "aria-label": "one step more", "data-focus": "more" }),
    slider, element("output", {}, phase), views);
}

/// The arrow keys step, wherever the focus is, except on the slider, which has its own.
function backwardKeys(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.target.type === "range" || event.target.closest(".scroll.matrix")) return;
  const button = event.currentTarget.querySelector(`[data-focus="${by < 0 ? "less" : "more"}"]`);
  event.preventDefault();
  button.click();
}

const sabotageRuns = new Map(); // the message of each run of the program with a wrong rule

function sabotageStatus(result) {
  if (!page.canRun) return "This page does not contain the program: it cannot break this rule.";
  return sabotageRuns.get(`${result.code} ${page.selection.broken}`) || "running gradcheck …";
}

/// Runs the program with a wrong rule, once, and keeps what it says.
async function computeSabotage(panel, result) {
  const key = page.selection.broken;
  const name = `${result.code} ${key}`;
  if (!page.canRun || sabotageRuns.has(name)) return;
  sabotageRuns.set(name, "");
  try {
    const report = await page.run(["--code", result.code, "--broken", key, "--examples", "no"]);
    const found = report.panels.find(({ type }) => type === panel.type).result.sabotages;
    result.sabotages = [...(result.sabotages ?? []), ...found];
  } catch (error) {
    sabotageRuns.set(name, error.message);
  }
  page.select({});
}
