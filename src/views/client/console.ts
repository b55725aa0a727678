import { copyOnClick } from './copy.ts';
import { dialogs } from './dialogs.ts';
import { noticeLeaving, reloadWhenRestored, submitOnce, submitWhenSeen } from './forms.ts';
import { polling } from './polling.ts';
import { pressable } from './press.ts';
import { promptBox } from './prompt.ts';
import { taskLogs } from './task-log.ts';

/** Every page works without this; it adds what HTML cannot do. */
document.documentElement.classList.add('js');
noticeLeaving();
polling();
dialogs();
submitOnce();
submitWhenSeen();
reloadWhenRestored();
copyOnClick();
pressable();
promptBox();
taskLogs();
