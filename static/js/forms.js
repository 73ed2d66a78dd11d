// Forms: repeat groups, conditional fields, filters that submit themselves, usual phrases.
import htmx from "htmx.org/dist/htmx.esm.js";
import { element, on } from "./dom.js";

// [data-repeat] holds [data-repeat-rows] and <template data-repeat-template> whose names contain __INDEX__.
// The add and remove buttons are submit buttons, so without this script the server adds or removes the row.
const repeatRows = (group) => [...group.querySelectorAll("[data-repeat-row]")];
const changed = (node) => node.dispatchEvent(new Event("change", { bubbles: true }));

function limit(group) {
  const count = repeatRows(group).length;
  for (const add of group.querySelectorAll("[data-repeat-add]")) add.hidden = count >= Number(group.dataset.max || Infinity);
  for (const remove of group.querySelectorAll("[data-repeat-remove]")) remove.hidden = count <= Number(group.dataset.min || 0);
}

on("click", "[data-repeat-add]", (event, button) => {
  const group = button.closest("[data-repeat]");
  const template = group?.querySelector("template[data-repeat-template]");
  if (!template) return;
  event.preventDefault();
  const next = Number(group.dataset.next ?? repeatRows(group).length);
  group.dataset.next = String(next + 1);
  const holder = document.createElement("template");
  holder.innerHTML = template.innerHTML.replaceAll("__INDEX__", String(next));
  const row = holder.content.firstElementChild;
  group.querySelector("[data-repeat-rows]").append(row);
  htmx.process(row);
  limit(group);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
});
on("click", "[data-repeat-remove]", (event, button) => {
  const group = button.closest("[data-repeat]");
  if (!group?.querySelector("template[data-repeat-template]")) return;
  event.preventDefault();
  button.closest("[data-repeat-row]").remove();
  limit(group);
  group.querySelector("[data-repeat-add]:not([hidden])")?.focus();
  changed(group);
});

// form[data-refresh=URL]: the server decides which fields show. Sent when a field marked data-affects changes
// (any field if none is marked); the answer is morphed in, so what is being typed stays.
on("change", "form[data-refresh]", (event, form) => {
  if (form.querySelector("[data-affects]") && !event.target.closest("[data-affects]")) return;
  htmx.ajax("POST", form.dataset.refresh, {
    source: form,
    target: form.dataset.refreshTarget ? document.querySelector(form.dataset.refreshTarget) : form,
    swap: form.dataset.refreshSwap ?? "outerMorph",
    event: { submitter: { formNoValidate: true } }, // half-filled is normal here
    background: true,
  });
});

// [data-step]: a button that only changes the form, inside the field whose id it names. Without this script, or in a
// form that is not refreshed, it is the submit that it looks like.
on("click", "form[data-refresh] [data-step]", async (event, button) => {
  event.preventDefault();
  const { form, value } = button;
  const field = button.dataset.step;
  await htmx.ajax("POST", form.dataset.refresh, {
    source: form, target: form, swap: "outerMorph", values: { _step: value },
    event: { submitter: { formNoValidate: true } }, background: true,
  });
  const lists = [...(document.getElementById(field)?.querySelectorAll(".db-cond-row select:first-of-type") ?? [])];
  const blank = lists.find((list) => !list.value);
  if (value.includes(":remove") || !blank) document.getElementById(field)?.focus();
  else blank.focus();
});

on("change", "form[data-autosubmit]", (event, form) => {
  if (event.target.matches("[type=search]")) return;
  form.requestSubmit();
});
const typing = new WeakMap();
on("input", "form[data-autosubmit] [type=search]", (_event, input) => {
  if (!input.form._htmx?.initialized) return; // a whole page load while typing would be rude
  clearTimeout(typing.get(input));
  typing.set(input, setTimeout(() => input.form.requestSubmit(), 350));
});

// [data-phrase] buttons put a usual phrase into the field named by data-for; without this script the server does
on("click", "[data-phrase]", (event, button) => {
  const field = document.getElementById(button.dataset.for);
  if (!field) return;
  event.preventDefault();
  field.setRangeText(button.dataset.phrase, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("details")?.removeAttribute("open");
  field.focus();
});

// The browser stops at maxlength without a word: a long text that comes near it says how much is written
const COUNTED = 100;
on("input", "textarea[maxlength]", (_event, field) => {
  const { maxLength: most, value } = field;
  if (most <= COUNTED) return;
  let count = field.nextElementSibling?.matches("[data-count]") ? field.nextElementSibling : null;
  if (value.length < most * 0.8) return count?.remove();
  if (!count) field.after((count = element("div", { class: "db-help db-num", "data-count": true })));
  count.textContent = `${value.length} / ${most}`;
});

// What is wrong with a field is said until it is put right, as far as the browser can see; the server says the rest again
const PICKER = "[data-photos], [data-files]";
function corrected(target) {
  if (target.matches(PICKER)) return target.querySelector("[data-item] input") !== null;
  if (!target.matches("input, select, textarea") || !target.validity.valid) return false;
  return target.matches("[type=checkbox], [type=radio]") ? target.checked : target.value.trim() !== "";
}
function takeAway({ target }) {
  const wrong = target instanceof Element && target.closest("[aria-invalid], .is-invalid");
  if (!wrong || !corrected(target)) return;
  const told = (wrong.getAttribute("aria-describedby") ?? `${wrong.id}-err`).split(" ");
  for (const id of told) document.getElementById(id)?.matches(".db-err") && document.getElementById(id).remove();
  for (const node of [wrong, ...(target.matches(PICKER) ? wrong.querySelectorAll(".is-invalid") : [])]) {
    node.classList.remove("is-invalid");
    node.removeAttribute("aria-invalid");
    const left = told.filter((id) => document.getElementById(id));
    if (left.length) node.setAttribute("aria-describedby", left.join(" "));
    else node.removeAttribute("aria-describedby");
  }
}
document.addEventListener("input", takeAway);
document.addEventListener("change", takeAway);

// A link of the error summary to a file input that the picker has hidden goes to the picker
on("click", "[data-error-summary] a", (event, link) => {
  const field = document.getElementById(link.hash.slice(1));
  const group = field?.checkVisibility?.() === false && field.closest("[tabindex]");
  if (!group) return;
  event.preventDefault();
  group.focus();
});
