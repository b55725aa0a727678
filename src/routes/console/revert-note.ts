import { CHECKPOINT_ID, type Reverted } from '../../domain/task.ts';
import type { RevertNote } from '../../views/task-models.ts';

/** What a task's page is told of a revert that was just made, in its address. */
export function revertQuery({ files_changed, checkpoint_id }: Reverted, isUndo: boolean): string {
  const count = String(files_changed.length);
  return `${new URLSearchParams({ [isUndo ? 'undone' : 'reverted']: count, undo: checkpoint_id })}`;
}

/**
 * What the page says of it.
 * @param canUndo whether reverts are possible now
 * @returns undefined for an address that no revert has led to
 */
export function revertNote(
  query: (name: string) => string | undefined,
  canUndo: boolean,
): RevertNote | undefined {
  const [reverted, undone, undo] = [query('reverted'), query('undone'), query('undo')];
  const told = reverted ?? undone;
  if (told === undefined || !/^\d{1,6}$/.test(told)) return undefined;
  const count = Number(told);
  const goal = reverted === undefined ? 'that revert' : 'this task';
  if (count === 0)
    return { text: `The app was as it was before ${goal} already: no file had to be put back.` };
  const files = count === 1 ? '1 file was' : `${count} files were`;
  const text = `The app is as it was before ${goal}. ${files} put back. What was there until now is kept as a checkpoint.`;
  return { text, ...(canUndo && undo !== undefined && CHECKPOINT_ID.test(undo) && { undo }) };
}
