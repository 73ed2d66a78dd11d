// What a record still lacks, so that a phone without a network can say so. The server decides (task_checks.py).

export function lacking(values) {
  const lacks = [];
  if (!values.finding) lacks.push("lacks_finding");
  if (!values.photos.length) lacks.push("lacks_photo");
  if (!values.deadline) lacks.push("lacks_deadline");
  if (values.deadline === "on_site" && (!values.measures || !values.photos_after.length)) lacks.push("lacks_measures");
  return lacks;
}

export function owed(items, site) {
  const lacks = [];
  if (items.some((values) => !values.result)) lacks.push("owed_items");
  if (items.some((values) => values.result === "noncompliant" && lacking(values).length)) lacks.push("owed_findings");
  const unsigned = !site.served || (site.served === "signed" ? !site.signed_by : !site.refused_reason);
  if (unsigned) lacks.push("owed_signature");
  const nothing = !items.some((values) => values.result === "noncompliant");
  const placed = site.latitude !== null && site.latitude !== undefined;
  if (nothing && !site.evidence.length && !placed) lacks.push("owed_evidence");
  return lacks;
}
