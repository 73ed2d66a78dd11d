// The process editor: loaded on its own page only.
import { open } from "./designer/editor.js";

const page = document.getElementById("editor");
if (page) open(page);
