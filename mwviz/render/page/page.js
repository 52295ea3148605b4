// Plays the probe: everything is in the page already, and this only shows when it happened.
// No markup is made here of anything: texts are set as texts, and elements are those that the page came with.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const { probes } = JSON.parse(byId("data").textContent);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const paper = matchMedia("print");
  const signs = { in: "↓", out: "↑", left: "↩", raised: "✗" };
  // Milliseconds per step; calls that end and bodies on their way take less.
  const PACE = 620, QUICK = 0.4;

  let probe = probes[0];
  let step = 0;
  let timer = null;
  let noted = null;
  let printing = false;

  const sectionOf = (each) => byId(`probe=${each.kind}`);
  for (const each of probes) {
    const token = document.createElement("span");
    token.className = "token";
    token.hidden = true;
    token.setAttribute("aria-hidden", "true");
    each.section = sectionOf(each);
    each.token = token;
    each.section.querySelector(".stage").append(token);
    each.rows = [...each.section.querySelectorAll(".row")];
    each.passed = [...each.section.querySelectorAll(".row, .heading")];
    each.timed = [...each.section.querySelectorAll("[data-at]")];
    each.lines = [...each.section.querySelectorAll("tr[data-step]")];
  }

  // --- what a step looks like -------------------------------------------------------------------------------------

  const later = (element, name, number) => {
    const at = element.dataset[number];
    return at !== undefined && Number(at) > step && element.classList.add(name);
  };

  function show() {
    const { section, passed, timed, lines, token, steps } = probe;
    const now = step > 0 && !printing ? steps[step - 1] : null;
    section.classList.toggle("stepping", now !== null);
    for (const row of passed) {
      row.classList.remove("now", "way-in", "way-out", "way-left", "way-raised", "later-in", "later-out", "later-raised", "open");
      if (now !== null) {
        later(row, "later-in", "in");
        later(row, "later-out", "out");
        later(row, "later-raised", "raised");
        later(row, "open", "done");
      }
    }
    for (const each of timed) {
      const at = Number(each.dataset.at);
      each.classList.toggle("later", now !== null && at > step);
      each.classList.toggle("fresh", now !== null && at === step);
    }
    for (const line of lines) line.classList.toggle("now", now !== null && Number(line.dataset.step) === step);
    token.hidden = now === null;
    if (now !== null) point(now, token);
    tell(now);
  }

  function point(now, token) {
    const row = byId(now.row);
    row.classList.add("now", `way-${now.way}`);
    token.textContent = signs[now.way];
    token.className = `token way-${now.way}`;
    if (row.hidden) {
      token.hidden = true;
      return;
    }
    const lane = row.querySelector(now.way === "in" ? ".lane.in" : ".lane.out").getBoundingClientRect();
    const origin = token.parentElement.getBoundingClientRect();
    const x = lane.left + lane.width / 2 - origin.left, y = lane.top + lane.height / 2 - origin.top;
    token.style.transform = `translate(${x}px, ${y}px)`;
  }

  function tell(now) {
    const { steps, title } = probe;
    byId("at").max = steps.length;
    byId("at").value = step;
    byId("at").setAttribute("aria-valuetext", now === null ? "the whole of it" : `step ${step} of ${steps.length}`);
    byId("clock").textContent = now === null ? `${steps.length} steps` : `step ${step} of ${steps.length} · ${now.at}`;
    const said = now === null ? `${title}: the whole of it. Play it, or go step by step.` : `${signs[now.way]} ${now.says}`;
    // A screen reader reads whatever is written, be it the same.
    if (byId("says").textContent !== said) byId("says").textContent = said;
  }

  // --- going from step to step ------------------------------------------------------------------------------------

  function go(to, { keep = false } = {}) {
    if (!keep) pause();
    step = Math.max(0, Math.min(to, probe.steps.length));
    show();
    note();
    if (step > 0) byId(probe.steps[step - 1].row).scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  }

  function play() {
    if (probe.steps.length === 0) return;
    // While it runs, a screen reader would never get to the end of a sentence.
    byId("says").setAttribute("aria-live", "off");
    byId("play").classList.add("running");
    byId("play").setAttribute("aria-label", "Pause");
    next(step >= probe.steps.length ? 0 : step);
  }

  function next(from) {
    go(from + 1, { keep: true });
    if (step >= probe.steps.length) {
      pause();
      return;
    }
    const pace = PACE * (probe.steps[step].quick ? QUICK : 1) / Number(byId("speed").value);
    timer = setTimeout(() => next(step), pace);
  }

  function pause() {
    clearTimeout(timer);
    if (timer === null) return;
    timer = null;
    byId("play").classList.remove("running");
    byId("play").setAttribute("aria-label", "Play");
    byId("says").setAttribute("aria-live", "polite");
    // What it stopped at was written unheard: written anew, it is read.
    byId("says").textContent = "";
    setTimeout(show, 100);
  }

  function select(kind) {
    pause();
    probe = probes.find((each) => each.kind === kind) ?? probes[0];
    for (const each of probes) each.section.hidden = each !== probe;
    for (const link of document.querySelectorAll(".choice a")) {
      if (link.hash === `#probe=${probe.kind}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // --- the address of a step: #probe=error&step=7 -----------------------------------------------------------------

  function read() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const to = asked.get("step");
    select(asked.get("probe") ?? probe.kind);
    go(to === "end" ? probe.steps.length : Number.parseInt(to ?? "0", 10) || 0);
  }

  function note() {
    // Browsers refuse a page that writes its address too often.
    clearTimeout(noted);
    noted = setTimeout(() => {
      const said = probe === probes[0] && step === 0 && !location.hash ? "" : `#probe=${probe.kind}&step=${step}`;
      if (said && said !== location.hash) history.replaceState(null, "", said);
    }, 400);
  }

  // --- search -----------------------------------------------------------------------------------------------------

  function find() {
    const wanted = byId("find").value.trim().toLowerCase();
    const matches = (element) => element.textContent.toLowerCase().includes(wanted);
    let found = 0, total = 0;
    for (const each of probes) {
      for (const row of each.rows) {
        row.hidden = wanted !== "" && !matches(row);
        if (each === probe && row.classList.contains("layer")) {
          total += 1;
          found += row.hidden ? 0 : 1;
        }
      }
      for (const entry of each.section.querySelectorAll(".entry")) entry.hidden = wanted !== "" && !matches(entry);
      for (const group of each.section.querySelectorAll(".group")) group.hidden = !group.querySelector(".row:not([hidden])");
    }
    byId("found").textContent = wanted === "" ? "" : `${found} of ${total} layers`;
    show();
  }

  // --- everything that can be pressed -----------------------------------------------------------------------------

  const moves = { ArrowLeft: () => step - 1, ArrowRight: () => step + 1, Home: () => 1, End: () => probe.steps.length };

  // On paper everything is open, and no step is the current one.
  function print(begun) {
    if (begun === printing) return;
    printing = begun;
    for (const each of document.querySelectorAll("details")) {
      if (begun) each.dataset.was = each.open;
      each.open = begun || each.dataset.was === "true";
    }
    show();
  }

  // Arrows move what has the focus and is wider than its place, such as a table on a phone.
  const scrolls = (at) => at.matches("[tabindex]") && at.scrollWidth > at.clientWidth;

  function press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = event.target.closest("input, select, textarea");
    if (at !== null && at.id !== "at") return;
    if (event.key === " " && event.target.closest("button, a, summary") === null) {
      event.preventDefault();
      timer === null ? play() : pause();
    } else if (event.key in moves && !scrolls(event.target)) {
      event.preventDefault();
      go(moves[event.key]());
    }
  }

  byId("play").addEventListener("click", () => (timer === null ? play() : pause()));
  byId("first").addEventListener("click", () => go(1));
  byId("back").addEventListener("click", () => go(step - 1));
  byId("forward").addEventListener("click", () => go(step + 1));
  byId("last").addEventListener("click", () => go(probe.steps.length));
  byId("at").addEventListener("input", (event) => go(Number(event.target.value)));
  byId("find").addEventListener("input", find);
  byId("theme").addEventListener("click", (event) => {
    const themes = ["auto", "dark", "light"];
    const theme = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % themes.length];
    document.documentElement.dataset.theme = theme;
    event.target.textContent = `Theme: ${theme}`;
  });
  for (const each of document.querySelectorAll("details")) each.addEventListener("toggle", () => show());
  for (const each of document.querySelectorAll(".crossings")) each.open = false;
  document.documentElement.classList.add("scripted");
  for (const each of document.querySelectorAll("[data-needs-script]")) each.hidden = false;
  addEventListener("keydown", press);
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  paper.addEventListener("change", () => print(paper.matches));
  addEventListener("hashchange", read);
  addEventListener("resize", () => show());
  read();
  print(paper.matches);
})();
