// The page: it draws the panels of a report and holds what is selected.
//
//   page.report             the report that is shown (page/report.h makes its JSON)
//   page.state              what is selected or set, such as {query: 4, head: 0, theme: "dark"}; it
//                           is in the address after the #, so a link shows the same
//   page.selection          the state, with what the mouse points at in place of what is pinned
//   page.select(change)     changes the state; with preview = true only the selection, until
//                           page.endPreview(). A value of null removes an entry. page.setState is
//                           the same function.
//   page.onSelect(callback) calls back after every change of the selection, and once when the page
//                           is drawn
//   page.canRun             whether the program is in the page
//   page.run(argv)          runs it: a Promise of the new report; rejected with the message of the
//                           program (run.js replaces both)
//   page.load(report)       shows another report
//
// The keys query, key, head and step are shared by all panels: `step` is a training step, the
// others are indices.

const panelKinds = new Map();

/// Panels {type, ...} of the report are drawn by draw(panel, page), which returns an element.
function registerPanel(type, draw) {
  panelKinds.set(type, draw);
}

const page = {
  report: null,
  state: {},
  selection: {},
  canRun: false,
  run: () => Promise.reject(new Error("the program is not in this page")),
  callbacks: [],

  onSelect(callback) {
    page.callbacks.push(callback);
  },
  select(change, preview = false) {
    if (preview) {
      page.selection = { ...page.state, ...change };
    } else {
      page.state = withoutNull({ ...page.state, ...change });
      page.selection = page.state;
      writeAddress();
    }
    for (const callback of page.callbacks) callback();
  },
  setState(change) {
    page.select(change);
  },
  endPreview() {
    if (page.selection !== page.state) page.select({});
  },
  load(report) {
    page.report = report;
    namePanels(report.panels);
    page.draw();
  },
  draw() {
    page.callbacks = [];
    readTheme();
    document.title = page.report.title;
    const app = document.getElementById("app");
    app.replaceChildren(pageHeader(), pageBody(), pageFooter(), liveRegion());
    for (const callback of page.callbacks) callback();
  },
};

/// Gives every panel an id of its own, from its title; the state of a panel has it in its keys.
function namePanels(panels) {
  const counts = new Map();
  for (const panel of panels) {
    const name = slug(panel.title ?? panel.type) || panel.type;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const value = count === 1 ? name : `${name}.${count}`;
    Object.defineProperty(panel, "id", { value });  // not a part of the report's JSON
  }
}

function withoutNull(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

// The state in the address: #query=4&theme=dark. A text that looks like a number has a quote before
// it.

const NUMERIC = /^-?\d+(\.\d+)?$/;

function writeAddress() {
  const entries = Object.entries(page.state).map(([key, value]) => {
    const quoted = typeof value === "string" && /^'|^-?\d+(\.\d+)?$/.test(value);
    return [key, quoted ? "'" + value : String(value)];
  });
  const fragment = new URLSearchParams(entries).toString();
  history.replaceState(null, "", fragment ? "#" + fragment : location.pathname + location.search);
}

function readAddress() {
  const entries = [...new URLSearchParams(location.hash.slice(1))].map(([key, text]) => {
    if (text.startsWith("'")) return [key, text.slice(1)];
    return [key, NUMERIC.test(text) ? Number(text) : text];
  });
  page.state = Object.fromEntries(entries);
  page.selection = page.state;
  applyTheme();
}

// Light and dark.

function applyTheme() {
  const { theme } = page.state;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function isDark() {
  return (page.state.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : ""))
    === "dark";
}

function themeButton() {
  const change = () => {
    page.setState({ theme: isDark() ? "light" : "dark" });
    applyTheme();
    page.draw();
    document.getElementById("theme").focus();
  };
  return button(isDark() ? "☀ light" : "☾ dark", change, { id: "theme" });
}

// The parts of the page.

function pageHeader() {
  const { title, lede } = page.report;
  const heading = element("div", {}, element("h1", {}, title));
  if (lede) heading.append(element("p", { class: "lede" }, lede));
  return element("header", {}, heading, themeButton());
}

/// The panels, those after a section's heading inside of it.
function pageBody() {
  const main = element("main", {}, runBox(), tourBox(), contentsBox());
  let parent = main;
  for (const panel of page.report.panels) {
    if (panel.type === "section") {
      parent = drawSection(panel);
      main.append(parent);
    } else if (panel.type === "code") {
      addCode(parent, panel);
    } else {
      holderOf(panel, parent).append(drawPanel(panel, parent === main ? "h2" : "h3"));
    }
  }
  return main;
}

const SHARED_ROWS = { tensor: "tensors", heatmap: "tensors", check: "checks" };

/// Where a panel goes: small tensors and checks that follow one another share a row; tensors are
/// beside the code that computed them.
function holderOf({ type }, parent) {
  const name = SHARED_ROWS[type];
  if (!name) return parent;
  const last = parent.lastElementChild;
  const isComputed = name === "tensors" && last?.classList.contains("pair");
  return rowAtEnd(isComputed ? last : parent, name);
}

/// The last child of the parent if it has this class, else a new one.
function rowAtEnd(parent, name) {
  const last = parent.lastElementChild;
  if (last?.classList.contains(name)) return last;
  const row = element("div", { class: name });
  parent.append(row);
  return row;
}

/// A panel has its heading, a place of its own in the page, and what its kind draws.
function drawPanel(panel, heading = "h3") {
  const draw = panelKinds.get(panel.type);
  if (!draw) throw new Error(`no script draws panels of the type ${panel.type}`);
  if (!panel.title) return draw(panel, page);
  const attributes = { class: "panel " + panel.type, id: panel.id };
  const note = panel.note ? element("p", { class: "note" }, panel.note) : null;
  return element("div", attributes, element(heading, {}, panel.title), note, draw(panel, page));
}

function pageFooter() {
  const { id, without_program: isTooLarge } = page.report;
  const save = () => {
    saveFile((id || "report") + ".json", "application/json", JSON.stringify(page.report));
  };
  return element("footer", {}, button("⤓ all numbers of this page (JSON)", save),
    element("span", {}, " Made by Gradus, MIT License. This page works without a network.",
      isTooLarge ? " With its program it would be larger than 1 MB, so it cannot run it." : ""));
}

function liveRegion() {
  return element("div", { id: "live", class: "only-heard", role: "status" });
}
