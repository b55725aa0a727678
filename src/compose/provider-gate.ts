import { HttpProviderGate } from '../adapters/provider/gate.ts';
import { DEFAULT_LIMITS } from '../adapters/provider/limits.ts';
import type { Config } from '../config.ts';
import { systemClock } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { ProviderGate } from '../domain/provider-gate.ts';

/** How this machine's sandboxes reach their models. @throws the system's error when the certificates cannot be read */
export const providerGate = (config: Config, log: Logger): ProviderGate =>
  new HttpProviderGate({
    outbound: config,
    limits: { ...DEFAULT_LIMITS, silenceMs: config.providerSilenceSeconds * 1000 },
    clock: systemClock,
    log,
  });
