import { digest } from '../core/digest.ts';
import { type Finding, type Severity, worstOf } from '../core/finding.ts';
import { type Ledger, taskOf } from '../core/ledger.ts';
import { sanitizeLine, sanitizeText } from '../core/sanitize.ts';
import { findingsOf } from './ledger-queries.ts';

const levels: Record<Severity, 'error' | 'warning' | 'note'> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
};

/** What GitHub's code scanning sorts findings of security by: 9 and more is critical, 7 high, 4 medium. */
const securitySeverity: Record<Severity, string> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.0',
  low: '2.0',
};

/**
 * The findings as a SARIF 2.1.0 log.
 * @param version Countersign's own
 */
export function sarif(ledger: Ledger, version: string): object {
  const { head, agent } = taskOf(ledger);
  const findings = findingsOf(ledger);
  const ids = [...new Set(findings.map(({ rule }) => rule))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Countersign',
            semanticVersion: version,
            rules: ids.map((id) =>
              rule(
                id,
                findings.filter((finding) => finding.rule === id),
              ),
            ),
          },
        },
        automationDetails: { id: `countersign/${agent}/` },
        properties: { head },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, ids.indexOf(finding.rule))),
      },
    ],
  };
}

function rule(id: string, findings: readonly Finding[]): object {
  const tags = [...new Set(findings.map(({ category }) => category))].sort();
  const worst = worstOf(findings);
  return {
    id,
    shortDescription: { text: id },
    defaultConfiguration: { level: levels[worst] },
    properties: { tags, ...(tags.includes('security') && { 'security-severity': securitySeverity[worst] }) },
  };
}

function result(finding: Finding, ruleIndex: number): object {
  const { path, line, endLine, message, quote, severity, confidence } = finding;
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: levels[severity],
    message: { text: plain(message) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: path.split('/').map(encodePart).join('/'), uriBaseId: '%SRCROOT%' },
          region: { startLine: line, endLine, snippet: { text: sanitizeText(quote, 4000) } },
        },
      },
    ],
    // Without the line, so that a finding stays the same one when code above it moves.
    partialFingerprints: {
      'countersign/v1': digest([path, finding.rule, sanitizeLine(quote, 4000)].join('\n')),
    },
    properties: { severity, category: finding.category, confidence },
  };
}

/** A path that git knows need not be well-formed Unicode, which `encodeURIComponent` insists on. */
function encodePart(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

/** SARIF makes links of `[text](target)` even in plain messages; no escape is read the same everywhere. */
function plain(hostile: string): string {
  return sanitizeText(hostile, 4000).replaceAll('](', '] (');
}
