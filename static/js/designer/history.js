// Undo and redo. Inside one diagram the modeler's own stack; where a whole diagram was put in place of another (a fix,
// an import, somebody else's version) the state before it is a step as well.
class ManifestChange {
  constructor(editor) {
    this.editor = editor;
  }

  execute({ after }) {
    this.editor.setManifest(after);
    return [];
  }

  revert({ before }) {
    this.editor.setManifest(before);
    return [];
  }
}

export class History {
  constructor(editor) {
    this.editor = editor;
    this.stack = editor.modeler.get("commandStack");
    this.past = [];
    this.future = [];
    this.stack.register("duban.manifest", new ManifestChange(editor));
  }

  manifest(before, after) {
    this.stack.execute("duban.manifest", { before, after });
  }

  remember(snapshot) {
    this.past.push(snapshot);
    this.future = [];
    this.show();
  }

  wire(undo, redo) {
    this.buttons = { undo, redo };
    undo.addEventListener("click", () => this.undo());
    redo.addEventListener("click", () => this.redo());
    this.show();
  }

  show() {
    if (!this.buttons) return;
    this.buttons.undo.disabled = !this.stack.canUndo() && !this.past.length;
    this.buttons.redo.disabled = !this.stack.canRedo() && !this.future.length;
  }

  async undo() {
    if (this.stack.canUndo()) this.stack.undo();
    else await this.swap(this.past, this.future);
    this.show();
  }

  async redo() {
    if (this.stack.canRedo()) this.stack.redo();
    else await this.swap(this.future, this.past);
    this.show();
  }

  async swap(from, to) {
    const snapshot = from.pop();
    if (!snapshot) return;
    to.push(await this.editor.snapshot());
    await this.editor.restore(snapshot);
  }
}
