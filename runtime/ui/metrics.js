/* A worker's metrics. In: the text of /metrics; out: numbers for each task that runs on it, and of the process.
   Next: ui.js. Rates are made here, of counters and the time between two answers, for no series has them as they
   are now. Lags follow the same rule as `kitestream status`: of several of one task the longest counts. */

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)(?: \d+)?$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const COUNTERS = {
  kafka_connect_source_task_source_record_write_total: 'records',
  kafka_connect_sink_task_sink_record_send_total: 'records',
  kafka_connect_task_error_total_record_failures: 'failures',
  kafka_connect_task_error_total_records_skipped: 'skipped',
  kafka_connect_task_error_deadletterqueue_produce_requests: 'letters',
  collections_quarantined: 'quarantined',
  ddl_pending: 'pending',
  kitestream_task_hanging: 'hanging',
  kitestream_task_stalled: 'stalled',
};
const PROCESS = {process_resident_memory_bytes: 'memory', process_cpu_seconds_total: 'cpu'};

function unescaped(text) {
  return text.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
}

function labelsOf(text) {
  const labels = new Map();
  for (const [, name, value] of (text || '').matchAll(LABEL))
    labels.set(name, unescaped(value));
  return labels;
}

export function taskKey(connector, task) {
  return `${task} ${connector}`;
}

function takeTask(tasks, name, labels, value) {
  const wanted = COUNTERS[name];
  const isLag = name.endsWith('lag_seconds');
  if (!wanted && !isLag && name !== 'kafka_connect_connector_status')
    return;
  const key = taskKey(labels.get('connector'), labels.get('task'));
  const task = tasks.get(key) || {};
  tasks.set(key, task);
  if (isLag && value >= 0)
    task.lag = Math.max(task.lag ?? 0, value);
  else if (wanted)
    task[wanted] = value;
}

/* {process: {version, memory, cpu}, tasks: Map(taskKey -> {records, lag, …})}; only tasks of this worker are in it. */
export function parseMetrics(text) {
  const process = {}, tasks = new Map();
  for (const line of text.split('\n')) {
    const found = line.startsWith('#') ? null : LINE.exec(line);
    if (!found)
      continue;
    const [, name, labelText, number] = found;
    if (PROCESS[name])
      process[PROCESS[name]] = Number(number);
    else if (name === 'kitestream_info')
      process.version = labelsOf(labelText).get('version');
    else if (labelText)
      takeTask(tasks, name, labelsOf(labelText), Number(number));
  }
  return {process, tasks};
}

/* Differences of counters over the last few seconds: sources count by transaction, so two answers in a row say little. */
const WINDOW_MS = 6000;

export class Rates {
  #seen = new Map(); /* key -> [{value, atMs}], the oldest first */

  /* A second; null: not known yet. A counter that is lower than before began anew. */
  of(key, value, atMs) {
    let seen = this.#seen.get(key) || [];
    if (value === undefined || (seen.length > 0 && value < seen.at(-1).value))
      seen = [];
    if (value === undefined)
      this.#seen.delete(key);
    else
      this.#seen.set(key, seen);
    seen.push({value, atMs});
    while (seen.length > 2 && seen[1].atMs <= atMs - WINDOW_MS)
      seen.shift();
    const ms = atMs - seen[0].atMs;
    return ms > 0 ? (value - seen[0].value) * 1000 / ms : null;
  }

  /* After a pause in asking: what came meanwhile is not of one moment. */
  forget() {
    this.#seen.clear();
  }
}
