// The modeler's token simulation, with our texts on what it shows beside the diagram. Its log keeps its own language.
import simulation from "bpmn-js-token-simulation";
import { t } from "./words.js";

const TITLES = () => ({
  "Play/Pause Simulation": t("继续或暂停"),
  "Reset Simulation": t("从头再来"),
  "Toggle Simulation Log": t("显示或收起记录"),
  "Set animation speed = Slow": t("慢"),
  "Set animation speed = Normal": t("正常"),
  "Set animation speed = Fast": t("快"),
});

function renamed(root) {
  const titles = TITLES();
  for (const node of root.querySelectorAll("[title]")) {
    const text = titles[node.title];
    if (text) {
      node.title = text;
      node.setAttribute("aria-label", text);
    }
  }
}

export { simulation };

// toggled(on): what else the page shows or holds back while tokens run.
export function withSimulation(modeler, box, toggled) {
  const toggle = modeler.get("toggleMode");
  modeler.on("tokenSimulation.toggleMode", ({ active }) => {
    renamed(box);
    toggled(active);
  });
  return () => toggle.toggleMode();
}
