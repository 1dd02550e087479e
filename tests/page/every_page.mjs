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

// Two visits at a time: CI has two cores.
describe("every page", { concurrency: 2 }, () => {
  for (const file of files) {
    test(`${file}: the file`, () => {
      check.file(readFileSync(join(browser.pages, file), "utf8"));
    });
    test(`${file}: in light`, async () => {
      await browser.visit(file, { shot: "light" }, async (page) => {
        await check.words(page);
        await check.pictures(page);
        await check.contrast(page);
        await conduct.headings(page);
        await conduct.savedPictures(page);
        await check.accessibility(page);
      });
    });
    test(`${file}: in use`, async () => {
      await browser.visit(file, {}, async (page) => {
        await conduct.keyboard(page);
        await conduct.themeButton(page);
        await conduct.tour(page, { isRequired: isMadeByHand(file) });
        await conduct.linkShowsTheSame(page);
      });
    });
    test(`${file}: in dark`, async () => {
      await browser.visit(file, { dark: true, shot: "dark" }, async (page) => {
        await check.contrast(page);
        await check.accessibility(page, ["color-contrast"]);  // the rest is as in light
      });
    });
    test(`${file}: on a phone`, async () => {
      await browser.visit(file, { width: 390, shot: "phone" }, check.fitsTheWidth);
    });
  }
});
