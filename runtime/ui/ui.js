/* The page. In: /connectors and /metrics of the worker, every two seconds while somebody looks; out: cards, one for each
   connector, or for a pair <name>-source and <name>-sink. Next: connector.js draws one of them. While the worker is away
   the page says so, keeps what it knew, and asks again. */

import {Connector, fromTemplate, setText, showText} from './connector.js';
import {Rates, parseMetrics} from './metrics.js';
import {bytesText, rateText, secondsText} from './numbers.js';
import {Refused, askText, clock} from './worker.js';

const EVERY_MS = 2000, LATEST_MS = 30000;
const part = id => document.getElementById(id);
const connectors = new Map(), cards = new Map(), rates = new Rates();
let timer = null, failures = 0, seenMs = 0, asking = false, onlyTrouble = false;

/* ---- which connectors share a card ---- */

/* [title, names]: a pair is called by what its names have in common. */
function grouped(names) {
  const known = new Set(names), groups = new Map();
  for (const name of names) {
    const stem = name.replace(/-(source|sink)$/s, '');
    const paired = stem !== name && known.has(`${stem}-source`) && known.has(`${stem}-sink`);
    const key = JSON.stringify([paired, paired ? stem : name]);
    const group = groups.get(key) || {key, title: paired ? stem : '', names: []};
    group.names = name.endsWith('-source') ? [name, ...group.names] : [...group.names, name];
    groups.set(key, group);
  }
  const order = new Intl.Collator('en', {numeric: true});
  return [...groups.values()].sort((a, b) => order.compare(a.title || a.names[0], b.title || b.names[0]));
}

function cardOf(group) {
  let card = cards.get(group.key);
  if (!card) {
    card = {element: fromTemplate('card'), members: group.names.map(name => connectors.get(name))};
    card.element.classList.toggle('pair', group.names.length > 1);
    showText(card.element.querySelector('h2'), group.title);
    card.element.querySelector('.sides').append(...card.members.map(member => member.element));
    cards.set(group.key, card);
  }
  return card;
}

/* Cards are only moved when some came or went: a moved element loses the reader's place in it. */
function arrange(groups) {
  const keys = new Set(groups.map(group => group.key));
  for (const [key, card] of cards)
    if (!keys.has(key)) {
      card.element.remove();
      cards.delete(key);
    }
  const wanted = groups.map(group => cardOf(group).element), box = part('cards');
  if (wanted.some((element, at) => box.children[at] !== element))
    box.replaceChildren(...wanted);
}

/* ---- what is shown ---- */

function showAll(answer, metrics, atMs) {
  const named = new Map(Object.entries(answer));
  for (const name of connectors.keys())
    if (!named.has(name))
      connectors.delete(name);
  for (const [name, one] of named) {
    if (!connectors.has(name))
      connectors.set(name, new Connector(name, () => lookNow()));
    connectors.get(name).show(one, metrics.tasks, rates, atMs);
  }
  arrange(grouped([...named.keys()]));
  showSummary();
  showProcess(metrics.process, atMs);
  applyFilter();
}

function sumOf(members, type) {
  const known = members.filter(one => one.type === type && one.rate !== null);
  return known.length > 0 ? rateText(known.reduce((sum, one) => sum + one.rate, 0)) : '–';
}

function showSummary() {
  const members = [...connectors.values()], states = new Map();
  for (const one of members)
    states.set(one.state, (states.get(one.state) || 0) + 1);
  setText(part('sum-connectors'), String(members.length));
  setText(part('sum-states'), [...states].map(([state, count]) => `${count} ${state.toLowerCase()}`).join(', '));
  setText(part('sum-sources'), sumOf(members, 'source'));
  setText(part('sum-sinks'), sumOf(members, 'sink'));
  const slowest = members.reduce((most, one) => (one.lag !== null && !(most?.lag >= one.lag) ? one : most), null);
  setText(part('sum-lag'), slowest ? secondsText(slowest.lag) : '–');
  setText(part('sum-lag-of'), slowest ? slowest.name : '');
  const failed = members.reduce((sum, one) => sum + one.failed, 0), trouble = members.filter(one => one.trouble).length;
  setText(part('attention').querySelector('b'), String(trouble));
  part('attention').dataset.level = failed > 0 ? 'failed' : trouble > 0 ? 'waits' : 'none';
  document.title = failed > 0 ? `(${failed} failed) Kitestream` : 'Kitestream';
}

