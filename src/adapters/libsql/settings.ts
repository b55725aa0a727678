import type { LifecycleSettings } from '../../domain/settings.ts';
import type { ChangeOf, SettingsReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

export const settingsReads = (database: Sql): SettingsReads => ({
  async lifecycle() {
    const [row] = await database.read<{ value: string }>(
      sql`SELECT value FROM settings WHERE name = 'lifecycle'`,
    );
    return row === undefined ? {} : (JSON.parse(row.value) as Partial<LifecycleSettings>);
  },
});

/** Two who set different things at once both get what they set. */
export const setLifecycle = ({ set, at }: ChangeOf<'settings.lifecycle'>): Statement => sql`
  INSERT INTO settings (name, value, updated_at) VALUES ('lifecycle', ${JSON.stringify(set)}, ${at})
  ON CONFLICT DO UPDATE SET value = json_patch(value, excluded.value), updated_at = excluded.updated_at`;
