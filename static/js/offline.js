// The page that stands in for any other without a network: which inspections are on this phone.
import { element, icon } from "./dom.js";
import * as store from "./field/store.js";

const place = document.getElementById("kept");
const user = (() => {
  try {
    return localStorage.getItem("duban-user");
  } catch {
    return null;
  }
})();

async function draw() {
  const rows = user ? await store.inspections(user) : [];
  if (!rows.length) return;
  const waiting = await store.unsent(user);
  if (waiting) document.getElementById("unsent").hidden = false;
  const links = rows.sort((a, b) => b.at - a.at).map((row) => {
    const names = row.record.checks.map((one) => one.name).join("、");
    return element("li", {}, element("a", { class: "db-check-item", href: row.path }, element("span", { class: "flex-fill" }, `${row.record.number}　${names}`), icon("chevron-right")));
  });
  place.replaceChildren(element("ul", { class: "list-unstyled m-0" }, ...links));
}
draw();
addEventListener("online", () => location.reload());
