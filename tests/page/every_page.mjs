// What holds for every page, whatever it shows.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as browser from "./browser.mjs";
import * as check from "./checks.mjs";
import * as conduct from "./conduct_checks.mjs";

const files = readdirSync(browser.pages).filter((name) => name.endsWith(".html")).sort();

// page::show and the tests make pages of single tensors; the others have an author and a tour.
const isMadeByHand = (file) => /^(lesson|play)/.test(file);

test("there are pages to test", () => {
  assert.ok(files.length > 0, `no page in ${browser.pages}`);
});

const allOpen = "open=all";  // of the sections of a long page: sections.mjs tests folding them

// One visit for each page: each step leaves the page for the next. Two visits at a time: CI has two
// cores.
const steps = [
  ["words", check.words],
  ["text alternatives", check.pictures],
  ["headings", conduct.headings],
  ["saved pictures", conduct.savedPictures],
  ["keyboard", conduct.keyboard],
  ["theme", conduct.themeButton],
  ["tour", (page, file) => conduct.tour(page, { isRequired: isMadeByHand(file) })],
  ["link", conduct.linkShowsTheSame],
  ["contrast in light", check.contrast],
  ["accessibility in light", (page) => check.accessibility(page)],
  ["on a phone", async (page, file) => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.reload();
    await check.fitsTheWidth(page);
    await browser.keepPicture(page, file, "phone");
  }],
  ["accessibility in dark", async (page, file) => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(browser.urlOf(file, allOpen));
    await page.reload();
    await browser.keepPicture(page, file, "dark");
    await check.contrast(page);
    await check.accessibility(page, ["color-contrast"]);  // the other rules are as in light
  }],
];

describe("every page", { concurrency: 2 }, () => {
  for (const file of files) {
    test(file, async (t) => {
      await t.test("file", () => check.file(readFileSync(join(browser.pages, file), "utf8")));
      await browser.visit(file, { shot: "light", fragment: allOpen }, async (page) => {
        for (const [name, step] of steps) await t.test(name, () => step(page, file));
      });
    });
  }
});
