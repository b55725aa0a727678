export { orAborted, pause } from '../src/domain/pause.ts';
