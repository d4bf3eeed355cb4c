"""Style and script of the page."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--ground:#fff;--raised:#f6f7f9;--line:#d5d9e0;--text:#1c2026;--soft:#5a6370;
--good:#17753c;--bad:#b3231c;--running:#1559b7;--stopped:#75500b;--waiting:#5a6370}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--raised:#1d2127;--line:#363d47;--text:#e6e9ee;--soft:#a2abb8;
--good:#5cc98a;--bad:#ff8a80;--running:#7db4ff;--stopped:#e2b65c;--waiting:#a2abb8}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.45 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:16px}
h1{font-size:1.35rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0;overflow-wrap:anywhere}
h2 small{font-weight:400;color:var(--soft)}
h3{font-size:.8rem;color:var(--soft);margin:10px 0 2px;overflow-wrap:anywhere}
h3 small{font-weight:400;font-size:.74rem}
h3 a{color:var(--running)}
.service,.id,.counts,footer{color:var(--soft);margin:2px 0;font-size:.87rem;overflow-wrap:anywhere}
.message{color:var(--text);border-left:4px solid var(--line)}
.message{padding:4px 10px;margin:10px 0;overflow-wrap:anywhere;white-space:pre-wrap}
.message.bad{border-color:var(--bad)}
dl{display:flex;flex-wrap:wrap;gap:8px 28px;margin:12px 0}
dt{font-size:.8rem;color:var(--soft)}
dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.badge{display:inline-block;font-size:.8rem;font-weight:600;border:1px solid;border-radius:99px;padding:1px 9px;
white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.running{color:var(--running)}
.stopped{color:var(--stopped)}.waiting{color:var(--waiting)}
.graph{overflow-x:auto;border:1px solid var(--line);border-radius:10px;padding:12px;margin:14px 0}
svg{display:block;margin:0 auto;font:13px system-ui,sans-serif}
svg text{text-anchor:middle;fill:currentColor}
svg .name{font-weight:600;fill:var(--text)}
svg rect{fill:var(--raised);stroke:currentColor;stroke-width:1.5}
.edge{fill:none;stroke:var(--soft);stroke-width:1.5}
.head{fill:var(--soft)}
.part{border:1px solid var(--line);border-radius:10px;padding:12px;margin:14px 0}
.part:target,.unit:target{outline:2px solid var(--running);outline-offset:2px}
pre{margin:4px 0;padding:8px 10px;background:var(--raised);border-radius:6px;overflow-x:auto;
font:12.5px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.unit{border-top:1px solid var(--line);margin-top:8px;padding-top:6px}
.unit p{margin:4px 0;font-size:.87rem;color:var(--soft);overflow-wrap:anywhere;white-space:pre-wrap}
summary{cursor:pointer;padding:4px 0;overflow-wrap:anywhere}
.unit summary b,.unit summary .badge{margin-right:10px}
.unit summary span{white-space:nowrap}
.unit summary span+span{margin-right:10px;font-variant-numeric:tabular-nums}
#problem{color:var(--bad)}
@media(max-width:480px){main{padding:10px}.part,.graph{padding:10px}dl{gap:6px 20px}}
"""

# It replaces the content only, so that the reader keeps the place, what is open, and a text that is selected.
SCRIPT = """
(function () {
  var main = document.querySelector("main");
  function later() { setTimeout(update, 1000 * main.dataset.seconds); }
  function update() {
    if (document.hidden || String(getSelection())) return later();
    fetch(location.href, {cache: "no-store"}).then(function (answer) {
      if (!answer.ok) throw new Error("The job was deleted, or the link is not valid any more.");
      return answer.text();
    }, function () { throw new Error("The service does not answer."); }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html"), next = page.querySelector("main");
      main.querySelectorAll("details[id]").forEach(function (before) {
        var after = next.querySelector("#" + CSS.escape(before.id));
        if (after && before.dataset.touched) { after.open = before.open; after.dataset.touched = 1; }
      });
      main.replaceWith(next);
      main = next;
      document.title = page.title;
    }).catch(function (error) {
      document.getElementById("problem").textContent = error.message;
    }).then(later);
  }
  document.addEventListener("click", function (event) {
    var summary = event.target.closest("summary");
    if (summary) summary.parentNode.dataset.touched = 1;
  });
  later();
})();
"""
