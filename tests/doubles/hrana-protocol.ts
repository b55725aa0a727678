/** The part of Hrana 2 over HTTP that the double speaks. */
export interface PipelineRequest {
  readonly baton?: string | null;
  readonly requests: readonly StreamRequest[];
}

export type StreamRequest =
  | { readonly type: 'execute'; readonly stmt: HranaStatement }
  | { readonly type: 'batch'; readonly batch: { readonly steps: readonly BatchStep[] } }
  | { readonly type: 'store_sql'; readonly sql_id: number; readonly sql: string }
  | { readonly type: 'close_sql'; readonly sql_id: number }
  | { readonly type: 'close' };

export interface HranaStatement {
  readonly sql?: string;
  /** In place of `sql`: what `store_sql` stored. */
  readonly sql_id?: number;
  readonly args?: readonly HranaValue[];
}

export interface BatchStep {
  readonly condition?: BatchCondition;
  readonly stmt: HranaStatement;
}

export type BatchCondition =
  | { readonly type: 'ok' | 'error'; readonly step: number }
  | { readonly type: 'not'; readonly cond: BatchCondition };

export type HranaValue =
  | { readonly type: 'null' }
  | { readonly type: 'integer'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'text'; readonly value: string };

export interface StatementResult {
  readonly cols: readonly { readonly name: string; readonly decltype: string | null }[];
  readonly rows: readonly (readonly HranaValue[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid: string | null;
}

/** An SQL failure as a server tells it: the base code alone, and its own words before SQLite's. */
export interface HranaError {
  readonly message: string;
  readonly code: string;
}

/** A request that no client of this protocol makes. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export function decode(value: HranaValue): bigint | number | string | null {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer':
      return BigInt(value.value);
    case 'float':
    case 'text':
      return value.value;
    default:
      throw new ProtocolError(`unknown value ${JSON.stringify(value)}`);
  }
}

export function encode(value: unknown): HranaValue {
  switch (typeof value) {
    case 'bigint':
      return { type: 'integer', value: String(value) };
    case 'number':
      return { type: 'float', value };
    case 'string':
      return { type: 'text', value };
    default:
      if (value === null) return { type: 'null' };
      throw new ProtocolError(`a ${typeof value} cannot be sent`);
  }
}
