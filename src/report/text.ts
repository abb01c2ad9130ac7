/**
 * Text reporter: what a terminal shows.
 */
import { auditText } from './audit-text.js';
import { claimReportText } from './claim-text.js';
import { claimedText } from './claimed-text.js';
import { doctorText } from './doctor-text.js';
import { errorLines } from './error.js';
import { initText } from './init-text.js';
import { ledgerText } from './ledger-text.js';
import { probeText } from './probe-text.js';
import type { Medium, Reporter } from './reporter.js';
import { scoreText } from './score-text.js';
import { tokenizeText } from './tokenize-text.js';
import { verifyText } from './verify-text.js';
import { fitTerminal } from './wrap.js';

/** A format whose lines fit the terminal. */
function fitted<Document>(
  format: (document: Document, medium: Medium) => string,
): (document: Document, medium: Medium) => string {
  return (document, medium) => fitTerminal(format(document, medium), medium);
}

export const textReporter: Reporter = {
  name: 'text',
  errors: 'stderr',
  formats: {
    score: fitted(scoreText),
    'claimed-score': fitted(claimedText),
    verify: fitted(verifyText),
    audit: fitted(auditText),
    claim: fitted(claimReportText),
    probe: fitted(probeText),
    ledger: fitted(ledgerText),
    tokenize: fitted(tokenizeText),
    doctor: fitted(doctorText),
    init: fitted(initText),
    // In a log each fact of an error stays on its line, to be found and copied.
    error: (document, medium) =>
      medium.isTTY ? fitted(errorLines)(document, medium) : errorLines(document, medium),
  },
};
