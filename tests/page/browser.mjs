// One Chromium for all tests, and a context of its own for every visit of a page: no visit sees
// what another one stored or selected.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, resolve } from "node:path";
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

export async function closeBrowser() {
  await (await browser)?.close();
}

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
/// every request. Settings: dark, width, fragment, and mayWarn, a pattern of expected messages.
export async function visit(file, settings, body) {
  const context = await (await start()).newContext({
    viewport: { width: settings.width ?? 1280, height: settings.height ?? 900 },
    colorScheme: settings.dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(settings.timeout ?? 10000);
    const faults = collectFaults(page);
    await page.goto(urlOf(file, settings.fragment));
    await drawn(page);
    await body(page);
    assert.deepEqual(faults, [], `${file} has faults`);
  } finally {
    await context.close();
  }
}

/// Waits until the script of the page has drawn everything.
export async function drawn(page) {
  await page.waitForSelector("#app main");
}

/// The violations of WCAG 2 (levels A and AA) that axe finds, one line each.
export async function accessibilityFaults(page) {
  await page.evaluate(axeSource);  // evaluate is not subject to the page's security policy
  const report = await page.evaluate(
    () => axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] }));
  return report.violations.map((violation) => {
    const node = violation.nodes[0];
    return `${violation.id} (${violation.nodes.length} times): ${node.html.slice(0, 160)}: ` +
      node.failureSummary.replace(/\s+/g, " ");
  });
}

/// The report that the page draws.
export async function reportOf(page) {
  return page.evaluate(() => JSON.parse(document.getElementById("report").textContent));
}
