// What is on the screen, read as a person reads it: tables with their headers, sentences, pictures.

/// A matrix by its caption: {rows, columns, cells}; a cell is {text, masked}.
export async function matrix(page, caption) {
  return page.evaluate((wanted) => {
    const captionOf = (figure) => figure.querySelector("figcaption b")?.textContent;
    const figure = [...document.querySelectorAll("figure")].find((f) => captionOf(f) === wanted);
    if (!figure) throw new Error(`no matrix has the caption "${wanted}"`);
    const words = (nodes) => [...nodes].map((node) => node.textContent);
    return {
      columns: words(figure.querySelectorAll("thead th")),
      rows: words(figure.querySelectorAll("tbody th")),
      cells: [...figure.querySelectorAll("tbody tr")].map((line) =>
        [...line.querySelectorAll("td")].map((td) => ({
          text: td.textContent, masked: td.classList.contains("masked"),
        }))),
    };
  }, caption);
}

/// The number of a cell; the page writes a minus sign and an infinity as such.
export function numberOf(text) {
  const plain = text.trim().replaceAll("−", "-").replace("∞", "Infinity");
  return plain === "" ? NaN : Number(plain);
}

/// The cell of a matrix in row i and column j.
export function cell(page, caption, i, j) {
  const title = page.locator(`figcaption b:text-is("${caption}")`);
  const figure = page.locator("figure").filter({ has: title });
  return figure.locator(`td[data-i="${i}"][data-j="${j}"]`);
}

/// All sentences that follow the selection.
export async function says(page) {
  return (await page.locator(".say").allTextContents()).join("\n");
}

/// What a reader sees when a check of the page is done, without the time that something took.
export async function seen(page) {
  const main = page.locator("main");
  await main.filter({ hasNotText: /running gradcheck …/ }).waitFor();
  const text = await main.innerText();
  return text.replace(/computed here in \d+ ms/, "");
}

/// Presses every button that saves a picture, and returns {label, name, text} of each file.
export async function savedPictures(page) {
  return page.evaluate(() => {
    const files = [];
    const original = window.saveFile;
    window.saveFile = (name, type, text) => files.push({ name, type, text });
    const buttons = [...document.querySelectorAll("button[aria-label^='save ']")]
      .filter((button) => button.getAttribute("aria-label").endsWith(" as SVG"));
    for (const button of buttons) {
      const label = button.getAttribute("aria-label");
      const before = files.length;
      button.click();
      if (files.length !== before + 1) throw new Error(`"${label}" saves no file`);
      files[before].label = label;
    }
    window.saveFile = original;
    return files;
  });
}

/// Faults of an SVG file: not well-formed, variables of the page, numbers that are none.
export async function svgFaults(page, text) {
  return page.evaluate((source) => {
    const picture = new DOMParser().parseFromString(source, "image/svg+xml");
    const error = picture.querySelector("parsererror");
    if (error) return [error.textContent.slice(0, 200)];
    const faults = [];
    if (picture.documentElement.tagName !== "svg") faults.push("it is not an svg element");
    if (!picture.querySelector("text, path, rect, circle, line, polyline"))
      faults.push("it is empty");
    const wrong = [...picture.querySelectorAll("*")].flatMap((node) => [...node.attributes])
      .find(({ value }) => /var\(--|undefined|NaN/.test(value));
    if (wrong) faults.push(`${wrong.name}="${wrong.value.slice(0, 60)}"`);
    const refers = (node) => /^(?!#|data:)./.test(node.getAttribute("href") ?? "");
    if ([...picture.querySelectorAll("[href], [src], image")].some(refers))
      faults.push("it refers to another file");
    return faults;
  }, text);
}
