/* One connector on the page. In: its part of /connectors, and the numbers of its tasks; out: what is seen of it, and its
   buttons. Next: actions.js. All that others have written (names, traces, classes) goes in as text, never as HTML. */

import {act, isReadOnly} from './actions.js';
import {Chart} from './chart.js';
import {rateText, secondsText} from './numbers.js';
import {taskKey} from './metrics.js';

const NOTES = [
  ['hanging', () => 'a call of the connector hangs'],
  ['stalled', () => 'stalled: there is work, but nothing moves'],
  ['quarantined', n => `${n} quarantined`],
  ['pending', n => `${n} metadata changes wait`],
  ['letters', n => `${n} dead letters`],
  ['skipped', n => `${n} records skipped`],
  ['failures', n => `${n} records failed`],
];
const TOLD_MS = 20000;
const ADDRESS = /^[\w.-]+:\d+$|^\[[\da-f:]+\]:\d+$/i;

export function fromTemplate(name) {
  return document.getElementById(`${name}-template`).content.firstElementChild.cloneNode(true);
}

/* Only what differs is written, so that a selection of the reader's stays. */
export function setText(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

export function showText(element, text) {
  element.hidden = !text;
  setText(element, text || '');
}

function showState(element, state) {
  setText(element, state);
  element.dataset.state = state;
}

function showError(element, trace) {
  element.hidden = !trace;
  setText(element.querySelector('summary'), (trace || '').split('\n', 1)[0]);
  setText(element.querySelector('pre'), trace || '');
}

function isTrouble(status) {
  return status.state === 'FAILED' || Boolean(status.waiting);
}

class TaskRow {
  constructor(restart) {
    this.element = fromTemplate('task');
    this.part = name => this.element.querySelector(`.${name}`);
    this.part('restart-task').addEventListener('click', restart);
  }

  show(status, numbers, rate) {
    setText(this.part('task-name'), `Task ${status.id}`);
    showState(this.part('state'), status.state);
    const shown = [];
    if (rate !== null)
      shown.push(`${rateText(rate)}/s`);
    if (numbers?.lag !== undefined)
      shown.push(`lag ${secondsText(numbers.lag)}`);
    setText(this.part('numbers'), shown.join(' · '));
    showText(this.part('waiting'), status.waiting && `Waits for ${status.waiting}`);
    showError(this.part('error'), status.trace);
    this.part('restart-task').setAttribute('aria-label', `Restart task ${status.id}`);
  }
}

export class Connector {
  #tasks = []; #toldMs = 0; #onChange; #state = '';

  /* onChange: called when something was asked for, so that the page looks again. */
  constructor(name, onChange) {
    this.name = name;
    this.#onChange = onChange;
    this.element = fromTemplate('connector');
    this.part = name => this.element.querySelector(`.${name}`);
    this.rates = new Chart(this.part('rate'), rateText, 10);
    this.lags = new Chart(this.part('lag'), secondsText, 1);
    setText(this.part('name'), name);
    this.part('pause').addEventListener('click', () => this.#act(this.#isHalted() ? 'resume' : 'pause'));
    this.part('restart').addEventListener('click', () => this.#act('restart'));
  }

  #isHalted() {
    return this.#state === 'PAUSED' || this.#state === 'STOPPED';
  }

  async #act(verb, task) {
    const told = await act(verb, this.name, task);
    if (!told)
      return;
    this.#toldMs = Date.now();
    setText(this.part('told'), told.text);
    this.part('told').classList.toggle('refused', !told.done);
    this.#onChange();
  }

  /* one: {status, info}; numbers: of /metrics; rates: what makes rates of counters. */
  show(one, numbers, rates, atMs) {
    const status = one.status || {connector: {state: 'UNASSIGNED'}, tasks: []}, config = one.info?.config || {};
    this.#state = status.connector.state;
    const klass = config['connector.class'] || '';
    this.type = status.type || one.info?.type || '';
    setText(this.part('type'), this.type);
    this.part('type').dataset.type = this.type;
    showState(this.part('state'), this.#state);
    setText(this.part('class'), klass.split('.').at(-1));
    this.part('class').title = klass;
    showText(this.#connectorPart('waiting'), status.connector.waiting && `Waits for ${status.connector.waiting}`);
    showError(this.#connectorPart('error'), status.connector.trace);
    this.#showTasks(status.tasks, numbers, rates, atMs);
    this.#showPlace(status, numbers);
    this.#showButtons();
    this.trouble = isTrouble(status.connector) || status.tasks.some(isTrouble) || this.#noteCount > 0;
    this.failed = [status.connector, ...status.tasks].filter(each => each.state === 'FAILED').length;
    this.state = this.#state;
    this.searched = [this.name, klass, this.#state, status.connector.worker_id,
                     ...status.tasks.map(task => task.state)].join('\n').toLowerCase();
    if (Date.now() - this.#toldMs > TOLD_MS)
      setText(this.part('told'), '');
  }

  /* The connector's own, not a task's. */
  #connectorPart(name) {
    return this.element.querySelector(`:scope > .${name}`);
  }

  #noteCount = 0;

  #showTasks(tasks, numbers, rates, atMs) {
    const list = this.part('tasks');
    while (this.#tasks.length < tasks.length) {
      const id = this.#tasks.length, row = new TaskRow(() => this.#act('restartTask', id));
      this.#tasks.push(row);
      list.append(row.element);
    }
    this.#tasks.splice(tasks.length).forEach(row => row.element.remove());
    const sum = {rate: null, lag: null}, notes = {};
    tasks.forEach((task, at) => {
      const own = numbers.get(taskKey(this.name, task.id));
      const rate = rates.of(taskKey(this.name, task.id), own?.records, atMs);
      this.#tasks[at].show(task, own, rate);
      sum.rate = rate === null ? sum.rate : sum.rate + rate;
      sum.lag = own?.lag === undefined ? sum.lag : Math.max(sum.lag, own.lag);
      for (const [name] of NOTES)
        notes[name] = (notes[name] || 0) + (own?.[name] || 0);
    });
    Object.assign(this, sum);
    this.rates.add(atMs, sum.rate);
    this.lags.add(atMs, sum.lag);
    this.#showNotes(notes);
  }

  #showNotes(counts) {
    const texts = NOTES.filter(([name]) => counts[name] > 0).map(([name, text]) => text(counts[name].toLocaleString('en')));
    this.#noteCount = ['hanging', 'stalled', 'quarantined'].filter(name => counts[name] > 0).length;
    const list = this.part('notes');
    if ([...list.children].map(item => item.textContent).join('\n') === texts.join('\n'))
      return;
    list.replaceChildren(...texts.map(text => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }));
  }

  /* Numbers are only on the worker that runs the tasks. */
  #showPlace(status, numbers) {
    const worker = status.connector.worker_id || '';
    setText(this.part('worker'), worker);
    const known = status.tasks.some(task => numbers.has(taskKey(this.name, task.id)));
    const away = status.tasks.find(task => task.state === 'RUNNING' && task.worker_id)?.worker_id;
    const elsewhere = this.part('elsewhere'), shown = !known && away ? away : '';
    elsewhere.hidden = !shown;
    if (elsewhere.dataset.worker === shown)
      return;
    elsewhere.dataset.worker = shown;
    elsewhere.replaceChildren('Lag and throughput are shown by the worker that runs it: ', addressOf(shown));
  }

  #showButtons() {
    setText(this.part('pause'), this.#isHalted() ? 'Resume' : 'Pause');
    this.part('pause').setAttribute('aria-label', `${this.#isHalted() ? 'Resume' : 'Pause'} ${this.name}`);
    this.part('restart').setAttribute('aria-label', `Restart ${this.name}`);
    for (const button of this.element.querySelectorAll('button')) {
      button.disabled = isReadOnly();
      button.title = isReadOnly() ? document.body.dataset.reason : '';
    }
    /* A stopped connector has nothing to restart. */
    this.part('restart').disabled ||= this.#state === 'STOPPED';
  }
}

/* Worker names come from a topic: what is no address does not become a link. */
function addressOf(worker) {
  if (!ADDRESS.test(worker))
    return worker;
  const link = document.createElement('a');
  link.href = `${location.protocol}//${worker}/ui/`;
  link.textContent = worker;
  return link;
}
