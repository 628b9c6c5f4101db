"use strict";
const POLL_SECONDS = 5, BACKOFF_SECONDS_MAX = 60, PATIENCE_SECONDS = 20;
const STAGES = { T0: "T0 prepare", T1: "T1 deploy", T2: "T2 sync", T3: "T3 switch", T4: "T4 retire" };
const OUTCOMES = { completed: "completed", rolled_back: "rolled back", stopped: "stopped", rollback_failed: "rollback failed" };
const VERDICTS = { pass: "pass", fail: "fail", inconclusive: "inconclusive", no_data: "no data", provider_error: "provider error" };
const byId = (id) => document.getElementById(id);
let timer = 0, turn = 0, failures = 0, goodAt = null, shown = "", told = "";

// Whatever the API says becomes text here, never markup.
function made(tag, text = "", look = "") {
  const found = document.createElement(tag);
  found.textContent = text;
  if (look) found.className = look;
  return found;
}

function table(caption, heads, rows) {
  const all = made("table"), head = made("tr"), body = made("tbody"), top = made("thead"), wide = made("div", "", "wide");
  for (const each of heads) {
    const cell = made("th", each);
    cell.scope = "col";
    head.append(cell);
  }
  for (const row of rows) {
    const line = made("tr");
    row.forEach((each, place) => {
      const cell = place ? made("td") : made("th");
      if (!place) cell.scope = "row";
      const [text, look] = Array.isArray(each) ? each : [each, ""];
      cell.textContent = text;
      if (look) cell.className = look;
      line.append(cell);
    });
    body.append(line);
  }
  top.append(head);
  all.append(made("caption", caption), top, body);
  wide.append(all);
  return wide;
}

const time = (at) => (at ? new Date(at).toISOString().replace("T", " ").slice(0, 19) : "");
const number = (value) => (value == null ? "–" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4))));
const amount = (value, unit) => number(value) + (value != null && unit ? (unit === "%" ? "%" : ` ${unit}`) : "");

