// The speed of the steps: measured when the page was written, and in this tab.

function speedBox(panel) {
  const box = element("section", { "aria-label": "speed" });
  const status = element("output", { class: "say" });
  let here = null;
  const measureHere = async () => {
    status.textContent = "measuring, about 3 seconds …";
    try {
      const report = await page.run(["--measure", "256", "--traces", "no"]);
      here = report.panels.find(({ type }) => type === panel.type).measured;
      status.textContent = "";
      draw();
    } catch (error) {
      status.textContent = error.message;
    }
  };
  const draw = () => {
    const measured = [panel.measured, here].filter(Boolean);
    const pictures = measured.map((each) => speedPicture(panel.names, each));
    box.replaceChildren(element("h3", {}, "How fast each step is, with one thread"),
      element("p", { class: "note" }, panel.speed_note),
      ...pictures, element("div", { class: "row", style: "gap:8px;align-items:center" },
        page.canRun ? button("measure in this tab", measureHere) : null, status));
  };
  draw();
  return box;
}

/// Bars of GFLOP/s; the frame ends at the peak.
function speedPicture(names, { where, size, vector, peak, gflops }) {
  const svg = speedSvg(names, { where, size, vector, peak, gflops });
  return element("div", {}, scrollBox("speed on " + where, svg),
    saveSvgButton("speed on " + where, () => svg));
}

function speedSvg(names, { where, size, vector, peak, gflops }) {
  const narrow = innerWidth < 620;
  const [left, full, row] = [112, narrow ? 120 : 420, 24];
  const width = left + full + 96;
  const [top, height] = [80, 80 + names.length * row + 22];
  const [machine, ...when] = where.split(", ");
  const caption = `C = A B with ${size} × ${size} numbers, vectors of ${vector} bytes`;
  const bars = names.map((name, i) => {
    const y = top + i * row;
    const share = Math.min(1, gflops[i] / peak);
    return svgElement("g", {}, svgElement("text", { x: left - 8, y: y + 14, "text-anchor": "end" },
      i < names.length - 1 ? `${i + 1}. ${name}` : name),
    svgElement("rect", { x: left, y: y + 2, width: full, height: row - 7, fill: "none",
      stroke: "var(--line)" }),
    svgElement("rect", { x: left, y: y + 2, width: Math.max(1, share * full), height: row - 7,
      fill: "var(--hot)" }),
    svgElement("text", { x: left + full + 8, y: y + 14 },
      `${formatShort(Number(gflops[i].toPrecision(3)))} · ${percent(gflops[i] / peak)}`));
  });
  return svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${where}, ${caption}, GFLOP/s: ` +
      names.map((name, i) => `${name} ${gflops[i]}`).join(", "),
    style: "max-width:none" },
  svgElement("rect", { width, height, fill: "var(--card)" }),
  svgElement("text", { x: 2, y: 16, "font-weight": 600 }, machine),
  svgElement("text", { x: 2, y: 34 }, when.join(", ")),
  svgElement("text", { x: 2, y: 52 }, caption),
  svgElement("text", { x: left + full + 8, y: 72 }, "GFLOP/s"), bars,
  svgElement("text", { x: left + full, y: height - 6, "text-anchor": "end" },
    `peak ${formatShort(Number(peak.toPrecision(3)))} GFLOP/s`));
}

/// "0.4%", "86%"
function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}
