import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import { patchArtifact } from '../core/task.ts';

/** One clear thing to do: a sentence, and the commands to type where there are any. No hostile text is in it. */
export interface NextStep {
  say: string;
  run?: readonly string[];
}

const steps: Record<Exclude<Outcome, 'patch' | 'budget'>, string> = {
  fixed:
    'Read the commit, and merge if you agree. A push by the workflow’s own token starts no checks: if none appear, start them by hand.',
  pass: 'Nothing to do.',
  fail: 'Fix the findings, or raise `fail-on` if they should not block, and push; the review runs again.',
  noop: 'Nothing to do.',
  'gave-up': 'Take over by hand from the last failing output, or run it again with a higher `max-attempts`.',
  stale: 'Nothing to do: the branch has moved on, and the run for its new head says what holds now.',
  question: 'Answer the question on the pull request, then run it again.',
  'missing-tool':
    'Install what is missing in a step before this one, or name the command in `setup-command`.',
  refused: 'If the change is right, make it by hand: no agent may touch these files.',
  incomplete: 'Run the job again. If it stops in the same place, the report says where and why.',
  proposed: 'The job with `phase: apply` publishes it.',
};

/** What differs on a laptop, where nothing is pushed and nothing runs again by itself. */
const local: Partial<Record<Outcome, string>> = {
  fixed: 'Read the change on its branch and take it over if you agree.',
  patch: 'The fix could not be made a branch. It is in the ledger, as the newest patch.',
  fail: 'Fix the findings and run it again, or raise `fail-on` if they should not block.',
  stale: 'The files have changed since: run it again.',
  incomplete: 'Run it again. If it stops in the same place, `--report FILE` says where and why.',
  'missing-tool': 'Install what is missing, or name another command with `--test`.',
};

/** What a person should do now that the run has come to `outcome`. */
export function nextStep(outcome: Outcome, ledger?: Ledger): NextStep {
  const here = ledger && taskOf(ledger).subject === 'local' ? local[outcome] : undefined;
  if (here) return { say: here };
  if (outcome === 'patch') return applyPatch(ledger);
  if (outcome === 'budget')
    return { say: `Raise ${limitOf(ledger)}, or make the change smaller, and run it again.` };
  return { say: steps[outcome] };
}

function applyPatch(ledger: Ledger | undefined): NextStep {
  const say = 'The fix could not be pushed. Take it from the artifact, and push it yourself:';
  if (!ledger) return { say: 'The fix could not be pushed. It is in the artifact of the run.' };
  const { id, repository, pull } = taskOf(ledger);
  const { name, file } = patchArtifact(id);
  // A repository's name goes into a command that a person pastes: nothing but a plain name may.
  const repo = /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(repository) ? ` --repo ${repository}` : '';
  return {
    say,
    run: [
      ...(pull ? [`gh pr checkout ${pull}${repo}`] : []),
      `gh run download${repo} --name ${name} --dir ../${name}`,
      `git apply --index ../${name}/${file}`,
      'git commit && git push',
    ],
  };
}

const limits = ['timeout-minutes', 'max-tokens', 'max-cost-usd', 'max-turns'] as const;

function limitOf(ledger: Ledger | undefined): string {
  const reasons = (ledger && newest(ledger, 'verdict')?.reasons.join(' ')) ?? '';
  const named = limits.filter((limit) => reasons.includes(limit));
  return (named.length > 0 ? named : limits).map((limit) => `\`${limit}\``).join(' or ');
}
