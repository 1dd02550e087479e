// Lines over the same x, with axes.

const DASHES = ["", "7 3", "2 3", "9 3 2 3"];  // colour is not all that tells lines apart

registerPanel("curve", (panel) => {
  const plot = curvePlot(panel);
  const { x, series } = plot;
  const say = element("p", { class: "say" });
  const slider = element("input", { type: "range", min: 0, max: x.length - 1,
    "aria-label": `${panel.x_axis} of ${panel.title}`,
    oninput: ({ target }) => select(Number(target.value), false) });
  const select = (n, preview) => page.select({ [panel.x_axis]: x[n] }, preview);
  const place = ({ clientX }) => {
    const { left, width } = plot.svg.getBoundingClientRect();
    return nearest(x, plot.toX((clientX - left) / width));
  };
  plot.svg.addEventListener("mousemove", (event) => select(place(event), true));
  plot.svg.addEventListener("mouseleave", () => page.endPreview());
  plot.svg.addEventListener("click", (event) => select(place(event), false));
  page.onSelect(() => {
    const at = page.selection[panel.x_axis];
    const n = typeof at === "number" ? nearest(x, at) : x.length - 1;
    plot.mark(n);
    slider.value = n;
    const values = series.map(({ name, values: y }) => `${name} ${formatShort(y[n])}`);
    say.textContent = `${panel.x_axis} ${formatShort(x[n])}: ${values.join(", ")}`;
    slider.setAttribute("aria-valuetext", say.textContent);
  });
  const legend = series.map(({ name }, n) => element("span", { class: "legend" },
    svgElement("svg", { width: 30, height: 8, "aria-hidden": "true" }, curveLine(n,
      { d: "M0,4H30" })), name));
  return element("figure", { class: "curve" }, element("figcaption", {}, legend,
    saveSvgButton(panel.title, () => plot.svg)), plot.svg, slider, say);
});

/// The index of the number in the list that is nearest to v.
function nearest(list, v) {
  return list.reduce((best, x, n) => (Math.abs(x - v) < Math.abs(list[best] - v) ? n : best), 0);
}

function curveLine(n, attributes) {
  return svgElement("path", { fill: "none", stroke: `var(--s${n % 4})`, "stroke-width": 1.8,
    "stroke-dasharray": DASHES[n % 4] || null, ...attributes });
}

/// The picture of the axes and the lines. toX(part) is the x at a part of the width from 0 to 1.
function curvePlot(panel) {
  const x = panel.x.map(numberOf);
  const series = panel.series.map(({ name, values }) => ({ name, values: values.map(numberOf) }));
  const width = innerWidth < 600 ? 400 : 720;  // else the texts are small on a phone
  const box = { width, height: 250, left: 58, right: 12, top: 14, bottom: 40 };
  const scale = panel.log ? (y) => (y > 0 ? Math.log10(y) : NaN) : (y) => y;
  const xs = axis(x, box.left, box.width - box.right);
  const ys = axis(series.flatMap(({ values }) => values.map(scale)), box.height - box.bottom,
    box.top);
  const svg = svgElement("svg", { viewBox: `0 0 ${box.width} ${box.height}`, width: box.width,
    role: "img", "aria-label": curveInWords(panel, x, series) });
  drawAxes(svg, panel, box, xs, ys);
  const point = (values, i) => `${xs.at(x[i]).toFixed(1)},${ys.at(scale(values[i])).toFixed(1)}`;
  series.forEach(({ values }, n) => {
    const isThere = (i) => Number.isFinite(scale(values[i]));
    const steps = x.map((_, i) => (isThere(i)
      ? (i > 0 && isThere(i - 1) ? "L" : "M") + point(values, i) : ""));
    svg.append(curveLine(n, { d: steps.join("") || "M0,0" }));
  });
  const rule = svgElement("line", { y1: box.top, y2: box.height - box.bottom,
    stroke: "var(--pick)", "stroke-dasharray": "3 3" });
  const dots = series.map(() => svgElement("circle", { r: 4, fill: "var(--pick)" }));
  svg.append(rule, ...dots);
  const mark = (n) => {
    for (const end of ["x1", "x2"]) rule.setAttribute(end, xs.at(x[n]));
    series.forEach(({ values }, s) => {
      const y = scale(values[n]);
      dots[s].setAttribute("visibility", Number.isFinite(y) ? "visible" : "hidden");
      dots[s].setAttribute("cx", xs.at(x[n]));
      dots[s].setAttribute("cy", ys.at(Number.isFinite(y) ? y : ys.low));
    });
  };
  return { svg, x, series, mark, toX: (part) => xs.value(part * box.width) };
}

