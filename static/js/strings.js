// Texts come from the page (#db-strings), already in the reader's language.
let texts;

export function text(key, values = {}) {
  texts ??= JSON.parse(document.getElementById("db-strings")?.textContent || "{}");
  return Object.entries(values).reduce((out, [name, value]) => out.replace(`{${name}}`, value), texts[key] ?? key);
}

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
