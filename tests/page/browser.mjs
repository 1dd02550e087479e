// One Chromium for all tests, and a context of its own for every visit of a page: no visit sees
// what another one stored or selected.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, isAbsolute, resolve } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/// The folder with the pages that the programs of the build wrote.
export const pages = resolve(process.env.GRADUS_PAGES ?? ".");

// Pages are files on this disk, so Chromium's sandbox protects nothing here, and containers of CI
// do not allow it. The other options keep Chromium from using the network on its own.
const options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let browser;

async function start() {
  browser ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: options,
  });
  return browser;
}

after(async () => (await browser)?.close());  // after the last test of the process

/// A page's file as a URL, with the state in its fragment.
export function urlOf(file, fragment = "") {
  const path = isAbsolute(file) ? file : resolve(pages, file);
  return pathToFileURL(path).href + (fragment ? "#" + fragment : "");
}

// What no page may do: write errors to the console, throw, or ask for anything outside its file.
function collectFaults(page) {
  const faults = [];
  page.on("console", (message) => {
    const type = message.type();
    if (type === "error" || type === "warning") faults.push(`console ${type}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) faults.push(`request: ${request.url()}`);
  });
  return faults;
}

/// Opens a page, waits until it is drawn, and calls body(page). Fails on every console error and
/// every request. Settings: dark, width, height, fragment, and shot, the name of a picture.
export async function visit(file, settings, body) {
  const context = await (await start()).newContext({
    viewport: { width: settings.width ?? 1280, height: settings.height ?? 900 },
    colorScheme: settings.dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(settings.timeout ?? 30000);
    const faults = collectFaults(page);
    await page.goto(urlOf(file, settings.fragment));
    await drawn(page);
    await keepPicture(page, file, settings.shot);
    await body(page);
    assert.deepEqual(faults, [], `${file} has faults`);
  } finally {
    await context.close();
  }
}

/// SHOTS=FOLDER keeps pictures, for a person to look at.
export async function keepPicture(page, file, name) {
  if (!process.env.SHOTS || !name) return;
  const path = resolve(process.env.SHOTS, `${basename(file, ".html")}_${name}.png`);
  await page.screenshot({ path, fullPage: true });
}

/// Waits until the script of the page has drawn everything.
export async function drawn(page) {
  await page.waitForSelector("#app main");
}

/// The violations of WCAG 2 (levels A and AA) that axe finds, one line each; `rules` for some only.
/// Removes the rows of large matrices except the first ones: axe takes seconds for thousands of
/// cells, which are all drawn by the same function. check.contrast reads all of them.
export async function accessibilityFaults(page, rules) {
  await page.evaluate(() => {
    for (const line of document.querySelectorAll("tbody tr:nth-child(n+9)")) line.remove();
  });
  await page.evaluate(axeSource);  // evaluate is not subject to the page's security policy
  const found = await page.evaluate((runOnly) =>
    globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] }),
  rules ?? ["wcag2a", "wcag2aa"]);
  return found.violations.map((violation) => {
    const node = violation.nodes[0];
    return `${violation.id} (${violation.nodes.length} times): ${node.html.slice(0, 160)}: ` +
      node.failureSummary.replace(/\s+/g, " ");
  });
}

/// The report that the page draws.
export async function reportOf(page) {
  return page.evaluate(() => JSON.parse(document.getElementById("report").textContent));
}