/// A linear scale from the numbers to the pixels `from` to `to`.
function axis(numbers, from, to) {
  const finite = numbers.filter(Number.isFinite);
  let low = finite.length ? Math.min(...finite) : 0;
  let high = finite.length ? Math.max(...finite) : 1;
  const margin = Math.abs(low) / 2;
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - margin, high + margin];
  const at = (v) => from + (to - from) * (v - low) / (high - low);
  const value = (pixel) => low + (high - low) * (pixel - from) / (to - from);
  return { low, high, at, value };
}

/// Round numbers between low and high, about `count` of them.
function ticks({ low, high }, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const list = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; ++n)
    list.push(Number((n * step).toPrecision(12)));
  return list;
}

/// Ticks of a logarithmic axis from 10^low to 10^high, as powers: 1, 2, 5, 10, 20, 50, ..., over
/// many decades 1, 10, 100, ... or fewer.
function logTicks({ low, high }) {
  const between = (list) => list.filter((v) => v >= low - 1e-9 && v <= high + 1e-9);
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 },
    (_, n) => Math.floor(low) + n);
  const fine = between(decades.flatMap((n) => [1, 2, 5].map((m) => n + Math.log10(m))));
  if (fine.length < 2) return ticks({ low: 10 ** low, high: 10 ** high }, 4).map(Math.log10);
  if (fine.length <= 7) return fine;
  const each = Math.ceil(between(decades).length / 7);
  return between(decades).filter((n) => n % each === 0);
}

function drawAxes(svg, panel, box, xs, ys) {
  const base = box.height - box.bottom;
  const label = (x, y, anchor, text) =>
    svg.append(svgElement("text", { x, y, "text-anchor": anchor, class: "soft" }, text));
  for (const v of panel.log ? logTicks(ys) : ticks(ys, 5)) {
    const y = ys.at(v);
    svg.append(svgElement("line", { x1: box.left, x2: box.width - box.right, y1: y, y2: y,
      stroke: "var(--line)" }));
    const shown = panel.log ? Number((10 ** v).toPrecision(12)) : v;
    label(box.left - 6, y + 4, "end", formatShort(shown).replace(/\.0+e/, "e"));
  }
  for (const v of ticks(xs, box.width / 100)) label(xs.at(v), base + 16, "middle", formatShort(v));
  svg.append(svgElement("line", { x1: box.left, x2: box.width - box.right, y1: base, y2: base,
    stroke: "var(--soft)" }));
  label((box.left + box.width) / 2, box.height - 6, "middle", panel.x_axis);
  const unit = [panel.y_axis, panel.log ? "(logarithmic scale)" : null].filter(Boolean).join(" ");
  if (unit) label(box.left + 4, 11, "start", unit);
}

function curveInWords({ title, x_axis: name }, x, series) {
  const last = x.length - 1;
  const lines = series.map(({ name: line, values }) =>
    `${line} from ${formatShort(values[0])} to ${formatShort(values[last])}`);
  return `${title}, ${name} ${formatShort(x[0])} to ${formatShort(x[last])}: ${lines.join("; ")}`;
}
