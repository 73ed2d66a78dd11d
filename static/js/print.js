// Print what is shown: [data-print]. Without JavaScript the browser's own menu prints the same.
import { on } from "./dom.js";

on("click", "[data-print]", () => window.print());
