import * as z from 'zod';

/** From worst to mildest; `fail-on` names the mildest that still fails the check. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];
export type FailOn = Severity | 'never';

export const categories = [
  'correctness',
  'security',
  'performance',
  'reliability',
  'tests',
  'maintainability',
  'documentation',
] as const;

/** Git's own limit on a path in a tree is 4096 bytes on Linux (PATH_MAX). */
export const repositoryPath = z
  .string()
  .min(1)
  .max(4096)
  .refine(
    (path) =>
      !path.startsWith('/') &&
      !path.includes('\0') &&
      path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'must be a path inside the repository, relative to its root',
  );

export const finding = z
  .object({
    path: repositoryPath.describe('The file, relative to the root of the repository.'),
    line: z.int().min(1).describe('First line of the quoted code in the new version of the file.'),
    endLine: z.int().min(1).describe('Last line of the quoted code; the same as line for one line.'),
    severity: z.enum(severities),
    category: z.enum(categories),
    rule: z
      .string()
      .min(1)
      .max(80)
      .regex(/^[\w./-]+$/)
      .describe('Short name of the rule that is broken, such as sql-injection.'),
    confidence: z.number().min(0).max(1).describe('How sure you are, from 0 to 1.'),
    message: z
      .string()
      .trim()
      .min(1)
      .max(4000)
      .describe('What is wrong, why it matters, what to do instead.'),
    quote: z.string().min(1).max(4000).describe('The code at these lines, copied exactly.'),
    suggestion: z
      .string()
      .max(4000)
      .optional()
      .describe('Text that should replace exactly these lines; leave out when a small edit does not do.'),
  })
  .refine((f) => f.endLine >= f.line, { path: ['endLine'], message: 'must not be before line' });

export type Finding = z.infer<typeof finding>;

type Weight = Pick<Finding, 'severity' | 'confidence'>;

/** Compares: the worse one first. */
export function bySeverity(a: Pick<Finding, 'severity'>, b: Pick<Finding, 'severity'>): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}

/** Compares: the worse one first, and of two as bad the surer one. */
export function byWeight(a: Weight, b: Weight): number {
  return bySeverity(a, b) || b.confidence - a.confidence;
}

/** The same findings, from the worst and surest to the mildest. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(byWeight);
}

/** The worst severity among them; there has to be one. */
export function worstOf(findings: readonly Pick<Finding, 'severity'>[]): Severity {
  return findings.toSorted(bySeverity)[0]!.severity;
}

/** True when `severity` is as bad as `failOn` or worse. */
export function breaks(severity: Severity, failOn: FailOn): boolean {
  return failOn !== 'never' && severities.indexOf(severity) <= severities.indexOf(failOn);
}