function span(seconds) {
  const whole = Math.max(0, Math.round(seconds)), two = (n) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

function users(state, rollout) {
  if (rollout && rollout.shadow) return [`All users are on ${state.live}: the rollout is in shadow and moves nobody.`];
  if (!rollout || (rollout.outcome && rollout.outcome !== "rollback_failed")) return [`All users are on ${state.live}.`];
  if (rollout.outcome) return ["Where all users are is not proven: the way back failed.", "wrong"];
  if (rollout.diverted_at) return [`All users are back on ${rollout.safe}.`];
  if (!rollout.shifted) return [`All users are on ${rollout.live}.`];
  if (rollout.stage === "rollback") return [`Users are on their way back to ${rollout.safe}.`, "waits"];
  if (rollout.moved_at) return [`All users are on ${rollout.candidate}.`];
  return [`Users are on their way from ${rollout.live} to ${rollout.candidate}.`, "waits"];
}

function wayBack(rollout, back) {
  const found = [made("h3", "The way back")];
  if (rollout.shadow) {
    found.push(made("p", "There is nothing to take back: the rollout is in shadow.", "quiet"));
  } else if (rollout.destroying) {
    found.push(made("p", `There is no way back any more: the cluster of ${rollout.live} is being destroyed, or is gone.`, "wrong"));
  } else if (rollout.outcome) {
    found.push(made("p", "There is no way back to take: the rollout has ended.", "quiet"));
  } else if (rollout.stage === "rollback") {
    found.push(made("p", `It is being taken, to ${rollout.safe}.`, "waits"));
  } else if (!back.possible) {
    found.push(made("p", "There is no way back.", "wrong"));
  } else {
    found.push(...ready(rollout, back));
  }
  return found;
}

function ready(rollout, back) {
  const found = [];
  if (back.unready) found.push(made("p", `Not ready: ${back.safe} could not take all traffic back: ${back.unready}.`, "wrong"));
  else if (back.ready_at) found.push(made("p", `Ready: ${back.safe} proved at ${time(back.ready_at)} that it could take all traffic back.`));
  else if (rollout.shifted) found.push(made("p", `${back.safe} has not proven that it could take all traffic back.`, "waits"));
  if (back.unproven) found.push(made("p", `The last look proved nothing: ${back.unproven}.`, "waits"));
  if (!back.levers.length) {
    found.push(made("p", "No traffic has moved: there is nothing to take back.", "quiet"));
    return found;
  }
  const rows = back.levers.map((each) => [
    each.lever,
    [(each.measured ? "" : "at most ") + span(each.seconds), "number"],
    each.measured ? "by how long users took to follow this lever on the way there" : "its propagation and the TTL that it has now; not measured yet",
  ]);
  found.push(table(`Time to safety: from the order until everybody is on ${back.safe}`, ["Lever", "Time to safety", "Known from"], rows));
  return found;
}

function progress(rollout) {
  const found = [made("h3", rollout.shadow ? "Rollout in shadow" : "Rollout")];
  if (rollout.shadow) found.push(made("p", "It decides and records, and changes nothing. Its gates are asked of the live slot.", "waits"));
  found.push(made("p", `${rollout.id}: ${rollout.version}, from ${rollout.live} to ${rollout.candidate}, started ${time(rollout.started_at)}`));
  if (rollout.outcome) {
    found.push(made("p", `${OUTCOMES[rollout.outcome] || rollout.outcome} at ${time(rollout.ended_at)}`, rollout.outcome === "completed" ? "" : "wrong"));
  } else {
    const stage = STAGES[rollout.stage] || rollout.stage;
    found.push(made("p", `${stage}, step ${rollout.step}, since ${time(rollout.entered_at)}`));
  }
  found.push(made("p", rollout.because));
  if (rollout.rollback_because) found.push(made("p", `It was turned back: ${rollout.rollback_because}`, "wrong"));
  if (rollout.held && !rollout.outcome) found.push(made("p", `Held since ${time(rollout.held.since)}: ${rollout.held.because}`, "waits"));
  return found;
}

function gates(judgements) {
  if (!judgements.length) return [];
  const order = (each) => (each.verdict === "pass" ? "0" : "1") + each.at;
  const rows = [...judgements].sort((one, other) => (order(one) < order(other) ? 1 : -1)).map((each) => [
    each.gate,
    each.slot,
    [VERDICTS[each.verdict] || each.verdict, each.verdict === "pass" ? "" : each.verdict === "fail" ? "wrong" : "waits"],
    [amount(each.value, each.unit), "number"],
    [amount(each.limit, each.unit), "number"],
    [time(each.at), "number"],
    each.because,
  ]);
  return [made("h3", "Gates"), table("The newest verdict of each gate", ["Gate", "Slot", "Verdict", "Value", "Limit", "At", "Why"], rows)];
}

function draw(name, fleet, rollout) {
  const text = JSON.stringify([name, fleet.state, fleet.fleet.shadow, rollout]);
  if (text === shown) return;
  shown = text;
  const now = rollout && rollout.rollout, [where, look] = users(fleet.state, now);
  const parts = [made("h2", name)];
  if (fleet.fleet.shadow) parts.push(made("p", "The fleet is in shadow: rollouts that begin now change nothing.", "waits"));
  parts.push(made("h3", "Users"), made("p", where, look));
  if (now) parts.push(...progress(now), ...wayBack(now, rollout.way_back));
  else parts.push(made("h3", "Rollout"), made("p", "There has been none yet.", "quiet"));
  const held = fleet.state.held_versions || [];
  if (held.length) {
    const rows = held.map((each) => [each.version, [time(each.since), "number"], each.because]);
    parts.push(made("h3", "Held versions"), table("Not tried again until a person lifts it", ["Version", "Since", "Why"], rows));
  }
  if (now) parts.push(...gates(rollout.judgements));
  byId("fleet").replaceChildren(...parts);
  const news = now ? `${name}${now.shadow ? ", in shadow" : ""}: ${now.held && !now.outcome ? now.held.because : now.because}` : "";
  if (news !== told) byId("news").textContent = told = news;
}

function list(fleets, chosen) {
  const entries = fleets.map((each) => {
    const link = made("a", each.name + (each.active ? ", a rollout is under way" : ""));
    link.href = `#${encodeURIComponent(each.name)}`;
    if (each.name === chosen) link.setAttribute("aria-current", "page");
    const item = made("li");
    item.append(link);
    return item;
  });
  const text = JSON.stringify([fleets, chosen]);
  if (byId("fleets").dataset.text === text) return;
  byId("fleets").dataset.text = text;
  byId("fleets").replaceChildren(...entries);
}

class Refused extends Error {
  constructor(status, detail, waitSeconds) {
    super(detail);
    this.status = status;
    this.waitSeconds = waitSeconds;
  }
}

async function ask(path) {
  const answer = await fetch(path, {
    cache: "no-store", credentials: "same-origin", redirect: "manual",
    headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_SECONDS * 1000),
  });
  // A redirect leads to a page for signing in.
  if (answer.type === "opaqueredirect") throw new Refused(401, "", 0);
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, (body && body.detail) || "", Number(answer.headers.get("Retry-After")) || 0);
  if (body === null) throw new Refused(502, "", 0);
  return body;
}

