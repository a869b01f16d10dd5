/* What the buttons do. In: a verb and a connector or a task; out: a request, after a question. Next: connector.js tells
   the answer. The requests are Kafka Connect's; a login that may only read gets 403, and then all buttons are off. */

import {ask, clock} from './worker.js';

const encoded = encodeURIComponent;

export const VERBS = {
  pause: {
    title: name => `Pause ${name}?`,
    effect: 'Its tasks commit what is open, and wait. Nothing is lost; the lag grows until it is resumed.',
    yes: 'Pause', method: 'PUT', path: name => `/connectors/${encoded(name)}/pause`,
  },
  resume: {
    title: name => `Resume ${name}?`,
    effect: 'Its tasks go on where they stopped.',
    yes: 'Resume', method: 'PUT', path: name => `/connectors/${encoded(name)}/resume`,
  },
  restart: {
    title: name => `Restart ${name} and all of its tasks?`,
    effect: 'They end, and go on from what they committed last.',
    yes: 'Restart', method: 'POST',
    path: name => `/connectors/${encoded(name)}/restart?includeTasks=true&onlyFailed=false`,
  },
  restartTask: {
    title: (name, task) => `Restart task ${task} of ${name}?`,
    effect: 'It ends, and goes on from what it committed last. Other tasks are left alone.',
    yes: 'Restart', method: 'POST', path: (name, task) => `/connectors/${encoded(name)}/tasks/${task}/restart`,
  },
};

const dialog = document.getElementById('confirm');
const part = name => document.getElementById(`confirm-${name}`);

part('no').addEventListener('click', () => dialog.close('no'));
part('yes').addEventListener('click', () => dialog.close('yes'));

/* Resolves to whether the reader wants it; Escape is no. */
function confirmed(verb, name, task) {
  part('title').textContent = verb.title(name, task);
  part('effect').textContent = verb.effect;
  part('yes').textContent = verb.yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), {once: true});
  });
}

function turnOff(reason) {
  document.body.classList.add('read-only');
  document.body.dataset.reason = reason;
}

export function isReadOnly() {
  return document.body.classList.contains('read-only');
}

/* {done, text}, or null if the reader did not want it. Never throws. */
export async function act(verbName, name, task) {
  const verb = VERBS[verbName];
  if (!await confirmed(verb, name, task))
    return null;
  try {
    await ask(verb.path(name, task), verb.method);
    return {done: true, text: `${verb.yes} asked for at ${clock()}.`};
  } catch (error) {
    if (error.status === 403)
      turnOff(error.message);
    return {done: false, text: `${verb.yes} refused: ${error.message}`};
  }
}
