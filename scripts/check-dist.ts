import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build.ts';

// dist/ is what users run, so it must be what the sources say, byte for byte.
const fresh = await bundle();
const names = [...new Set([...fresh.keys(), ...readdirSync('dist')])];
const differing = names.filter((name) => {
  const content = fresh.get(name);
  return (
    content === undefined ||
    !readdirSync('dist').includes(name) ||
    !readFileSync(join('dist', name)).equals(Buffer.from(content))
  );
});
if (differing.length > 0) {
  console.error(
    `dist/ differs from a fresh build: ${differing.join(', ')}. Run \`npm run build\` and commit dist/.`,
  );
  process.exit(1);
}
console.log(`dist/ equals a fresh build (${names.length} files).`);
