/**
 * What rules are judged on: the part of a finished result document that they are about.
 */
import type { WindowOptions } from '../windows/options.js';

/** Fields have the meaning that docs/result.md gives them; a probe has not all of them. */
export interface RunFacts {
  readonly window: WindowOptions;
  readonly tokenizer: {
    readonly sha256: string;
    readonly bos: number | null;
    readonly document_start: number | 'none' | null;
    readonly normalizer_sha256: string | null;
  };
  readonly artifact: {
    readonly bytes_counted: number;
    readonly not_counted: readonly string[];
    /** Null where the caller's own files in the folder are not known, as of a probe. */
    readonly uncounted: readonly string[] | null;
  };
}

/** Those of a score. */
export interface ScoreFacts extends RunFacts {
  readonly totals: {
    readonly denominator: { readonly confirmed_by: string };
    readonly documents_altered: number | null;
  };
  readonly coverage: {
    readonly tokens: number;
    readonly documents: number;
    readonly scored: number;
    readonly partial: boolean;
    readonly part: readonly [number, number] | null;
  };
  readonly data: {
    readonly shards: readonly { readonly tokens: number; readonly sha256: string }[];
    readonly documents: { readonly sha256: string; readonly bytes: number } | null;
    readonly known_as: { readonly name: string } | null;
  };
  readonly verification: { readonly verdict: string; readonly rows: number };
  readonly probes: readonly { readonly name: string; readonly verdict: string }[] | null;
  /** Of a control set; absent in older results. */
  readonly generalisation?: { readonly verdict: string } | null;
  readonly decided_by: Readonly<Record<string, string>>;
  readonly findings: readonly { readonly id: string; readonly accepted: boolean }[];
}

/** Whether only the first documents were read, so that nothing says what share of all they are. */
export function isLimited({
  coverage,
  decided_by,
}: Pick<ScoreFacts, 'coverage' | 'decided_by'>): boolean {
  return coverage.partial && (coverage.part === null || decided_by['limit_docs'] === 'caller');
}
