// "From three loops to the machine's limit": the accesses of each step of the matrix product, one
// after the other, and the speed of the steps.
//
// panel: page/play/matmul/matmul.h. State: step, at (how many accesses were done).

const SHOWN_AT_FIRST = 40; // accesses: the picture then has lines in the cache

registerPanel("play_matmul", (panel) => {
  const picture = element("div", { onkeydown: matmulKeys });
  let drawn = null;
  page.onSelect(() => {
    const now = JSON.stringify([page.selection.step, page.selection.at, page.selection.theme]);
    if (now === drawn) return;
    drawn = now;
    const focus = picture.querySelector(":focus")?.dataset.focus;
    picture.replaceChildren(...matmulPicture(panel));
    if (focus) picture.querySelector(`[data-focus="${focus}"]`)?.focus();
  });
  return element("div", {}, picture, speedBox(panel));
});

function matmulPicture(panel) {
  const index = clampIndex(page.selection.step ?? 0, panel.steps.length);
  const step = panel.steps[index];
  const count = step.accesses.length;
  const at = clampIndex(page.selection.at ?? SHOWN_AT_FIRST, count + 1);
  const cache = replay(step, at, panel.line);
  const svg = matmulSvg(panel, step, cache);
  announce(`${step.name}. ${step.say}`);
  return [matmulSteps(panel, index), element("p", { class: "say" }, step.say),
    matmulControls(count, at), element("p", { class: "say" }, accessInWords(step, cache, at)),
    scrollBox("the matrices and the cache", svg),
    element("p", { class: "facts" }, "Filled: in the cache now. ● the access, ✗ it missed. Each " +
      "frame around numbers is a cache line."),
    saveSvgButton("accesses of " + step.name, () => svg),
    element("details", {}, element("summary", {}, "The C++ of this step"),
      panelKinds.get("code")(step.code, page))];
}

/// An access of the report: page/play/matmul/matmul.h says how it is packed.
function unpackAccess(packed) {
  const place = packed >> 2;
  return { area: place & 7, element: place >> 3, isWrite: (packed & 2) !== 0,
    isHit: (packed & 1) !== 0 };
}

/// The lines in the cache after the first `at` accesses, and what these were.
function replay(step, at, line) {
  const lines = new Set();
  let misses = 0;
  let reads = 0;
  let last = null;
  for (let i = 0; i < at; ++i) {
    last = unpackAccess(step.accesses[i]);
    if (!last.isWrite) reads += 1;
    if (last.isHit) continue;
    lines.delete(step.evicted[misses]);
    lines.add(step.areas[last.area].line + Math.floor(last.element / line));
    misses += 1;
  }
  return { lines, last, misses, reads, writes: at - reads };
}

function accessInWords(step, { last, misses, reads, writes }, at) {
  if (!last) return "Nothing is read yet. Play, or move the slider.";
  const { name, columns } = step.areas[last.area];
  const place = `${name}[${Math.floor(last.element / columns)}, ${last.element % columns}]`;
  return `Access ${at} of ${step.accesses.length}: ${last.isWrite ? "writes" : "reads"} ` +
    `${place}, ${last.isHit ? "in the cache" : "✗ a miss: its line is fetched"}. So far ` +
    `${reads} reads, ${writes} writes, ${misses} misses.`;
}

function matmulSteps(panel, index) {
  const buttons = panel.steps.map(({ name, misses }, i) =>
    element("button", { type: "button", "aria-pressed": String(i === index),
      "data-focus": "step" + i, onclick: () => page.select({ step: i, at: null }) },
    `${i + 1}. ${name}`, element("small", { style: "display:block;color:var(--soft)" },
      `${misses} misses`)));
  return element("div", { class: "row", role: "group", "aria-label": "steps",
    style: "gap:6px;margin:8px 0" }, buttons);
}

function matmulControls(count, at) {
  const go = (to) => page.select({ at: clampIndex(to, count + 1) });
  const slider = element("input", { type: "range", min: 0, max: count, value: at,
    "aria-label": "access", "data-focus": "slider", style: "flex:1;min-width:120px;padding:0",
    oninput: (event) => go(Number(event.target.value)) });
  return element("div", { class: "row", style: "gap:8px;align-items:center" },
    button("▶ play", () => playAccesses(count, at), { "data-focus": "play" }),
    button("■ stop", () => { stopPlaying = true; }, { "data-focus": "stop" }),
    button("−", () => go(at - 1), { "aria-label": "one access less", "data-focus": "less" }),
    button("+", () => go(at + 1), { "aria-label": "one access more", "data-focus": "more" }),
    slider);
}

let stopPlaying = false;

/// About 40 accesses a second.
function playAccesses(count, from) {
  const step = page.selection.step;
  let at = from >= count ? 0 : from;
  stopPlaying = false;
  const timer = setInterval(() => {
    const isOver = stopPlaying || at >= count || page.selection.step !== step ||
      !document.querySelector(".play_matmul");
    if (isOver) {
      clearInterval(timer);
      if (page.selection.step === step) page.select({ at });
      return;
    }
    at += 1;
    page.select({ at }, true);
  }, 25);
}

/// The arrow keys step, except on the slider, which has its own.
function matmulKeys(event) {
  const by = { ArrowLeft: "less", ArrowRight: "more" }[event.key];
  if (!by || event.target.type === "range" || event.target.classList.contains("scroll")) return;
  event.preventDefault();
  event.currentTarget.querySelector(`[data-focus="${by}"]`).click();
}
