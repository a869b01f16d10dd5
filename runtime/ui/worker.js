/* Questions to the worker that this page came from. In: a path of its REST interface; out: the answer, or an Error that
   says in one sentence what was wrong. Nobody else is ever asked. */

const ASK_MS = 15000;
/* Without what the page's own address may hold: a login, the query. Before /ui: what a proxy has put there. */
const root = location.origin + location.pathname.replace(/\/ui(\/.*)?$/, '');

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function clock(atMs = Date.now()) {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

async function messageOf(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).message || text;
  } catch {
    return text || `HTTP ${answer.status}`;
  }
}

/* Throws Refused; its status is 0 if there was no answer. */
export async function ask(path, method = 'GET') {
  const options = {method, cache: 'no-store', signal: AbortSignal.timeout(ASK_MS)};
  const answer = await fetch(root + path, options).catch(() => {
    throw new Refused(0, `the worker at ${location.host} does not answer`);
  });
  if (!answer.ok)
    throw new Refused(answer.status, await messageOf(answer));
  return answer;
}

export async function askText(path) {
  const answer = await ask(path);
  return answer.text().catch(() => {
    throw new Refused(0, `the worker at ${location.host} went away while it answered`);
  });
}
