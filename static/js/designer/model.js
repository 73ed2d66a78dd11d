// Reading and changing what stands on an element. Every change is a command: it can be undone, and is one step back.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

export { is };
export const semantic = getBusinessObject;
const SPIFF = "spiffworkflow:";

export const extension = (element, type) =>
  semantic(element)
    .get("extensionElements")
    ?.get("values")
    ?.find((each) => each.$type === SPIFF + type);

export function words(element) {
  const found = {};
  for (const each of extension(element, "Properties")?.get("properties") ?? []) found[each.get("name")] = each.get("value") ?? "";
  return found;
}

export const event = (element) => (semantic(element).get("eventDefinitions") ?? [])[0];
export const eventKind = (element) => event(element)?.$type.replace(/^bpmn:|EventDefinition$/g, "").toLowerCase() ?? "";

// Several commands as one step.
class Together {
  preExecute({ steps }) {
    for (const step of steps) step();
  }
}

export class Model {
  constructor(modeler) {
    this.modeler = modeler;
    this.modeling = modeler.get("modeling");
    this.moddle = modeler.get("moddle");
    this.stack = modeler.get("commandStack");
    this.stack.register("duban.together", Object.assign(new Together(), { execute: () => [] }));
  }

  together(...steps) {
    this.stack.execute("duban.together", { steps });
  }

  update(element, properties) {
    this.modeling.updateProperties(element, properties);
  }

  updateInner(element, inner, properties) {
    this.modeling.updateModdleProperties(element, inner, properties);
  }

  create(type, properties, parent) {
    const made = this.moddle.create(type, properties);
    if (parent) made.$parent = parent;
    return made;
  }

  // An extension element in place of another, at its place; nothing in place of it, nothing to replace: both may be.
  replaceExtension(element, old, fresh) {
    const holder = semantic(element).get("extensionElements");
    const values = [...(holder?.get("values") ?? [])];
    const place = old ? values.indexOf(old) : -1;
    if (place >= 0) values.splice(place, 1, ...(fresh ? [fresh] : []));
    else if (fresh) values.push(fresh);
    const made = values.length ? this.create("bpmn:ExtensionElements", { values }, semantic(element)) : undefined;
    for (const each of values) each.$parent = made;
    this.update(element, { extensionElements: made });
  }

  // Step properties: a text sets, an empty one removes.
  setWords(element, changes) {
    const old = extension(element, "Properties");
    const kept = (old?.get("properties") ?? []).map((each) => [each.get("name"), each.get("value")]);
    for (const [name, value] of Object.entries(changes)) {
      const at = kept.findIndex(([each]) => each === name);
      const gone = value === undefined || value === null || String(value).trim() === "";
      if (gone && at >= 0) kept.splice(at, 1);
      else if (!gone && at >= 0) kept[at] = [name, String(value)];
      else if (!gone) kept.push([name, String(value)]);
    }
    const fresh = kept.length ? this.create(`${SPIFF}Properties`, {}) : null;
    if (fresh) fresh.properties = kept.map(([name, value]) => this.create(`${SPIFF}Property`, { name, value }, fresh));
    if (old || fresh) this.replaceExtension(element, old, fresh);
  }

  setWord(element, name, value) {
    this.setWords(element, { [name]: value });
  }

  // An extension that is one text: calledDecisionId, preScript, postScript.
  setText(element, type, value) {
    const fresh = value.trim() ? this.create(SPIFF + type, { value }) : null;
    this.replaceExtension(element, extension(element, type), fresh);
  }

  // `{id, result, parameters: [[name, type, value]]}` or null.
  setOperator(element, given) {
    const old = extension(element, "ServiceTaskOperator");
    if (!given) return this.replaceExtension(element, old, null);
    const fresh = this.create(`${SPIFF}ServiceTaskOperator`, { id: given.id, resultVariable: given.result ?? "" });
    const list = this.create(`${SPIFF}Parameters`, {}, fresh);
    list.parameters = given.parameters.map(([id, type, value]) => this.create(`${SPIFF}Parameter`, { id, type, value }, list));
    fresh.parameterList = list;
    return this.replaceExtension(element, old, fresh);
  }

  operator(element) {
    const found = extension(element, "ServiceTaskOperator");
    if (!found) return null;
    const parameters = (found.get("parameterList")?.get("parameters") ?? []).map((each) => [each.get("id"), each.get("type") ?? "str", each.get("value") ?? ""]);
    return { id: found.get("id") ?? "", result: found.get("resultVariable") ?? "", parameters };
  }

  // The text of a condition, a timer or the like: an expression element below `inner`, or none.
  setExpression(element, inner, name, text) {
    const fresh = text.trim() ? this.create("bpmn:FormalExpression", { body: text.trim() }, inner) : undefined;
    if (inner === semantic(element)) this.update(element, { [name]: fresh });
    else this.updateInner(element, inner, { [name]: fresh });
  }

  definitions() {
    return this.modeler.getDefinitions();
  }

  declared(type) {
    return this.definitions()
      .get("rootElements")
      .filter((each) => each.$type === type);
  }

  // What an event refers to by name or code: the declared one, made where there is none yet.
  refer(element, holder, reference, type, attribute, text) {
    const value = text.trim();
    const found = value && this.declared(type).find((each) => each.get(attribute) === value);
    const set = (target) => (holder === semantic(element) ? this.update(element, { [reference]: target }) : this.updateInner(element, holder, { [reference]: target }));
    if (!value || found) return set(found || undefined);
    const definitions = this.definitions();
    const made = this.create(type, { id: this.moddle.ids.nextPrefixed(`${type.split(":")[1].toLowerCase()}_`), [attribute]: value, ...(attribute === "name" ? {} : { name: value }) }, definitions);
    return this.together(
      () => this.updateInner(element, definitions, { rootElements: [...definitions.get("rootElements"), made] }),
      () => set(made),
    );
  }

  // The process in which an element stands; with nothing chosen the one that is executed.
  process(element) {
    let found = element && semantic(element);
    while (found && found.$type !== "bpmn:Process") found = found.$type === "bpmn:Participant" ? found.get("processRef") : found.$parent;
    return found ?? this.declared("bpmn:Process").find((each) => each.get("isExecutable")) ?? this.declared("bpmn:Process")[0];
  }
}

// The elements from which a token can have come to this one, itself included.
export function upstream(element) {
  const seen = new Set();
  const todo = [element?.waypoints ? element.source : element].filter(Boolean);
  while (todo.length) {
    const each = todo.pop();
    if (!each || seen.has(each.id)) continue;
    seen.add(each.id);
    for (const flow of each.incoming ?? []) if (is(flow, "bpmn:SequenceFlow")) todo.push(flow.source);
    if (each.host) todo.push(each.host);
    if (each.parent && is(each.parent, "bpmn:SubProcess")) todo.push(each.parent);
    // What happened inside a sub-process is known after it.
    if (is(each, "bpmn:SubProcess") && each !== element?.parent) for (const child of each.children ?? []) if (!child.waypoints) todo.push(child);
    if (is(each, "bpmn:IntermediateCatchEvent") && eventKind(each) === "link") todo.push(...throwers(each));
  }
  return seen;
}

function throwers(caught) {
  const name = event(caught)?.get("name");
  return (caught.parent?.children ?? []).filter((each) => is(each, "bpmn:IntermediateThrowEvent") && eventKind(each) === "link" && event(each)?.get("name") === name);
}
