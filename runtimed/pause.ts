export { pause } from '../src/domain/pause.ts';
