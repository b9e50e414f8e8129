import type { Layer } from '../../__tests__/attacks/attack.ts';

/** A place in a module where a defence stands in the middle of other code: exactly one, or the build fails. */
interface Cut {
  module: string;
  from: string;
  to: string;
}

/** How a defence is taken out of the bundle. */
export interface Hollow {
  /** What the layer does, in a few words. */
  what: string;
  /** Modules that are replaced, and the twin in without/ that takes their place. */
  twins: Readonly<Record<string, string>>;
  cuts?: readonly Cut[];
}

export const layers: Readonly<Record<Layer, Hollow>> = {
  sandbox: {
    what: 'rooms are namespaces of their own, with an environment, files and a network of their own',
    twins: {
      'src/room/install.ts': 'install.ts',
      'src/room/environment.ts': 'environment.ts',
      'src/room/no-inspector.ts': 'no-inspector.ts',
      'src/room/close-inherited.ts': 'close-inherited.ts',
    },
    cuts: [{ module: 'src/room/process.ts', from: '}, timeoutSeconds * 1000);', to: '}, 2 ** 31 - 1);' }],
  },
  tools: {
    what: 'the file tools of a session stay in its work tree',
    twins: { 'node_modules/@anthropic-ai/sdk/tools/agent-toolset/fs-util.mjs': 'fs-util.ts' },
  },
  gateway: {
    what: 'a session asks the model through one door, which knows its paths, its model and its limits',
    twins: { 'src/gateway/request-rules.ts': 'request-rules.ts', 'src/gateway/meter.ts': 'meter.ts' },
    cuts: [
      { module: 'src/gateway/server.ts', from: 'if (!known)', to: 'if (!known && false)' },
      {
        module: 'src/gateway/server.ts',
        from: 'if (!isSame(credentialOf(request), options.token))',
        to: 'if (false)',
      },
      { module: 'src/gateway/server.ts', from: 'if (body.model !== model)', to: 'if (false)' },
      { module: 'src/gateway/body.ts', from: 'if (size > largestBody) return undefined;', to: '' },
      {
        module: 'src/gateway/server.ts',
        from: "const path = `/v1/messages${counts ? '' : '/count_tokens'}${request.url?.includes('?') ? '?beta=true' : ''}`;",
        to: "const path = request.url ?? '';",
      },
      { module: 'src/gateway/server.ts', from: "counted++ < limits.turns || 'max-turns'", to: 'true' },
      {
        module: 'src/gateway/recorder.ts',
        from: "if (secret) result = result.replaceAll(secret, '[removed]');",
        to: '',
      },
    ],
  },
  'base-rules': {
    what: 'what steers a run is read from the base branch, and nothing else in a checkout is obeyed',
    twins: { 'src/run/base-files.ts': 'base-files.ts' },
    cuts: [
      {
        module: 'src/run/run.ts',
        from: 'await readBaseFiles(git, asked.subject.base,',
        to: 'await readBaseFiles(git, asked.subject.head,',
      },
      // As where git has a work tree to read attributes from.
      {
        module: 'src/probes/diff.ts',
        from: 'await git([...diffArguments, ...range]',
        to: 'await git(["--attr-source", head, ...diffArguments, ...range]',
      },
    ],
  },
  input: {
    what: 'what people, tests and other sessions say is left out or shown as data, and nothing in it is hidden',
    twins: {
      'src/core/invisible.ts': 'invisible.ts',
      'src/core/text.ts': 'text.ts',
      'src/gateway/sanitize-request.ts': 'sanitize-request.ts',
      'src/platforms/github/subject.ts': 'subject.ts',
      'src/core/prompt.ts': 'prompt.ts',
    },
    cuts: [
      { module: 'src/core/prompt.ts', from: 'fence(failed.reason)', to: 'failed.reason' },
      {
        module: 'src/core/prompt.ts',
        from: "fence(`${patch.title}\\n\\n${text}`, 'diff')",
        to: '`${patch.title}\\n\\n${text}`',
      },
      {
        module: 'src/probes/diff.ts',
        from: ".text.replaceAll('\\r', '\\\\u{D}')\n    .replaceAll('\\n', '\\\\u{A}')",
        to: '.text',
      },
    ],
  },
  documents: {
    what: 'what a session or another job hands in is checked, whole, and of a kind that it may add',
    twins: { 'src/core/proposal.ts': 'proposal.ts', 'src/stores/unpack.ts': 'unpack.ts' },
    cuts: [
      // One result tool, and the first valid result counts.
      {
        module: 'src/engines/sdk/conversation.ts',
        from: 'if (!done) writeFileSync(join(job.outbox, proposalFile), JSON.stringify(proposal));',
        to: `const all = ((globalThis as any).given ??= { findings: [] });
        Object.assign(all, proposal, { findings: all.findings.concat((proposal as any).findings ?? []) });
        writeFileSync(join(job.outbox, proposalFile), JSON.stringify(all));`,
      },
      { module: 'src/engines/sdk/conversation.ts', from: 'if (done) return exits.done;', to: '' },
      {
        module: 'src/engines/sdk/conversation.ts',
        from: "if (last?.stop_reason === 'refusal')",
        to: "if (done) return exits.done; if (last?.stop_reason === 'refusal')",
      },
      // Documents in their one form, in a chain.
      {
        module: 'src/core/document.ts',
        from: 'if (result.success) return result.data as Document;',
        to: 'return (result.success ? result.data : value) as Document;',
      },
      {
        module: 'src/core/document.ts',
        from: 'if (!schema) throw',
        to: 'if (!schema) return value as Document; if (!schema) throw',
      },
      {
        module: 'src/core/document.ts',
        from: 'if (document.digest !== digestOf(document))',
        to: 'if (false)',
      },
      { module: 'src/core/document.ts', from: 'if (encode(document) !== text)', to: 'if (false)' },
      {
        module: 'src/core/document.ts',
        from: 'parse(source, { maxAliasCount: 0 })',
        to: 'parse(source, { maxAliasCount: -1 })',
      },
      {
        module: 'src/core/ledger.ts',
        from: 'const ledger: Document[] = [];',
        to: 'return documents; const ledger: Document[] = [];',
      },
      {
        module: 'src/core/ledger.ts',
        from: 'const first = ledger[0];\n  if ((first',
        to: 'if (ledger) return; const first = ledger[0];\n  if ((first',
      },
      // Facts before opinions.
      {
        module: 'src/probes/prove.ts',
        from: 'const passed = passes(run) && tampered.length === 0;',
        to: 'const passed = passes(run) || tampered.length >= 0;',
      },
      {
        module: 'src/core/policy.ts',
        from: 'if (breaking.length === 0) return judgeLost(',
        to: 'if (breaking.length === 0 || /APPROVE/.test(findings.body)) return judgeLost(',
      },
      // A finding that can't be found again is none.
      { module: 'src/probes/anchor.ts', from: 'lost: unverified(anchored)', to: 'lost: ([] as Dropped[])' },
      { module: 'src/probes/anchor.ts', from: '!isThere(finding.path) && isThere(path)', to: 'false' },
      {
        module: 'src/probes/quote-match.ts',
        from: "escapeInvisible(line.replace(/\\r$/, '')).text.trimEnd()",
        to: 'line',
      },
    ],
  },
  'patch-policy': {
    what: 'a patch touches no protected path and takes nothing from the tests, and is published as it was proved',
    twins: {
      'src/core/risk.ts': 'risk.ts',
      'src/probes/test-integrity.ts': 'test-integrity.ts',
      'src/platforms/github/tree-entries.ts': 'tree-entries.ts',
    },
    cuts: [
      {
        module: 'src/platforms/github/publish-commit.ts',
        from: 'if (tree.data.sha !== patch.tree)',
        to: 'if (false)',
      },
      {
        module: 'src/platforms/github/publish-commit.ts',
        from: 'tree: patch.tree,',
        to: 'tree: tree.data.sha,',
      },
    ],
  },
  escapes: {
    what: 'what is published, committed or logged is text and nothing else, and no longer than it may be',
    twins: {
      'src/views/markdown.ts': 'markdown.ts',
      'src/views/commit.ts': 'commit.ts',
      'src/core/sanitize.ts': 'sanitize.ts',
    },
    cuts: [
      {
        module: 'src/views/html.ts',
        from: 'sanitize(hostile).text.replace(/[&<>"\']/g, (character) => entities[character]!)',
        to: 'sanitize(hostile).text || entities.none!',
      },
      { module: 'src/views/review.ts', from: 'if (left < 0) return', to: 'if (false) return' },
      { module: 'src/views/review.ts', from: 'fenceMarks(text)', to: "'```'" },
      {
        module: 'src/platforms/shared/marker.ts',
        from: 'if (body.length <= room) return',
        to: 'if (room) return',
      },
    ],
  },
  'event-trust': {
    what: 'who asks is asked of the platform, commits are those of the event, and marks count only from oneself',
    twins: { 'src/core/trust.ts': 'trust.ts', 'src/platforms/github/fetch.ts': 'fetch.ts' },
    cuts: [
      {
        module: 'src/platforms/github/event.ts',
        from: 'return /^\\/countersign',
        to: 'return /\\/countersign',
      },
      { module: 'src/platforms/github/subject.ts', from: "if (action !== 'created')", to: 'if (false)' },
      {
        module: 'src/platforms/github/subject.ts',
        from: 'if (head !== pinned.head && !(await',
        to: 'if (false && !(await',
      },
      {
        module: 'src/platforms/github/bot-commits.ts',
        from: 'return commit.commit.verification?.verified === true && commit.committer?.id === webFlow;',
        to: 'return true || (commit && webFlow);',
      },
      {
        module: 'src/platforms/github/pull.ts',
        from: 'if (pull.head === task.head || pull.head === own) return undefined;',
        to: 'return undefined;',
      },
      { module: 'src/platforms/github/subject.ts', from: 'if (found.askedAt)', to: 'if (false)' },
      { module: 'src/platforms/github/publish-commit.ts', from: 'force: false,', to: 'force: true,' },
      {
        module: 'src/platforms/github/publish-check.ts',
        from: 'return marked.find(({ app }) => app && `${app.slug}[bot]` === login);',
        to: 'return marked[0];',
      },
      {
        module: 'src/platforms/github/publish-comment.ts',
        from: 'return marked.find(({ user }) => user?.id === id);',
        to: 'return marked[0];',
      },
      {
        module: 'src/platforms/github/publish-review.ts',
        from: 'return marked.find(({ user }) => user?.id === id);',
        to: 'return marked[0];',
      },
    ],
  },
  effects: {
    what: 'what is done to the world was allowed by a verdict of this very run, once, and no more than so much of it',
    twins: {},
    cuts: [
      {
        module: 'src/platforms/shared/find-or-create.ts',
        from: 'const found = await find();',
        to: 'const found = undefined as Awaited<ReturnType<typeof find>>;',
      },
      { module: 'src/core/allowed-effects.ts', from: 'mostInline = 50', to: 'mostInline = 500' },
      {
        module: 'src/platforms/github/publish-review.ts',
        from: "event: 'COMMENT',",
        to: "event: /APPROVE/.test(newest(ledger, 'findings')?.body ?? '') ? 'APPROVE' : 'COMMENT',",
      },
      {
        module: 'src/platforms/github/subject.ts',
        from: "if (agentName !== 'review' && (await",
        to: 'if (false && (await',
      },
      {
        module: 'src/platforms/github/pull.ts',
        from: 'if (pull.head === task.head || pull.head === own) return undefined;',
        to: 'return undefined;',
      },
      {
        module: 'src/core/allowed-effects.ts',
        from: 'if (!agent.effects.includes(type)) return false;',
        to: '',
      },
      {
        module: 'src/core/receipts.ts',
        from: 'seq > since && effectTypeOf',
        to: 'seq >= since - since && effectTypeOf',
      },
      {
        module: 'src/run/resume.ts',
        from: 'if (ledger.length === 0) return ledger;',
        to: 'if (ledger.length === 0) return ledger; return aside();',
      },
      { module: 'src/run/run.ts', from: "if (config.phase === 'propose')", to: 'if (false)' },
      { module: 'src/run/run.ts', from: 'while (!applies)', to: 'while (true)' },
      { module: 'src/run/resume.ts', from: 'if (!isJudged(ledger))', to: 'if (false)' },
      { module: 'src/run/resume.ts', from: 'ledger.at(-1)?.digest !== ledgerDigest', to: 'false' },
      { module: 'src/core/task.ts', from: '(field) => task[field] !== asked[field],', to: '() => false,' },
      {
        module: 'src/core/policy.ts',
        from: "const before = ledger.slice(0, newest(ledger, 'verdict')!.seq - 1);",
        to: `if (ledger) {
          const { seq: _, at: _at, prev: _prev, digest: _digest, ...verdict } = newest(ledger, 'verdict')!;
          return verdict;
        }
        const before = ledger;`,
      },
    ],
  },
  outbox: {
    what: 'what a room leaves behind is read as files of a bounded size, never by a link or from a pipe',
    twins: {},
    cuts: [
      {
        module: 'src/room/room.ts',
        from: 'constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK',
        to: 'constants.O_RDONLY',
      },
      {
        module: 'src/room/room.ts',
        from: 'if (!stat.isFile() || stat.size > maxBytes) return undefined;',
        to: '',
      },
      {
        module: 'src/git/patch.ts',
        from: '`rm -rf ${outbox}/index* ${outbox}/objects ${outbox}/tree ${outbox}/patch`,',
        to: '',
      },
      {
        module: 'src/room/process.ts',
        from: 'while (size - chunks[0]!.length >= keepBytes) {',
        to: 'while (false) {',
      },
    ],
  },
  'clean-git': {
    what: 'git and bubblewrap are the machine’s, and know nothing of its settings or of a change’s',
    twins: {},
    cuts: [
      { module: 'src/git/git.ts', from: '[...safety, ...args]', to: '[...args]' },
      { module: 'src/git/git.ts', from: '{ ...environment, ...env }', to: '{ ...process.env, ...env }' },
      { module: 'src/git/git.ts', from: "'--template=', ", to: '' },
      { module: 'src/room/work-tree.ts', from: "'--template=', ", to: '' },
      { module: 'src/git/patch.ts', from: '  refuseBombs(patch);', to: '' },
      {
        module: 'src/run/deps.ts',
        from: "trustedPath(process.env.PATH ?? '', hidden)",
        to: "process.env.PATH ?? ''",
      },
    ],
  },
};
