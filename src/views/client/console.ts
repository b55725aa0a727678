import { copyOnClick } from './copy.ts';
import {
  noticeLeaving,
  reloadWhenRestored,
  resetWhenTaken,
  settleAtAddress,
  submitOnce,
  submitWhenSeen,
} from './forms.ts';
import { polling } from './polling.ts';
import { pressable } from './press.ts';
import { promptBox } from './prompt.ts';
import { questions } from './questions.ts';
import { taskLogs } from './task-log.ts';

/** Every page works without this; it adds what HTML cannot do. */
document.documentElement.classList.add('js');
noticeLeaving();
settleAtAddress();
polling();
questions();
submitOnce();
submitWhenSeen();
resetWhenTaken();
reloadWhenRestored();
copyOnClick();
pressable();
promptBox();
taskLogs();
