// The extension elements that the engine reads, so that the modeler keeps and writes them (docs: bpmn/README.md).
// Their `id` is a name, not an identity: the same one may stand on many steps.
const text = (name) => ({ name, isAttr: true, type: "String" });
const body = { name: "value", isBody: true, type: "String" };
const extension = (name, ...properties) => ({ name, superClass: ["Element"], properties });

export default {
  name: "SpiffWorkflow",
  uri: "http://spiffworkflow.org/bpmn/schema/1.0/core",
  prefix: "spiffworkflow",
  xml: { tagAlias: "lowerCase" },
  types: [
    extension("Properties", { name: "properties", type: "Property", isMany: true }),
    extension("Property", text("name"), text("value")),
    extension("ServiceTaskOperator", text("id"), text("resultVariable"), { name: "parameterList", type: "Parameters" }),
    extension("Parameters", { name: "parameters", type: "Parameter", isMany: true }),
    extension("Parameter", text("id"), text("type"), text("value")),
    extension("CalledDecisionId", body),
    extension("PreScript", body),
    extension("PostScript", body),
  ],
};
