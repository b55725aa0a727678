import type { AuditEntry } from './audit.ts';
import { isOperator, requireOperator } from './operators.ts';
import type { Ports } from './ports.ts';

export interface AuditPage {
  /** Of this owner alone; whoever runs the installation may leave it out, or name anybody. */
  readonly owner?: string;
  /** An entry's id. */
  readonly before?: string;
  readonly limit: number;
}

/**
 * What an owner may see of the audit log, newest first: its own entries, an operator everybody's.
 * @throws forbidden when it asks for another owner's and is no operator
 */
export async function readAudit(
  { store, instance }: Ports,
  reader: string,
  { owner, before, limit }: AuditPage,
): Promise<AuditEntry[]> {
  if (owner !== undefined && owner !== reader) requireOperator(instance, reader);
  const whose = owner ?? (isOperator(instance, reader) ? undefined : reader);
  return store.audit.list({
    limit,
    ...(whose !== undefined && { owner: whose }),
    ...(before !== undefined && { before }),
  });
}
