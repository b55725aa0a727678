// Asks runtimed for its status, over the socket named by the first argument, until it answers or the seconds of the
// second are over. Runs inside the image, by its own Node.
const { get } = require('node:http');

const [socketPath, seconds] = process.argv.slice(1);
const deadline = Date.now() + Number(seconds) * 1000;

function again() {
  if (Date.now() > deadline) process.exit(1);
  setTimeout(ask, 50);
}

function ask() {
  get({ socketPath, path: '/v1/status' }, (answer) => {
    let text = '';
    answer.on('data', (chunk) => (text += chunk));
    answer.on('end', () => (isStatus(answer.statusCode, text) ? process.exit(0) : again()));
  }).on('error', again);
}

function isStatus(code, text) {
  try {
    const { phase, processes } = JSON.parse(text);
    return code === 200 && typeof phase === 'string' && Array.isArray(processes);
  } catch {
    // Something else than runtimed, or not all of an answer.
    return false;
  }
}

ask();
