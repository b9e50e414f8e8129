/* global input */
// Leaves in its outbox what the model names, and a change in the work tree so that there is a patch to take over.
const { execFileSync } = require('node:child_process');
const { symlinkSync, truncateSync, writeFileSync } = require('node:fs');
const { request } = require('node:http');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');

text(process.stdin).then(async (given) => {
  const job = JSON.parse(given);
  const id = await ask(job);
  const { leaves, mode } = input[id];
  writeFileSync(join(job.work, `${id}.txt`), 'A change.\n');
  writeFileSync(join(job.work, 'mode.txt'), `${mode}\n`);
  for (const [name, { content = '', link, fifo, bytes }] of Object.entries(leaves)) {
    const path = join(job.outbox, name);
    if (link) symlinkSync(link, path);
    else if (fifo) execFileSync('mkfifo', [path]);
    else writeFileSync(path, content);
    if (bytes) truncateSync(path, bytes);
  }
  process.exit(0);
});

async function ask(job) {
  const outgoing = request({
    socketPath: job.gateway,
    method: 'POST',
    path: '/v1/messages',
    headers: { 'content-type': 'application/json', 'x-api-key': job.token },
  });
  const body = { model: job.model, max_tokens: 100, messages: [{ role: 'user', content: 'What is it?' }] };
  outgoing.end(JSON.stringify(body));
  const incoming = await new Promise((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject);
  });
  return JSON.parse(await text(incoming)).content[0].text;
}
