// Everything a page runs. Each module listens on the document; the page works without any of them.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-ptag.js";
import "./toast.js";
import "./requests.js";
import "./panels.js";
import "./prefs.js";
import "./keys.js";
import "./rows.js";
import "./forms.js";
import "./uploads.js";
import "./locate.js";
import "./print.js";
import "./autosave.js";
import "./live.js";
import "./diagram.js";
import "./sortable.js";
import "./installed.js";
