// Colours of numbers. They are mixed here and not by CSS, so that the text on them can be chosen
// for its contrast.

const themeColours = {};

function readTheme() {
  for (const name of ["paper", "hot", "cold"]) themeColours[name] = readColour(name);
}

/// A colour of the style sheet as [r, g, b].
function readColour(name) {
  const style = getComputedStyle(document.documentElement);
  const hex = style.getPropertyValue("--" + name).trim().slice(1);
  return hex.match(/../g).map((pair) => parseInt(pair, 16));
}

/// The colour of x on a scale where `top` is the strongest, as [r, g, b]: blue above zero, orange
/// below.
function colourOf(x, top) {
  const strength = Math.min(1, Math.abs(x) / (top || 1));
  const full = themeColours[x < 0 ? "cold" : "hot"];
  return themeColours.paper.map((from, i) => Math.round(from + (full[i] - from) * strength));
}

/// Black or white: the one that is easier to read on the colour.
function inkOn(colour) {
  const [r, g, b] = colour.map((part) => {
    const x = part / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/// Colours an HTML element by its number.
function shade(node, x, top) {
  const colour = colourOf(x, top);
  node.style.background = `rgb(${colour})`;
  node.style.color = inkOn(colour);
}
