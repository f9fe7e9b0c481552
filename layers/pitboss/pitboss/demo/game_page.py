"""The demo game's page: plain, honest about its odds, and everything a game owes its casino (way back, cashier, reminder
of time, history)."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Wheel</title>
<style nonce="%(nonce)s">
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0 auto; max-width: 34rem; padding: 1rem; }
  header, nav, .row { display: flex; gap: 1rem; flex-wrap: wrap; align-items: baseline; }
  header { justify-content: space-between; }
  h1 { font-size: 1.2rem; margin: 0; }
  output { font-variant-numeric: tabular-nums; font-weight: 600; }
  button, select { font: inherit; padding: .5rem 1rem; }
  button { min-width: 8rem; }
  #said { min-height: 3rem; font-size: 1.4rem; margin: 1rem 0; }
  table { border-collapse: collapse; width: 100%%; }
  td, th { border-bottom: 1px solid #8886; padding: .2rem .4rem; text-align: right; }
  td:first-child, th:first-child { text-align: left; }
  .note { opacity: .8; font-size: .9rem; }
</style>
</head>
<body>
<header><h1>The Wheel</h1><span id="mode"></span><span>Balance <output id="balance">-</output></span></header>
<p id="said" role="status" aria-live="polite">Opening ...</p>
<div class="row">
  <label>Stake <select id="bet" disabled></select></label>
  <button id="spin" type="button" disabled>Spin</button>
  <button id="free" type="button" hidden>Free round</button>
</div>
<p class="note" id="odds"></p>
<table><thead><tr><th>Round</th><th>Stake</th><th>Pays</th><th>Won</th></tr></thead><tbody id="rounds"></tbody></table>
<nav>
  <a id="lobby" hidden>Lobby</a><a id="deposit" hidden>Cashier</a><a id="history" hidden>My history</a>
  <span class="note">Playing for <output id="time">0</output> min</span>
</nav>
<script nonce="%(nonce)s">
"use strict";
const said = new URLSearchParams(location.hash.slice(1));
const at = id => document.getElementById(id);
const word = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, "0")).join("");
const began = Date.now() - 60000 * Number(said.get("elapsed") || 0);
let play = null, pending = null, reminded = Date.now();

async function post(path, body) {
  const answer = await fetch(path, {method: "POST", body: JSON.stringify(body),
    headers: {"Content-Type": "application/json", "Accept": "application/json"}});
  const text = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(text.detail || text.title), {final: !text.retryable});
  return text;
}

// A reload is the same opening; another browser with the same URL is not.
function openId() {
  const key = "open:" + (said.get("token") || said.get("game"));
  if (!sessionStorage.getItem(key)) sessionStorage.setItem(key, word());
  return sessionStorage.getItem(key);
}

function link(id, url) {
  if (!/^https?:\\/\\//.test(url || "")) return;
  at(id).href = url; at(id).rel = "noopener"; at(id).target = "_top"; at(id).hidden = false;
}

async function open() {
  for (const id of ["lobby", "deposit", "history"]) link(id, said.get(id));
  const demo = said.get("mode") === "demo";
  at("mode").textContent = demo ? "Demo, no real money" : "";
  try {
    const body = {openId: openId(), mode: demo ? "demo" : "real", gameId: said.get("game") || "wheel"};
    if (!demo) Object.assign(body, {tenantId: said.get("tenant"), launchToken: said.get("token"),
      freeRoundsId: said.get("fr") || "", freeRoundsBet: said.get("frBet") || ""});
    play = await post("game/open", body);
  } catch (error) { at("said").textContent = error.message; return; }
  at("balance").textContent = play.balance + " " + play.currency;
  for (const bet of play.bets) at("bet").add(new Option(bet + " " + play.currency, bet));
  at("odds").textContent = "Of 1,000 equal segments, " + play.paytable.map(([times, width]) =>
    width + (times ? " pay " + times + " times the stake" : " pay nothing")).join(", ") +
    ". Return to player " + play.returnPercent + " %%. Each spin is drawn anew.";
  at("bet").disabled = at("spin").disabled = false;
  if (play.freeBet && Number(said.get("frCount") || 0) > 0) { at("free").hidden = false; }
  at("said").textContent = "Good luck.";
}

async function turn(free) {
  at("spin").disabled = at("free").disabled = true;
  // The same id until the spin has ended: a lost answer never means a second bet.
  pending = pending || {playId: play.playId, spinId: word(), free, ...(free ? {} : {bet: at("bet").value})};
  try {
    const spun = await post("game/spin", pending);
    if (["drawn", "bet", "undo"].includes(spun.state)) { at("said").textContent = "Still settling; spin again to go on."; }
    else { pending = null; show(spun); }
  } catch (error) {
    if (error.final) pending = null;
    at("said").textContent = error.final ? error.message : "No answer; spin again to go on.";
  }
  at("spin").disabled = at("free").disabled = false;
}

function show(spun) {
  if (spun.balance) at("balance").textContent = spun.balance + " " + play.currency;
  if (spun.state !== "done") { at("said").textContent = spun.detail || spun.refusal || "The bet was taken back."; return; }
  at("said").textContent = spun.multiplier ? "Won " + spun.win : "Nothing this time";
  const row = at("rounds").insertRow(0);
  for (const text of [spun.segment, spun.free ? "free" : spun.bet, spun.multiplier + " x", spun.win])
    row.insertCell().textContent = text;
}

setInterval(() => {
  at("time").textContent = Math.floor((Date.now() - began) / 60000);
  const every = Number(said.get("rc") || 0) * 60000;
  if (every && Date.now() - reminded >= every) {
    reminded = Date.now();
    alert("You have been playing for " + at("time").textContent + " minutes, " + at("rounds").rows.length + " rounds here.");
  }
}, 1000);
at("spin").addEventListener("click", () => turn(false));
at("free").addEventListener("click", () => turn(true));
open();
</script>
</body>
</html>
"""


def page(nonce: str) -> str:
    """The page; `nonce` opens its own script and style and nobody else's."""
    return _PAGE % {"nonce": nonce}
