// Draws the page. Last in the list of page/CMakeLists.txt.

function startPage() {
  if (typeof installRunner === "function") installRunner(page);
  readAddress();
  page.load(JSON.parse(document.getElementById("report").textContent));
  addEventListener("hashchange", () => {
    readAddress();
    page.draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.draw());
}
startPage();
