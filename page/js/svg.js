// Pictures as SVG files.

/// A button that saves what `make` returns, an svg element, as a file. Colours that are variables
/// of the page are replaced by their values.
function saveSvgButton(name, make) {
  const save = () => saveFile(slug(name) + ".svg", "image/svg+xml", svgText(make()));
  const label = `save ${name} as SVG`;
  return button("⤓ SVG", save, { class: "mini", "aria-label": label, title: label });
}

function svgText(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("font-family", "sans-serif");
  copy.setAttribute("font-size", "12");
  const style = getComputedStyle(document.documentElement);
  const text = new XMLSerializer().serializeToString(copy);
  return text.replace(/var\((--[a-z0-9]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

/// A matrix of cells {text, colour, ink} as a picture; a cell without a colour is masked.
function matrixSvg({ caption, rows, columns, cell }) {
  const [left, top, width, height] = [90, 44, 46, 28];
  const size = { width: left + columns.length * width + 8, height: top + rows.length * height + 8 };
  const svg = svgElement("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  const text = (x, y, anchor, content, fill = "var(--ink)") =>
    svgElement("text", { x, y, "text-anchor": anchor, fill }, content);
  svg.append(svgElement("rect", { ...size, fill: "var(--paper)" }), text(4, 14, "start", caption));
  columns.forEach((label, j) => {
    svg.append(text(left + j * width + width / 2, top - 8, "middle", label));
  });
  rows.forEach((label, i) => {
    const y = top + i * height;
    svg.append(text(left - 6, y + 18, "end", label));
    columns.forEach((_, j) => {
      const { text: content, colour, ink } = cell(i, j);
      const x = left + j * width;
      const box = { x, y, width: width - 1, height: height - 1 };
      const fill = colour || "none";
      svg.append(svgElement("rect", { ...box, fill, stroke: colour ? "none" : "var(--line)" }));
      svg.append(text(x + width / 2, y + 18, "middle", content, colour ? ink : "var(--soft)"));
    });
  });
  return svg;
}
