// A list whose rows can be dragged: ol[data-sortable] > li[data-place]. Dropped, a row's own form is sent with the place
// it goes to, as its buttons send theirs; without this script, and by keyboard, the buttons do the same.
import { eachNow, element } from "./dom.js";

const groupOf = (row) => row.dataset.place.split(".").slice(0, -1).join(".");
const placeIn = (row) => row.dataset.place.split(".").pop();

const seen = new WeakSet();

function sortable(list) {
  if (seen.has(list)) return;
  seen.add(list);
  let dragged = null;
  const rowOf = (event) => event.target.closest?.("li[data-place]");
  const fits = (row) => row && dragged && row !== dragged && groupOf(row) === groupOf(dragged);
  for (const row of list.querySelectorAll("li[data-place]")) if (row.querySelector("form")) row.draggable = true;
  list.addEventListener("dragstart", (event) => {
    dragged = rowOf(event);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged?.dataset.place ?? "");
  });
  list.addEventListener("dragover", (event) => {
    const row = rowOf(event);
    for (const other of list.querySelectorAll(".is-over")) if (other !== row) other.classList.remove("is-over");
    if (!fits(row)) return;
    event.preventDefault();
    row.classList.add("is-over");
  });
  list.addEventListener("dragend", () => {
    for (const row of list.querySelectorAll(".is-over")) row.classList.remove("is-over");
    dragged = null;
  });
  list.addEventListener("drop", (event) => {
    const row = rowOf(event);
    if (!fits(row)) return;
    event.preventDefault();
    const form = dragged.querySelector("form");
    form.append(element("input", { type: "hidden", name: "index", value: placeIn(row) }));
    const send = element("button", { type: "submit", name: "_do", value: `to:${dragged.dataset.place}`, hidden: "" });
    form.append(send);
    form.requestSubmit(send);
  });
}

eachNow("ol[data-sortable]", sortable);
