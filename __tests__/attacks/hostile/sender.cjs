/* global input */
// Sends what it is told to the gateway: steps one after another, what is in a step all at once.
const { request } = require('node:http');
const { text } = require('node:stream/consumers');

text(process.stdin).then(async (given) => {
  const job = JSON.parse(given);
  for (const step of input) await Promise.all(step.map((one) => send(job, one)));
  // "No proposal": src/core/job.ts.
  process.exit(3);
});

function send(job, { id, method = 'POST', path = '/v1/messages', token = job.token, body, pad = 0, hangUp }) {
  const whole = {
    model: job.model,
    max_tokens: 1000,
    messages: [{ role: 'user', content: id + ' '.repeat(pad) }],
    ...body,
  };
  return new Promise((resolve) => {
    const outgoing = request(
      {
        socketPath: job.gateway,
        method,
        path,
        headers: {
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          ...(token && { 'x-api-key': token }),
        },
      },
      (incoming) => {
        if (hangUp) incoming.once('data', () => incoming.destroy());
        incoming.on('data', () => {});
        incoming.on('close', resolve);
        incoming.on('error', resolve);
      },
    );
    outgoing.on('error', resolve);
    outgoing.end(JSON.stringify(whole));
  });
}
