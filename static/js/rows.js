// Selection: [data-select-all] and [data-select] boxes, the bulk bar [data-bulk] with [data-bulk-count].
// A bulk button with data-needs="claim" shows only when every chosen box has that word in data-can;
// [data-bulk-why] (the server's words) shows when one is missing.
import { eachNow, on } from "./dom.js";
import { text } from "./strings.js";

const scopeOf = (node) => node.closest("[data-selection]") ?? document;

function update(scope) {
  const boxes = [...scope.querySelectorAll("[data-select]")];
  const chosen = boxes.filter((box) => box.checked);
  for (const box of boxes) box.closest("[data-row], tr")?.classList.toggle("is-on", box.checked);
  for (const all of scope.querySelectorAll("[data-select-all]")) {
    all.checked = boxes.length > 0 && chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
  }
  for (const bar of scope.querySelectorAll("[data-bulk]")) {
    bar.hidden = chosen.length === 0;
    for (const count of bar.querySelectorAll("[data-bulk-count]")) count.textContent = text("selected", { n: chosen.length });
    let missing = false;
    for (const button of bar.querySelectorAll("[data-needs]")) {
      const valid = chosen.every((box) => (box.dataset.can ?? "").split(" ").includes(button.dataset.needs));
      button.hidden = !valid;
      missing ||= !valid;
    }
    for (const why of bar.querySelectorAll("[data-bulk-why]")) why.hidden = !missing;
  }
}

on("change", "[data-select]", (_event, box) => update(scopeOf(box)));
on("change", "[data-select-all]", (_event, all) => {
  const scope = scopeOf(all);
  for (const box of scope.querySelectorAll("[data-select]")) box.checked = all.checked;
  update(scope);
});
on("click", "[data-select-none]", (_event, button) => {
  const scope = scopeOf(button);
  for (const box of scope.querySelectorAll("[data-select]")) box.checked = false;
  update(scope);
});
eachNow("[data-bulk]", (bar) => update(scopeOf(bar)));