async function current(path) {
  try {
    return await ask(`${path}/rollouts/current`);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

function chosen() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

function clear(sentence) {
  shown = "";
  byId("fleet").replaceChildren(made("p", sentence, "quiet"));
}

async function look(mine) {
  const name = chosen(), path = `fleets/${encodeURIComponent(name)}`;
  const { fleets } = await ask("fleets");
  if (mine !== turn) return;
  list(fleets, name);
  if (!fleets.some((each) => each.name === name)) {
    clear(name ? "There is no fleet of that name." : fleets.length ? "Choose a fleet." : "No fleet has been applied yet.");
    return;
  }
  const [fleet, rollout] = await Promise.all([ask(path), current(path)]);
  if (mine === turn) draw(name, fleet, rollout);
}

function trouble(error) {
  const status = error instanceof Refused ? error.status : 0;
  const as = goodAt ? ` What is shown is as of ${time(goodAt)}.` : "";
  if (status === 401) {
    const link = made("a", "Sign in");
    link.href = `/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname + location.hash)}`;
    return [`You are not signed in, or your sign-in has ended.${as} `, link];
  }
  if (status === 403) return [`You may not look at this: ${error.message}`];
  if (status >= 400 && status < 500) return [`Switchyard refuses to answer: ${error.message || status}.${as}`];
  return [`Switchyard cannot be reached.${as} It is asked again and again.`];
}

function complain(parts) {
  const text = parts.map((each) => (typeof each === "string" ? each : each.href)).join(" ");
  if (byId("trouble").dataset.text === text) return;
  byId("trouble").dataset.text = text;
  byId("trouble").replaceChildren(...parts);
}

async function poll() {
  clearTimeout(timer);
  const mine = ++turn;
  let seconds = POLL_SECONDS;
  try {
    await look(mine);
    if (mine !== turn) return;
    failures = 0;
    goodAt = Date.now();
    complain([]);
  } catch (error) {
    if (mine !== turn) return;
    failures += 1;
    seconds = Math.min(BACKOFF_SECONDS_MAX, Math.max(POLL_SECONDS * 2 ** (failures - 1), error.waitSeconds || 0));
    if (!goodAt) clear("Nothing can be shown.");
    complain(trouble(error));
  }
  if (!document.hidden) timer = setTimeout(poll, seconds * 1000);
}

addEventListener("hashchange", poll);
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
poll();
