// Undo and redo. Inside one diagram the modeler's own stack; where a whole diagram was put in place of another (a fix,
// an import, somebody else's version) that stack is lost, so the states it could go back to are kept as snapshots first.
const STEPS = 30; // steps that stay single ones; what was done before them is one step

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
    this.turn = Promise.resolve();
    this.walking = false; // the stack is only read: nothing has changed for whoever listens to it
    this.stack.register("duban.manifest", new ManifestChange(editor));
  }

  manifest(before, after) {
    this.stack.execute("duban.manifest", { before, after });
  }

  remember(snapshots) {
    this.past.push(...snapshots);
    this.future = [];
    this.show();
  }

  wire(undo, redo) {
    this.buttons = { undo, redo };
    undo.addEventListener("click", () => this.undo());
    redo.addEventListener("click", () => this.redo());
    this.show();
  }

  // Something new was done: what was undone before is no longer ahead.
  executed() {
    this.future = [];
    this.show();
  }

  show() {
    if (!this.buttons) return;
    this.buttons.undo.disabled = !this.stack.canUndo() && !this.past.length;
    this.buttons.redo.disabled = !this.stack.canRedo() && !this.future.length;
  }

  undo() {
    return this.after(async () => {
      if (this.stack.canUndo()) this.stack.undo();
      else await this.swap(this.past, this.future, false);
    });
  }

  redo() {
    return this.after(async () => {
      if (this.stack.canRedo()) this.stack.redo();
      else await this.swap(this.future, this.past, true);
    });
  }

  // One after the other: a second click while a diagram is being read waits for it.
  after(step) {
    this.turn = this.turn.then(step).finally(() => this.show());
    return this.turn;
  }

  async swap(from, to, back) {
    const snapshot = from.pop();
    if (!snapshot) return;
    to.push(...(await this.states(back)));
    await this.editor.restore(snapshot);
  }

  // What the stack leads back to (or on to), the present state last. Afterwards it stands at its other end and another
  // diagram has to be shown.
  async states(back) {
    const can = () => (back ? this.stack.canUndo() : this.stack.canRedo());
    const found = [await this.editor.snapshot()];
    this.walking = true;
    try {
      while (can()) {
        if (back) this.stack.undo();
        else this.stack.redo();
        if (found.length <= STEPS || !can()) found.push(await this.editor.snapshot());
      }
    } finally {
      this.walking = false;
    }
    return found.reverse();
  }
}
