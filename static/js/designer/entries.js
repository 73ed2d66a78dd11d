// What can be put into a diagram, in office words. Only what the engine carries out stands here.
import { t } from "./words.js";

const eventOf = (kind) => `bpmn:${kind}EventDefinition`;

// icon, label, shape; `words` are step properties that come with it, `attach` sits on a step.
export const groups = () => [
  [
    t("办理"),
    [
      { id: "user", icon: "user", label: t("人工任务"), shape: { type: "bpmn:UserTask" } },
      { id: "all", icon: "users", label: t("会签"), shape: { type: "bpmn:UserTask" }, words: { policy: "all" }, name: t("会签") },
      { id: "pool", icon: "hand-grab", label: t("签收池"), shape: { type: "bpmn:UserTask" }, words: { policy: "pool" } },
      { id: "in_turn", icon: "list-numbers", label: t("依次签"), shape: { type: "bpmn:UserTask" }, words: { policy: "in_turn" }, name: t("依次签") },
      { id: "service", icon: "settings", label: t("系统办理"), shape: { type: "bpmn:ServiceTask" } },
      { id: "script", icon: "calculator", label: t("计算赋值"), shape: { type: "bpmn:ScriptTask" } },
    ],
  ],
  [
    t("判断"),
    [
      { id: "exclusive", icon: "square-rotated", label: t("条件分支"), shape: { type: "bpmn:ExclusiveGateway" } },
      { id: "parallel", icon: "arrows-split-2", label: t("并行办理"), shape: { type: "bpmn:ParallelGateway" } },
      { id: "inclusive", icon: "circle-dotted", label: t("多项选择"), shape: { type: "bpmn:InclusiveGateway" } },
      { id: "eventbased", icon: "hourglass", label: t("先到先走"), shape: { type: "bpmn:EventBasedGateway" } },
      { id: "decision", icon: "table-options", label: t("判定表"), shape: { type: "bpmn:BusinessRuleTask" } },
    ],
  ],
  [
    t("时间"),
    [
      { id: "wait", icon: "clock", label: t("等待到时"), shape: { type: "bpmn:IntermediateCatchEvent", eventDefinitionType: eventOf("Timer") } },
      { id: "overdue", icon: "clock-exclamation", label: t("到时转办"), shape: { type: "bpmn:BoundaryEvent", eventDefinitionType: eventOf("Timer") }, attach: true },
      { id: "beside", icon: "clock-plus", label: t("到时另办"), shape: { type: "bpmn:BoundaryEvent", eventDefinitionType: eventOf("Timer"), cancelActivity: false }, attach: true },
    ],
  ],
  [
    t("消息"),
    [
      { id: "send", icon: "send", label: t("发送消息"), shape: { type: "bpmn:IntermediateThrowEvent", eventDefinitionType: eventOf("Message") } },
      { id: "receive", icon: "mail", label: t("等待消息"), shape: { type: "bpmn:IntermediateCatchEvent", eventDefinitionType: eventOf("Message") } },
      { id: "signal", icon: "broadcast", label: t("等待信号"), shape: { type: "bpmn:IntermediateCatchEvent", eventDefinitionType: eventOf("Signal") } },
      { id: "until", icon: "filter", label: t("等待条件"), shape: { type: "bpmn:IntermediateCatchEvent", eventDefinitionType: eventOf("Conditional") } },
    ],
  ],
  [
    t("起止"),
    [
      { id: "start", icon: "circle", label: t("发起"), shape: { type: "bpmn:StartEvent" } },
      { id: "end", icon: "circle-dot", label: t("办结"), shape: { type: "bpmn:EndEvent" } },
      { id: "terminate", icon: "circle-x", label: t("全部终止"), shape: { type: "bpmn:EndEvent", eventDefinitionType: eventOf("Terminate") } },
    ],
  ],
  [
    t("复用"),
    [
      { id: "sub", icon: "square-plus", label: t("子流程"), shape: { type: "bpmn:SubProcess", isExpanded: true } },
      { id: "call", icon: "external-link", label: t("调用流程"), shape: { type: "bpmn:CallActivity" }, words: { detached: "true" } },
      { id: "lane", icon: "layout-rows", label: t("泳道"), shape: { type: "bpmn:Participant" } },
      { id: "note", icon: "note", label: t("批注"), shape: { type: "bpmn:TextAnnotation" } },
    ],
  ],
];

export const tools = () => [
  { id: "lasso", icon: "select-all", label: t("框选"), action: "lassoTool" },
  { id: "space", icon: "arrows-horizontal", label: t("腾挪空间"), action: "spaceTool" },
  { id: "connect", icon: "arrow-narrow-right", label: t("连线"), action: "globalConnectTool" },
];

// What a shape is called where it has no name.
const KINDS = () => ({
  "bpmn:UserTask": t("人工任务"),
  "bpmn:ManualTask": t("手工任务"),
  "bpmn:ServiceTask": t("系统办理"),
  "bpmn:ScriptTask": t("计算赋值"),
  "bpmn:BusinessRuleTask": t("判定表"),
  "bpmn:SendTask": t("发送任务"),
  "bpmn:ReceiveTask": t("接收任务"),
  "bpmn:Task": t("未定类型的任务"),
  "bpmn:ExclusiveGateway": t("条件分支"),
  "bpmn:ParallelGateway": t("并行办理"),
  "bpmn:InclusiveGateway": t("多项选择"),
  "bpmn:EventBasedGateway": t("先到先走"),
  "bpmn:SubProcess": t("子流程"),
  "bpmn:CallActivity": t("调用流程"),
  "bpmn:StartEvent": t("发起"),
  "bpmn:EndEvent": t("办结"),
  "bpmn:BoundaryEvent": t("边界事件"),
  "bpmn:IntermediateCatchEvent": t("等待"),
  "bpmn:IntermediateThrowEvent": t("经过点"),
  "bpmn:SequenceFlow": t("流向"),
  "bpmn:Lane": t("泳道"),
  "bpmn:Participant": t("泳池"),
  "bpmn:TextAnnotation": t("批注"),
});
export const kindOf = (element) => KINDS()[element.businessObject?.$type ?? element.type] ?? t("元素");