function showProcess(process, atMs) {
  const cpu = rates.of('process', process.cpu, atMs);
  const shown = [location.host, process.version, process.memory && bytesText(process.memory),
                 cpu !== null && `${(cpu * 100).toFixed(cpu < 0.1 ? 1 : 0)} % CPU`];
  setText(part('process'), shown.filter(Boolean).join(' · '));
}

function applyFilter() {
  const text = part('filter').value.trim().toLowerCase();
  let shown = 0;
  for (const card of cards.values()) {
    const fits = card.members.some(one => one.searched.includes(text) && (!onlyTrouble || one.trouble));
    card.element.hidden = !fits;
    shown += fits;
  }
  const none = connectors.size === 0
    ? 'No connectors yet. Give a pipeline file to kitestream run, or POST one to /connectors.'
    : onlyTrouble && !text ? 'Nothing needs attention.' : 'No connector fits the filter.';
  showText(part('nothing'), shown === 0 ? none : '');
}

/* ---- asking ---- */

function showLive(word, text) {
  part('live').dataset.state = word;
  setText(part('live').querySelector('.text'), text);
}

function showFailure(error, againMs) {
  const reason = error.status ? `The worker answers ${error.status}: ${error.message}` : error.message;
  const old = seenMs ? ` What is shown is of ${clock(seenMs)}.` : '';
  showText(part('banner'), `${reason}.${old} It is asked again after ${Math.round(againMs / 1000)} s.`);
  showLive('away', 'away');
  document.body.classList.toggle('old', seenMs > 0);
}

function showSuccess() {
  showText(part('banner'), document.body.dataset.reason ? `The buttons are off: ${document.body.dataset.reason}.` : '');
  showLive('live', 'live');
  document.body.classList.remove('old');
}

/* A gap in asking becomes a gap in the lines. */
function noteGap(atMs) {
  if (seenMs === 0 || atMs - seenMs < 3 * EVERY_MS)
    return;
  rates.forget();
  for (const one of connectors.values()) {
    one.rates.gap(seenMs + 1);
    one.lags.gap(seenMs + 1);
  }
}

async function look() {
  const beganMs = Date.now();
  try {
    const [statuses, metrics] =
      await Promise.all([askText('/connectors?expand=status&expand=info'), askText('/metrics')]);
    const atMs = Date.now();
    noteGap(atMs);
    showAll(JSON.parse(statuses), parseMetrics(metrics), atMs);
    seenMs = atMs;
    failures = 0;
    showSuccess();
    /* A worker that takes long to answer is not asked more often for it. */
    return Math.min(LATEST_MS, Math.max(EVERY_MS, 10 * (Date.now() - beganMs)));
  } catch (error) {
    if (!(error instanceof Refused))
      console.error(error);
    const againMs = Math.min(LATEST_MS, EVERY_MS * 2 ** Math.min(failures++, 4));
    showFailure(error, againMs);
    return againMs;
  }
}

async function lookNow() {
  clearTimeout(timer);
  if (asking || document.hidden)
    return;
  asking = true;
  const againMs = await look();
  asking = false;
  if (!document.hidden)
    timer = setTimeout(lookNow, againMs);
}

/* ---- begin ---- */

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    showLive('hidden', 'not looked at');
  } else {
    lookNow();
  }
});
part('filter').addEventListener('input', applyFilter);
part('attention').addEventListener('click', () => {
  onlyTrouble = !onlyTrouble;
  part('attention').setAttribute('aria-pressed', String(onlyTrouble));
  applyFilter();
});
lookNow();
