// Elements of the page. All files of this folder are one script, in the order of
// page/CMakeLists.txt; every top-level function may be called by every other file.

const SVG = "http://www.w3.org/2000/svg";

/// element("td", {class: "on", onclick: f}, "text", child, [more]): attributes that are null,
/// undefined or false are left out, true is an attribute without a value; children that are null
/// are left out.
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/// The same for elements of an SVG picture.
function svgElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on"))
      node.addEventListener(name.slice(2), value);
    else if (name === "style")
      node.style.cssText = value;  // the page's security policy forbids the attribute
    else
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined));
  return node;
}

/// Adds rules to the page's style. A style element would need a hash in the security policy.
function addStyle(rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/// A button with a text.
function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

/// A box that scrolls sideways instead of the page. It has a name, and the keyboard reaches it. It
/// fades out at a side beyond which there is more; call update() after other content was put in.
function scrollBox(label, ...children) {
  const attributes = { class: "scroll", tabindex: 0, role: "region", "aria-label": label };
  const box = element("div", attributes, ...children);
  box.update = () => {
    box.classList.toggle("more-left", box.scrollLeft > 1);
    box.classList.toggle("more-right",
      box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
  };
  box.addEventListener("scroll", box.update, { passive: true });
  new ResizeObserver(box.update).observe(box);
  return box;
}

/// Says the text to a screen reader.
function announce(text) {
  const live = document.getElementById("live");
  if (live && live.textContent !== text) live.textContent = text;
}

/// A name for an id: "Attention, head 1" -> "attention-head-1".
function slug(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
}

/// Offers the text as a file to save.
function saveFile(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
