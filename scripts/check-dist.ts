import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './build.ts';

// dist/ is what users run, so it must be what the sources say, byte for byte.
const fresh = mkdtempSync(join(tmpdir(), 'countersign-dist-'));
try {
  await bundle(fresh);
  const names = [...new Set([...readdirSync(fresh), ...readdirSync('dist')])];
  const differing = names.filter((name) => read('dist', name) !== read(fresh, name));
  if (differing.length > 0) {
    console.error(
      `dist/ differs from a fresh build: ${differing.join(', ')}. Run \`npm run build\` and commit dist/.`,
    );
    process.exit(1);
  }
  console.log(`dist/ equals a fresh build (${names.length} files).`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'latin1');
  } catch {
    return undefined;
  }
}
