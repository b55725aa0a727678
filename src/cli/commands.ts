import type { Command } from './command.ts';
import { audit } from './commands/audit.ts';
import { backup } from './commands/backup.ts';
import { doctor } from './commands/doctor.ts';
import { down } from './commands/down.ts';
import { gc } from './commands/gc.ts';
import { imageBuild } from './commands/image-build.ts';
import { imageVerify } from './commands/image-verify.ts';
import { login } from './commands/login.ts';
import { restore } from './commands/restore.ts';
import { secretsRotate } from './commands/secrets-rotate.ts';
import { status } from './commands/status.ts';
import { tokenCreate } from './commands/token-create.ts';
import { tokenList } from './commands/token-list.ts';
import { tokenRevoke } from './commands/token-revoke.ts';
import { up } from './commands/up.ts';

/** Every command, in the order of `sandboxd help`. */
export const COMMANDS: readonly Command[] = [
  up,
  down,
  status,
  doctor,
  login,
  tokenCreate,
  tokenList,
  tokenRevoke,
  audit,
  imageBuild,
  imageVerify,
  backup,
  restore,
  gc,
  secretsRotate,
];
